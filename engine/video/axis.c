/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "video/axis.h"

#include "util/mem.h"

#include <assert.h>
#include <math.h>

static int
most_taps (int from, int to)
{
  return from > to ? 2 * ((from + to - 1) / to) + 1 : 2;
}

/* The taps of one new sample; returns how many. */
static int
tap (const AeAxis *axis, int i, int from, int *first, float *weight)
{
  double scale = (double) from / axis->n, reach = scale > 1 ? scale : 1;
  double middle = (i + 0.5) * scale - 0.5, sum = 0;
  int begin = (int) ceil (middle - reach), end = (int) (middle + reach) + 1;
  int n = 0;
  begin = begin > 0 ? begin : 0;
  end = end < from ? end : from;
  for (int k = begin; k < end; k++) {
    double w = 1 - fabs (k - middle) / reach;
    if (w < 1e-9) {
      begin += n == 0; /* only the outermost ones */
      continue;
    }
    assert (n < axis->most);
    weight[n++] = (float) w;
    sum += w;
  }
  for (int k = 0; k < n; k++)
    weight[k] = (float) (weight[k] / sum);
  *first = begin;
  return n;
}

bool
ae_axis_make (AeAxis *axis, int from, int to)
{
  axis->n = to;
  axis->most = most_taps (from, to);
  size_t n = (size_t) to, taps;
  if (!ae_mul_size (n, (size_t) axis->most, &taps))
    return false;
  axis->first = ae_calloc (n, sizeof *axis->first);
  axis->count = ae_calloc (n, sizeof *axis->count);
  axis->weight = ae_calloc (taps, sizeof *axis->weight);
  if (!axis->first || !axis->count || !axis->weight)
    return false;
  for (int i = 0; i < to; i++)
    axis->count[i] = tap (axis, i, from, &axis->first[i],
        axis->weight + (size_t) i * (size_t) axis->most);
  return true;
}

void
ae_axis_clear (AeAxis *axis)
{
  ae_free (axis->first);
  ae_free (axis->count);
  ae_free (axis->weight);
  *axis = (AeAxis){ 0 };
}

void
ae_axis_row (
    const AeAxis *axis, const float *row, float factor, float *to)
{
  for (int x = 0; x < axis->n; x++) {
    const float *weight = ae_axis_weights (axis, x);
    const float *from = row + axis->first[x];
    float sum = 0;
    for (int k = 0; k < axis->count[x]; k++)
      sum += weight[k] * from[k];
    to[x] = sum * factor;
  }
}

void
ae_axis_add (const float *restrict row, float weight, int n, bool first,
    float *restrict sum)
{
  if (first)
    for (int x = 0; x < n; x++)
      sum[x] = weight * row[x];
  else
    for (int x = 0; x < n; x++)
      sum[x] += weight * row[x];
}
