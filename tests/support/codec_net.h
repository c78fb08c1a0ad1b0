/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CODEC_NET_H
#define CODEC_NET_H

/* A small codec that was not trained: a cosine transform, with contexts made up
 * and tables of Laplace's distribution. */

#include "codec/counts.h"
#include "coder/changes.h"
#include "train/codec_nets.h"

#include <stdio.h>
#include <stdlib.h>

/* Also for programs that are no tests. */
static inline void
codec_net_must (AeStatus status)
{
  if (status == AE_OK)
    return;
  fprintf (stderr, "a codec for tests: status %d\n", status);
  abort ();
}

/* Scales from what lies near and from the channels before. */
static inline void
codec_net_tables (AeLatentTables *t, int channels, int core)
{
  codec_net_must (ae_latent_tables_init (t, channels, core, NULL));
  AeContextWeights *w = &t->weights;
  for (int c = 0; c < channels; c++) {
    for (int to = c + 1; to < channels; to++)
      w->sizes[c * channels + to] = (int16_t) (6000 / to);
    w->vectors[AE_WEIGHT_NEAR * channels + c] = 1000;
    w->vectors[AE_WEIGHT_LOW * channels + c] = -900;
    w->vectors[AE_WEIGHT_RANGE * channels + c] = 300;
    if (c < core)
      w->means[(c * AE_OFFSETS + 5) * core + c] = 6000; /* from the left */
  }
  ae_latent_tables_fit (t, NULL);
}

/* masking: %, see coder/masking.h. */
static inline AeModel *
codec_net_masked (int latents, int masking)
{
  const AeCodecTarget target = { .luma = 1, .chroma = 1 };
  AeCodecShape shape = { .latents = latents, .core = 48, .widths = { 16, 16 },
    .depths = { 1, 1 }, .context_core = 24,
    .lambda = { 0.0015f, 0.35f }, .masking = masking };
  AeCodecTables tables = { 0 };
  AeModel *trained, *codec;
  codec_net_must (
      ae_build_codec_training_net (&trained, &shape, &target, 4, NULL));
  codec_net_tables (&tables.intra, latents, shape.context_core);
  codec_net_tables (
      &tables.motion, AE_MOTION_CHANNELS, AE_MOTION_CHANNELS);
  codec_net_tables (&tables.change, 384, 24);
  if (masking)
    codec_net_tables (&tables.steps, 1, 1);
  codec_net_must (
      ae_build_codec (&codec, &shape, trained, &tables, NULL, 0, NULL));
  ae_codec_tables_clear (&tables);
  ae_model_unref (&trained);
  return codec;
}

static inline AeModel *
codec_net (int latents)
{
  return codec_net_masked (latents, 0);
}

#endif
