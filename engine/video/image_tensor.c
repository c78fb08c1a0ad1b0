/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "video/image_tensor.h"

#include "util/mem.h"
#include "util/pool.h"
#include "video/rgb_rows.h"

#include <string.h>

#define ROWS_PER_JOB 8 /* even: rows that share chroma stay together */
#define N_ROWS 13      /* of scratch: three to read, three of sums ... */
#define SCALED 6       /* ... a row's own colours and luma, */
#define RESULT 7       /* and two rows of results */

typedef struct {
  const AeImage *in, *out;
  const AeImagePlanes *planes;
  float *data;
  const AeScaling *scaling, *own;
  float *scratch;
  size_t row_floats;
} Transfer;

bool
ae_scaling_make (
    AeScaling *scaling, int from_h, int from_w, int to_h, int to_w)
{
  scaling->from_h = from_h;
  scaling->from_w = from_w;
  return ae_axis_make (&scaling->down, from_h, to_h)
         && ae_axis_make (&scaling->across, from_w, to_w);
}

void
ae_scaling_clear (AeScaling *scaling)
{
  ae_axis_clear (&scaling->down);
  ae_axis_clear (&scaling->across);
}

static size_t
floats_per_row (int width)
{
  return ae_align_size ((size_t) width + 1);
}

size_t
ae_image_scratch_size (int width, int n_threads)
{
  return floats_per_row (width) * N_ROWS * sizeof (float)
         * (size_t) n_threads;
}

static inline float *
scratch_row (const Transfer *t, int thread, int row)
{
  return t->scratch + ((size_t) thread * N_ROWS + row) * t->row_floats;
}

static void
add_row (const float *restrict row, float weight, int n, bool first,
    float *restrict sum)
{
  if (first)
    for (int x = 0; x < n; x++)
      sum[x] = weight * row[x];
  else
    for (int x = 0; x < n; x++)
      sum[x] += weight * row[x];
}

static void
scale_across (const AeScaling *s, const float *row, float *restrict to)
{
  const AeAxis *axis = &s->across;
  if (axis->n == s->from_w) {
    memcpy (to, row, (size_t) axis->n * sizeof *to);
    return;
  }
  for (int x = 0; x < axis->n; x++) {
    const float *weight = axis->weight + (size_t) x * (size_t) axis->most;
    const float *from = row + axis->first[x];
    float sum = 0;
    for (int k = 0; k < axis->count[x]; k++)
      sum += weight[k] * from[k];
    to[x] = sum;
  }
}

static inline float
weight_of (const AeAxis *axis, int y, int k)
{
  return axis->weight[(size_t) y * (size_t) axis->most + (size_t) k];
}

/* Row y of a scaled picture, in R, G, B. */
static void
scale_picture (const Transfer *t, const AeScaling *s, int y, int thread,
    float *const to[3])
{
  float *rows[3], *sums[3];
  for (int i = 0; i < 3; i++) {
    rows[i] = scratch_row (t, thread, i);
    sums[i] = scratch_row (t, thread, 3 + i);
  }
  const AeAxis *axis = &s->down;
  for (int k = 0; k < axis->count[y]; k++) {
    ae_rows_read_rgb (
        t->in, axis->first[y] + k, rows[0], rows[1], rows[2]);
    for (int i = 0; i < 3 && axis->count[y] > 1; i++)
      add_row (rows[i], weight_of (axis, y, k), s->from_w, k == 0, sums[i]);
  }
  for (int i = 0; i < 3; i++)
    scale_across (s, axis->count[y] > 1 ? sums[i] : rows[i], to[i]);
}

/* The same of a plane whose rows are `stride` apart. */
static void
scale_plane (const Transfer *t, const float *plane, int y, int thread,
    float *to)
{
  const AeScaling *s = t->scaling;
  const AeAxis *axis = &s->down;
  const float *first
      = plane + (size_t) axis->first[y] * (size_t) t->planes->w;
  if (axis->count[y] == 1) {
    scale_across (s, first, to);
    return;
  }
  float *sum = scratch_row (t, thread, 3);
  for (int k = 0; k < axis->count[y]; k++)
    add_row (first + (size_t) k * (size_t) t->planes->w,
        weight_of (axis, y, k), s->from_w, k == 0, sum);
  scale_across (s, sum, to);
}

/* Where sample i of a mirrored row of n is. */
static int
mirror (int i, int n)
{
  int period = n > 1 ? 2 * n - 2 : 1;
  i %= period;
  return i < n ? i : period - i;
}

static inline float *
plane_row (const Transfer *t, int channel, int y)
{
  const AeImagePlanes *p = t->planes;
  return t->data + ((size_t) channel * (size_t) p->h + (size_t) y) * p->w;
}

static void
finish_row (const AeImagePlanes *p, int channel, float *row)
{
  float gain = p->gain[channel], offset = p->offset[channel];
  for (int x = 0; x < p->used_w; x++)
    row[x] = row[x] * gain + offset;
  for (int x = p->used_w; x < p->w; x++)
    row[x] = row[mirror (x, p->used_w)];
}

