/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_CODEC_DENSITY_H
#define AE_TRAIN_CODEC_DENSITY_H

/* The density of a codec's latents: what codec/contexts.h predicts, as a
 * network that can be trained, and its weights as the integers that the coder
 * takes. Parameters' names begin with the prefix and a dot. */

#include "codec/latents.h"
#include "graph/build.h"

typedef struct {
  int channels, core;
  const char *prefix;
} AeDensityShape;

/* The root of the bits of each of `latents` (N,C,h,w), by Laplace's
 * distribution. `rounded` are the same integers, through which no gradient
 * goes; level (N,1,1,1). */
int ae_build_density (AeBuilder *b, const AeDensityShape *shape, int latents,
    int rounded, int level);

/* Sets the parameters to what the weights are. */
void ae_density_start (AeGraph *graph, const AeDensityShape *shape,
    const AeContextWeights *from);

/* Takes the trained parameters, rounded. Errors: NOT_FOUND, MEMORY. */
AeStatus ae_density_weights (AeContextWeights *to,
    const AeDensityShape *shape, const AeModel *trained, AeError *err);

/* Outputs of a codec that are constants: the weights as the coder reads them,
 * see coder/codec_weights.h. */
void ae_build_density_outputs (
    AeBuilder *b, const AeContextWeights *weights, const char *prefix);

#endif
