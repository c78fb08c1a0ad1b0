/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <ae/sampler.h>

#include "util/error.h"
#include "util/mem.h"

#include <math.h>
#include <string.h>

#define STEPS 128 /* of equal shares, whose changes are measured */

static double
change (const float *a, const float *b, size_t n)
{
  double sum = 0;
  for (size_t i = 0; i < n; i++)
    sum += (double) (a[i] - b[i]) * (double) (a[i] - b[i]);
  return sqrt (sum / (double) n);
}

/* What has changed up to each step. */
static void
measure (AeSampler *s, const float *from, const float *to, int label,
    float *code, float *pictures, size_t values, double *done)
{
  float *now = pictures, *before = pictures + values;
  for (int i = 0; i <= STEPS; i++) {
    ae_sampler_between (s, from, to, (float) i / STEPS, code);
    ae_sampler_decode (s, code, &label, 1, now);
    done[i] = i > 0 ? done[i - 1] + change (now, before, values) : 0;
    memcpy (before, now, values * sizeof *now);
  }
}

/* Where a part of all change is done. */
static float
find_share (const double *done, double part)
{
  int i = 1;
  while (i < STEPS && done[i] < part)
    i++;
  double step = done[i] - done[i - 1];
  double inside = step > 0 ? (part - done[i - 1]) / step : 0;
  return (float) (((double) (i - 1) + fmin (fmax (inside, 0), 1)) / STEPS);
}

AeStatus
ae_sampler_pace (AeSampler *s, const float *from, const float *to, int label,
    float *shares, size_t n, AeError *err)
{
  AeSamplerFacts f = ae_sampler_facts (s);
  double done[STEPS + 1];
  size_t values
      = (size_t) f.width * (size_t) f.height * (size_t) f.channels;
  float *code = ae_alloc ((size_t) f.latent * sizeof *code);
  float *pictures = ae_alloc (2 * values * sizeof *pictures);
  bool good = code && pictures;
  if (good)
    measure (s, from, to, label, code, pictures, values, done);
  for (size_t i = 0; good && i < n; i++) {
    double part = (double) i / (double) (n - 1);
    shares[i] = done[STEPS] > 0 ? find_share (done, part * done[STEPS])
                                : (float) part;
  }
  if (good) {
    shares[0] = 0;
    shares[n - 1] = 1;
  }
  ae_free (code);
  ae_free (pictures);
  return good ? AE_OK
              : ae_fail (err, AE_ERROR_MEMORY, "no memory for a way");
}
