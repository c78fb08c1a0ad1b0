/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "detect/grey.h"

#include "detect/light_memory.h"
#include "util/mem.h"
#include "util/pool.h"
#include "video/axis.h"
#include "video/pixel_rows.h"

#include <math.h>
#include <stdbool.h>

#define ROWS_PER_JOB 8
#define SCRATCH_ROWS 4 /* luma, two of colour that nobody wants, sums */
#define LEAST_DEVIATION 1e-3f

struct AeGrey {
  AeImage format;
  int n_threads;
  AeAxis across, down;
  float *scratch; /* SCRATCH_ROWS rows of the picture for each thread */
  size_t scratch_row;
  float *scaled; /* across.n x down.n grey levels */
  double *sum, *squares; /* of each row */
  AeLightMemory *light;
  bool by_median;
};

AeGrey *
ae_grey_new (const AeImage *format, int width, int height, int n_threads)
{
  AeGrey *grey = ae_calloc (1, sizeof *grey);
  size_t n;
  if (!grey)
    return NULL;
  grey->format = *format;
  grey->n_threads = ae_pool_threads (n_threads);
  grey->scratch_row = ae_align_size ((size_t) format->width);
  grey->scratch = ae_calloc (
      (size_t) grey->n_threads * SCRATCH_ROWS * grey->scratch_row,
      sizeof (float));
  if (!grey->scratch || !ae_mul_size ((size_t) width, (size_t) height, &n)
      || !ae_axis_make (&grey->across, format->width, width)
      || !ae_axis_make (&grey->down, format->height, height)
      || !(grey->scaled = ae_calloc (n, sizeof (float)))
      || !(grey->light = ae_light_memory_new (width, height))
      || !(grey->sum = ae_calloc ((size_t) height, sizeof (double)))
      || !(grey->squares = ae_calloc ((size_t) height, sizeof (double))))
    ae_grey_free (&grey);
  return grey;
}

void
ae_grey_free (AeGrey **grey)
{
  if (*grey) {
    ae_axis_clear (&(*grey)->across);
    ae_axis_clear (&(*grey)->down);
    ae_free ((*grey)->scratch);
    ae_light_memory_free (&(*grey)->light);
    ae_free ((*grey)->scaled);
    ae_free ((*grey)->sum);
    ae_free ((*grey)->squares);
    ae_free (*grey);
  }
  *grey = NULL;
}

void
ae_grey_set_by_median (AeGrey *grey)
{
  grey->by_median = true;
}

void
ae_grey_reset (AeGrey *grey)
{
  ae_light_memory_reset (grey->light);
}

typedef struct {
  AeGrey *grey;
  const AeImage *in;
  uint8_t *out;
  float offset, gain;
} Load;

/* Rows of the picture to one of the new height; in code values. */
static const float *
shrink_down (const Load *load, int y, float *scratch)
{
  const AeGrey *g = load->grey;
  const AeAxis *axis = &g->down;
  float *luma = scratch, *u = luma + g->scratch_row, *v = u + g->scratch_row;
  float *sum = v + g->scratch_row;
  for (int k = 0; k < axis->count[y]; k++) {
    int from = axis->first[y] + k;
    if (g->format.pixels == AE_PIXELS_PACKED)
      ae_rows_read_packed (load->in, from, luma, u, v);
    else
      ae_rows_read_luma (load->in, from, luma);
    ae_axis_add (luma, ae_axis_weights (axis, y)[k],
        g->format.width, k == 0, sum);
  }
  return sum;
}

