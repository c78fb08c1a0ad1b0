/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every operator: AE_OP (x) names `const AeOp ae_op_x`. Sorted. */
AE_OP (identity)
