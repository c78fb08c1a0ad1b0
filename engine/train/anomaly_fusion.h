/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_ANOMALY_FUSION_H
#define AE_TRAIN_ANOMALY_FUSION_H

/* How rare scores are, how channels are joined, and how often scores are
 * reached: from the footage held out. */

#include "train/anomaly_walk.h"

/* Fills rarities and weights of the work's facts, which must be complete
 * otherwise. Weights are those with which the fused score tells footage with
 * something odd (odd_footage.h) best from the footage as it was. Errors:
 * NEEDS_DATA, CANCELLED, MEMORY. */
AeStatus ae_anomaly_find_fusion (AeAnomalyWork *work, AeError *err);

/* Fills calibrations; needs all else. Errors: as above. */
AeStatus ae_anomaly_calibrate (AeAnomalyWork *work, AeError *err);

#endif
