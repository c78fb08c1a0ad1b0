/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_TRAINER_H
#define AE_TRAIN_TRAINER_H

/* What ready-made trainings need beyond the public trainer. */

#include <ae/trainer.h>

/* The loss from the next step on. epsilon: Charbonnier, 0 = 1e-3. */
void ae_trainer_set_loss (AeTrainer *trainer, AeLoss loss, float epsilon);

/* Factors of the loss per channel (C) of output `index`, all 1 after bind.
 * ae_trainer_target must have been called for it; NULL otherwise, and for
 * outputs of rank 0 and 1. */
float *ae_trainer_channel_weight (AeTrainer *trainer, size_t index);

#endif
