/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/resize_axis.h"

#include "util/mem.h"

#include <math.h>

/* Where output sample o lies among the input samples. */
static double
original (AeResizeCoordinates how, const AeResizeAxis *a, int64_t o)
{
  double x = (double) o, last = (double) (a->in - 1);
  switch (how) {
    case AE_ALIGN_CORNERS:
      return a->out == 1 ? 0 : x * last / (double) (a->out - 1);
    case AE_ASYMMETRIC:
      return x / a->scale;
    case AE_PYTORCH_HALF_PIXEL:
      return a->out > 1 ? (x + 0.5) / a->scale - 0.5 : 0;
    case AE_TF_HALF_PIXEL:
      return (x + 0.5) / a->scale;
    case AE_TF_CROP_AND_RESIZE:
      if (a->out == 1)
        return 0.5 * (a->roi[0] + a->roi[1]) * last;
      return a->roi[0] * last
          + x * (a->roi[1] - a->roi[0]) * last / (double) (a->out - 1);
    case AE_HALF_PIXEL_SYMMETRIC: {
      /* The scaled length may be fractional; what rounding cut off is cut
       * from both ends alike. */
      double adjust = (double) a->out / (a->scale * (double) a->in);
      return (double) a->in / 2 * (1 - adjust) + (x + 0.5) / a->scale - 0.5;
    }
    case AE_HALF_PIXEL:
      break;
  }
  return (x + 0.5) / a->scale - 0.5;
}

static bool
is_outside (const AeResizeKind *kind, const AeResizeAxis *a, double x)
{
  return kind->coordinates == AE_TF_CROP_AND_RESIZE
      && (x < 0 || x > (double) (a->in - 1));
}

/* Scales are f32: a position meant to be whole or half is off by some 1e-7
 * of itself and must not fall to the other side. */
static double
snap (double x)
{
  double near = round (2 * x) / 2, room = 3e-7 * (1 + fabs (x));
  return fabs (x - near) < (room < 1e-3 ? room : 1e-3) ? near : x;
}

static double
round_by (AeResizeRounding how, double x, double scale)
{
  switch (how) {
    case AE_FLOOR:
      return floor (x);
    case AE_CEIL:
      return ceil (x);
    case AE_ROUND_PREFER_CEIL:
      return floor (x + 0.5);
    case AE_SIMPLE:
      return scale < 1 ? ceil (x) : floor (x);
    case AE_ROUND_PREFER_FLOOR:
      break;
  }
  return ceil (x - 0.5);
}

static int64_t
clamp (double x, int64_t size)
{
  return x < 0 ? 0 : x > (double) (size - 1) ? size - 1 : (int64_t) x;
}

int64_t
ae_resize_nearest (const AeResizeKind *kind, const AeResizeAxis *a, int64_t o)
{
  double x = snap (original (kind->coordinates, a, o));
  if (is_outside (kind, a, x))
    return -1;
  return clamp (round_by (kind->rounding, x, a->scale), a->in);
}

/* The interpolating kernels at distance t. Cubic: R. Keys, "Cubic convolution
 * interpolation for digital image processing", 1981, with A for -1/2. */
static double
kernel_at (const AeResizeKind *kind, double t)
{
  double a = kind->cubic_a;
  t = fabs (t);
  if (kind->mode == AE_LINEAR)
    return t < 1 ? 1 - t : 0;
  if (t <= 1)
    return ((a + 2) * t - (a + 3)) * t * t + 1;
  return t < 2 ? ((a * t - 5 * a) * t + 8 * a) * t - 4 * a : 0;
}

/* Weights of one output sample; the kernel is stretched by 1 / scale when it
 * must suppress aliases. */
static void
weigh (const AeResizeKind *kind, const AeResizeAxis *a, double scale,
    int64_t start, AeResizeTaps *taps, int64_t o)
{
  double x = original (kind->coordinates, a, o), base = floor (x), sum = 0;
  float *weight = taps->weight + o * taps->taps;
  int32_t *index = taps->index + o * taps->taps;
  if (is_outside (kind, a, x)) {
    taps->outside[o] = true;
    return;
  }
  for (int64_t t = 0; t < taps->taps; t++) {
    double at = base + (double) (start + t);
    double w = kernel_at (kind, scale * (at - x));
    bool out = at < 0 || at > (double) (a->in - 1);
    weight[t] = kind->exclude_outside && out ? 0 : (float) w;
    index[t] = (int32_t) clamp (at, a->in);
    sum += (double) weight[t];
  }
  if ((kind->antialias || kind->exclude_outside) && sum != 0)
    for (int64_t t = 0; t < taps->taps; t++)
      weight[t] = (float) ((double) weight[t] / sum);
}

AeStatus
ae_resize_taps (const AeResizeKind *kind, const AeResizeAxis *a,
    AeResizeTaps *taps, AeError *err)
{
  double scale = kind->antialias && a->scale < 1 ? a->scale : 1;
  double support = kind->mode == AE_CUBIC ? 2 : 1;
  double first = floor (-support / scale) + 1;
  size_t count;
  *taps = (AeResizeTaps) { .in = a->in, .out = a->out };
  if (!(first > -1e9))
    return ae_fail (err, AE_ERROR_LIMIT, "scale is %g, wanted a larger one",
        a->scale);
  taps->taps = 2 - 2 * (int64_t) first;
  if (!ae_mul_size ((size_t) a->out, (size_t) taps->taps, &count)
      || count > (size_t) AE_MAX_ELEMENTS)
    return ae_fail (err, AE_ERROR_LIMIT,
        "%lld samples of %lld taps, wanted fewer", (long long) a->out,
        (long long) taps->taps);
  taps->index = ae_calloc (count, sizeof *taps->index);
  taps->weight = ae_calloc (count, sizeof *taps->weight);
  taps->outside = ae_calloc ((size_t) a->out, sizeof *taps->outside);
  if (!taps->index || !taps->weight || !taps->outside) {
    ae_resize_taps_clear (taps);
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for the weights");
  }
  for (int64_t o = 0; o < a->out; o++)
    weigh (kind, a, scale, (int64_t) first, taps, o);
  return AE_OK;
}

void
ae_resize_taps_clear (AeResizeTaps *taps)
{
  ae_free (taps->index);
  ae_free (taps->weight);
  ae_free (taps->outside);
  taps->index = NULL;
  taps->weight = NULL;
  taps->outside = NULL;
}
