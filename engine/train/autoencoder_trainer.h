/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_AUTOENCODER_TRAINER_H
#define AE_TRAIN_AUTOENCODER_TRAINER_H

/* Trains an autoencoder of any kind on small pictures: the recipe's
 * [autoencoder] and [training] say which. Threads as in ae/recipe_trainer.h. */

#include <ae/image.h>
#include <ae/recipe.h>
#include <ae/recipe_trainer.h>

#include "train/autoencoder_figures.h"

typedef struct AeAutoencoderTrainer AeAutoencoderTrainer;

/* base (may be NULL): a model of this task whose weights to start from. Errors:
 * FORMAT, ARGUMENT, LIMIT, SHAPE (base does not fit), UNSUPPORTED, MEMORY. */
AeStatus ae_autoencoder_trainer_new (AeAutoencoderTrainer **out,
    const AeRecipe *recipe, AeModel *base, AeError *err);
void ae_autoencoder_trainer_free (AeAutoencoderTrainer **trainer);

const AeAutoencoderShape *ae_autoencoder_trainer_shape (
    const AeAutoencoderTrainer *trainer);

/* label: AE_NO_LABEL where there is none. Errors: ARGUMENT (no picture of these
 * proportions, or no label where the recipe has classes), MEMORY. */
AeStatus ae_autoencoder_trainer_add (AeAutoencoderTrainer *trainer,
    const AeImage *image, int label, AeError *err);
size_t ae_autoencoder_trainer_n_pictures (
    const AeAutoencoderTrainer *trainer);

typedef struct {
  AeAutoencoderLearningReport learning;
  AeAutoencoderFigures figures; /* of the batch */
} AeAutoencoderReport;

AeStatus ae_autoencoder_trainer_step (AeAutoencoderTrainer *trainer,
    AeAutoencoderReport *report, AeError *err);
int64_t ae_autoencoder_trainer_steps (const AeAutoencoderTrainer *trainer);

bool ae_autoencoder_trainer_has_adversary (
    const AeAutoencoderTrainer *trainer);

/* With an adversary: how often the training came back to where it went well, and
 * what is to be said of the last time, if nobody asked before: false, there is
 * nothing. */
int ae_autoencoder_trainer_returns (const AeAutoencoderTrainer *trainer);
bool ae_autoencoder_trainer_note (
    AeAutoencoderTrainer *trainer, char *text, size_t bytes);

/* On the held-out pictures (those for training when none is held out), with the
 * averaged weights: of a variational code the evidence lower bound in nats of a
 * picture, otherwise the PSNR in dB of the reconstruction. */
AeStatus ae_autoencoder_trainer_validate (
    AeAutoencoderTrainer *trainer, float *score, AeError *err);

/* See ae_recipe_trainer_sheet(). */
AeStatus ae_autoencoder_trainer_sheet (
    AeAutoencoderTrainer *trainer, AeTrainingSheet *sheet, AeError *err);

/* Ends a validation, from any thread. */
void ae_autoencoder_trainer_cancel (AeAutoencoderTrainer *trainer);

/* The model with the averaged weights and all metadata, without a prior. */
AeStatus ae_autoencoder_trainer_weights (
    AeAutoencoderTrainer *trainer, AeModel **out, AeError *err);

/* Components of the mixture that codes are to be drawn from. */
size_t ae_autoencoder_trainer_components (
    const AeAutoencoderTrainer *trainer);

/* The same model as `weights`, with a prior fitted to the codes that it makes of
 * the pictures, but for variational ones of no components. Errors: those of
 * ae_latent_prior_fit(). */
AeStatus ae_autoencoder_trainer_model (AeAutoencoderTrainer *trainer,
    AeModel *weights, AeModel **out, AeError *err);

AeStatus ae_autoencoder_trainer_save (
    AeAutoencoderTrainer *trainer, const char *path, AeError *err);
AeStatus ae_autoencoder_trainer_restore (
    AeAutoencoderTrainer *trainer, const char *path, AeError *err);

#endif
