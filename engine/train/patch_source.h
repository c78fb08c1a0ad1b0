/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_PATCH_SOURCE_H
#define AE_TRAIN_PATCH_SOURCE_H

/* The pictures of a store of footage, one by one, held out or not. */

#include "train/footage.h"

#define AE_PATCH_MOST_PICTURES 4096

typedef struct {
  AeFootageView *views;
  size_t n_views;
  const uint8_t **pictures; /* evenly chosen where there are too many */
  bool *held_out;           /* of each */
  size_t n;
} AePatchSource;

/* References what is there now. Errors: NEEDS_DATA (fewer than two), MEMORY;
 * then it is empty. */
AeStatus ae_patch_source_open (
    AePatchSource *source, AeFootage *footage, AeError *err);
void ae_patch_source_close (AePatchSource *source);

/* Leaves at most so many (at least 2), evenly chosen. */
void ae_patch_source_thin (AePatchSource *source, size_t most);

#endif
