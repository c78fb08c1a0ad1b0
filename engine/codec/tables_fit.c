/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From counts of latents to tables: channels and contexts in which values are
 * spread alike share one. */
#include "codec/contexts.h"
#include "util/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_RANGE 126
#define ROUNDS 20

/* Values -range .. range and the escape, for each channel and context. */
struct AeLatentCounts {
  int channels, range;
  uint32_t *count; /* [channel][context][value] */
};

static int
n_values (const AeLatentCounts *c)
{
  return 2 * c->range + 1;
}

static size_t
n_cells (const AeLatentCounts *c)
{
  return (size_t) c->channels * AE_CONTEXTS;
}

static uint32_t *
cell_at (const AeLatentCounts *c, size_t cell)
{
  return c->count + cell * (size_t) (n_values (c) + 1);
}

AeStatus
ae_latent_counts_new (
    AeLatentCounts **out, int channels, int range, AeError *err)
{
  AeLatentCounts *c = *out = ae_calloc (1, sizeof *c);
  if (c) {
    c->channels = channels;
    c->range = range < 1 ? 1 : range > MAX_RANGE ? MAX_RANGE : range;
    c->count = ae_calloc (
        n_cells (c) * (size_t) (n_values (c) + 1), sizeof *c->count);
    if (c->count)
      return AE_OK;
  }
  ae_latent_counts_free (out);
  return ae_fail (err, AE_ERROR_MEMORY, "out of memory for counts of latents");
}

void
ae_latent_counts_free (AeLatentCounts **counts)
{
  if (*counts)
    ae_free ((*counts)->count);
  ae_free (*counts);
  *counts = NULL;
}

AeStatus
ae_latent_counts_add (AeLatentCounts *c, AePlaceMode mode,
    const AeLatents *latents, AeLatentScratch *s, AeError *err)
{
  AeContextWalk walk;
  AeContextRow row;
  AeStatus status = ae_context_begin (&walk, latents, s, err);
  if (status != AE_OK)
    return status;
  while (ae_context_next_row (&walk, &row))
    for (int x = 0; x < latents->columns; x++) {
      size_t cell = (size_t) walk.channel * AE_CONTEXTS
          + (size_t) ae_context_at (&walk, x);
      int value = ae_context_coded (&row, x);
      bool inside = abs (value) <= c->range;
      if (ae_context_mode (&row, x) == mode)
        cell_at (c, cell)[inside ? value + c->range : n_values (c)]++;
      ae_context_set (&walk, x, value);
    }
  return AE_OK;
}

/* A group of cells while they are sorted. */
typedef struct {
  uint64_t count[2 * MAX_RANGE + 2];
  float bits[2 * MAX_RANGE + 2]; /* of each symbol */
} Group;

typedef struct {
  const AeLatentCounts *counts;
  Group *groups;
  int n_groups;
  uint8_t *of; /* per cell: its group */
} Fit;

static double
mean_size (const AeLatentCounts *c, size_t cell)
{
  const uint32_t *count = cell_at (c, cell);
  double sum = 0, n = 0;
  for (int i = 0; i <= n_values (c); i++) {
    int size = i < n_values (c) ? abs (i - c->range) : c->range + 1;
    sum += (double) count[i] * size;
    n += count[i];
  }
  return n > 0 ? sum / n : -1;
}

typedef struct {
  double size;
  size_t cell;
} Ranked;

static int
by_size (const void *a, const void *b)
{
  const Ranked *x = a, *y = b;
  if (x->size != y->size)
    return x->size < y->size ? -1 : 1;
  return x->cell < y->cell ? -1 : x->cell > y->cell;
}

/* At first, cells of like mean size are a group. Cells that were never met go
 * where their channel's next larger ones are. */
static bool
begin_groups (Fit *f)
{
  size_t n = n_cells (f->counts), used = 0;
  Ranked *ranked = ae_alloc (n * sizeof *ranked);
  if (!ranked)
    return false;
  for (size_t i = 0; i < n; i++) {
    ranked[i] = (Ranked){ mean_size (f->counts, i), i };
    used += ranked[i].size >= 0;
  }
  qsort (ranked, n, sizeof *ranked, by_size);
  for (size_t i = 0; i < n; i++) {
    size_t rank = i < n - used ? 0 : i - (n - used);
    f->of[ranked[i].cell]
        = used ? (uint8_t) (rank * (size_t) f->n_groups / used) : 0;
  }
  ae_free (ranked);
  return true;
}

