/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/latents.h"

#include "codec/contexts.h"
#include "codec/fixed.h"
#include "util/mem.h"

#include <math.h>
#include <stdlib.h>

#define LARGEST_VALUE 32767.0f

void
ae_latent_tables_clear (AeLatentTables *t)
{
  ae_context_weights_clear (&t->weights);
  ae_free (t->tables);
  ae_free (t->points);
  *t = (AeLatentTables){ 0 };
}

AeStatus
ae_latent_tables_init (
    AeLatentTables *t, int channels, int core, AeError *err)
{
  *t = (AeLatentTables){ 0 };
  AeStatus status
      = ae_context_weights_init (&t->weights, channels, core, err);
  if (status != AE_OK)
    return status;
  size_t n = AE_CONTEXT_TABLES * AE_TABLE_SETS;
  t->tables = ae_calloc (n, sizeof *t->tables);
  t->points = ae_calloc (n, sizeof *t->points);
  if (t->tables && t->points)
    return AE_OK;
  ae_latent_tables_clear (t);
  return ae_fail (err, AE_ERROR_MEMORY, "out of memory for a codec");
}

int
ae_latent_tables_n (const AeLatentTables *t)
{
  size_t n = (size_t) t->weights.channels;
  const int16_t *set = t->weights.vectors + AE_WEIGHT_SET * n;
  int most = 0;
  for (size_t c = 0; c < n; c++)
    most = set[c] > most ? set[c] : most;
  return (most + 1) * AE_CONTEXT_TABLES;
}

AeStatus
ae_latent_level_init (
    AeLatentLevel *level, const AeLatentTables *tables, AeError *err)
{
  size_t n = (size_t) tables->weights.channels;
  *level = (AeLatentLevel){ .tables = tables };
  level->bias = ae_calloc (2 * n, sizeof *level->bias);
  if (!level->bias)
    return ae_fail (err, AE_ERROR_MEMORY, "out of memory for a codec");
  level->factor = level->bias + n;
  return AE_OK;
}

void
ae_latent_level_clear (AeLatentLevel *level)
{
  ae_free (level->bias);
  *level = (AeLatentLevel){ 0 };
}

void
ae_latent_level_set (AeLatentLevel *at, int level)
{
  const AeContextWeights *w = &at->tables->weights;
  const int16_t *low = w->vectors + AE_WEIGHT_LOW * w->channels;
  const int16_t *range = w->vectors + AE_WEIGHT_RANGE * w->channels;
  const int16_t *growth = w->vectors + AE_WEIGHT_GROWTH * w->channels;
  int64_t unit = 1 << (16 - AE_POWER_BITS);
  for (int c = 0; c < w->channels; c++) {
    int64_t power = low[c] * unit + range[c] * unit * level / 255;
    at->bias[c] = ae_fixed_power (power) >> (16 - AE_WEIGHT_BITS);
    at->factor[c] = ae_fixed_power (growth[c] * unit * level / 255);
  }
}

void
ae_latent_scratch_clear (AeLatentScratch *s)
{
  ae_free (s->memory);
  *s = (AeLatentScratch){ 0 };
}

static AeStatus
writer_status (const AeRansWriter *w, AeError *err)
{
  return w->failed ? ae_fail (err, AE_ERROR_MEMORY, "out of memory for a codec")
                   : AE_OK;
}

AeStatus
ae_latents_put (AeRansWriter *w, const AeLatentLevel *level,
    const AeLatents *latents, AeLatentScratch *s, AeError *err)
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
      AeContext c = ae_context_at (&walk, x);
      ae_symbol_put (
          w, &level->tables->tables[c.table], ae_context_symbol (c, value));
      ae_context_set (&walk, x, c, value);
    }
  return writer_status (w, err);
}

/* What a decoder takes a value for. */
static float
point_of (const AePoints *points, AeContext c, int value)
{
  int symbol = ae_context_symbol (c, value);
  if (symbol < -AE_POINT_REACH || symbol > AE_POINT_REACH)
    return (float) value;
  float shift = (float) points->shift[symbol + AE_POINT_REACH] / 256;
  return (float) value + (c.negated ? -shift : shift);
}

