/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_RBM_TRAINER_H
#define AE_TRAIN_RBM_TRAINER_H

/* Trains a restricted Boltzmann machine on small pictures: the recipe's [rbm]
 * and [training] say how. Threads as in ae/recipe_trainer.h. */

#include <ae/image.h>
#include <ae/recipe.h>
#include <ae/recipe_trainer.h>

#include "train/rbm.h"
#include "train/rbm_nets.h"

typedef struct AeRbmTrainer AeRbmTrainer;

/* base (may be NULL): a model of this task to start from. Errors: FORMAT,
 * LIMIT, SHAPE (base does not fit), MEMORY. */
AeStatus ae_rbm_trainer_new (AeRbmTrainer **out, const AeRecipe *recipe,
    AeModel *base, AeError *err);
void ae_rbm_trainer_free (AeRbmTrainer **trainer);

const AeRbmShape *ae_rbm_trainer_shape (const AeRbmTrainer *trainer);

/* Errors: ARGUMENT (no picture of these proportions), MEMORY. */
AeStatus ae_rbm_trainer_add (
    AeRbmTrainer *trainer, const AeImage *image, AeError *err);
size_t ae_rbm_trainer_n_pictures (const AeRbmTrainer *trainer);

/* The report's loss is the reconstruction's cross-entropy, nats of a picture;
 * active: share of hidden units that are on. Errors: NEEDS_DATA, NUMERIC
 * (nothing changed). */
AeStatus ae_rbm_trainer_step (AeRbmTrainer *trainer, AeStepReport *report,
    double *active, AeError *err);
int64_t ae_rbm_trainer_steps (const AeRbmTrainer *trainer);

/* Minus the mean cross-entropy of held-out pictures (of those for training when
 * none is held out) and their reconstructions, nats of a picture. Errors:
 * NEEDS_DATA, CANCELLED. */
AeStatus ae_rbm_trainer_validate (
    AeRbmTrainer *trainer, float *score, AeError *err);

/* By how much the held-out pictures' mean free energy was above that of as many
 * pictures for training at the last validation, nats; it grows where a machine
 * learns its pictures by heart. False: there was none, or nothing held out. */
bool ae_rbm_trainer_gap (const AeRbmTrainer *trainer, double *gap);

/* See ae_recipe_trainer_sheet(). */
AeStatus ae_rbm_trainer_sheet (
    AeRbmTrainer *trainer, AeTrainingSheet *sheet, AeError *err);

/* Ends a validation, from any thread. */
void ae_rbm_trainer_cancel (AeRbmTrainer *trainer);

/* The model with all metadata. */
AeStatus ae_rbm_trainer_model (
    AeRbmTrainer *trainer, AeModel **out, AeError *err);

AeStatus ae_rbm_trainer_save (
    AeRbmTrainer *trainer, const char *path, AeError *err);
AeStatus ae_rbm_trainer_restore (
    AeRbmTrainer *trainer, const char *path, AeError *err);

#endif
