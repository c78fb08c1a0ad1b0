/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_ANOMALY_PICTURES_H
#define AE_TRAIN_ANOMALY_PICTURES_H

/* Facts of models of pictures that do not follow each other. */

#include "train/anomaly_walk.h"
#include "train/patch_plan.h"

/* Fills all facts of the work, with patches. Where the net has networks, what
 * is usual for them is found too, and how much they count. Errors: NEEDS_DATA,
 * CANCELLED, MEMORY. */
AeStatus ae_anomaly_find_pictures (
    AeAnomalyWork *work, const AePatchOptions *options, AeError *err);

#endif
