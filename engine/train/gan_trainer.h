/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_GAN_TRAINER_H
#define AE_TRAIN_GAN_TRAINER_H

/* Trains a GAN on small pictures: the recipe's [gan] and [training] say of what
 * kind. A training that goes wrong (see gan_watch.h) comes back to where it last
 * went well and goes on with half the rates. Threads as in
 * ae/recipe_trainer.h. */

#include <ae/image.h>
#include <ae/recipe.h>
#include <ae/recipe_trainer.h>

#include "train/adversarial.h"
#include "train/gan_nets.h"

typedef struct AeGanTrainer AeGanTrainer;

/* base (may be NULL): a model of this task whose weights to start from; with
 * gan.clusters an autoencoder, whose codes are clustered. Errors: NOT_FOUND (an
 * autoencoder without), FORMAT, ARGUMENT, LIMIT, SHAPE (base does not fit),
 * UNSUPPORTED, MEMORY. */
AeStatus ae_gan_trainer_new (AeGanTrainer **out, const AeRecipe *recipe,
    AeModel *base, AeError *err);
void ae_gan_trainer_free (AeGanTrainer **trainer);

const AeGanShape *ae_gan_trainer_shape (const AeGanTrainer *trainer);

/* label: AE_NO_LABEL where there is none. Errors: ARGUMENT (no picture of these
 * proportions, or no label where the recipe has classes), MEMORY. */
AeStatus ae_gan_trainer_add (AeGanTrainer *trainer, const AeImage *image,
    int label, AeError *err);
size_t ae_gan_trainer_n_pictures (const AeGanTrainer *trainer);

typedef struct {
  AeAdversarialReport step;
  double spread; /* of made pictures within a class, over that of real ones */
} AeGanReport;

AeStatus ae_gan_trainer_step (
    AeGanTrainer *trainer, AeGanReport *report, AeError *err);
int64_t ae_gan_trainer_steps (const AeGanTrainer *trainer);

/* How often the training came back, and what is to be said of the last time, if
 * nobody asked before: false, there is nothing. */
int ae_gan_trainer_returns (const AeGanTrainer *trainer);
bool ae_gan_trainer_note (AeGanTrainer *trainer, char *text, size_t bytes);

/* Coverage in percent of the held-out pictures (those for training when none is
 * held out) by as many made with the averaged weights, see gan_coverage.h. */
AeStatus ae_gan_trainer_validate (
    AeGanTrainer *trainer, float *score, AeError *err);

/* See ae_recipe_trainer_sheet(). */
AeStatus ae_gan_trainer_sheet (
    AeGanTrainer *trainer, AeTrainingSheet *sheet, AeError *err);

/* Ends a validation, from any thread. */
void ae_gan_trainer_cancel (AeGanTrainer *trainer);

/* The model with the averaged weights and all metadata. */
AeStatus ae_gan_trainer_model (
    AeGanTrainer *trainer, AeModel **out, AeError *err);

AeStatus ae_gan_trainer_save (
    AeGanTrainer *trainer, const char *path, AeError *err);
/* After SHAPE because of clusters of another model's codes the trainer may only
 * be freed. */
AeStatus ae_gan_trainer_restore (
    AeGanTrainer *trainer, const char *path, AeError *err);

#endif
