/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "video/noise_clip.h"

#include <math.h>
#include <pthread.h>

/* Beyond so many deviations nothing worth counting is clipped. */
#define REACH 4.5f
#define STEPS 16 /* of the tables, per deviation */

enum { N = (int) (REACH * STEPS) + 2 };

/* Standard normal noise that is clipped at a distance of i / STEPS below its
 * centre. */
static struct {
  float gain[N];  /* its variance, by the distance from the true centre */
  float shift[N]; /* seen mean less true centre, by that from the seen mean;
                     below a distance of 1 that of 1 */
} table;

/* Mean and variance of max (x, -a), x standard normal. */
static void
clipped_normal (float a, float *mean, float *variance)
{
  float density = 0.39894228f * expf (-0.5f * a * a);
  float below = 0.5f * erfcf (a * 0.70710678f);
  *mean = density - a * below;
  *variance = a * a * below + (1 - below) - a * density - *mean * *mean;
}

static void
fill_table (void)
{
  for (int i = 0; i < N; i++) {
    float distance = (float) i / STEPS, mean, unused;
    clipped_normal (distance, &mean, &table.gain[i]);
    float seen = fmaxf (distance, 1), centre = seen;
    /* Newton: the seen mean rises by what is not clipped. */
    for (int round = 0; round < 8; round++) {
      clipped_normal (centre, &mean, &unused);
      float slope = 1 - 0.5f * erfcf (centre * 0.70710678f);
      centre -= (centre + mean - seen) / slope;
    }
    table.shift[i] = seen - centre;
  }
}

static float
look_up (const float *values, float distance)
{
  float at = distance > 0 ? distance * STEPS : 0;
  if (at >= N - 1)
    return values[N - 1];
  int i = (int) at;
  return values[i] + (at - (float) i) * (values[i + 1] - values[i]);
}

float
ae_noise_clip_gain (float mean, float sigma)
{
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  if (sigma <= 0 || (mean > REACH * sigma && 1 - mean > REACH * sigma))
    return 1.0f;
  pthread_once (&once, fill_table);
  /* The clipped mean is what is seen; the true one lies further out. */
  float low = mean / sigma, high = (1 - mean) / sigma;
  float shift = look_up (table.shift, low) - look_up (table.shift, high);
  low -= shift;
  high += shift;
  if (low < 1 || high < 1)
    return 0.0f;
  return look_up (table.gain, low) * look_up (table.gain, high);
}
