/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/contexts.h"

#include "codec/fixed.h"
#include "util/mem.h"

#include <string.h>

#define ONE ((int64_t) 1 << 16)
#define WINDOW 128        /* symbols of a set that drift remembers, about */
#define STEADY (15 * ONE) /* sizes that do not drift, to begin with */
#define MOST_DRIFT 4
#define MOST_FACTOR ((int64_t) 1 << 31)

static size_t
n_places (const AeContextWalk *walk)
{
  return walk->stride * ((size_t) walk->latents->rows + 2);
}

static size_t
n_channels (const AeContextWalk *walk)
{
  return (size_t) walk->level->tables->weights.channels;
}

/* Everything of all places, in one piece of memory. */
static AeStatus
make_room (AeContextWalk *walk, AeLatentScratch *s, AeError *err)
{
  size_t places = n_places (walk);
  size_t sums = places * sizeof *walk->sums;
  size_t near = places * sizeof *walk->near;
  size_t entries = places * n_channels (walk) * sizeof *walk->entries;
  size_t counts = places * sizeof *walk->counts;
  size_t size = sums + near + entries + counts;
  if (s->size < size) {
    ae_latent_scratch_clear (s);
    s->memory = ae_alloc (size);
    if (!s->memory)
      return ae_fail (err, AE_ERROR_MEMORY, "out of memory for a codec");
    s->size = size;
  }
  walk->sums = s->memory;
  walk->near = (AeNear *) ((uint8_t *) s->memory + sums);
  walk->entries = (AeRowEntry *) ((uint8_t *) walk->near + near);
  walk->counts = (uint16_t *) ((uint8_t *) walk->entries + entries);
  memset (walk->counts, 0, counts);
  return AE_OK;
}

static size_t
place_of (const AeContextWalk *walk, int row, int x)
{
  return ((size_t) row + 1) * walk->stride + 1 + (size_t) x;
}

AeStatus
ae_context_begin (AeContextWalk *walk, const AeLatentLevel *level,
    const AeLatents *latents, AeLatentScratch *s, AeError *err)
{
  *walk = (AeContextWalk){ .level = level, .latents = latents, .channel = -1,
    .row = latents->rows, .stride = (size_t) latents->columns + 2,
    .kernels = ae_kernels_for (false) };
  walk->drift = walk->drifts;
  for (int i = 0; i < AE_TABLE_SETS; i++)
    walk->drifts[i].ratio = ONE;
  for (uint32_t i = 0; i < AE_NEAR_SHARES; i++)
    walk->shares[i] = (1u << 24) / (AE_NEAR_STEADY + 16 * i + 8);
  if (latents->channels > (int) n_channels (walk))
    return ae_fail (err, AE_ERROR_LIMIT, "%d channels, the codec has %zu",
        latents->channels, n_channels (walk));
  return make_room (walk, s, err);
}

/* Adds entries of a place to the sums of the one at an offset from it. */
static void
add_around (const AeContextWalk *walk, const AeRowEntry *entries, int n,
    int offset, AePlaceSums *to)
{
  const AeContextWeights *w = &walk->level->tables->weights;
  size_t first = (size_t) walk->channel / AE_GROUP * AE_GROUP;
  size_t core = (size_t) w->core, at = (size_t) offset * core + first;
  walk->kernels->add_rows (
      entries, n, 0, w->around + at, AE_OFFSETS * core, to->sizes, walk->means);
  walk->kernels->add_rows (
      entries, n, 1, w->means + at, AE_OFFSETS * core, to->means, walk->means);
}

static ptrdiff_t
neighbour (const AeContextWalk *walk, int offset)
{
  return (offset / 3 - 1) * (ptrdiff_t) walk->stride + offset % 3 - 1;
}

/* Entries of the core, which come first. */
static int
n_core (const AeContextWalk *walk, size_t place, int core)
{
  const AeRowEntry *e = walk->entries + place * n_channels (walk);
  int n = walk->counts[place];
  while (n > 0 && e[n - 1].row >= core)
    n--;
  return n;
}

/* The sums of a place for the group that begins: what it has itself, and what
 * its neighbours have. */
static void
begin_sums (const AeContextWalk *walk, size_t place)
{
  size_t channels = n_channels (walk);
  const AeContextWeights *w = &walk->level->tables->weights;
  AePlaceSums *to = &walk->sums[place];
  *to = (AePlaceSums){ { 0 }, { 0 } };
  walk->kernels->add_rows (walk->entries + place * channels,
      walk->counts[place], 0, w->sizes + walk->channel, channels, to->sizes,
      walk->lanes);
  for (int o = 0; walk->means > 0 && o < AE_OFFSETS; o++) {
    size_t from = (size_t) ((ptrdiff_t) place - neighbour (walk, o));
    add_around (walk, walk->entries + from * channels,
        n_core (walk, from, w->core), o, to);
  }
}

