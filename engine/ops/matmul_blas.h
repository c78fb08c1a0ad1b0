/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_OPS_MATMUL_BLAS_H
#define AE_OPS_MATMUL_BLAS_H

#include "kernels/sgemm.h"
#include "ops/op.h"

/* Is the BLAS the faster one for operands that are not packed yet? It is for
 * few rows, where packing costs most, and where it has kernels for this
 * processor: a processor younger than the library gets its oldest ones. */
bool ae_gemm_blas_wins (const AeGemm *g);

/* On the call's pool; the same bits for every number of threads. No dimension
 * is 0. */
void ae_gemm_blas (const AeOpCall *call, const AeGemm *g, const float *a,
    const float *b, float *c);

#endif
