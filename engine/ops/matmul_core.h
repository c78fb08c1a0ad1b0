/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_OPS_MATMUL_CORE_H
#define AE_OPS_MATMUL_CORE_H

/* Dense matrix products of the operators, on the pool: by our own kernels, or
 * by the BLAS where that is faster. */

#include "kernels/sgemm.h"
#include "ops/op.h"

/* Bytes of 64-byte aligned scratch for ae_gemm. */
size_t ae_gemm_work (const AeGemm *g);

/* c = alpha op(a) op(b) + beta c, see AeGemm. The result does not depend on
 * the number of threads. */
void ae_gemm (const AeOpCall *call, const AeGemm *g, const float *a,
    const float *b, float *c, void *work);

/* A constant b, packed once; NULL when memory runs out. To be given back with
 * ae_free. */
float *ae_gemm_pack (const AeGemm *g, const float *b);

/* The same with a b from ae_gemm_pack; scratch as for ae_gemm. */
void ae_gemm_packed (const AeOpCall *call, const AeGemm *g, const float *a,
    const float *b_packed, float *c, void *work);

/* The same for tensors of any numeric type, products summed in double or in
 * 64-bit integers; offsets are in elements. */
void ae_gemm_any (const AeGemm *g, const AeTensor *a, size_t a_at,
    const AeTensor *b, size_t b_at, AeTensor *c, size_t c_at);

#endif
