/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_CODEC_CONTEXTS_H
#define AE_TRAIN_CODEC_CONTEXTS_H

/* Fits the weights of contexts to latents that an encoder made. */

#include "codec/latents.h"

#include <stdatomic.h>

/* Latents of a slice and their level, 0 .. 1; copies, freed with
 * ae_context_samples_clear. */
typedef struct {
  int channels, rows, columns;
  float level;
  int16_t *values;
  uint8_t *groups; /* as AeLatents has them */
} AeContextSample;

typedef struct {
  AeContextSample *sample;
  size_t n, room;
} AeContextSamples;

AeStatus ae_context_samples_add (AeContextSamples *s,
    const AeLatents *latents, float level, AeError *err);
void ae_context_samples_clear (AeContextSamples *s);

/* Trains from what *w is. The samples are of its channels; without any, *w
 * stays. cancel: NULL, or what ends the training when it becomes true. Errors:
 * CANCELLED, MEMORY. */
AeStatus ae_context_weights_fit (AeContextWeights *w,
    const AeContextSamples *samples, int steps, int n_threads, uint64_t seed,
    const atomic_bool *cancel, AeError *err);

#endif
