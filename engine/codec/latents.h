/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_CODEC_LATENTS_H
#define AE_CODEC_LATENTS_H

/* Entropy coding of latents: integers of some channels on a grid. A latent's
 * scale and mean are predicted from integers that were coded before, see
 * context_weights.h; the class of its scale and the fraction of its mean choose
 * its table. */

#include "codec/context_weights.h"
#include "codec/symbols.h"

#define AE_SCALE_CLASSES 52
#define AE_MEAN_PARTS 3 /* 0, a quarter, a half */
#define AE_CONTEXT_TABLES (AE_SCALE_CLASSES * AE_MEAN_PARTS)

/* How a place of the grid is coded: as it was before, by its difference to
 * that, or by itself. */
typedef enum { AE_PLACE_SKIP, AE_PLACE_DELTA, AE_PLACE_INTRA } AePlaceMode;

/* Rows of a grid: value (c, y, x) is values[(c * rows + y) * columns + x]. */
typedef struct {
  int channels, rows, columns;
  int16_t *values;
  const int16_t *before; /* what the places were, or NULL with `modes` */
  const uint8_t *modes;  /* of each place; NULL: all are intra */
  const float *wanted;   /* what ae_latents_choose rounds: rows of a channel */
  size_t wanted_step;    /* from one channel of it to the next */
} AeLatents;

/* The tables of one kind of values. */
typedef struct {
  AeContextWeights weights;
  AeSymbolTable *tables; /* AE_CONTEXT_TABLES: [class][part] */
} AeLatentTables;

/* Those of values, and of differences; as many channels, the same core. */
typedef struct {
  AeLatentTables intra, delta;
} AeLatentModel;

void ae_latent_model_clear (AeLatentModel *m);

void ae_latent_tables_clear (AeLatentTables *t);

/* Room for them, all zero. Errors: MEMORY, LIMIT. */
AeStatus ae_latent_tables_init (
    AeLatentTables *t, int channels, int core, AeError *err);

/* A model at one level of quality. */
typedef struct {
  const AeLatentModel *model;
  int64_t *bias[2], *factor[2]; /* of values, differences: per channel */
} AeLatentLevel;

/* Room for a level of the model, which stays the caller's. Errors: MEMORY. */
AeStatus ae_latent_level_init (
    AeLatentLevel *level, const AeLatentModel *model, AeError *err);
void ae_latent_level_clear (AeLatentLevel *level);

/* level is 0 .. 255. */
void ae_latent_level_set (AeLatentLevel *at, int level);

/* What coding needs beside: reused for grids of any size. */
typedef struct {
  void *memory;
  size_t size;
} AeLatentScratch;

void ae_latent_scratch_clear (AeLatentScratch *s);

/* Appends the symbols of the latents. Errors: MEMORY. */
AeStatus ae_latents_put (AeRansWriter *w, const AeLatentLevel *level,
    const AeLatents *latents, AeLatentScratch *s, AeError *err);

/* Rounds latents->wanted to latents->values on the way, so that the squared
 * error plus `worth` for each bit becomes small; places that are skipped are as
 * before. Errors: MEMORY. */
AeStatus ae_latents_choose (AeRansWriter *w, const AeLatentLevel *level,
    const AeLatents *latents, float worth, AeLatentScratch *s, AeError *err);

/* Reads latents->values; before and modes are given. Errors: FORMAT (the reader
 * failed), MEMORY. */
AeStatus ae_latents_get (AeRansReader *r, const AeLatentLevel *level,
    AeLatents *latents, AeLatentScratch *s, AeError *err);

/* Bits that ae_latents_put takes, by the tables. Errors: MEMORY. */
AeStatus ae_latents_cost (const AeLatentLevel *level,
    const AeLatents *latents, AeLatentScratch *s, double *bits, AeError *err);

#endif
