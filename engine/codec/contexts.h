/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_CODEC_CONTEXTS_H
#define AE_CODEC_CONTEXTS_H

/* The walk through latents in the order in which they are coded: channel by
 * channel, row by row. Each that is not 0 adds to the sums of those which it
 * tells about; a latent's sums choose its table. Integers alone decide. */

#include "codec/latents.h"
#include "kernels/kernels.h"

/* What a latent is coded by: a table of symbols, which are what is left of the
 * value without the mean's whole part, negated where its fraction is negative. */
typedef struct {
  int table, whole;
  bool negated;
} AeContext;

/* The rows' symbols, the last ones counting most, beside what their tables have
 * on average; 1 / 65536. */
typedef struct {
  int64_t seen, expected; /* sums of ae_symbol_size */
  int64_t ratio;          /* of both */
  int64_t row_seen, row_expected, row_n; /* row_seen: whole ones */
} AeContextDrift;

/* Sums are kept for a group of channels, of places that are coded. When the walk
 * comes to a group, all that was coded before is added; what is coded in it is
 * added at once. */
typedef struct {
  const AeLatentLevel *level;
  const AeLatents *latents;
  const AeKernels *kernels;
  int channel, row;   /* where the walk is */
  int lanes, means;   /* channels of the group, and of them in the core */
  int64_t bias, factor; /* of the channel, and of what drifted */
  int first_table;      /* of the channel */
  AeContextDrift drift;
  /* Of all places, with a border of one around them, `stride` from one row to
   * the next: sums; values that are not 0, and how many of them. */
  size_t stride;
  AePlaceSums *sums, *row_sums; /* row_sums: of the walk's row */
  AeRowEntry *entries;
  uint16_t *counts;
} AeContextWalk;

/* A row of a channel. */
typedef struct {
  int16_t *values;
  const uint8_t *groups; /* or NULL */
  int group;             /* that the channel is in */
  const float *wanted;   /* or NULL */
  float *points;         /* or NULL */
} AeContextRow;

static inline bool
ae_context_skips (const AeContextRow *row, int x)
{
  return row->groups && row->groups[x] <= row->group;
}

static inline int
ae_context_size (int value)
{
  int size = value < 0 ? -value : value;
  return size < AE_LARGEST_SIZE ? size : AE_LARGEST_SIZE;
}

/* Before the first row. Errors: MEMORY. */
AeStatus ae_context_begin (AeContextWalk *walk, const AeLatentLevel *level,
    const AeLatents *latents, AeLatentScratch *s, AeError *err);

/* To the next row; false behind the last one. */
bool ae_context_next_row (AeContextWalk *walk, AeContextRow *row);

/* A quarter of an octave each, of scales from 2^-8 to 2^5. */
static inline int
ae_context_class (int64_t scale)
{
  int64_t least = 1 << (AE_WEIGHT_BITS - 8), most = (32 << AE_WEIGHT_BITS) - 1;
  unsigned s = (unsigned) (scale < least ? least : scale > most ? most : scale);
  int octave = 31 - __builtin_clz (s);
  return 4 * (octave - (AE_WEIGHT_BITS - 8)) + (int) (s >> (octave - 2) & 3);
}

/* The context of column x: those before it are set. */
static inline AeContext
ae_context_at (const AeContextWalk *walk, int x)
{
  int lane = walk->channel % AE_GROUP;
  int64_t sum = (int32_t) walk->row_sums[x].sizes[lane];
  int mean = (int32_t) walk->row_sums[x].means[lane] >> (AE_WEIGHT_BITS - 3);
  int class = ae_context_class (walk->bias + (sum * walk->factor >> 16));
  int quarters = (mean + 1) >> 1, whole = (quarters + 2) >> 2;
  int part = quarters - 4 * whole;
  part = part < 0 ? -part : part;
  return (AeContext){ .table = walk->first_table + class * AE_MEAN_PARTS + part,
    .whole = whole, .negated = quarters < 4 * whole };
}

static inline int
ae_context_symbol (AeContext c, int value)
{
  return c.negated ? c.whole - value : value - c.whole;
}

static inline int64_t
ae_context_value (AeContext c, int32_t symbol)
{
  return c.negated ? (int64_t) c.whole - symbol : (int64_t) symbol + c.whole;
}

/* Adds a value that is not 0 to the sums. */
void ae_context_spread (const AeContextWalk *walk, int x, int value);

/* Goes on behind a value that was coded. */
static inline void
ae_context_set (AeContextWalk *walk, int x, AeContext c, int value)
{
  AeContextDrift *d = &walk->drift;
  d->row_seen += ae_symbol_size (ae_context_symbol (c, value));
  d->row_expected += walk->level->tables->tables[c.table].size;
  d->row_n++;
  if (value != 0)
    ae_context_spread (walk, x, value);
}

#endif