static void
scale_job (void *arg, size_t index, int thread)
{
  const Load *load = arg;
  AeGrey *g = load->grey;
  float *scratch
      = g->scratch + (size_t) thread * SCRATCH_ROWS * g->scratch_row;
  float scale = 255 / ae_pixel_info (&g->format).max;
  int first = (int) index * ROWS_PER_JOB, end = first + ROWS_PER_JOB;
  for (int y = first; y < end && y < g->down.n; y++) {
    float *to = g->scaled + (size_t) y * (size_t) g->across.n;
    ae_axis_row (&g->across, shrink_down (load, y, scratch), scale, to);
    double sum = 0, squares = 0;
    for (int x = 0; x < g->across.n; x++) {
      sum += to[x];
      squares += (double) to[x] * to[x];
    }
    g->sum[y] = sum;
    g->squares[y] = squares;
  }
}

static void
light_job (void *arg, size_t index, int thread)
{
  (void) thread;
  const Load *load = arg;
  const AeGrey *g = load->grey;
  size_t row = (size_t) g->across.n;
  size_t first = index * ROWS_PER_JOB, end = first + ROWS_PER_JOB;
  end = end < (size_t) g->down.n ? end : (size_t) g->down.n;
  const float *restrict from = g->scaled;
  uint8_t *restrict to = load->out;
  for (size_t i = first * row; i < end * row; i++) {
    float x = from[i] * load->gain + load->offset;
    x = x > 0 ? x : 0;
    x = x < 255 ? x : 255;
    to[i] = (uint8_t) (int) (x + 0.5f);
  }
}

static float
gain_for (float deviation)
{
  float gain = AE_GREY_DEVIATION
               / (deviation > LEAST_DEVIATION ? deviation : LEAST_DEVIATION);
  gain = gain > AE_GREY_LEAST_GAIN ? gain : AE_GREY_LEAST_GAIN;
  return gain < AE_GREY_MOST_GAIN ? gain : AE_GREY_MOST_GAIN;
}

#define BINS 1024 /* of the levels, to find their median */

static float
median_of (const AeGrey *g)
{
  size_t count[BINS] = { 0 }, below = 0, bin = 0;
  size_t n = (size_t) g->across.n * (size_t) g->down.n;
  for (size_t i = 0; i < n; i++) {
    float at = g->scaled[i] * (BINS / 256.0f);
    count[at < 0 ? 0 : at < BINS - 1 ? (size_t) at : BINS - 1]++;
  }
  while (2 * (below + count[bin]) < n)
    below += count[bin++];
  float part = ((float) n / 2 - (float) below) / (float) count[bin];
  return ((float) bin + part) * (256.0f / BINS);
}

static void
find_light (const AeGrey *g, const AeUsualLight *usual, Load *load)
{
  if (g->by_median) {
    load->offset = 0;
    load->gain = AE_GREY_MEDIAN
                 / fmaxf (median_of (g),
                     AE_GREY_MEDIAN / AE_GREY_MEDIAN_MOST_GAIN);
  } else {
    load->gain = gain_for ((float) usual->deviation);
    load->offset = AE_GREY_MEAN - (float) usual->mean * load->gain;
  }
}

AeLight
ae_grey_load (AeGrey *g, const AeImage *in, double seconds, uint8_t *out)
{
  Load load = { .grey = g, .in = in, .out = out };
  AePool *pool = ae_pool_shared ();
  size_t jobs = (size_t) (g->down.n + ROWS_PER_JOB - 1) / ROWS_PER_JOB;
  ae_pool_run (pool, g->n_threads, jobs, scale_job, &load);
  double sum = 0, squares = 0, n = (double) g->across.n * g->down.n;
  for (int y = 0; y < g->down.n; y++) {
    sum += g->sum[y];
    squares += g->squares[y];
  }
  double mean = sum / n, variance = squares / n - mean * mean;
  double deviation = sqrt (variance > 0 ? variance : 0);
  AeLightPicture picture = { g->scaled, mean, deviation, seconds };
  AeUsualLight usual = ae_light_memory_add (g->light, &picture);
  find_light (g, &usual, &load);
  ae_pool_run (pool, g->n_threads, jobs, light_job, &load);
  return (AeLight){ usual.changed, (float) deviation };
}
