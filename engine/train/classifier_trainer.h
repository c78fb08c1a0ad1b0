/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_CLASSIFIER_TRAINER_H
#define AE_TRAIN_CLASSIFIER_TRAINER_H

/* Trains a classifier on small labelled pictures: the recipe's [classifier] and
 * [training] say how. Threads as in ae/recipe_trainer.h. */

#include <ae/image.h>
#include <ae/recipe.h>
#include <ae/trainer.h>

#include "train/classifier_nets.h"

typedef struct AeClassifierTrainer AeClassifierTrainer;

/* base (may be NULL): a model of this task, or an autoencoder, whose weights to
 * start from. Errors: FORMAT, ARGUMENT (nothing to freeze), LIMIT, SHAPE (base
 * does not fit), UNSUPPORTED, MEMORY. */
AeStatus ae_classifier_trainer_new (AeClassifierTrainer **out,
    const AeRecipe *recipe, AeModel *base, AeError *err);
void ae_classifier_trainer_free (AeClassifierTrainer **trainer);

const AeClassifierShape *ae_classifier_trainer_shape (
    const AeClassifierTrainer *trainer);

/* label: AE_NO_LABEL where the recipe adapts to pictures of another domain, of
 * which this is one. Errors: ARGUMENT (no picture of these proportions, or no
 * label of the recipe's), MEMORY. */
AeStatus ae_classifier_trainer_add (AeClassifierTrainer *trainer,
    const AeImage *image, int label, AeError *err);
size_t ae_classifier_trainer_n_pictures (
    const AeClassifierTrainer *trainer);

/* What the batch of a step shows. */
typedef struct {
  double accuracy;     /* share of the labelled pictures that is told right */
  double domain_error; /* see ae_adaptation_error; 0 without adaptation */
} AeClassifierBatch;

/* Errors: NEEDS_DATA (no pictures, or none of one of two domains), NUMERIC. */
AeStatus ae_classifier_trainer_step (AeClassifierTrainer *trainer,
    AeStepReport *report, AeClassifierBatch *batch, AeError *err);
bool ae_classifier_trainer_adapts (const AeClassifierTrainer *trainer);
int64_t ae_classifier_trainer_steps (const AeClassifierTrainer *trainer);

/* Per cent of the held-out pictures (those for training when none is held out)
 * that the averaged weights tell right. */
AeStatus ae_classifier_trainer_validate (
    AeClassifierTrainer *trainer, float *score, AeError *err);

/* Ends a validation, from any thread. */
void ae_classifier_trainer_cancel (AeClassifierTrainer *trainer);

/* The model with the averaged weights and all metadata. */
AeStatus ae_classifier_trainer_model (
    AeClassifierTrainer *trainer, AeModel **out, AeError *err);

AeStatus ae_classifier_trainer_save (
    AeClassifierTrainer *trainer, const char *path, AeError *err);
AeStatus ae_classifier_trainer_restore (
    AeClassifierTrainer *trainer, const char *path, AeError *err);

#endif
