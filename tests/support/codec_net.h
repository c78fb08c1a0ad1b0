/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CODEC_NET_H
#define CODEC_NET_H

/* A small codec that was not trained: a cosine transform with tables of values
 * that are busier at some places than at others. */

#include "codec/latents.h"
#include "train/codec_nets.h"
#include "util/rng.h"

#include <math.h>
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

static inline void
codec_net_tables (AeLatentTables *t, int channels)
{
  AeLatentCounts *counts;
  AeLatentScratch s = { 0 };
  AeLatents l = { .channels = channels, .rows = 16, .columns = 16 };
  AeRng rng;
  ae_rng_seed (&rng, 6);
  l.values = calloc ((size_t) channels * 256, sizeof *l.values);
  for (int i = 0; i < channels * 256; i++)
    l.values[i] = (int16_t) lrintf (
        ae_rng_normal (&rng) * 0.2f * expf ((float) (i % 256) / 50));
  codec_net_must (ae_latent_counts_new (&counts, channels, 120, NULL));
  codec_net_must (ae_latent_counts_add (counts, AE_PLACE_INTRA, &l, &s, NULL));
  codec_net_must (ae_latent_tables_fit (t, counts, 16, NULL));
  ae_latent_counts_free (&counts);
  ae_latent_scratch_clear (&s);
  free (l.values);
}

static inline AeModel *
codec_net (int latents)
{
  AeCodecShape shape = { .latents = latents, .core = 48, .widths = { 16, 16 },
    .depths = { 1, 1 } };
  AeLatentModel tables = { { 0 }, { 0 } };
  AeModel *trained, *codec;
  codec_net_must (ae_build_codec_training_net (&trained, &shape, 1, 4, NULL));
  codec_net_tables (&tables.intra, latents);
  codec_net_tables (&tables.delta, latents);
  codec_net_must (
      ae_build_codec (&codec, &shape, trained, &tables, NULL, 0, NULL));
  ae_latent_model_clear (&tables);
  ae_model_unref (&trained);
  return codec;
}

#endif
