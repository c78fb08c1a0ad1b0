/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/counts.h"

#include "codec/contexts.h"
#include "util/mem.h"

#include <math.h>
#include <stdlib.h>

#define RANGE 120        /* larger symbols are counted as escapes */
#define N (2 * RANGE + 2)
#define LAPLACE_COUNT 64 /* symbols that Laplace's distribution counts as */
#define UNIT 65536       /* of a count */
#define LEAST_SHARE 3e-5 /* of a symbol at the ends of a table */
#define POOLED_COUNT 256 /* symbols that those of all sets count as */
#define LEAST_POINTS 100 /* symbols from which a point is learned */
#define TABLES (AE_CONTEXT_TABLES * AE_TABLE_SETS)
#define POINTS (2 * AE_POINT_REACH + 1)

struct AeLatentCounts {
  uint32_t count[TABLES][N];
  struct {
    double sum; /* of what was wanted above the value */
    uint32_t n;
  } shift[TABLES][POINTS];
};

AeStatus
ae_latent_counts_new (AeLatentCounts **out, AeError *err)
{
  *out = ae_calloc (1, sizeof **out);
  if (*out)
    return AE_OK;
  return ae_fail (err, AE_ERROR_MEMORY, "out of memory for counts of latents");
}

void
ae_latent_counts_free (AeLatentCounts **counts)
{
  ae_free (*counts);
  *counts = NULL;
}

static void
count_point (AeLatentCounts *c, AeContext at, int symbol, float above)
{
  if (abs (symbol) > AE_POINT_REACH)
    return;
  c->shift[at.table][symbol + AE_POINT_REACH].sum
      += at.negated ? -above : above;
  c->shift[at.table][symbol + AE_POINT_REACH].n++;
}

AeStatus
ae_latent_counts_add (AeLatentCounts *c,
    const AeLatentLevel *level, const AeLatents *latents, AeLatentScratch *s,
    AeError *err)
{
  AeContextWalk walk;
  AeContextRow row;
  AeStatus status = ae_context_begin (&walk, level, latents, s, err);
  if (status != AE_OK)
    return status;
  while (ae_context_next_row (&walk, &row))
    for (int x = 0; x < latents->columns; x++) {
      if (ae_context_skips (&row, x))
        continue;
      int value = row.values[x];
      AeContext at = ae_context_at (&walk, x);
      int symbol = ae_context_symbol (at, value);
      c->count[at.table][abs (symbol) <= RANGE ? symbol + RANGE : N - 1]++;
      if (row.wanted)
        count_point (c, at, symbol, row.wanted[x] - (float) value);
      ae_context_set (&walk, x, at, value);
    }
  return AE_OK;
}

/* The part below x of Laplace's distribution, mean 0, mean size `scale`. */
static double
laplace_below (double x, double scale)
{
  double tail = 0.5 * exp (-fabs (x) / scale);
  return x < 0 ? tail : 1 - tail;
}

static double
laplace (int symbol, double mean, double scale)
{
  return laplace_below (symbol - mean + 0.5, scale)
      - laplace_below (symbol - mean - 0.5, scale);
}

/* Shares of all symbols, the last one that of the escape, with `count` as so
 * many symbols of them. */
static void
add_count (double share[N], const uint32_t *count, double as)
{
  double all = as;
  for (int i = 0; i < N; i++)
    all += count[i];
  for (int i = 0; i < N; i++)
    share[i] = (as * share[i] + count[i]) / all;
}

static void
laplace_shares (int class, int part, double share[N])
{
  double mean = 0.25 * part, inside = 0;
  double scale = exp2 ((class + 0.5) / 4 - 8);
  for (int i = 0; i < N; i++) {
    share[i] = i < N - 1 ? laplace (i - RANGE, mean, scale) : 1 - inside;
    inside += share[i];
  }
}

/* Of a table: what was counted in all sets shows where it has few. */
static void
shares_of (int table, const AeLatentCounts *c, double share[N])
{
  int first = table % AE_CONTEXT_TABLES;
  uint32_t pooled[N] = { 0 };
  laplace_shares (first / AE_MEAN_PARTS, first % AE_MEAN_PARTS, share);
  if (!c)
    return;
  for (int t = first; t < TABLES; t += AE_CONTEXT_TABLES)
    for (int i = 0; i < N; i++)
      pooled[i] += c->count[t][i];
  add_count (share, pooled, LAPLACE_COUNT);
  add_count (share, c->count[table], POOLED_COUNT);
}

/* The part of the symbols that is worth an entry; rarer ones escape. */
static void
set_table (AeSymbolTable *t, const double share[N])
{
  uint64_t count[N];
  uint32_t freq[N];
  double escape = share[N - 1];
  int lo = -1, hi = 1, n = 0;
  for (int v = 2; v <= RANGE; v++) {
    lo = share[RANGE - v] > LEAST_SHARE ? -v : lo;
    hi = share[RANGE + v] > LEAST_SHARE ? v : hi;
  }
  for (int v = -RANGE; v <= RANGE; v++)
    if (v < lo || v > hi)
      escape += share[RANGE + v];
    else
      count[n++] = (uint64_t) (share[RANGE + v] * UNIT * UNIT);
  count[n] = (uint64_t) (escape * UNIT * UNIT);
  ae_symbol_frequencies (count, n, freq);
  ae_symbol_table_set (t, lo, n, freq);
}

static void
set_points (AePoints *p, const AeLatentCounts *c, int table)
{
  for (int i = 0; i < POINTS; i++) {
    uint32_t n = c ? c->shift[table][i].n : 0;
    double mean = n < LEAST_POINTS ? 0 : c->shift[table][i].sum / n;
    mean = mean < -1 ? -1 : mean > 1 ? 1 : mean;
    p->shift[i] = (int16_t) lrint (256 * mean);
  }
}

void
ae_latent_tables_fit (AeLatentTables *t, const AeLatentCounts *counts)
{
  double share[N];
  for (int i = 0; i < TABLES; i++) {
    shares_of (i, counts, share);
    set_table (&t->tables[i], share);
    set_points (&t->points[i], counts, i);
  }
}
