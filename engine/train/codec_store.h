/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_CODEC_STORE_H
#define AE_TRAIN_CODEC_STORE_H

/* A bounded store of pictures as bytes, in the order in which they came, so that
 * clips stay clips: when it is full, random pieces of a few pictures that follow
 * each other make room. Pictures are shared and immutable. All functions may be
 * called from several threads at once. */

#include "train/codec_trainer.h"
#include "util/error.h"

#include <stdatomic.h>

typedef struct {
  AeCodecPicture picture;
  atomic_int n_refs;
  bool held_out;
  uint64_t piece;
} AeStoredPicture;

typedef struct AeCodecStore AeCodecStore;

/* max_bytes: 0 = any number. Every picture whose number `hold_out_every` divides
 * is held out from training (0 = none), 64 at most. `seed` decides what makes
 * room. */
AeStatus ae_codec_store_new (AeCodecStore **out, size_t max_bytes,
    unsigned hold_out_every, uint64_t seed, AeError *err);
void ae_codec_store_free (AeCodecStore **store);

/* Takes the bytes, also when it fails. Errors: LIMIT (alone too large), MEMORY. */
AeStatus ae_codec_store_add (AeCodecStore *store, AeCodecPicture picture,
    bool continues, AeError *err);

/* Pictures for training, or those held out. */
int ae_codec_store_count (AeCodecStore *store, bool held_out);

/* A new reference to one of them; NULL when there is none of that index. */
AeStoredPicture *ae_codec_store_get (
    AeCodecStore *store, bool held_out, int index);
void ae_stored_picture_unref (AeStoredPicture **picture);

/* All pictures as they are now, in order. */
typedef struct {
  AeStoredPicture **stored; /* references */
  AeCodecPicture *pictures;
  int n;
} AeCodecPictures;

AeStatus ae_codec_store_all (
    AeCodecStore *store, AeCodecPictures *to, AeError *err);
void ae_codec_pictures_clear (AeCodecPictures *pictures);

#endif