static void
sum_groups (Fit *f)
{
  int n = n_values (f->counts) + 1;
  uint32_t freq[2 * MAX_RANGE + 2];
  for (int g = 0; g < f->n_groups; g++)
    memset (f->groups[g].count, 0, sizeof f->groups[g].count);
  for (size_t cell = 0; cell < n_cells (f->counts); cell++) {
    const uint32_t *count = cell_at (f->counts, cell);
    uint64_t *sum = f->groups[f->of[cell]].count;
    for (int i = 0; i < n; i++)
      sum[i] += count[i];
  }
  for (int g = 0; g < f->n_groups; g++) {
    ae_symbol_frequencies (f->groups[g].count, n - 1, freq);
    for (int i = 0; i < n; i++)
      f->groups[g].bits[i] = AE_RANS_BITS - log2f ((float) freq[i]);
  }
}

/* The values that a cell has: first to end - 1. */
typedef struct {
  const uint32_t *count;
  int first, end;
} Values;

static Values
values_of (const AeLatentCounts *c, size_t cell)
{
  Values v = { cell_at (c, cell), 0, n_values (c) + 1 };
  while (v.first < v.end && v.count[v.first] == 0)
    v.first++;
  while (v.end > v.first && v.count[v.end - 1] == 0)
    v.end--;
  return v;
}

static double
bits_of (const Fit *f, const Values *v, int group)
{
  const float *bits = f->groups[group].bits;
  double sum = 0;
  for (int i = v->first; i < v->end; i++)
    sum += (double) v->count[i] * bits[i];
  return sum;
}

/* Each cell to the group in which it takes fewest bits; whether any moved. */
static bool
move_cells (Fit *f)
{
  bool moved = false;
  for (size_t cell = 0; cell < n_cells (f->counts); cell++) {
    Values v = values_of (f->counts, cell);
    int best = f->of[cell];
    double least = bits_of (f, &v, best);
    for (int g = 0; g < f->n_groups && v.end > v.first; g++) {
      double bits = bits_of (f, &v, g);
      if (bits < least) {
        least = bits;
        best = g;
      }
    }
    moved |= best != f->of[cell];
    f->of[cell] = (uint8_t) best;
  }
  return moved;
}

/* The part of the values that is worth an entry; rarer ones escape. */
static void
set_table (AeSymbolTable *t, const AeLatentCounts *c, const Group *group)
{
  int reach = 1, range = c->range;
  uint64_t count[2 * MAX_RANGE + 2], outside = group->count[n_values (c)];
  uint32_t freq[2 * MAX_RANGE + 2];
  for (int v = 1; v <= range; v++)
    if (group->count[range + v] + group->count[range - v] > 0)
      reach = v;
  memcpy (count, group->count + range - reach,
      (size_t) (2 * reach + 1) * sizeof *count);
  count[2 * reach + 1] = outside;
  ae_symbol_frequencies (count, 2 * reach + 1, freq);
  ae_symbol_table_set (t, -reach, 2 * reach + 1, freq);
}

AeStatus
ae_latent_tables_fit (AeLatentTables *t, const AeLatentCounts *counts,
    int n_tables, AeError *err)
{
  Fit f = { .counts = counts, .n_groups = n_tables };
  AeStatus status
      = ae_latent_tables_init (t, counts->channels, n_tables, err);
  if (status != AE_OK)
    return status;
  f.groups = ae_calloc ((size_t) n_tables, sizeof *f.groups);
  f.of = t->map;
  if (f.groups && begin_groups (&f)) {
    sum_groups (&f);
    for (int i = 0; i < ROUNDS && move_cells (&f); i++)
      sum_groups (&f);
    for (int g = 0; g < n_tables; g++)
      set_table (&t->tables[g], counts, &f.groups[g]);
  } else {
    ae_latent_tables_clear (t);
    status = ae_fail (err, AE_ERROR_MEMORY, "out of memory for a codec");
  }
  ae_free (f.groups);
  return status;
}
