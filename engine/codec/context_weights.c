/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/context_weights.h"

#include "util/mem.h"

#define MAX_CHANNELS 4096

size_t
ae_weights_sizes (const AeContextWeights *w)
{
  return (size_t) w->channels * w->channels;
}

size_t
ae_weights_around (const AeContextWeights *w)
{
  return (size_t) w->core * AE_OFFSETS * w->core;
}

size_t
ae_weights_vectors (const AeContextWeights *w)
{
  return (size_t) AE_WEIGHT_VECTORS * w->channels;
}

AeStatus
ae_context_weights_init (
    AeContextWeights *w, int channels, int core, AeError *err)
{
  *w = (AeContextWeights){ .channels = channels, .core = core };
  if (channels < 1 || channels > MAX_CHANNELS || core < 0 || core > channels)
    return ae_fail (err, AE_ERROR_LIMIT,
        "contexts of %d channels with a core of %d, wanted 1 to %d channels",
        channels, core, MAX_CHANNELS);
  w->sizes = ae_calloc (ae_weights_sizes (w), sizeof *w->sizes);
  w->around = ae_calloc (ae_weights_around (w) + 1, sizeof *w->around);
  w->means = ae_calloc (ae_weights_around (w) + 1, sizeof *w->means);
  w->vectors = ae_calloc (ae_weights_vectors (w), sizeof *w->vectors);
  if (w->sizes && w->around && w->means && w->vectors)
    return AE_OK;
  ae_context_weights_clear (w);
  return ae_fail (err, AE_ERROR_MEMORY, "out of memory for a codec");
}

void
ae_context_weights_clear (AeContextWeights *w)
{
  ae_free (w->sizes);
  ae_free (w->around);
  ae_free (w->means);
  ae_free (w->vectors);
  *w = (AeContextWeights){ 0 };
}
