/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_PICTURE_MEASURES_H
#define AETOOL_PICTURE_MEASURES_H

/* What can be measured of a picture as a whole: attributes that need no
 * labels. */

#include <ae/image.h>
#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  const char *name, *summary;
  /* grey: width x height of 0..1 */
  double (*measure) (const float *grey, int width, int height);
} PictureMeasure;

/* NULL: there is none of that name. */
const PictureMeasure *picture_measure_find (const char *name);

/* All names with commas between them; to be freed. */
char *picture_measure_names (void);

/* A picture of planes (channels,height,width) of 0..1 as grey values (width x
 * height); to be freed. */
float *picture_measure_grey_planes (
    const float *planes, int channels, int width, int height);

G_END_DECLS

#endif
