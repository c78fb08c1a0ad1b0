/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_PATCH_PLAN_H
#define AE_TRAIN_PATCH_PLAN_H

/* How pictures are prepared, by a recipe and what is in them. */

#include "detect/patch_facts.h"
#include "train/patch_source.h"

typedef struct {
  AeAlign align;
  AeFlatten flatten;
  int reduce; /* 1, 2 or 4 */
  int strip;  /* pixels that a thing is made long */
  int window, code;
  double bank; /* bytes */
} AePatchOptions;

/* The thing's length decides about the scale, its reach about the strip's
 * width. Errors: NEEDS_DATA (no thing in half of the pictures), MEMORY. */
AeStatus ae_patch_plan (AePreparation *preparation, int width, int height,
    const AePatchOptions *options, const AePatchSource *source, AeError *err);

#endif
