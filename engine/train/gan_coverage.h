/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_GAN_COVERAGE_H
#define AE_TRAIN_GAN_COVERAGE_H

/* How much of what real pictures show is among made ones, without a classifier:
 * the share of real pictures that have a made one within the distance to their
 * own AE_COVERAGE_NEAREST-th nearest real one (coverage; Naeem et al., "Reliable
 * fidelity and diversity metrics for generative models", 2020). Distances are
 * between pixels of pictures made small, of at most 16 pixels a side; pictures
 * that are as the real ones are reach 0.97. */

#include "train/thumbnail.h"

#define AE_COVERAGE_NEAREST 5

/* Numbers that a picture is compared by. */
size_t ae_coverage_values (const AeThumbnailSize *size);

/* to (n x ae_coverage_values): of `pictures` (n, channels, height, width). */
void ae_coverage_reduce (const AeThumbnailSize *size, const float *pictures,
    size_t n, float *to);

/* 0..1, of the reduced pictures (n_real, n_made x d). Errors: NEEDS_DATA (fewer
 * than 2 real ones or none made), NUMERIC (values that are not finite),
 * MEMORY. */
AeStatus ae_coverage (const float *real, size_t n_real, const float *made,
    size_t n_made, size_t d, float *coverage, AeError *err);

#endif
