/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_DETECT_OBJECT_H
#define AE_DETECT_OBJECT_H

/* Where the one thing in a picture lies: dark on a bright background or bright
 * on a dark one, longer than wide, with one end wider than the other. */

#include <stdbool.h>
#include <stdint.h>

typedef struct {
  double x, y;   /* pixels: the middle of the wider end */
  double dx, dy; /* unit vector from there along the thing */
  double length, reach; /* pixels; reach: to either side of the middle line */
} AePose;

typedef struct AeObjectFinder AeObjectFinder;

/* For pictures of width x height; NULL when memory runs out. */
AeObjectFinder *ae_object_finder_new (int width, int height);
void ae_object_finder_free (AeObjectFinder **finder);

/* False: nothing that stands out, or all of it does. `picture`: height x width
 * light, 0 = black. */
bool ae_object_find (
    AeObjectFinder *finder, const float *picture, AePose *pose);

/* Of the last picture, height x width: 1 where the thing is. */
const uint8_t *ae_object_mask (const AeObjectFinder *finder);

#endif
