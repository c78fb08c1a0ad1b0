/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_CODER_CODEC_WEIGHTS_H
#define AE_CODER_CODEC_WEIGHTS_H

/* A codec's context weights in its model: outputs that are constants of type
 * i16, named by what they are for ("intra", "motion", "change", and with masking
 * "steps") and
 *   .sizes   (C,C)    [from][to]
 *   .around  (K,9,K)  [from][offset][to]
 *   .means   (K,9,K)
 *   .vectors (5,C)    as in AeWeightVector
 *   .points  (T,5)    of T tables, 1 / 256; where there are any. */

#include <ae/model.h>

#include "codec/latents.h"

#define AE_N_WEIGHT_TENSORS 4

/* One of the four: its name's end, its shape, and where its numbers are. */
typedef struct {
  const char *name;
  AeShape shape;
  int16_t *values;
} AeWeightTensor;

AeWeightTensor ae_weight_tensor (const AeContextWeights *w, int index);

/* The points of as many tables as there are. */
AeWeightTensor ae_points_tensor (const AeLatentTables *t);

/* t has weights. Errors: FORMAT, SHAPE (what was found and wanted). */
AeStatus ae_codec_points_read (AeLatentTables *t, const AeModel *model,
    const char *prefix, AeError *err);

/* Errors: FORMAT, SHAPE (what was found and wanted), MEMORY. */
AeStatus ae_codec_weights_read (AeContextWeights *w, const AeModel *model,
    const char *prefix, AeError *err);

#endif
