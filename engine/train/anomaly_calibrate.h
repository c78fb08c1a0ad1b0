/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_ANOMALY_CALIBRATE_H
#define AE_TRAIN_ANOMALY_CALIBRATE_H

/* How often the scores of pictures are reached on the footage held out. */

#include "train/anomaly_walk.h"

/* Fills the calibrations of the work's facts; needs all else. Errors: NEEDS_DATA,
 * CANCELLED, MEMORY. */
AeStatus ae_anomaly_calibrate (AeAnomalyWork *work, AeError *err);

#endif
