/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_RESERVOIR_H
#define AE_TRAIN_RESERVOIR_H

/* A bounded store of clean pictures. Pictures are shared and immutable: a
 * reader keeps its reference while the store replaces the picture. All
 * functions may be called from several threads at once. */

#include <ae/image.h>

#include "util/error.h"
#include "util/rng.h"

#include <stdatomic.h>

/* 8-bit planes: luma of width x height (both even), U and V of half the size;
 * rows without padding. */
typedef struct {
  atomic_int n_refs;
  int width, height;
  bool continues; /* follows the picture stored before it in time */
  size_t bytes;
  uint8_t *plane[3];
} AePicture;

/* Converts any kind of picture; edges below `min_edge` are mirrored up to it,
 * odd ones lose a column or row. Errors: ARGUMENT (below 16x16), MEMORY. */
AeStatus ae_picture_new (AePicture **out, const AeImage *image, int min_edge,
    AeError *err);
AePicture *ae_picture_ref (AePicture *picture);
void ae_picture_unref (AePicture **picture);

typedef struct AeReservoir AeReservoir;

/* Every picture whose number `hold_out_every` divides is held out (0 = none).
 * `seed` decides which pictures are replaced when `max_bytes` are full. */
AeStatus ae_reservoir_new (AeReservoir **out, size_t max_bytes,
    unsigned hold_out_every, uint64_t seed, AeError *err);
void ae_reservoir_free (AeReservoir **reservoir);

/* Takes the reference. Pictures are held out until there are 64 of them; a
 * full store drops a random picture (or the new one when it is alone
 * too large for it: LIMIT). */
AeStatus ae_reservoir_add (
    AeReservoir *reservoir, AePicture *picture, AeError *err);

/* Pictures for training, and held-out ones. */
size_t ae_reservoir_n_training (AeReservoir *reservoir);
size_t ae_reservoir_n_held_out (AeReservoir *reservoir);

/* New references; NULL when there is no such picture. */
AePicture *ae_reservoir_get (AeReservoir *reservoir, size_t index);
AePicture *ae_reservoir_get_held_out (AeReservoir *reservoir, size_t index);

typedef enum {
  AE_DRAW_CLIP,  /* one that follows another or is followed */
  AE_DRAW_SINGLE /* one that does not */
} AeDrawKind;

/* A random picture for training, of that kind where some are found; NULL when
 * there is none at all. Sets *index. */
AePicture *ae_reservoir_draw (
    AeReservoir *reservoir, AeDrawKind kind, AeRng *rng, size_t *index);

/* The picture that follows `picture`, stored at `index`, in the same shot. */
AePicture *ae_reservoir_next (
    AeReservoir *reservoir, size_t index, const AePicture *picture);

#endif
