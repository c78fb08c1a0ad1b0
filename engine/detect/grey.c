/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Stands in for the real one: each picture by its own light. */
#include "detect/grey.h"

#include "util/mem.h"
#include "video/frame.h"

#include <math.h>

struct AeGrey {
  int width, height;
  float *frame, *out;
  void *scratch;
};

AeGrey *
ae_grey_new (const AeImage *format, int width, int height, int n_threads)
{
  int h, w;
  (void) n_threads;
  AeGrey *g = ae_calloc (1, sizeof *g);
  if (!g)
    return NULL;
  ae_frame_size (format, &h, &w);
  g->width = width;
  g->height = height;
  g->frame = ae_alloc ((size_t) 6 * h * w * sizeof (float));
  g->out = ae_alloc ((size_t) width * height * sizeof (float));
  g->scratch = ae_alloc (ae_frame_scratch_size (format, 1));
  if (!g->frame || !g->out || !g->scratch)
    ae_grey_free (&g);
  return g;
}

void
ae_grey_free (AeGrey **grey)
{
  AeGrey *g = *grey;
  *grey = NULL;
  if (!g)
    return;
  ae_free (g->frame);
  ae_free (g->out);
  ae_free (g->scratch);
  ae_free (g);
}

void
ae_grey_reset (AeGrey *grey)
{
  (void) grey;
}

static float
area (const float *frame, int h, int w, const int from[2], const int to[2])
{
  float sum = 0;
  for (int y = from[0]; y < to[0]; y++)
    for (int x = from[1]; x < to[1]; x++)
      sum += frame[(((y & 1) * 2 + (x & 1)) * h + y / 2) * w + x / 2];
  return 255 * sum / (float) ((to[0] - from[0]) * (to[1] - from[1]));
}

AeLight
ae_grey_load (AeGrey *g, const AeImage *in, double seconds, uint8_t *out)
{
  int h, w, n = g->width * g->height;
  double sum = 0, squares = 0;
  (void) seconds;
  ae_frame_size (in, &h, &w);
  ae_frame_load (in, g->frame, 1, g->scratch);
  for (int i = 0; i < n; i++) {
    int y = i / g->width, x = i % g->width;
    int from[2] = { y * in->height / g->height, x * in->width / g->width };
    int to[2] = { (y + 1) * in->height / g->height,
      (x + 1) * in->width / g->width };
    g->out[i] = area (g->frame, h, w, from, to);
    sum += g->out[i];
    squares += (double) g->out[i] * g->out[i];
  }
  float mean = (float) (sum / n);
  float deviation = sqrtf ((float) fmax (squares / n - mean * mean, 0));
  float gain = AE_GREY_DEVIATION / fmaxf (deviation, 1);
  gain = fminf (fmaxf (gain, AE_GREY_LEAST_GAIN), AE_GREY_MOST_GAIN);
  for (int i = 0; i < n; i++) {
    float v = (g->out[i] - mean) * gain + AE_GREY_MEAN;
    out[i] = (uint8_t) (fminf (fmaxf (v, 0), 255) + 0.5f);
  }
  return (AeLight){ 0, deviation };
}
