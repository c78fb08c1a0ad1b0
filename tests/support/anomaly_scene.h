/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef ANOMALY_SCENE_H
#define ANOMALY_SCENE_H

/* What the camera of the tests' detector sees: a still ground, the same at any
 * size. */

#include <math.h>

#define ANOMALY_SCENE_LEVEL 60 /* grey level that it begins at */
#define ANOMALY_SCENE_SPAN 50  /* and how far it rises */

/* Down from 1 to 0 and up again while x grows by 1. */
static inline double
anomaly_scene_wave (double x)
{
  double part = x - floor (x);
  return part < 0.5 ? 1 - 2 * part : 2 * part - 1;
}

/* Grey level above the ground's least, 0 to ANOMALY_SCENE_SPAN, at a place in
 * shares of the picture's width and height. */
static inline int
anomaly_scene_ground (double x, double y)
{
  double sum = anomaly_scene_wave (3.7 * x + 1.4 * y)
               + anomaly_scene_wave (2.7 * y - 0.8 * x);
  return (int) (ANOMALY_SCENE_SPAN * sum / 2);
}

#endif
