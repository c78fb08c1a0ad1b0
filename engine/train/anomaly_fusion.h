/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_ANOMALY_FUSION_H
#define AE_TRAIN_ANOMALY_FUSION_H

/* How rare scores are, and how channels are joined: from the footage held out. */

#include "train/anomaly_walk.h"

/* Fills rarities and weights of the work's facts, which must be complete
 * otherwise. Motion's weight is 1; those of looks are the least with which the
 * fused score tells footage with something odd (odd_footage.h) nearly as well as
 * it can from the footage as it was. Errors: NEEDS_DATA, CANCELLED, MEMORY. */
AeStatus ae_anomaly_find_fusion (AeAnomalyWork *work, AeError *err);

#endif
