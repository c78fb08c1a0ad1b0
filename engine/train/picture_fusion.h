/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_PICTURE_FUSION_H
#define AE_TRAIN_PICTURE_FUSION_H

/* How channels of models of pictures are joined and what is usual of each: from
 * pictures that are held out, as they are and with made-up defects. */

#include "train/anomaly_walk.h"
#include "train/patch_source.h"
#include "train/patch_usual.h"

/* Fills the weights and calibrations of the work's facts, which must be
 * complete otherwise. The weight of the patches is 1; those of the networks'
 * channels are the least with which the fused score finds the defects nearly
 * as well as it can. Errors: CANCELLED, MEMORY. */
AeStatus ae_picture_find_fusion (AeAnomalyWork *work,
    const AePatchSource *source, const AePatchLooks *looks, AeError *err);

#endif
