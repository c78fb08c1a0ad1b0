/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_WHITENING_H
#define AE_TRAIN_WHITENING_H

/* Takes from a photograph what every photograph has: the coarser, the stronger.
 * Each frequency f (cycles per pixel) is multiplied by f exp (-(f / 0.4)^4),
 * which makes a flat spectrum of one that falls as 1 / f, and keeps the finest
 * out, which is noise. Source: Olshausen and Field, "Sparse coding with an
 * overcomplete basis set: a strategy employed by V1?", 1997. */

#include "util/error.h"

/* plane (height,width), any units -> of mean 0 and deviation 1, 0 everywhere
 * where the plane is flat. Beyond the edges it is mirrored. Errors: MEMORY. */
AeStatus ae_whiten (float *plane, int width, int height, AeError *err);

#endif
