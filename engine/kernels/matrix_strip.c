/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The source of convolutions as products of matrices: from tensors of any
 * layout to strips of virtual pixels. */
#include "kernels/matrix.h"

#include <string.h>

AeSourceRow
ae_matrix_source (const AeConvPlan *p, const AeConvRun *run,
    const AeRowBuffer *src, int image, int y, int x, int cols, AePhase block,
    float *plain)
{
  AeSourceRow row = { .px = (size_t) AE_BLOCK * p->in_step };
  int real_y = y * p->in_step + block.phase_y;
  int width = ae_phase_columns (p->src_w, p->in_step, block.phase_x);
  int begin = x < 0 ? 0 : x, end = x + cols < width ? x + cols : width;
  if (y < 0 || real_y >= p->src_h || begin >= end)
    return row;
  row.first = begin - x;
  row.n = end - begin;
  int last = block.channel + 1 == p->src_blocks;
  row.lanes = last ? ae_last_block (p->src_c) : AE_BLOCK;
  int column = begin * p->in_step + block.phase_x;
  if (p->plain_src) {
    size_t at = (size_t) (real_y % src->ring) * p->src_w + column;
    run->kernels->row_to_blocked (
        src->data + (size_t) image * p->src_c * src->plane + at, src->plane,
        p->src_c, (row.n - 1) * p->in_step + 1, plain, false);
    row.data = plain;
    return row;
  }
  size_t line = ((size_t) image * p->src_h + real_y % src->ring)
      * p->src_blocks + block.channel;
  row.data = src->data + (line * p->src_w + column) * AE_BLOCK;
  return row;
}

/* n pixels of c values, `step` of them to a virtual one of `depth`. */
static void
copy_pixels (const AeBf16 *from, int n, size_t c, int step, AeBf16 *to,
    size_t depth)
{
  if (step == 1) {
    memcpy (to, from, n * c * sizeof *to);
    return;
  }
  size_t run = step * c;
  for (; n >= step; n -= step, from += run, to += depth)
    memcpy (to, from, run * sizeof *to);
  memcpy (to, from, n * c * sizeof *to);
}

/* Virtual row y from rows of the source, block after block. */
static void
fill_row_blocked (
    const AeMatrixRun *m, const AeConvArea *a, int y, AeBf16 *to)
{
  const AeConvPlan *p = m->plan;
  int depth = ae_matrix_depth (p), cols = ae_strip_cols (p, a->cols);
  int n_blocks = ae_phases_in (p) * p->src_blocks;
  for (int b = 0; b < n_blocks; b++) {
    AePhase block = ae_phase_at (b, p->src_blocks, p->in_step);
    AeSourceRow row = ae_matrix_source (p, m->run, &m->ends->src,
        a->image, y, a->x - p->pad_x, cols, block, NULL);
    AeBf16 *at = to + ae_virtual_channel (p, block);
    if (b == 0 && (p->in_step > 1 || !row.data)) {
      memset (to, 0, (size_t) cols * depth * sizeof *to);
    } else if (b == 0) {
      int end = row.first + row.n;
      memset (to, 0, (size_t) row.first * depth * sizeof *to);
      memset (to + (size_t) end * depth, 0,
          (size_t) (cols - end) * depth * sizeof *to);
    }
    if (row.data)
      m->run->kernels->matrix->to_pixels (row.data, row.px, row.n,
          row.lanes, at + (size_t) row.first * depth, depth);
  }
}

/* The same from planes. */
static void
fill_row_plain (const AeMatrixRun *m, const AeConvArea *a, int y, AeBf16 *to)
{
  const AeConvPlan *p = m->plan;
  const AeRowBuffer *src = &m->ends->src;
  int step = p->in_step, cols = ae_strip_cols (p, a->cols), c = p->src_c;
  int depth = ae_matrix_depth (p), x = a->x - p->pad_x;
  int begin = x < 0 ? 0 : x * step;
  int end = (x + cols) * step < p->src_w ? (x + cols) * step : p->src_w;
  memset (to, 0, (size_t) cols * depth * sizeof *to);
  for (int i = 0; i < step && y >= 0 && begin < end; i++) {
    int real_y = y * step + i;
    if (real_y >= p->src_h)
      return;
    size_t at = (size_t) (real_y % src->ring) * p->src_w + begin;
    m->run->kernels->matrix->planes_to_pixels (
        src->data + (size_t) a->image * c * src->plane + at, src->plane, c,
        end - begin, step,
        to + (size_t) (begin / step - x) * depth + i * step * c, depth);
  }
}

/* The same from pixels, which lie as they are wanted: one step's phases of a
 * row follow each other. */
static void
fill_row_pixels (const AeMatrixRun *m, const AeConvArea *a, int y, AeBf16 *to)
{
  const AeConvPlan *p = m->plan;
  const AeRowBuffer *src = &m->ends->src;
  int step = p->in_step, cols = ae_strip_cols (p, a->cols);
  size_t depth = ae_matrix_depth (p), c = p->src_c;
  int x = a->x - p->pad_x, begin = x < 0 ? 0 : x;
  int width = ae_phase_columns (p->src_w, step, 0);
  int end = x + cols < width ? x + cols : width;
  bool outside = y < 0 || y * step >= p->src_h || begin >= end;
  if (outside || (y + 1) * step > p->src_h || end * step > p->src_w) {
    memset (to, 0, cols * depth * sizeof *to);
  } else {
    memset (to, 0, (begin - x) * depth * sizeof *to);
    memset (to + (end - x) * depth, 0, (x + cols - end) * depth * sizeof *to);
  }
  for (int i = 0; i < step && !outside && y * step + i < p->src_h; i++) {
    size_t line = (size_t) a->image * p->src_h + (y * step + i) % src->ring;
    const AeBf16 *from
        = (const AeBf16 *) (src->data + line * ae_pixels_row (c, p->src_w));
    int last = p->src_w < end * step ? p->src_w : end * step;
    copy_pixels (from + (size_t) begin * step * c, last - begin * step, c,
        step, to + (begin - x) * depth + i * step * c, depth);
  }
}

void
ae_matrix_fill (
    const AeMatrixRun *m, const AeConvArea *a, AeBf16 *strip)
{
  const AeConvPlan *p = m->plan;
  size_t row = (size_t) ae_strip_cols (p, a->cols) * ae_matrix_depth (p);
  int rows = a->rows + p->taps_y - 1;
  for (int r = 0; r < rows; r++)
    if (p->plain_src)
      fill_row_plain (m, a, a->y - p->pad_y + r, strip + r * row);
    else if (p->pixels_src)
      fill_row_pixels (m, a, a->y - p->pad_y + r, strip + r * row);
    else
      fill_row_blocked (m, a, a->y - p->pad_y + r, strip + r * row);
  memset (strip + rows * row, 0, AE_TILE_VALUES * sizeof *strip);
}
