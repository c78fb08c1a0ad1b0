/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_NOISE_H
#define AETOOL_NOISE_H

/* White Gaussian noise that is the same on every machine. */

#include "frames.h"

G_BEGIN_DECLS

typedef struct {
  guint64 state[4];
  double spare; /* a second deviate, when has_spare */
  gboolean has_spare;
} Noise;

void noise_init (Noise *noise, guint64 seed);

/* Standard normal deviate: Marsaglia's polar method on xoshiro256**. */
double noise_gauss (Noise *noise);

/* A copy with noise of standard deviation sigma (grey levels) on every sample
 * of plane 0, then 1, then 2; rounded, clipped to 0..255. luma_only: planes 1
 * and 2 stay as they are. */
Picture *noise_add (const Picture *clean, double sigma, gboolean luma_only,
    guint64 seed);

G_END_DECLS

#endif