/* The better of the integers on both sides of x, and of 0. */
static int
choose (float x, const AeLatentTables *t, AeContext c, float worth)
{
  int inner = (int) x, best = 0;
  int outer = x < 0 ? inner - 1 : inner + 1;
  float least = HUGE_VALF;
  for (int i = 0; i < 3; i++) {
    int value = i == 0 ? inner : i == 1 ? outer : 0;
    float bits = (float) ae_symbol_cost (&t->tables[c.table],
                     ae_context_symbol (c, value))
        / 256;
    float error = x - point_of (&t->points[c.table], c, value);
    float cost = error * error + worth * bits;
    if (cost < least) {
      least = cost;
      best = value;
    }
  }
  return best;
}

/* Numbers that no packet can hold are cut off. */
static int
choose_at (float wanted, const AeLatentTables *t, AeContext c, float worth)
{
  if (fabsf (wanted) < 0.5f && c.whole == 0)
    return 0;
  float most = LARGEST_VALUE;
  wanted = wanted > most ? most : wanted < -most ? -most : wanted;
  int value = choose (wanted, t, c, worth);
  return value > INT16_MAX ? INT16_MAX : value < INT16_MIN ? INT16_MIN : value;
}

AeStatus
ae_latents_choose (AeRansWriter *w, const AeLatentLevel *level,
    const AeLatents *latents, float worth, AeLatentScratch *s, AeError *err)
{
  AeContextWalk walk;
  AeContextRow row;
  const AeLatentTables *t = level->tables;
  AeStatus status = ae_context_begin (&walk, level, latents, s, err);
  if (status != AE_OK)
    return status;
  while (ae_context_next_row (&walk, &row)) {
    const float *worths = latents->worths;
    float own = worths ? worth * worths[walk.channel] : worth;
    for (int x = 0; x < latents->columns; x++) {
      row.values[x] = 0;
      if (ae_context_skips (&row, x))
        continue;
      AeContext c = ae_context_at (&walk, x);
      int value = choose_at (row.wanted[x], t, c, own);
      row.values[x] = (int16_t) value;
      if (row.points)
        row.points[x] = point_of (&t->points[c.table], c, value);
      ae_symbol_put (w, &t->tables[c.table], ae_context_symbol (c, value));
      ae_context_set (&walk, x, c, value);
    }
  }
  return writer_status (w, err);
}

AeStatus
ae_latents_get (AeRansReader *r, const AeLatentLevel *level,
    AeLatents *latents, AeLatentScratch *s, AeError *err)
{
  AeContextWalk walk;
  AeContextRow row;
  AeStatus status = ae_context_begin (&walk, level, latents, s, err);
  if (status != AE_OK)
    return status;
  while (ae_context_next_row (&walk, &row) && !r->failed)
    for (int x = 0; x < latents->columns; x++) {
      row.values[x] = 0;
      if (ae_context_skips (&row, x))
        continue;
      AeContext c = ae_context_at (&walk, x);
      int64_t value = ae_context_value (
          c, ae_symbol_get (r, &level->tables->tables[c.table]));
      if (value != (int16_t) value) {
        r->failed = true;
        break;
      }
      row.values[x] = (int16_t) value;
      if (row.points)
        row.points[x] = point_of (
            &level->tables->points[c.table], c, (int) value);
      ae_context_set (&walk, x, c, (int) value);
    }
  return r->failed ? ae_fail (err, AE_ERROR_FORMAT, "damaged latents") : AE_OK;
}

AeStatus
ae_latents_cost (const AeLatentLevel *level, const AeLatents *latents,
    AeLatentScratch *s, double *bits, AeError *err)
{
  AeContextWalk walk;
  AeContextRow row;
  AeStatus status = ae_context_begin (&walk, level, latents, s, err);
  uint64_t sum = 0;
  if (status != AE_OK)
    return status;
  while (ae_context_next_row (&walk, &row))
    for (int x = 0; x < latents->columns; x++) {
      if (ae_context_skips (&row, x))
        continue;
      int value = row.values[x];
      AeContext c = ae_context_at (&walk, x);
      sum += ae_symbol_cost (
          &level->tables->tables[c.table], ae_context_symbol (c, value));
      ae_context_set (&walk, x, c, value);
    }
  *bits = (double) sum / 256;
  return AE_OK;
}
