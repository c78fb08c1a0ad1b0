/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_SCHEDULE_H
#define AE_TRAIN_SCHEDULE_H

/* How learning rate and averaging develop over the steps. */

#include <ae/trainer.h>

/* Learning rate of step `step` (0 = the first). Warm-up multiplies the
 * schedule by (step + 1) / warmup_steps. Defaults must have been filled in. */
float ae_schedule_rate (const AeTrainerOptions *options, int64_t step);

/* The average's decay at `step`: min (decay, (1 + step) / (10 + step)), so that
 * the first steps' weights are soon forgotten. */
float ae_schedule_ema_decay (float decay, int64_t step);

#endif
