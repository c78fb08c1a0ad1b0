/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef ANOMALY_SCENE_H
#define ANOMALY_SCENE_H

/* What the camera of the tests' detector sees: a still ground, the same at any
 * size. */

#include <math.h>

#define ANOMALY_SCENE_LEVEL 60 /* grey level that it begins at */
#define ANOMALY_SCENE_SPAN 50  /* and how far it rises */

/* Grey level above the ground's least, 0 to ANOMALY_SCENE_SPAN, at a place in
 * shares of the picture's width and height. */
static inline int
anomaly_scene_ground (double x, double y)
{
  double waves = 0.25 * sin (23 * x + 9 * y) + 0.25 * cos (17 * y - 5 * x);
  return (int) (ANOMALY_SCENE_SPAN * (0.5 + waves));
}

#endif
