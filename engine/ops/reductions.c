/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The reductions and global poolings of the operator set. */
#include "ops/reduce.h"

#define REDUCE_OP(id, op_name, op_kind, from, inputs, all_spatial, op_flags) \
  static const AeReduce id##_family = { op_kind, from, all_spatial, \
    AE_TYPES_NUMBER }; \
  const AeOp ae_op_##id = { \
    .name = op_name, \
    .domain = "", \
    .since = 1, \
    .min_in = 1, \
    .max_in = inputs, \
    .min_out = 1, \
    .max_out = 1, \
    .flags = op_flags, \
    .infer = ae_reduce_infer, \
    .forward = ae_reduce_forward, \
    .backward = ae_reduce_backward, \
    .work_size = ae_reduce_work, \
    .family = &id##_family, \
  }

#define READS_BOTH (AE_GRAD_READS_IN | AE_GRAD_READS_OUT)

REDUCE_OP (reduce_sum, "ReduceSum", AE_REDUCE_SUM, 13, 2, false, 0);
REDUCE_OP (reduce_mean, "ReduceMean", AE_REDUCE_MEAN, 18, 2, false, 0);
REDUCE_OP (reduce_max, "ReduceMax", AE_REDUCE_MAX, 18, 2, false, READS_BOTH);
REDUCE_OP (reduce_min, "ReduceMin", AE_REDUCE_MIN, 18, 2, false, READS_BOTH);
REDUCE_OP (reduce_prod, "ReduceProd", AE_REDUCE_PROD, 18, 2, false,
    AE_GRAD_READS_IN);
REDUCE_OP (reduce_l1, "ReduceL1", AE_REDUCE_L1, 18, 2, false,
    AE_GRAD_READS_IN);
REDUCE_OP (reduce_l2, "ReduceL2", AE_REDUCE_L2, 18, 2, false, READS_BOTH);
REDUCE_OP (reduce_sum_square, "ReduceSumSquare", AE_REDUCE_SUM_SQUARE, 18, 2,
    false, AE_GRAD_READS_IN);
REDUCE_OP (reduce_log_sum, "ReduceLogSum", AE_REDUCE_LOG_SUM, 18, 2, false,
    READS_BOTH);
REDUCE_OP (reduce_log_sum_exp, "ReduceLogSumExp", AE_REDUCE_LOG_SUM_EXP, 18,
    2, false, READS_BOTH);
REDUCE_OP (global_average_pool, "GlobalAveragePool", AE_REDUCE_MEAN, 99, 1,
    true, 0);
REDUCE_OP (global_max_pool, "GlobalMaxPool", AE_REDUCE_MAX, 99, 1, true,
    READS_BOTH);
