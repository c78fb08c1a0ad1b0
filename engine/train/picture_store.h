/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_PICTURE_STORE_H
#define AE_TRAIN_PICTURE_STORE_H

/* A bounded store of small pictures of one size with their labels. When it is
 * full, random ones of the same part make room. All functions may be called
 * from several threads at once. */

#include <ae/image.h>

#include "train/thumbnail.h"
#include "util/rng.h"

typedef struct AePictureStore AePictureStore;

/* Every picture whose number `hold_out_every` divides is held out from training
 * (0 = none), `most_held_out` at most. `seed` decides what makes room. Errors:
 * LIMIT (max_bytes do not hold a picture for each), MEMORY. */
AeStatus ae_picture_store_new (AePictureStore **out,
    const AeThumbnailSize *size, size_t max_bytes, unsigned hold_out_every,
    size_t most_held_out, uint64_t seed, AeError *err);
void ae_picture_store_free (AePictureStore **store);

/* A picture, scaled; label: any number. Errors: those of ae_thumbnail_make. */
AeStatus ae_picture_store_add (
    AePictureStore *store, const AeImage *image, int label, AeError *err);

/* The same of bytes (channels, height, width) of the store's size. Errors:
 * MEMORY. */
AeStatus ae_picture_store_put (AePictureStore *store, const uint8_t *picture,
    int label, AeError *err);

/* Before the first is added: every `n` that follow each other belong together,
 * and are held out together or not at all; 1 at first. */
void ae_picture_store_group (AePictureStore *store, unsigned n);

size_t ae_picture_store_count (AePictureStore *store, bool held_out);

/* The label of a picture for training; index: below their number. */
int ae_picture_store_label (AePictureStore *store, size_t index);

/* Copies `n` pictures as values of 0..1, (n, channels, height, width), and their
 * labels (n; may be NULL): random ones with `rng`, those from number `first` on,
 * over and over, without. False: there is none. */
bool ae_picture_store_draw (
    AePictureStore *store, AeRng *rng, size_t n, float *to, int *labels);
bool ae_picture_store_take (AePictureStore *store, bool held_out,
    size_t first, size_t n, float *to, int *labels);

#endif
