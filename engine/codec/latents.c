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

static const AeSymbolTable *
table_at (const AeLatentTables *t, const AeContextWalk *walk, int x)
{
  int context = ae_context_at (walk, x);
  return &t->tables[t->map[walk->channel * AE_CONTEXTS + context]];
}

AeStatus
ae_latents_put (AeRansWriter *w, const AeLatentTables *t,
    const AeLatents *latents, AeLatentScratch *s, AeError *err)
{
  AeContextWalk walk;
  AeStatus status = ae_context_begin (&walk, latents, s, err);
  if (status != AE_OK)
    return status;
  while (ae_context_next_row (&walk)) {
    const int16_t *row = ae_latents_row (latents, walk.channel, walk.row);
    for (int x = 0; x < latents->columns; x++) {
      ae_symbol_put (w, table_at (t, &walk, x), row[x]);
      ae_context_set (&walk, x, row[x]);
    }
  }
  return w->failed ? ae_fail (err, AE_ERROR_MEMORY, "out of memory for a codec")
                   : AE_OK;
}

AeStatus
ae_latents_get (AeRansReader *r, const AeLatentTables *t, AeLatents *latents,
    AeLatentScratch *s, AeError *err)
{
  AeContextWalk walk;
  AeStatus status = ae_context_begin (&walk, latents, s, err);
  if (status != AE_OK)
    return status;
  while (ae_context_next_row (&walk) && !r->failed) {
    int16_t *row = ae_latents_row (latents, walk.channel, walk.row);
    for (int x = 0; x < latents->columns; x++) {
      int32_t value = ae_symbol_get (r, table_at (t, &walk, x));
      if (value != (int16_t) value)
        r->failed = true;
      row[x] = (int16_t) value;
      ae_context_set (&walk, x, row[x]);
    }
  }
  return r->failed ? ae_fail (err, AE_ERROR_FORMAT, "damaged latents") : AE_OK;
}

AeStatus
ae_latents_cost (const AeLatentTables *t, const AeLatents *latents,
    AeLatentScratch *s, double *bits, AeError *err)
{
  AeContextWalk walk;
  AeStatus status = ae_context_begin (&walk, latents, s, err);
  uint64_t sum = 0;
  if (status != AE_OK)
    return status;
  while (ae_context_next_row (&walk)) {
    const int16_t *row = ae_latents_row (latents, walk.channel, walk.row);
    for (int x = 0; x < latents->columns; x++) {
      sum += ae_symbol_cost (table_at (t, &walk, x), row[x]);
      ae_context_set (&walk, x, row[x]);
    }
  }
  *bits = (double) sum / 256;
  return AE_OK;
}
