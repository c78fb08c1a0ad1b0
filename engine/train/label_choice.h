/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_LABEL_CHOICE_H
#define AE_TRAIN_LABEL_CHOICE_H

/* Which pictures to learn from where only some of each class are to be used: a
 * seeded draw, the same for the same store. */

#include "train/picture_store.h"

typedef struct {
  size_t *indices; /* of pictures for training, in the store's order */
  size_t n;
  size_t of; /* pictures there were to choose from */
} AeLabelChoice;

/* {0} is valid. Chooses anew, per_class pictures of each label at most, where
 * the store has more or fewer pictures than `of`. Errors: MEMORY; then the
 * choice is as it was. */
AeStatus ae_label_choice_update (AeLabelChoice *choice,
    AePictureStore *store, size_t per_class, uint64_t seed, AeError *err);
void ae_label_choice_clear (AeLabelChoice *choice);

#endif
