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

/* A row of a channel. */
typedef struct {
  int16_t *values;
  const int16_t *before; /* NULL without modes */
  const uint8_t *modes;
} AeContextRow;

static inline AePlaceMode
ae_context_mode (const AeContextRow *row, int x)
{
  return row->modes ? (AePlaceMode) row->modes[x] : AE_PLACE_INTRA;
}

/* What is added to the coded value. */
static inline int
ae_context_base (const AeContextRow *row, int x)
{
  return ae_context_mode (row, x) == AE_PLACE_INTRA ? 0 : row->before[x];
}

/* The value that is coded, 0 for a place that is skipped. */
static inline int
ae_context_coded (const AeContextRow *row, int x)
{
  return ae_context_mode (row, x) == AE_PLACE_SKIP
      ? 0
      : row->values[x] - ae_context_base (row, x);
}

/* Before the first row. Errors: MEMORY. */
AeStatus ae_context_begin (AeContextWalk *walk, const AeLatents *latents,
    AeLatentScratch *s, AeError *err);

/* To the next row; false behind the last one. */
bool ae_context_next_row (AeContextWalk *walk, AeContextRow *row);

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
