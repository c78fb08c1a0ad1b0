/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_CODEC_LATENTS_H
#define AE_CODEC_LATENTS_H

/* Entropy coding of latents: integers of some channels on a grid. A latent's
 * scale and mean are predicted from integers that were coded before, see
 * context_weights.h; the class of its scale and the fraction of its mean choose
 * its table. */

#include "codec/context_weights.h"
#include "codec/symbols.h"
#include "kernels/kernels.h"

#define AE_GROUP AE_MOST_SUMS /* channels */
#define AE_SCALE_CLASSES 52
#define AE_MEAN_PARTS 3 /* 0, a quarter, a half */
#define AE_CONTEXT_TABLES (AE_SCALE_CLASSES * AE_MEAN_PARTS)

/* Rows of a grid: value (c, y, x) is values[(c * rows + y) * columns + x]. */
typedef struct {
  int channels, rows, columns;
  int16_t *values;
  const uint8_t *groups; /* of each place: how many groups of AE_GROUP channels
                            are coded, what follows is 0; or NULL for all */
  const float *wanted;   /* what ae_latents_choose rounds: rows of a channel */
  float *points;         /* what decoders take values for: the same; or NULL */
  size_t wanted_step;    /* from one channel of both to the next */
  const float *worths;   /* what a bit is worth in each channel, relatively; or
                            NULL for 1 */
} AeLatents;

/* Symbols from -AE_POINT_REACH to AE_POINT_REACH stand for points that lie this
 * much higher, in 1 / 256. */
#define AE_POINT_REACH 2

typedef struct {
  int16_t shift[2 * AE_POINT_REACH + 1];
} AePoints;

/* What one kind of latents is coded by. */
typedef struct {
  AeContextWeights weights;
  AeSymbolTable *tables; /* [set][class][part], of all sets that may be */
  AePoints *points;      /* the same */
} AeLatentTables;

/* How many tables there are, by the sets that channels have. */
int ae_latent_tables_n (const AeLatentTables *t);

void ae_latent_tables_clear (AeLatentTables *t);

/* Room for them, all zero. Errors: MEMORY, LIMIT. */
AeStatus ae_latent_tables_init (
    AeLatentTables *t, int channels, int core, AeError *err);

/* Tables at one level of quality. */
typedef struct {
  const AeLatentTables *tables;
  int64_t *bias, *factor; /* per channel */
} AeLatentLevel;

/* Room for a level of the tables, which stay the caller's. Errors: MEMORY. */
AeStatus ae_latent_level_init (
    AeLatentLevel *level, const AeLatentTables *tables, AeError *err);
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
 * error plus `worth` for each bit becomes small. Sets latents->points. Errors:
 * MEMORY. */
AeStatus ae_latents_choose (AeRansWriter *w, const AeLatentLevel *level,
    const AeLatents *latents, float worth, AeLatentScratch *s, AeError *err);

/* Reads latents->values and points; what is not coded is given. Errors: FORMAT
 * (the reader failed), MEMORY. */
AeStatus ae_latents_get (AeRansReader *r, const AeLatentLevel *level,
    AeLatents *latents, AeLatentScratch *s, AeError *err);

/* Bits that ae_latents_put takes, by the tables. Errors: MEMORY. */
AeStatus ae_latents_cost (const AeLatentLevel *level,
    const AeLatents *latents, AeLatentScratch *s, double *bits, AeError *err);

#endif
