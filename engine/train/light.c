/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/light.h"

#include <math.h>
#include <pthread.h>

#define N 2048
#define GAMMA 2.2
#define BRIGHTEST 4

/* shown goes by the root of the light: the curve is nearly straight then. */
static float light[N + 2], shown[N + 2];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
fill (void)
{
  for (int i = 0; i < N + 2; i++) {
    double at = (double) i / N;
    light[i] = (float) pow (at, GAMMA);
    shown[i] = (float) pow (BRIGHTEST * at * at, 1 / GAMMA);
  }
}

static float
look_up (const float *table, float at)
{
  pthread_once (&once, fill);
  float place = N * (at > 0 ? at < 1 ? at : 1 : 0);
  int i = (int) place;
  return table[i] + (place - (float) i) * (table[i + 1] - table[i]);
}

float
ae_light_of (float value)
{
  return look_up (light, value);
}

float
ae_light_shown (float x)
{
  return look_up (shown, sqrtf (x > 0 ? x / BRIGHTEST : 0));
}
