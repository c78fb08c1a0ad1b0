/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_CODEC_TABLES_TEXT_H
#define AE_CODEC_TABLES_TEXT_H

/* Tables as text, which a model keeps as metadata: numbers, parted by blanks.
 * How many tables; for each its lowest symbol, the number of symbols and their
 * frequencies with that of the escape. */

#include "codec/symbols.h"

/* A new string, freed with ae_free; NULL when memory runs out. */
char *ae_symbol_tables_text (const AeSymbolTable *tables, int n_tables);

/* Reads n_tables tables. Errors: FORMAT (what was found where). */
AeStatus ae_symbol_tables_parse (
    AeSymbolTable *tables, int n_tables, const char *text, AeError *err);

#endif
