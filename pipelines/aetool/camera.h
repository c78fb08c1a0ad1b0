/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_CAMERA_H
#define AETOOL_CAMERA_H

/* A make-believe camera that pans over a photograph. */

#include "frames.h"

G_BEGIN_DECLS

typedef struct {
  double shot; /* photon noise: variance per intensity, linear light 0..1 */
  double read; /* read noise: standard deviation, linear light */
} CameraNoise;

/* Reduces an RGB picture `times`-fold by averaging, which removes its own
 * noise and compression artefacts. */
Picture *camera_reduce (const Picture *photo, int times);

/* The window of width x height whose corner is at (x, y), which need not be
 * whole numbers, by bicubic interpolation (Catmull-Rom). RGB. */
Picture *camera_view (
    const Picture *photo, double x, double y, int width, int height);

/* What a sensor makes of the view: photon and read noise in linear light,
 * smoothed a little as demosaicing does, gamma 2.2, 8 bits. RGB. */
Picture *camera_expose (
    const Picture *view, CameraNoise level, guint64 seed);

G_END_DECLS

#endif
