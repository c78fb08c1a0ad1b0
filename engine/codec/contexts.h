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
  uint32_t unlike; /* that much larger scales would be without what lies near;
                      1 / 65536 */
} AeContext;

/* Symbols in channels of one set, the last ones counting most, beside what their
 * tables have on average; 1 / 65536. */
typedef struct {
  int64_t seen, expected; /* sums of ae_symbol_size */
  int64_t ratio;          /* of both */
} AeContextDrift;

/* The same of the symbols around one, 1 / 16; how much AE_NEAR_STEADY is that
 * they do not tell about. */
#define AE_NEAR_STEADY 512
#define AE_NEAR_SHARES 91
typedef struct {
  uint16_t seen, expected;
} AeNear;

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
  AeContextDrift drifts[AE_TABLE_SETS], *drift; /* drift: of its set */
  int64_t row_seen, row_expected, row_n; /* of a row; row_seen: whole ones */
  /* Of all places, with a border of one around them, `stride` from one row to
   * the next: sums; values that are not 0, and how many of them. */
  size_t stride;
  AePlaceSums *sums, *row_sums; /* row_sums: of the walk's row */
  AeNear *near, *row_near;      /* of the channel */
  uint32_t shares[AE_NEAR_SHARES]; /* 2^24 / (AE_NEAR_STEADY + 16 i + 8) */
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

/* Twice to the left and above, once above left and above right. */
static inline AeNear
ae_context_near (const AeContextWalk *walk, int x)
{
  const AeNear *at = walk->row_near + x, *above = at - walk->stride;
  int seen = 2 * (at[-1].seen + above[0].seen) + above[-1].seen
      + above[1].seen;
  int expected = 2 * (at[-1].expected + above[0].expected)
      + above[-1].expected + above[1].expected;
  return (AeNear){ (uint16_t) seen, (uint16_t) expected };
}

/* (AE_NEAR_STEADY + a) / (AE_NEAR_STEADY + b), about; 1 / 65536. */
static inline uint32_t
ae_near_ratio (const AeContextWalk *walk, unsigned a, unsigned b)
{
  return (AE_NEAR_STEADY + a) * walk->shares[b >> 4] >> 8;
}

/* Far above all classes: what is larger may be cut off. */
#define AE_MOST_SCALE ((int64_t) 1 << 24)

/* The context of column x: those before it are set. */
static inline AeContext
ae_context_at (const AeContextWalk *walk, int x)
{
  int lane = walk->channel % AE_GROUP;
  AeNear near = ae_context_near (walk, x);
  int64_t sum = (int32_t) walk->row_sums[x].sizes[lane];
  int64_t scale = walk->bias + (sum * walk->factor >> 16);
  scale = scale < AE_MOST_SCALE ? scale : AE_MOST_SCALE;
  scale = scale * ae_near_ratio (walk, near.seen, near.expected) >> 16;
  int mean = (int32_t) walk->row_sums[x].means[lane] >> (AE_WEIGHT_BITS - 3);
  int class = ae_context_class (scale);
  int quarters = (mean + 1) >> 1, whole = (quarters + 2) >> 2;
  int part = quarters - 4 * whole;
  part = part < 0 ? -part : part;
  return (AeContext){ .table = walk->first_table + class * AE_MEAN_PARTS + part,
    .whole = whole,
    .negated = quarters < 4 * whole,
    .unlike = ae_near_ratio (walk, near.expected, near.seen) };
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
  uint64_t expected = walk->level->tables->tables[c.table].size;
  uint32_t seen = ae_symbol_size (ae_context_symbol (c, value));
  walk->row_seen += seen;
  walk->row_expected += (int64_t) expected;
  walk->row_n++;
  expected = expected * c.unlike >> 28;
  expected = expected < 16 * AE_LARGEST_SYMBOL ? expected
                                               : 16 * AE_LARGEST_SYMBOL;
  walk->row_near[x] = (AeNear){ (uint16_t) (16 * seen), (uint16_t) expected };
  if (value != 0)
    ae_context_spread (walk, x, value);
}

#endif
