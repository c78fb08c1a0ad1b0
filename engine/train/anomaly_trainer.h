/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_ANOMALY_TRAINER_H
#define AE_TRAIN_ANOMALY_TRAINER_H

/* Learns from normal footage of one camera what its next frame looks like: the
 * networks of anomaly_nets.h, trained against each other (adversarial.h). The
 * discriminator is also told of frames with something pasted in and of other
 * times' frames: what a generator that has become good no longer shows it.
 *
 * Threads as in ae/recipe_trainer.h. */

#include <ae/image.h>
#include <ae/recipe.h>
#include <ae/trainer.h>

#include "train/adversarial.h"

typedef struct AeAnomalyTrainer AeAnomalyTrainer;

/* Options: the recipe's [anomaly] and [training]. base (may be NULL): a model
 * of this task whose weights to start from. Errors: ARGUMENT, FORMAT, NOT_FOUND
 * (base does not fit), UNSUPPORTED, MEMORY. */
AeStatus ae_anomaly_trainer_new (AeAnomalyTrainer **out,
    const AeRecipe *recipe, AeModel *base, AeError *err);
void ae_anomaly_trainer_free (AeAnomalyTrainer **trainer);

/* See ae_footage_add. */
AeStatus ae_anomaly_trainer_add (AeAnomalyTrainer *trainer,
    const AeImage *image, double seconds, AeError *err);
size_t ae_anomaly_trainer_n_frames (const AeAnomalyTrainer *trainer);

/* NEEDS_DATA when there are not enough frames that follow each other. */
AeStatus ae_anomaly_trainer_step (
    AeAnomalyTrainer *trainer, AeAdversarialReport *report, AeError *err);
int64_t ae_anomaly_trainer_steps (const AeAnomalyTrainer *trainer);

/* The prediction's PSNR in dB on parts of the held-out footage (of all, when
 * none is held out), as if a deviation of AE_GREY_DEVIATION were that of 8-bit
 * samples. */
AeStatus ae_anomaly_trainer_validate (
    AeAnomalyTrainer *trainer, float *psnr, AeError *err);

/* Ends a validation or a fit, from any thread. */
void ae_anomaly_trainer_cancel (AeAnomalyTrainer *trainer);

/* Both networks (averaged weights) in one model with all metadata, without
 * densities and calibration; and the detector that is fitted to it. */
AeStatus ae_anomaly_trainer_net (
    AeAnomalyTrainer *trainer, AeModel **out, AeError *err);
AeStatus ae_anomaly_trainer_fit (
    AeAnomalyTrainer *trainer, AeModel *net, AeModel **out, AeError *err);

AeStatus ae_anomaly_trainer_save (
    AeAnomalyTrainer *trainer, const char *path, AeError *err);
AeStatus ae_anomaly_trainer_restore (
    AeAnomalyTrainer *trainer, const char *path, AeError *err);

#endif
