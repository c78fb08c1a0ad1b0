/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/anomaly_samples.h"

#include "util/mem.h"

#include <stdlib.h>
#include <string.h>

AeStatus
ae_sample_rows_init (AeSampleRows *s, size_t most, size_t d, uint64_t seed,
    AeError *err)
{
  *s = (AeSampleRows){ .d = d, .most = most };
  ae_rng_seed (&s->rng, seed);
  s->rows = ae_calloc (most, d * sizeof (float));
  if (s->rows)
    return AE_OK;
  return ae_fail (err, AE_ERROR_MEMORY, "no memory for %zu samples", most);
}

void
ae_sample_rows_add (AeSampleRows *s, const float *row)
{
  size_t at = s->n;
  if (s->n < s->most)
    s->n++;
  else {
    at = (size_t) (ae_rng_next (&s->rng) % (s->seen + 1));
    if (at >= s->most)
      at = s->most;
  }
  s->seen++;
  if (at < s->most)
    memcpy (s->rows + at * s->d, row, s->d * sizeof (float));
}

void
ae_sample_rows_clear (AeSampleRows *s)
{
  ae_free (s->rows);
  *s = (AeSampleRows){ 0 };
}

static int
compare (const void *a, const void *b)
{
  float x = *(const float *) a, y = *(const float *) b;
  return (x > y) - (x < y);
}

void
ae_sample_sort (float *values, size_t n)
{
  qsort (values, n, sizeof *values, compare);
}

float
ae_sample_quantile_sorted (const float *values, size_t n, double share)
{
  double at = share * (double) (n - 1);
  size_t i = (size_t) at;
  if (i + 1 >= n)
    return values[n - 1];
  double part = at - (double) i;
  return (float) ((1 - part) * values[i] + part * values[i + 1]);
}

float
ae_sample_quantile (float *values, size_t n, double share)
{
  ae_sample_sort (values, n);
  return ae_sample_quantile_sorted (values, n, share);
}
