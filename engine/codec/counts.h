/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_CODEC_COUNTS_H
#define AE_CODEC_COUNTS_H

/* From counts of latents to tables. */

#include "codec/latents.h"

/* Counts of symbols by table. */
typedef struct AeLatentCounts AeLatentCounts;

/* Errors: MEMORY. */
AeStatus ae_latent_counts_new (AeLatentCounts **out, AeError *err);
void ae_latent_counts_free (AeLatentCounts **counts);

/* Counts latents in the contexts of level->tables; where it is known what was
 * wanted, also how much that was above the values. Errors: MEMORY. */
AeStatus ae_latent_counts_add (AeLatentCounts *counts,
    const AeLatentLevel *level, const AeLatents *latents, AeLatentScratch *s,
    AeError *err);

/* Tables in which what was counted takes few bits, and points that are the mean
 * of what was wanted. Laplace's distribution of a table's scale and mean counts
 * as some symbols, and is all there is without counts. */
void ae_latent_tables_fit (AeLatentTables *t, const AeLatentCounts *counts);

#endif
