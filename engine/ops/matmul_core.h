/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_OPS_MATMUL_CORE_H
#define AE_OPS_MATMUL_CORE_H

/* Dense matrix products of the operators, on the pool; the one place in ops/
 * that calls the BLAS. */

#include "ops/op.h"

/* c (m x n) = alpha op(a) op(b) + beta c; row-major, without gaps. op(a) is
 * m x k: `ta` says that a is stored k x m; the same for b (k x n). c may not
 * overlap a or b. Undefined content of c does no harm when beta is 0. The
 * result does not depend on the number of threads. */
typedef struct {
  bool ta, tb;
  size_t m, n, k;
  float alpha, beta;
} AeGemm;

void ae_gemm (const AeOpCall *call, const AeGemm *g, const float *a,
    const float *b, float *c);

/* The same for tensors of any numeric type, products summed in double or in
 * 64-bit integers; offsets are in elements. */
void ae_gemm_any (const AeGemm *g, const AeTensor *a, size_t a_at,
    const AeTensor *b, size_t b_at, AeTensor *c, size_t c_at);

#endif
