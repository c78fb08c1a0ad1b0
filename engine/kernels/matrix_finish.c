/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The sums of convolutions as products of matrices: with bias, residual and
 * activation to tensors of any layout. */
#include "kernels/matrix.h"

/* n pixels of a row to the planes of a plain destination. */
static void
finish_plain (
    const AeMatrixRun *m, int image, int y, int x, int n, const float *c)
{
  const AeConvPlan *p = m->plan;
  const AeRowBuffer *dst = &m->ends->dst, *res = &m->ends->residual;
  size_t planes = (size_t) image * p->dst_c, w = p->dst_w;
  const float *residual = NULL;
  if (res->data)
    residual = res->data + planes * res->plane + y % res->ring * w + x;
  m->run->kernels->matrix->finish_planes (c, n, p->dst_c,
      m->ends->packed, residual, m->ends->clamp, dst->plane,
      dst->data + planes * dst->plane + y % dst->ring * w + x);
}

/* n sums of a block to columns x, x + out_step, .. of a row. */
static void
finish_pixels (const AeMatrixRun *m, int image, int y, int x, int block, int n,
    const float *c)
{
  const AeConvPlan *p = m->plan;
  const AeRowBuffer *dst = &m->ends->dst, *res = &m->ends->residual;
  size_t row = ae_pixels_row (p->dst_c, p->dst_w);
  size_t first = (size_t) image * p->dst_h;
  size_t at = (size_t) x * p->dst_c + (size_t) block * AE_BLOCK;
  const AeBf16 *residual = NULL;
  if (res->data)
    residual
        = (const AeBf16 *) (res->data + (first + y % res->ring) * row) + at;
  bool last = block + 1 == p->dst_blocks;
  m->run->kernels->matrix->finish_pixels (c, n,
      last ? ae_last_block (p->dst_c) : AE_BLOCK,
      m->ends->packed + block * AE_BLOCK, residual, m->ends->clamp,
      (size_t) p->out_step * p->dst_c,
      (AeBf16 *) (dst->data + (first + y % dst->ring) * row) + at);
}

static void
finish_blocked (const AeMatrixRun *m, int image, int y, int x, int block,
    int n, const float *c)
{
  const AeConvPlan *p = m->plan;
  const AeRowBuffer *dst = &m->ends->dst, *res = &m->ends->residual;
  size_t first = (size_t) image * p->dst_h, blocks = p->dst_blocks;
  size_t line = (first + y % dst->ring) * blocks + block;
  const float *residual = NULL;
  if (res->data) {
    size_t other = (first + y % res->ring) * blocks + block;
    residual = res->data + (other * p->dst_w + x) * AE_BLOCK;
  }
  m->run->kernels->matrix->finish (c, n, m->ends->packed + block * AE_BLOCK,
      residual, m->ends->clamp, (size_t) AE_BLOCK * p->out_step,
      dst->data + (line * p->dst_w + x) * AE_BLOCK);
}

/* Pixels x .. of row r of the area from the products of one virtual block. */
static void
finish_row (const AeMatrixRun *m, const AeConvArea *a, int b, int r, int x,
    int n, const float *c)
{
  const AeConvPlan *p = m->plan;
  AePhase block = ae_phase_at (b, p->dst_blocks, p->out_step);
  int y = (a->y + r) * p->out_step + block.phase_y;
  int width = ae_phase_columns (p->dst_w, p->out_step, block.phase_x);
  x += a->x;
  n = x + n < width ? n : width - x;
  if (y >= p->dst_h || n <= 0)
    return;
  int column = x * p->out_step + block.phase_x;
  if (p->plain_dst)
    finish_plain (m, a->image, y, x, n, c);
  else if (p->pixels_dst)
    finish_pixels (m, a->image, y, column, block.channel, n, c);
  else
    finish_blocked (m, a->image, y, column, block.channel, n, c);
}

void
ae_matrix_finish (const AeMatrixRun *m, const AeConvArea *a, size_t at, int n,
    const float *c)
{
  const AeConvPlan *p = m->plan;
  int cols = ae_strip_cols (p, a->cols), n_blocks = ae_virtual_out_blocks (p);
  for (int done = 0; done < n;) {
    int r = (at + done) / cols, x = (at + done) % cols;
    int left = cols - x < n - done ? cols - x : n - done;
    int inside = a->cols - x < left ? a->cols - x : left;
    for (int b = 0; b < n_blocks && inside > 0; b++)
      finish_row (m, a, b, r, x, inside,
          c + ((size_t) b * AE_PIECE + done) * AE_BLOCK);
    done += left;
  }
}
