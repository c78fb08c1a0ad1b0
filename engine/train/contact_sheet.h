/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_CONTACT_SHEET_H
#define AE_TRAIN_CONTACT_SHEET_H

/* What a generative model makes, as one picture for people: rows of pictures that
 * it was not trained on with what it makes of each below, then rows of what it
 * makes of codes that are drawn. The same ones at each call, so that two sheets
 * of a training can be compared. */

#include <ae/model.h>
#include <ae/recipe_trainer.h>

#include "train/picture_store.h"

typedef struct {
  AeThumbnailSize size; /* of the model's pictures */
  int classes;          /* 0: the model is not told any */
  AePictureStore *store; /* NULL: no pictures are shown, only what is drawn */
  bool drawn;            /* the model makes pictures of codes */
  uint64_t seed;         /* of the codes, drawn from the standard normal */
} AeContactSheet;

/* Of a model with the input `frame` and the output `reconstruction` where there
 * is a store, and of one that ae_sampler_new() takes where codes are drawn; of
 * classes each column shows one, where there are columns enough. Errors: NEEDS_DATA (an empty store), MEMORY,
 * and those of sessions. */
AeStatus ae_contact_sheet_make (AeTrainingSheet *out,
    const AeContactSheet *wanted, AeModel *model, AeError *err);

#endif