static void
begin_group (AeContextWalk *walk)
{
  int left = (int) n_channels (walk) - walk->channel;
  int core = walk->level->tables->weights.core - walk->channel;
  walk->lanes = left < AE_GROUP ? left : AE_GROUP;
  walk->means = core < 0 ? 0 : core < AE_GROUP ? core : AE_GROUP;
  memset (walk->near, 0, n_places (walk) * sizeof *walk->near);
  const AeLatents *l = walk->latents;
  for (int y = 0; y < l->rows; y++)
    for (int x = 0; x < l->columns; x++)
      if (!l->groups
          || l->groups[y * l->columns + x] > walk->channel / AE_GROUP)
        begin_sums (walk, place_of (walk, y, x));
}

static int
set_of (const AeContextWalk *walk)
{
  const AeContextWeights *w = &walk->level->tables->weights;
  return w->vectors[AE_WEIGHT_SET * n_channels (walk) + walk->channel];
}

static int64_t
within (int64_t x, int64_t least, int64_t most)
{
  return x < least ? least : x > most ? most : x;
}

static void
end_row (AeContextWalk *walk)
{
  AeContextDrift *d = walk->drift;
  d->seen = d->seen * WINDOW / (WINDOW + walk->row_n) + walk->row_seen * ONE;
  d->expected = d->expected * WINDOW / (WINDOW + walk->row_n)
      + walk->row_expected * ONE / d->ratio;
  d->ratio = within ((d->seen + STEADY) * ONE / (d->expected + STEADY),
      ONE / MOST_DRIFT, ONE * MOST_DRIFT);
  walk->row_seen = walk->row_expected = walk->row_n = 0;
}

/* Scales of a row follow what those before it had. */
static void
begin_row (AeContextWalk *walk)
{
  const AeLatentLevel *level = walk->level;
  int set = set_of (walk);
  end_row (walk);
  walk->drift = &walk->drifts[set];
  walk->first_table = set * AE_CONTEXT_TABLES;
  walk->bias = level->bias[walk->channel] * walk->drift->ratio / ONE;
  walk->factor = within (
      level->factor[walk->channel] * walk->drift->ratio / ONE, 0, MOST_FACTOR);
}

bool
ae_context_next_row (AeContextWalk *walk, AeContextRow *row)
{
  const AeLatents *l = walk->latents;
  if (l->rows == 0 || l->columns == 0)
    return false;
  if (++walk->row >= l->rows) {
    walk->row = 0;
    if (++walk->channel >= l->channels)
      return false;
    if (walk->channel % AE_GROUP == 0)
      begin_group (walk);
  }
  begin_row (walk);
  walk->row_sums = walk->sums + place_of (walk, walk->row, 0);
  walk->row_near = walk->near + place_of (walk, walk->row, 0);
  size_t at = (size_t) walk->row * l->columns;
  *row = (AeContextRow){ .values = l->values
        + (size_t) walk->channel * l->rows * l->columns + at };
  row->group = walk->channel / AE_GROUP;
  if (l->groups)
    row->groups = l->groups + at;
  if (l->wanted)
    row->wanted = l->wanted + walk->channel * l->wanted_step + at;
  if (l->points)
    row->points = l->points + walk->channel * l->wanted_step + at;
  return true;
}

/* To the neighbours in the channel that come later. */
static void
add_near (const AeContextWalk *walk, AePlaceSums *at, int weight)
{
  uint32_t by = (uint32_t) weight;
  int lane = walk->channel % AE_GROUP;
  AePlaceSums *below = at + walk->stride;
  at[1].sizes[lane] += 2 * by;
  below[-1].sizes[lane] += by;
  below[0].sizes[lane] += 2 * by;
  below[1].sizes[lane] += by;
}

void
ae_context_spread (const AeContextWalk *walk, int x, int value)
{
  size_t place = place_of (walk, walk->row, x);
  size_t channels = n_channels (walk), channel = (size_t) walk->channel;
  const AeContextWeights *w = &walk->level->tables->weights;
  AePlaceSums *at = &walk->sums[place];
  AeRowEntry *entry
      = walk->entries + place * channels + walk->counts[place]++;
  *entry = (AeRowEntry){ (uint16_t) channel,
    { (int16_t) ae_context_size (value), (int16_t) value } };
  walk->kernels->add_rows (entry, 1, 0,
      w->sizes + channel / AE_GROUP * AE_GROUP, channels, at->sizes,
      walk->lanes);
  add_near (walk, at,
      w->vectors[AE_WEIGHT_NEAR * channels + channel] * entry->by[0]);
  if (walk->channel >= w->core)
    return;
  size_t core = (size_t) w->core;
  size_t row = channel * AE_OFFSETS * core + channel / AE_GROUP * AE_GROUP;
  AePlaceRows rows = { .sizes = w->around + row, .means = w->means + row,
    .step = core, .n = walk->means };
  for (int o = 0; o < AE_OFFSETS; o++)
    rows.at[o] = at + neighbour (walk, o);
  walk->kernels->add_nine (entry, &rows);
}
