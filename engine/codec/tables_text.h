/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_CODEC_TABLES_TEXT_H
#define AE_CODEC_TABLES_TEXT_H

/* Tables as text, which a model keeps as metadata: numbers, parted by blanks.
 * Channels, tables; for each table its lowest value, the number of values and
 * their frequencies with that of the escape; for each channel and context the
 * table. */

#include "codec/latents.h"

/* A new string, freed with ae_free; NULL when memory runs out. */
char *ae_latent_tables_text (const AeLatentTables *t);

/* *t is empty on failure. Errors: FORMAT (what was found where), MEMORY. */
AeStatus ae_latent_tables_parse (
    AeLatentTables *t, const char *text, AeError *err);

#endif
