/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The source pixels of a job of taps.c. */
#include "kernels/taps.h"

#include <string.h>

AeConvArea
ae_tap_area (const AeConvPlan *p, size_t index)
{
  int ph_y = ae_tap_phases (p, p->geo.sh), ph_x = ae_tap_phases (p, p->geo.sw);
  return ae_conv_area (p, (p->dst_h + ph_y - 1) / ph_y,
      (p->dst_w + ph_x - 1) / ph_x, index);
}

/* Columns x0 .. of one blocked row into the groups of a strip. */
static void
copy_row (
    const float *row, int width, int x0, int n, int step, int group, float *to)
{
  if (!row) {
    memset (to, 0, (size_t) group * step * 16 * sizeof (float));
    return;
  }
  if (step == 1) {
    int left = x0 < 0 ? (-x0 < n ? -x0 : n) : 0;
    int end = x0 + n < width ? n : width - x0;
    end = end < left ? left : end;
    memset (to, 0, left * 16 * sizeof (float));
    if (end > left)
      memcpy (to + left * 16, row + (ptrdiff_t) (x0 + left) * 16,
          (size_t) (end - left) * 16 * sizeof (float));
    memset (to + end * 16, 0, (n - end) * 16 * sizeof (float));
    return;
  }
  for (int i = 0; i < group * step; i++) {
    int x = x0 + i;
    float *pixel = to + ((size_t) (i % step) * group + i / step) * 16;
    if (x >= 0 && x < width)
      memcpy (pixel, row + (size_t) x * 16, 16 * sizeof (float));
    else
      memset (pixel, 0, 16 * sizeof (float));
  }
}

static void
copy_plain_row (const AeConvPlan *p, const float *plane, size_t size, int x0,
    int n, float *to)
{
  int c = p->src_c;
  for (int x = 0; x < n; x++)
    for (int i = 0; i < c; i++) {
      bool inside = plane && x0 + x >= 0 && x0 + x < p->src_w;
      to[x * c + i] = inside ? plane[i * size + x0 + x] : 0;
    }
}

static AeTapStrip
flat_strip (const AeTapJob *job, const AeConvArea *a, float *scratch)
{
  const AeConvPlan *p = job->plan;
  int step = ae_tap_source_step (p, p->geo.sw),
      step_y = ae_tap_source_step (p, p->geo.sh);
  int n = ae_tap_strip_rows (a->cols, step, job->reach_x);
  AeTapStrip s = { .data = scratch,
    .row = (size_t) n * p->src_c,
    .px = (size_t) step * p->src_c,
    .step = 1,
    .first_y = job->reach_y.first,
    .first_x = job->reach_x.first,
    .flat = true };
  const AeRowBuffer *src = &job->ends.src;
  size_t plane = src->plane;
  for (int r = 0; r < ae_tap_strip_rows (a->rows, step_y, job->reach_y); r++) {
    int y = a->y * step_y + s.first_y + r;
    const float *row = y < 0 || y >= p->src_h
                           ? NULL
                           : src->data + (size_t) a->image * p->src_c * plane
                                 + (size_t) (y % src->ring) * p->src_w;
    copy_plain_row (
        p, row, plane, a->x * step + s.first_x, n, scratch + r * s.row);
  }
  return s;
}

/* A row of one block of channels; column 0. */
static const float *
source_row (const AeTapJob *job, int image, int y, int block)
{
  const AeConvPlan *p = job->plan;
  size_t row = (size_t) image * p->src_h + y % job->ends.src.ring;
  return job->ends.src.data + (row * p->src_blocks + block) * p->src_w * 16;
}

bool
ae_tap_strip_in_place (const AeTapJob *job, const AeConvArea *a, AeTapStrip *s)
{
  const AeConvPlan *p = job->plan;
  int step_y = ae_tap_source_step (p, p->geo.sh);
  int step = ae_tap_source_step (p, p->geo.sw);
  int y = a->y * step_y + job->reach_y.first;
  int x = a->x * step + job->reach_x.first;
  int rows = ae_tap_strip_rows (a->rows, step_y, job->reach_y);
  if (y < 0 || x < 0 || y + rows > p->src_h
      || y % job->ends.src.ring + rows > job->ends.src.ring
      || x + ae_tap_strip_rows (a->cols, step, job->reach_x) > p->src_w)
    return false;
  size_t block = (size_t) p->src_w * 16, row = block * p->src_blocks;
  *s = (AeTapStrip){ .data = source_row (job, a->image, y, 0) + (size_t) x * 16,
    .row = row,
    .block = block,
    .px = 16 * step,
    .step = 1,
    .first_y = job->reach_y.first,
    .first_x = job->reach_x.first };
  return true;
}

AeTapStrip
ae_tap_strip (const AeTapJob *job, const AeConvArea *a, float *scratch)
{
  const AeConvPlan *p = job->plan;
  AeTapStrip s;
  if (p->plain_src)
    return flat_strip (job, a, scratch);
  if (ae_tap_strip_in_place (job, a, &s))
    return s;
  int step = ae_tap_source_step (p, p->geo.sw),
      step_y = ae_tap_source_step (p, p->geo.sh);
  int group = ae_tap_strip_group (a->cols, step, job->reach_x);
  size_t block = (size_t) group * step * 16;
  s = (AeTapStrip){ .data = scratch,
    .row = block * p->src_blocks,
    .block = block,
    .px = 16,
    .step = step,
    .group = group,
    .first_y = job->reach_y.first,
    .first_x = job->reach_x.first };
  for (int r = 0; r < ae_tap_strip_rows (a->rows, step_y, job->reach_y); r++)
    for (int b = 0; b < p->src_blocks; b++) {
      int y = a->y * step_y + s.first_y + r;
      const float *row =
          y < 0 || y >= p->src_h ? NULL : source_row (job, a->image, y, b);
      copy_row (row, p->src_w, a->x * step + s.first_x, group * step, step,
          group, scratch + r * s.row + b * block);
    }
  return s;
}

int
ae_tap_columns (const AeConvPlan *p, const AeTapStrip *s, const AeTapAxis *x,
    int *k_last, ptrdiff_t *tap)
{
  *k_last = s->flat ? p->src_c : ae_last_block (p->src_c);
  for (int i = 0; i < x->n; i++) {
    int at = x->at[i] - s->first_x;
    ptrdiff_t pixel = at % s->step * s->group + at / s->step;
    tap[i] = s->flat ? (ptrdiff_t) at * p->src_c : pixel * 16;
  }
  bool joined = s->flat && x->n > 0 && x->at[x->n - 1] - x->at[0] == x->n - 1;
  if (joined)
    *k_last = x->n * p->src_c;
  return joined ? 1 : x->n;
}
