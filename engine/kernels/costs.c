/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The cost table, as measured on a Xeon of the generation with AMX, on which
 * the choices cost 0.3 (AVX-512) to 6 % (plain C) of the time of the best ones.
 * `aetool autotune` prints a machine's own line and what it would gain. */
#include "kernels/kernels.h"

const AeConvCosts ae_conv_costs[AE_CPU_AMX + 1] = {
  [AE_CPU_SCALAR] = { { 28, 8 }, { 16, 8 } },
  [AE_CPU_SSE2] = { { 40, 20 }, { 16, 16 } },
  [AE_CPU_AVX2] = { { 28, 20 }, { 16, 16 } },
  [AE_CPU_AVX512] = { { 28, 20 }, { 16, 16 } },
  [AE_CPU_AMX] = { { 28, 20 }, { 16, 16 } }, /* its f32 kernels' */
};