static void
load_row (const Transfer *t, int y, int thread)
{
  const AeImagePlanes *p = t->planes;
  float *rgb[3];
  for (int i = 0; i < 3; i++)
    rgb[i] = p->channels == 3 ? plane_row (t, i, y)
                              : scratch_row (t, thread, RESULT + i);
  scale_picture (t, t->scaling, y, thread, rgb);
  if (p->channels == 1)
    ae_rows_luma (
        t->in, p->used_w, rgb[0], rgb[1], rgb[2], plane_row (t, 0, y));
  for (int i = 0; i < p->channels; i++)
    finish_row (p, i, plane_row (t, i, y));
}

static void
load_job (void *arg, size_t index, int thread)
{
  const Transfer *t = arg;
  int y = (int) index * ROWS_PER_JOB, end = y + ROWS_PER_JOB;
  for (; y < end && y < t->planes->used_h; y++)
    load_row (t, y, thread);
}

static size_t
jobs_for (int rows)
{
  return ((size_t) rows + ROWS_PER_JOB - 1) / ROWS_PER_JOB;
}

void
ae_image_load (const AeImage *in, const AeImagePlanes *planes, float *data,
    AeImageWork work)
{
  Transfer t = { .in = in,
    .planes = planes,
    .data = data,
    .scaling = work.scaling,
    .scratch = work.scratch,
    .row_floats = floats_per_row (work.width) };
  ae_pool_run (ae_pool_shared (), work.n_threads, jobs_for (planes->used_h),
      load_job, &t);
  for (int i = 0; i < planes->channels; i++)
    for (int y = planes->used_h; y < planes->h; y++)
      memcpy (plane_row (&t, i, y),
          plane_row (&t, i, mirror (y, planes->used_h)),
          (size_t) planes->w * sizeof *data);
}

/* The new luma moves all three colours alike, which leaves U and V. */
static void
move_luma (const Transfer *t, const float *luma, int thread,
    float *const rgb[3])
{
  float *own = scratch_row (t, thread, SCALED);
  int n = t->out->width;
  ae_rows_luma (t->out, n, rgb[0], rgb[1], rgb[2], own);
  for (int i = 0; i < 3; i++)
    for (int x = 0; x < n; x++)
      rgb[i][x] += luma[x] - own[x];
}

static void
result_row (const Transfer *t, int channel, int y, int thread, float *to)
{
  const AeImagePlanes *p = t->planes;
  scale_plane (t, plane_row (t, channel, 0), y, thread, to);
  float gain = 1 / p->gain[channel];
  for (int x = 0; x < t->out->width; x++)
    to[x] = (to[x] - p->offset[channel]) * gain;
}

static void
make_row (const Transfer *t, int y, int thread, float *const rgb[3])
{
  if (t->data && t->planes->channels == 3) {
    for (int i = 0; i < 3; i++)
      result_row (t, i, y, thread, rgb[i]);
    return;
  }
  scale_picture (t, t->own, y, thread, rgb);
  if (!t->data)
    return;
  float *luma = scratch_row (t, thread, 0);
  result_row (t, 0, y, thread, luma);
  move_luma (t, luma, thread, rgb);
}

/* The byte of packed pixels that is no colour. */
static void
copy_alpha (const Transfer *t, int y)
{
  const AeImage *in = t->in, *out = t->out;
  if (in->pixels != AE_PIXELS_PACKED || in->pixel_stride != 4)
    return;
  int at = 6 - in->r - in->g - in->b;
  int from_y = (int) ((int64_t) y * in->height / out->height);
  const uint8_t *from = in->plane[0] + from_y * in->stride[0] + at;
  uint8_t *to = out->plane[0] + y * out->stride[0] + at;
  for (int x = 0; x < out->width; x++)
    to[4 * x] = from[4 * (int) ((int64_t) x * in->width / out->width)];
}

static void
store_job (void *arg, size_t index, int thread)
{
  const Transfer *t = arg;
  int together = ae_rows_together (t->out);
  int y = (int) index * ROWS_PER_JOB, end = y + ROWS_PER_JOB;
  end = end < t->out->height ? end : t->out->height;
  float *rgb[2][3];
  for (int i = 0; i < 6; i++)
    rgb[i / 3][i % 3] = scratch_row (t, thread, RESULT + i);
  for (; y < end; y += together) {
    for (int i = 0; i < together && y + i < end; i++) {
      make_row (t, y + i, thread, rgb[i]);
      copy_alpha (t, y + i);
    }
    ae_rows_write_rgb (t->out, y, rgb);
  }
}

void
ae_image_store (const AeImage *out, const AeImagePlanes *planes,
    const float *data, AeImageWork work, const AeImage *in,
    const AeScaling *own)
{
  Transfer t = { .in = in,
    .out = out,
    .planes = planes,
    .data = (float *) data,
    .scaling = work.scaling,
    .own = own,
    .scratch = work.scratch,
    .row_floats = floats_per_row (work.width) };
  ae_pool_run (ae_pool_shared (), work.n_threads, jobs_for (out->height),
      store_job, &t);
}
