/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_ANOMALY_USUAL_H
#define AE_TRAIN_ANOMALY_USUAL_H

/* What is usual: of latents, of motion and of each cell. */

#include "train/anomaly_walk.h"

/* Fills the work's facts but for rarities, weights and calibrations, from the
 * blocks that are not held out. Errors: NEEDS_DATA (too few frames follow each
 * other), CANCELLED, MEMORY. */
AeStatus ae_anomaly_find_usual (AeAnomalyWork *work, AeError *err);

#endif
