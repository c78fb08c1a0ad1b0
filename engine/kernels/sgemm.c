/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/sgemm.h"

#include <string.h>

#define BLOCK AE_SGEMM_BLOCK

/* Of k that is summed up at a time: four blocks of b and some rows of a stay
 * in the second cache. */
#define DEPTH 1024

/* Rows at a time where the result goes through the stack. */
#define ROWS 32

static size_t
blocks (size_t n)
{
  return (n + BLOCK - 1) / BLOCK;
}

static size_t
least (size_t a, size_t b)
{
  return a < b ? a : b;
}

size_t
ae_sgemm_a_blocks (const AeGemm *g)
{
  return g->ta ? blocks (g->k) : 0;
}

size_t
ae_sgemm_b_blocks (const AeGemm *g)
{
  return blocks (g->n);
}

size_t
ae_sgemm_a_floats (const AeGemm *g)
{
  return ae_sgemm_a_blocks (g) * g->m * BLOCK;
}

size_t
ae_sgemm_b_floats (const AeGemm *g)
{
  return ae_sgemm_b_blocks (g) * g->k * BLOCK;
}

/* a is k planes of m: [block of k][m][16]. */
void
ae_sgemm_pack_a (const AeKernels *kernels, const AeGemm *g, const float *a,
    size_t begin, size_t end, float *packed)
{
  for (size_t i = begin; i < end; i++)
    kernels->row_to_blocked (a + i * BLOCK * g->m, g->m,
        (int) least (BLOCK, g->k - i * BLOCK), (int) g->m,
        packed + i * BLOCK * g->m, false);
}

/* Columns of b, n_columns of the block: [k][16], missing ones zero. */
static void
copy_columns (const AeGemm *g, const float *b, size_t n_columns, float *to)
{
  if (n_columns == BLOCK) {
    for (size_t k = 0; k < g->k; k++, b += g->n, to += BLOCK)
      memcpy (to, b, BLOCK * sizeof *to);
    return;
  }
  for (size_t k = 0; k < g->k; k++, b += g->n, to += BLOCK) {
    for (size_t j = 0; j < n_columns; j++)
      to[j] = b[j];
    for (size_t j = n_columns; j < BLOCK; j++)
      to[j] = 0;
  }
}

void
ae_sgemm_pack_b (const AeKernels *kernels, const AeGemm *g, const float *b,
    size_t begin, size_t end, float *packed)
{
  for (size_t i = begin; i < end; i++) {
    size_t n_columns = least (BLOCK, g->n - i * BLOCK);
    float *to = packed + i * BLOCK * g->k;
    if (g->tb)
      kernels->row_to_blocked (b + i * BLOCK * g->k, g->k, (int) n_columns,
          (int) g->k, to, false);
    else
      copy_columns (g, b + i * BLOCK, n_columns, to);
    for (size_t k = 0; g->alpha != 1 && k < g->k * BLOCK; k++)
      to[k] *= g->alpha;
  }
}

/* c = beta c: before anything is added to it. */
static void
scale (const AeGemm *g, float *c, size_t n_rows, size_t n_columns)
{
  for (size_t i = 0; i < n_rows; i++)
    for (size_t j = 0; j < n_columns; j++)
      c[i * g->n + j] *= g->beta;
}

typedef struct {
  const AeKernels *kernels;
  const AeGemm *g;
  const float *a, *b;
} Product;

/* c, rows of c_px floats, = or += the product of rows and blocks. */
static void
multiply (const Product *p, size_t row, size_t n_rows, size_t block,
    size_t n_blocks, bool add, float *c, size_t c_px)
{
  const AeGemm *g = p->g;
  static const ptrdiff_t none[1] = { 0 };
  for (size_t k = 0; k < g->k; k += DEPTH) {
    size_t n = least (DEPTH, g->k - k);
    AeTapGemm tap = { .n_y = 1,
      .n_x = 1,
      .tap_y = none,
      .tap_x = none,
      .b = p->b + (block * g->k + k) * BLOCK,
      .b_block = g->k * BLOCK,
      .c = c,
      .c_block = BLOCK,
      .c_px = c_px,
      .n_px = (int) n_rows,
      .n_blocks = (int) n_blocks,
      .residual = add || k > 0 ? c : NULL };
    if (g->ta) {
      tap.a = p->a + (k / BLOCK * g->m + row) * BLOCK;
      tap.a_px = BLOCK;
      tap.a_block = g->m * BLOCK;
      tap.n_k = (int) blocks (n);
      tap.k_last = (int) (n - (blocks (n) - 1) * BLOCK);
    } else {
      tap.a = p->a + row * g->k + k;
      tap.a_px = g->k;
      tap.n_k = 1;
      tap.k_last = (int) n;
    }
    p->kernels->gemm (&tap);
  }
}

/* The last block, of fewer than 16 columns, goes through the stack. */
static void
multiply_last (const Product *p, size_t row, size_t n_rows, size_t block,
    float *c)
{
  const AeGemm *g = p->g;
  size_t n_columns = g->n - block * BLOCK;
  float part[ROWS * BLOCK];
  for (size_t i = 0; i < n_rows; i += ROWS) {
    size_t n = least (ROWS, n_rows - i);
    multiply (p, row + i, n, block, 1, false, part, BLOCK);
    for (size_t r = 0; r < n; r++)
      for (size_t j = 0; j < n_columns; j++) {
        float *at = c + (i + r) * g->n + j;
        *at = g->beta == 0 ? part[r * BLOCK + j]
                           : g->beta * *at + part[r * BLOCK + j];
      }
  }
}

void
ae_sgemm_part (const AeKernels *kernels, const AeGemm *g, const float *a,
    const float *b_packed, float *c, size_t row, size_t n_rows, size_t block,
    size_t n_blocks)
{
  Product p = { kernels, g, a, b_packed };
  size_t n_whole = least (block + n_blocks, g->n / BLOCK);
  n_whole = n_whole > block ? n_whole - block : 0;
  float *at = c + row * g->n + block * BLOCK;
  if (n_whole > 0) {
    if (g->beta != 0 && g->beta != 1)
      scale (g, at, n_rows, n_whole * BLOCK);
    multiply (&p, row, n_rows, block, n_whole, g->beta != 0, at, g->n);
  }
  if (n_whole < n_blocks)
    multiply_last (
        &p, row, n_rows, block + n_whole, at + n_whole * BLOCK);
}

void
ae_sgemm (const AeKernels *kernels, const AeGemm *g, const float *a,
    const float *b, float *c, float *scratch)
{
  float *b_packed = scratch + ae_sgemm_a_floats (g);
  ae_sgemm_pack_a (kernels, g, a, 0, ae_sgemm_a_blocks (g), scratch);
  ae_sgemm_pack_b (kernels, g, b, 0, ae_sgemm_b_blocks (g), b_packed);
  ae_sgemm_part (kernels, g, g->ta ? scratch : a, b_packed, c, 0, g->m, 0,
      ae_sgemm_b_blocks (g));
}
