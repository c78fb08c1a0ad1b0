/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/ms_ssim.h"

#include <math.h>

#define WINDOW 11
#define SIGMA 1.5f
#define C1 (0.01f * 0.01f)
#define C2 (0.03f * 0.03f)
#define LEAST 1e-7f /* roots have no gradient at 0 */

const float ae_similarity_weights[AE_SIMILARITY_SCALES]
    = { 0.0448f, 0.2856f, 0.3001f, 0.2363f, 0.1333f };

static int
times (AeBuilder *b, int x, int y)
{
  return ae_build_binary (b, "Mul", x, y);
}

static int
sum (AeBuilder *b, int x, int y)
{
  return ae_build_binary (b, "Add", x, y);
}

static int
minus (AeBuilder *b, int x, int y)
{
  return ae_build_binary (b, "Sub", x, y);
}

/* A convolution of one channel with h x w weights, `stride` apart. */
static int
filter (AeBuilder *b, int x, const float *weights, int h, int w, int stride)
{
  AeAttrs attrs = { 0 };
  if (!ae_attrs_set_ints (
          &attrs, "strides", (int64_t[]){ stride, stride }, 2))
    ae_fail (&b->error, AE_ERROR_MEMORY, "out of memory for a network");
  int in[2]
      = { x, ae_build_values (b, ae_shape (4, 1, 1, h, w), weights, NULL) };
  return ae_build_node (b, "Conv", &attrs, in, 2);
}

static int
halved (AeBuilder *b, int x)
{
  const float quarter[4] = { 0.25f, 0.25f, 0.25f, 0.25f };
  return filter (b, x, quarter, 2, 2, 2);
}

/* Means of windows that lie inside. */
static int
mean (AeBuilder *b, int x)
{
  float taps[WINDOW], total = 0;
  for (int i = 0; i < WINDOW; i++) {
    float d = (float) (i - WINDOW / 2);
    total += taps[i] = expf (-d * d / (2 * SIGMA * SIGMA));
  }
  for (int i = 0; i < WINDOW; i++)
    taps[i] /= total;
  return filter (b, filter (b, x, taps, 1, WINDOW, 1), taps, WINDOW, 1, 1);
}

static int
variance (AeBuilder *b, int x, int x_mean)
{
  int v = minus (b, mean (b, times (b, x, x)), times (b, x_mean, x_mean));
  return ae_build_unary (b, "Relu", v);
}

/* square / (x + y + c) */
static int
share (AeBuilder *b, int square, int x, int y, float c)
{
  int all = sum (b, sum (b, x, y), ae_build_scalar (b, c));
  return ae_build_binary (b, "Div", square, all);
}

/* 1 less contrast and structure is the error's variance over the sum of both
 * pictures' variances; 1 less luminance is the same of means. */
static int
dissimilarity (AeBuilder *b, int x, int error, bool luminance)
{
  int y = sum (b, x, error);
  int mx = mean (b, x), my = mean (b, y), me = mean (b, error);
  int found = share (b, variance (b, error, me), variance (b, x, mx),
      variance (b, y, my), C2);
  if (luminance)
    found = sum (b, found,
        share (b, times (b, me, me), times (b, mx, mx), times (b, my, my),
            C1));
  return ae_build_unary (
      b, "Sqrt", sum (b, found, ae_build_scalar (b, LEAST)));
}

/* Phases to pixels. */
static int
luma (AeBuilder *b, int frame)
{
  return ae_build_depth_to_space (b, ae_build_slice (b, frame, 1, 0, 4), 2);
}

void
ae_build_dissimilarity (AeBuilder *b, int frame, int decoded,
    int roots[AE_SIMILARITY_SCALES])
{
  int x = luma (b, frame), error = minus (b, luma (b, decoded), x);
  for (int i = 0; i < AE_SIMILARITY_SCALES; i++) {
    bool last = i == AE_SIMILARITY_SCALES - 1;
    roots[i] = dissimilarity (b, x, error, last);
    x = last ? x : halved (b, x);
    error = last ? error : halved (b, error);
  }
}
