/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/contexts.h"

#include "util/mem.h"

#include <string.h>

#define MAX_CHANNELS 4096 /* the energy of a place fits 16 bits */

/* Of the weighted sum of four neighbours' sizes: fine where values are small
 * and frequent. */
const uint8_t ae_near_context[AE_NEAR_SUMS] = {
  0, 1, 2, 3, 4, 5, 5, 6, 6, 6, 7, 7, 7, 7, 8, 8, 8, 8, 8, 8, 9, 9, 9, 9, 9,
  9, 9, 9, 9, 9, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10,
  10, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11,
  11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11,
  11, 11, 11, 11, 11, 11, 11, 11
};

/* Of 16 times the mean size of the earlier channels. */
const uint8_t ae_deep_context[AE_DEEP_MEANS] = {
  0, 1, 2, 2, 3, 3, 4, 4, 4, 5, 5, 5, 5, 6, 6, 6, 6, 6, 6, 7, 7, 7, 7, 7, 7,
  7, 7, 7, 7, 7, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 8,
  8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9,
  9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9,
  9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9,
  9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9,
  9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9,
  9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9,
  9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9,
  9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9,
  9, 9, 9, 9, 9, 9
};

static AeStatus
make_room (AeLatentScratch *s, size_t places, size_t sizes, AeError *err)
{
  if (s->places >= sizes)
    return AE_OK;
  ae_latent_scratch_clear (s);
  s->sizes = ae_alloc (sizes);
  s->energy = ae_alloc (places * sizeof *s->energy);
  if (!s->sizes || !s->energy) {
    ae_latent_scratch_clear (s);
    return ae_fail (err, AE_ERROR_MEMORY, "out of memory for a codec");
  }
  s->places = sizes;
  return AE_OK;
}

AeStatus
ae_context_begin (AeContextWalk *walk, const AeLatents *latents,
    AeLatentScratch *s, AeError *err)
{
  size_t stride = (size_t) latents->columns + 2;
  size_t sizes = stride * ((size_t) latents->rows + 1);
  size_t places = (size_t) latents->rows * latents->columns;
  *walk = (AeContextWalk){ .latents = latents, .channel = -1, .scratch = s,
    .stride = stride };
  if (latents->channels > MAX_CHANNELS)
    return ae_fail (err, AE_ERROR_LIMIT, "%d channels, wanted at most %d",
        latents->channels, MAX_CHANNELS);
  AeStatus status = make_room (s, places, sizes, err);
  if (status != AE_OK)
    return status;
  memset (s->sizes, 0, sizes);
  memset (s->energy, 0, places * sizeof *s->energy);
  walk->row = latents->rows;
  return AE_OK;
}

bool
ae_context_next_row (AeContextWalk *walk, AeContextRow *row)
{
  const AeLatents *l = walk->latents;
  if (l->rows == 0 || l->columns == 0)
    return false;
  if (++walk->row >= l->rows) {
    walk->row = 0;
    walk->channel++;
    walk->share = walk->channel > 0 ? (1u << 20) / (uint32_t) walk->channel
                                    : 0;
  }
  walk->sizes = walk->scratch->sizes + (walk->row + 1) * walk->stride + 1;
  walk->energy = walk->scratch->energy + (size_t) walk->row * l->columns;
  size_t place = (size_t) walk->row * l->columns;
  size_t at = (size_t) walk->channel * l->rows * l->columns + place;
  if (walk->channel >= l->channels)
    return false;
  *row = (AeContextRow){ .values = l->values + at };
  if (l->modes) {
    row->before = l->before + at;
    row->modes = l->modes + place;
  }
  return true;
}
