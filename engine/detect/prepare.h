/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_DETECT_PREPARE_H
#define AE_DETECT_PREPARE_H

/* Pictures as they are compared place by place: the thing in them upright at
 * the same place, where that is asked for, and their light local: the
 * logarithm, less what is around, in units of how much it changes around. */

#include "detect/object.h"

#include <stdbool.h>
#include <stdint.h>

/* What is brought to the same place. */
typedef enum {
  AE_ALIGN_NONE,   /* nothing: the camera sees the same place or a surface */
  AE_ALIGN_OBJECT, /* the one thing, see object.h, as an upright strip */
  AE_N_ALIGN
} AeAlign;

/* What is taken out beside broad changes of light. */
typedef enum {
  AE_FLATTEN_NONE,
  AE_FLATTEN_COLUMNS, /* stripes that run up and down, as of grinding */
  AE_FLATTEN_ROWS,    /* across */
  AE_N_FLATTEN
} AeFlatten;

const char *ae_align_name (AeAlign align);       /* "none", "object" */
const char *ae_flatten_name (AeFlatten flatten); /* "none", "columns", "rows" */

typedef struct {
  int width, height; /* of pictures */
  AeAlign align;
  AeFlatten flatten;
  int plane_width, plane_height;
  double scale; /* pixels of the plane to one of a picture; without alignment
                   1, 1/2 or 1/4 */
} AePreparation;

#define AE_PREPARE_MARGIN 12 /* pixels of a strip before a thing's wide end */

typedef struct AePrepare AePrepare;

/* NULL when memory runs out. */
AePrepare *ae_prepare_new (const AePreparation *preparation);
void ae_prepare_free (AePrepare **prepare);

/* From height x width bytes by median, see grey.h. NULL: the thing to align was
 * not found. Else plane_height x plane_width, valid until the next. */
const float *ae_prepare_run (AePrepare *prepare, const uint8_t *picture);

/* Of the last picture too, plane_height x plane_width: the logarithm of how
 * much the light changes around each pixel, which the plane is free of: what
 * was ground, broken or blurred differently. In units in which a change of an
 * eighth counts as much as one of the plane by a deviation. */
const float *ae_prepare_contrast (const AePrepare *prepare);

/* Only finds the thing, in any preparation that aligns. */
bool ae_prepare_find (
    AePrepare *prepare, const uint8_t *picture, AePose *pose);

/* Of the last picture: where a pixel of the plane lies in it, and whether on
 * the thing (anywhere, where nothing is aligned). */
void ae_prepare_place (const AePrepare *prepare, float plane_x,
    float plane_y, float *x, float *y);
bool ae_prepare_on_thing (
    const AePrepare *prepare, float plane_x, float plane_y);

#endif
