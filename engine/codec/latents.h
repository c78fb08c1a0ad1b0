/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_CODEC_LATENTS_H
#define AE_CODEC_LATENTS_H

/* Entropy coding of latents: integers of some channels on a grid. Which table a
 * value is coded by depends on integers that were coded before: how large its
 * neighbours in the channel are ("near"), and how large the earlier channels
 * are at its place ("deep"). */

#include "codec/symbols.h"

#define AE_NEAR_CONTEXTS 12
#define AE_DEEP_CONTEXTS 10
#define AE_CONTEXTS (AE_NEAR_CONTEXTS * AE_DEEP_CONTEXTS)
#define AE_MAX_TABLES 256

/* How a place of the grid is coded: as it was before, by its difference to
 * that, or by itself. */
typedef enum { AE_PLACE_SKIP, AE_PLACE_DELTA, AE_PLACE_INTRA } AePlaceMode;

/* Rows of a grid: value (c, y, x) is values[(c * rows + y) * columns + x]. */
typedef struct {
  int channels, rows, columns;
  int16_t *values;
  const int16_t *before; /* what the places were, or NULL with `modes` */
  const uint8_t *modes;  /* of each place; NULL: all are intra */
} AeLatents;

/* The tables of one kind of values. */
typedef struct {
  int channels, n_tables;
  AeSymbolTable *tables;
  uint8_t *map; /* [channel][near][deep]: a table */
} AeLatentTables;

/* Those of values, and of differences. */
typedef struct {
  AeLatentTables intra, delta;
} AeLatentModel;

void ae_latent_model_clear (AeLatentModel *m);

void ae_latent_tables_clear (AeLatentTables *t);

/* Room for them, all zero. Errors: MEMORY. */
AeStatus ae_latent_tables_init (
    AeLatentTables *t, int channels, int n_tables, AeError *err);

/* What coding needs beside: reused for grids of any size. */
typedef struct {
  uint8_t *sizes;   /* of the channel's values, one more row and two columns */
  uint16_t *energy; /* of the earlier channels at each place */
  size_t places;    /* for which there is room */
} AeLatentScratch;

void ae_latent_scratch_clear (AeLatentScratch *s);

/* Appends the symbols of the latents. Errors: MEMORY. */
AeStatus ae_latents_put (AeRansWriter *w, const AeLatentModel *m,
    const AeLatents *latents, AeLatentScratch *s, AeError *err);

/* Reads latents->values; before and modes are given. Errors: FORMAT (the reader
 * failed), MEMORY. */
AeStatus ae_latents_get (AeRansReader *r, const AeLatentModel *m,
    AeLatents *latents, AeLatentScratch *s, AeError *err);

/* Bits that ae_latents_put takes, by the tables. Errors: MEMORY. */
AeStatus ae_latents_cost (const AeLatentModel *m, const AeLatents *latents,
    AeLatentScratch *s, double *bits, AeError *err);

/* Counts of values by channel and context, from which tables are made. */
typedef struct AeLatentCounts AeLatentCounts;

/* Values -range .. range (at most 126) are counted each, others as escapes.
 * Errors: MEMORY. */
AeStatus ae_latent_counts_new (
    AeLatentCounts **out, int channels, int range, AeError *err);
void ae_latent_counts_free (AeLatentCounts **counts);
/* Counts the places of one mode, intra or delta. */
AeStatus ae_latent_counts_add (AeLatentCounts *counts, AePlaceMode mode,
    const AeLatents *latents, AeLatentScratch *s, AeError *err);

/* At most n_tables tables and the map with which the latents counted so far
 * take fewest bits: contexts are grouped as Lloyd's algorithm does. *t is
 * cleared on failure. Errors: MEMORY. */
AeStatus ae_latent_tables_fit (AeLatentTables *t,
    const AeLatentCounts *counts, int n_tables, AeError *err);

#endif
