/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/latents.h"

#include "codec/contexts.h"
#include "util/mem.h"

#include <string.h>

void
ae_latent_tables_clear (AeLatentTables *t)
{
  ae_free (t->tables);
  ae_free (t->map);
  *t = (AeLatentTables){ 0 };
}

AeStatus
ae_latent_tables_init (
    AeLatentTables *t, int channels, int n_tables, AeError *err)
{
  *t = (AeLatentTables){ .channels = channels, .n_tables = n_tables };
  t->tables = ae_calloc ((size_t) n_tables, sizeof *t->tables);
  t->map = ae_calloc ((size_t) channels, AE_CONTEXTS);
  if (t->tables && t->map)
    return AE_OK;
  ae_latent_tables_clear (t);
  return ae_fail (err, AE_ERROR_MEMORY, "out of memory for a codec");
}

void
ae_latent_scratch_clear (AeLatentScratch *s)
{
  ae_free (s->sizes);
  ae_free (s->energy);
  *s = (AeLatentScratch){ 0 };
}

void
ae_latent_model_clear (AeLatentModel *m)
{
  ae_latent_tables_clear (&m->intra);
  ae_latent_tables_clear (&m->delta);
}

static const AeSymbolTable *
table_at (const AeLatentModel *m, const AeContextWalk *walk,
    const AeContextRow *row, int x)
{
  const AeLatentTables *t
      = ae_context_mode (row, x) == AE_PLACE_DELTA ? &m->delta : &m->intra;
  int context = ae_context_at (walk, x);
  return &t->tables[t->map[walk->channel * AE_CONTEXTS + context]];
}

AeStatus
ae_latents_put (AeRansWriter *w, const AeLatentModel *m,
    const AeLatents *latents, AeLatentScratch *s, AeError *err)
{
  AeContextWalk walk;
  AeContextRow row;
  AeStatus status = ae_context_begin (&walk, latents, s, err);
  if (status != AE_OK)
    return status;
  while (ae_context_next_row (&walk, &row))
    for (int x = 0; x < latents->columns; x++) {
      int value = ae_context_coded (&row, x);
      if (ae_context_mode (&row, x) != AE_PLACE_SKIP)
        ae_symbol_put (w, table_at (m, &walk, &row, x), value);
      ae_context_set (&walk, x, value);
    }
  return w->failed ? ae_fail (err, AE_ERROR_MEMORY, "out of memory for a codec")
                   : AE_OK;
}

AeStatus
ae_latents_get (AeRansReader *r, const AeLatentModel *m, AeLatents *latents,
    AeLatentScratch *s, AeError *err)
{
  AeContextWalk walk;
  AeContextRow row;
  AeStatus status = ae_context_begin (&walk, latents, s, err);
  if (status != AE_OK)
    return status;
  while (ae_context_next_row (&walk, &row) && !r->failed)
    for (int x = 0; x < latents->columns; x++) {
      AePlaceMode mode = ae_context_mode (&row, x);
      int32_t coded = mode == AE_PLACE_SKIP
          ? 0
          : ae_symbol_get (r, table_at (m, &walk, &row, x));
      int64_t value = (int64_t) coded + ae_context_base (&row, x);
      if (value != (int16_t) value || coded < -UINT16_MAX
          || coded > UINT16_MAX)
        r->failed = true;
      row.values[x] = (int16_t) value;
      ae_context_set (&walk, x, coded);
    }
  return r->failed ? ae_fail (err, AE_ERROR_FORMAT, "damaged latents") : AE_OK;
}

AeStatus
ae_latents_cost (const AeLatentModel *m, const AeLatents *latents,
    AeLatentScratch *s, double *bits, AeError *err)
{
  AeContextWalk walk;
  AeContextRow row;
  AeStatus status = ae_context_begin (&walk, latents, s, err);
  uint64_t sum = 0;
  if (status != AE_OK)
    return status;
  while (ae_context_next_row (&walk, &row))
    for (int x = 0; x < latents->columns; x++) {
      int value = ae_context_coded (&row, x);
      if (ae_context_mode (&row, x) != AE_PLACE_SKIP)
        sum += ae_symbol_cost (table_at (m, &walk, &row, x), value);
      ae_context_set (&walk, x, value);
    }
  *bits = (double) sum / 256;
  return AE_OK;
}
