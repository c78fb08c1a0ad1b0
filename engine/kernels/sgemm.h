/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_KERNELS_SGEMM_H
#define AE_KERNELS_SGEMM_H

/* Matrix products on the register-tiled kernels: operands are packed once into
 * blocks of 16 columns, then rows and columns of the result are independent.
 * Strides are in floats. */

#include "kernels/kernels.h"

#include <stdbool.h>

/* c (m x n) = alpha op(a) op(b) + beta c; row-major, without gaps. op(a) is
 * m x k: `ta` says that a is stored k x m; the same for b (k x n). c may not
 * overlap a or b; undefined content of c does no harm when beta is 0. */
typedef struct {
  bool ta, tb;
  size_t m, n, k;
  float alpha, beta;
} AeGemm;

/* Columns of one block: b is packed, and c computed, in units of it. */
#define AE_SGEMM_BLOCK 16

/* Floats of the packed operands; 0 for an a that is used as it is. */
size_t ae_sgemm_a_floats (const AeGemm *g);
size_t ae_sgemm_b_floats (const AeGemm *g);

/* Blocks `begin` to `end` of the packed operands: of 16 columns of op(b), and
 * of 16 of the k columns of op(a) (only where that is packed). */
size_t ae_sgemm_a_blocks (const AeGemm *g);
size_t ae_sgemm_b_blocks (const AeGemm *g);
void ae_sgemm_pack_a (const AeKernels *kernels, const AeGemm *g,
    const float *a, size_t begin, size_t end, float *packed);
void ae_sgemm_pack_b (const AeKernels *kernels, const AeGemm *g,
    const float *b, size_t begin, size_t end, float *packed);

/* Rows row .. row + n_rows and blocks of columns block .. block + n_blocks of
 * c. `a` is the packed one where there is one. The sums of an element are the
 * same however c is cut. */
void ae_sgemm_part (const AeKernels *kernels, const AeGemm *g, const float *a,
    const float *b_packed, float *c, size_t row, size_t n_rows, size_t block,
    size_t n_blocks);

/* The whole product in the calling thread; scratch: a_floats + b_floats. */
void ae_sgemm (const AeKernels *kernels, const AeGemm *g, const float *a,
    const float *b, float *c, float *scratch);

#endif
