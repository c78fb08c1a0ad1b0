/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_DETECT_PATCHES_H
#define AE_DETECT_PATCHES_H

/* How unusual the patches of a picture are: the distance of each patch's code
 * to the nearest one that was seen at about its place, in deviations of what is
 * usual there. */

#include "detect/patch_facts.h"

typedef struct AePatches AePatches;

/* `facts` must live longer; they may be without a bank as long as nothing is
 * measured. Errors: MEMORY. */
AeStatus ae_patches_new (AePatches **out, const AePatchFacts *facts,
    int n_threads, AeError *err);
void ae_patches_free (AePatches **patches);

/* From height x width bytes, see ae_prepare_run. Returns rows x columns x
 * shape.d, valid until the next; NULL: there is no thing to look at. */
const float *ae_patches_encode (AePatches *patches, const uint8_t *picture);

/* One place's patch of a plane, window x window. */
void ae_patch_cut (const AePatchFacts *facts, const float *plane, int column,
    int row, float *to);

/* Distances of the last picture's places (rows x columns), which may be
 * changed until the next; of places that are not looked at they are infinite.
 * owners may be NULL; skip: see local_bank.h. */
float *ae_patches_measure (
    AePatches *patches, const uint8_t *skip, uint16_t *owners);

/* From distances to deviations, in their place, between -1e6 and 1e6; 0 where
 * none is looked at. */
void ae_patches_standardise (const AePatchFacts *facts, float *distances);

/* The score of a picture: the mean of the largest places', about
 * AE_PATCH_TOP_SHARE of those looked at, without those of -HUGE_VALF. `map` is
 * in disorder afterwards. */
#define AE_PATCH_TOP_SHARE 0.01
float ae_patches_picture (const AePatchFacts *facts, float *map);

/* The score of a picture without a thing in it. */
#define AE_PATCH_NOTHING 100.0f

/* All of that; returns the score. cells: rows x columns of the picture, the
 * largest of their places'; mask (may be NULL): cells that count are not 0. */
float ae_patches_score (AePatches *patches, const uint8_t *picture,
    int columns, int rows, const uint8_t *mask, float *cells);

#endif
