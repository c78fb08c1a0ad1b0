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
  t->tables = ae_calloc (AE_CONTEXT_TABLES, sizeof *t->tables);
  if (t->tables)
    return AE_OK;
  ae_latent_tables_clear (t);
  return ae_fail (err, AE_ERROR_MEMORY, "out of memory for a codec");
}

void
ae_latent_model_clear (AeLatentModel *m)
{
  ae_latent_tables_clear (&m->intra);
  ae_latent_tables_clear (&m->delta);
}

AeStatus
ae_latent_level_init (
    AeLatentLevel *level, const AeLatentModel *model, AeError *err)
{
  size_t n = (size_t) model->intra.weights.channels;
  *level = (AeLatentLevel){ .model = model };
  int64_t *all = ae_calloc (4 * n, sizeof *all);
  if (!all)
    return ae_fail (err, AE_ERROR_MEMORY, "out of memory for a codec");
  for (int i = 0; i < 2; i++) {
    level->bias[i] = all + (size_t) i * n;
    level->factor[i] = all + (size_t) (i + 2) * n;
  }
  return AE_OK;
}

void
ae_latent_level_clear (AeLatentLevel *level)
{
  ae_free (level->bias[0]);
  *level = (AeLatentLevel){ 0 };
}

void
ae_latent_level_set (AeLatentLevel *at, int level)
{
  for (int i = 0; i < 2; i++) {
    const AeContextWeights *w
        = i ? &at->model->delta.weights : &at->model->intra.weights;
    const int16_t *low = w->vectors + AE_WEIGHT_LOW * w->channels;
    const int16_t *range = w->vectors + AE_WEIGHT_RANGE * w->channels;
    const int16_t *growth = w->vectors + AE_WEIGHT_GROWTH * w->channels;
    int64_t unit = 1 << (16 - AE_POWER_BITS);
    for (int c = 0; c < w->channels; c++) {
      int64_t power = low[c] * unit + range[c] * unit * level / 255;
      at->bias[i][c] = ae_fixed_power (power) >> (16 - AE_WEIGHT_BITS);
      at->factor[i][c] = ae_fixed_power (growth[c] * unit * level / 255);
    }
  }
}

void
ae_latent_scratch_clear (AeLatentScratch *s)
{
  ae_free (s->memory);
  *s = (AeLatentScratch){ 0 };
}

static inline const AeSymbolTable *
table_of (const AeContextWalk *walk, const AeContextRow *row, int x,
    AeContext context)
{
  const AeLatentModel *m = walk->level->model;
  return (ae_context_mode (row, x) == AE_PLACE_DELTA ? m->delta.tables
                                                     : m->intra.tables)
      + context.table;
}

static void
put_value (AeRansWriter *w, const AeContextWalk *walk,
    const AeContextRow *row, int x, int value)
{
  AeContext c = ae_context_at (walk, row, x);
  ae_symbol_put (w, table_of (walk, row, x, c), ae_context_symbol (c, value));
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
      int value = ae_context_coded (&row, x);
      if (ae_context_mode (&row, x) != AE_PLACE_SKIP)
        put_value (w, &walk, &row, x, value);
      ae_context_set (&walk, &row, x, value);
    }
  return writer_status (w, err);
}

/* The better of the integers on both sides of x, and of 0. */
static int
choose (float x, const AeSymbolTable *t, AeContext c, float worth)
{
  int inner = (int) x, best = 0;
  int outer = x < 0 ? inner - 1 : inner + 1;
  float least = HUGE_VALF;
  for (int i = 0; i < 3; i++) {
    int value = i == 0 ? inner : i == 1 ? outer : 0;
    float bits
        = (float) ae_symbol_cost (t, ae_context_symbol (c, value)) / 256;
    float error = x - (float) value, cost = error * error + worth * bits;
    if (cost < least) {
      least = cost;
      best = value;
    }
  }
  return best;
}

/* What is coded at column x. Numbers that no packet can hold are cut off. */
static int
choose_at (const AeContextRow *row, int x, const AeSymbolTable *t,
    AeContext c, float worth)
{
  int base = ae_context_base (row, x);
  float most = LARGEST_VALUE, wanted = row->wanted[x];
  wanted = (wanted > most ? most : wanted < -most ? -most : wanted)
      - (float) base;
  if (fabsf (wanted) < 0.5f && c.whole == 0)
    return 0;
  int value = choose (wanted, t, c, worth) + base;
  value = value > INT16_MAX ? INT16_MAX : value < INT16_MIN ? INT16_MIN : value;
  return value - base;
}

AeStatus
ae_latents_choose (AeRansWriter *w, const AeLatentLevel *level,
    const AeLatents *latents, float worth, AeLatentScratch *s, AeError *err)
{
  AeContextWalk walk;
  AeContextRow row;
  AeStatus status = ae_context_begin (&walk, level, latents, s, err);
  if (status != AE_OK)
    return status;
  while (ae_context_next_row (&walk, &row))
    for (int x = 0; x < latents->columns; x++) {
      if (ae_context_mode (&row, x) == AE_PLACE_SKIP) {
        row.values[x] = row.before[x];
        continue;
      }
      AeContext c = ae_context_at (&walk, &row, x);
      const AeSymbolTable *t = table_of (&walk, &row, x, c);
      int value = choose_at (&row, x, t, c, worth);
      row.values[x] = (int16_t) (value + ae_context_base (&row, x));
      ae_symbol_put (w, t, ae_context_symbol (c, value));
      ae_context_set (&walk, &row, x, value);
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
      int64_t coded = 0;
      if (ae_context_mode (&row, x) != AE_PLACE_SKIP) {
        AeContext c = ae_context_at (&walk, &row, x);
        coded = ae_context_value (
            c, ae_symbol_get (r, table_of (&walk, &row, x, c)));
      }
      int64_t value = coded + ae_context_base (&row, x);
      if (value != (int16_t) value) {
        r->failed = true;
        break;
      }
      row.values[x] = (int16_t) value;
      ae_context_set (&walk, &row, x, (int) coded);
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
      int value = ae_context_coded (&row, x);
      if (ae_context_mode (&row, x) != AE_PLACE_SKIP) {
        AeContext c = ae_context_at (&walk, &row, x);
        sum += ae_symbol_cost (
            table_of (&walk, &row, x, c), ae_context_symbol (c, value));
      }
      ae_context_set (&walk, &row, x, value);
    }
  *bits = (double) sum / 256;
  return AE_OK;
}
