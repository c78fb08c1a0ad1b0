/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_CODEC_CONTEXTS_H
#define AE_CODEC_CONTEXTS_H

/* The contexts of latents, in the order in which they are coded: channel by
 * channel, row by row. Integers alone decide. */

#include "codec/latents.h"

#define AE_LARGEST_SIZE 15 /* sizes are counted up to it */
#define AE_NEAR_SUMS (6 * AE_LARGEST_SIZE + 1)
#define AE_DEEP_MEANS 256

typedef struct {
  const AeLatents *latents;
  int channel, row;  /* where the walk is */
  uint8_t *sizes;    /* of the row's values, and one row of stride before it */
  uint16_t *energy;  /* of the row */
  AeLatentScratch *scratch;
  size_t stride;
  uint32_t share; /* 2^20 / earlier channels */
} AeContextWalk;

extern const uint8_t ae_near_context[AE_NEAR_SUMS];
extern const uint8_t ae_deep_context[AE_DEEP_MEANS];

static inline int16_t *
ae_latents_row (const AeLatents *l, int channel, int row)
{
  return l->values + ((size_t) channel * l->rows + row) * l->columns;
}

/* Before the first row. Errors: MEMORY. */
AeStatus ae_context_begin (AeContextWalk *walk, const AeLatents *latents,
    AeLatentScratch *s, AeError *err);

/* To the next row; false behind the last one. */
bool ae_context_next_row (AeContextWalk *walk);

/* The context of column x: those before it are set. */
static inline int
ae_context_at (const AeContextWalk *walk, int x)
{
  const uint8_t *at = walk->sizes + x, *above = at - walk->stride;
  int near = 2 * (at[-1] + above[0]) + above[-1] + above[1];
  uint32_t mean = walk->energy[x] * walk->share >> 16;
  int deep = mean < AE_DEEP_MEANS ? (int) mean : AE_DEEP_MEANS - 1;
  return ae_near_context[near] * AE_DEEP_CONTEXTS + ae_deep_context[deep];
}

static inline void
ae_context_set (AeContextWalk *walk, int x, int value)
{
  int size = value < 0 ? -value : value;
  size = size < AE_LARGEST_SIZE ? size : AE_LARGEST_SIZE;
  walk->sizes[x] = (uint8_t) size;
  walk->energy[x] = (uint16_t) (walk->energy[x] + size);
}

#endif
