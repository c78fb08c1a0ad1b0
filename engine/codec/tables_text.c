/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/tables_text.h"

#include "util/mem.h"

#include <stdio.h>
#include <stdlib.h>

#define DIGITS 12 /* of a number, with its blank */

static size_t
n_numbers (const AeSymbolTable *tables, int n_tables)
{
  size_t n = 1;
  for (int i = 0; i < n_tables; i++)
    n += 3 + (size_t) tables[i].n;
  return n;
}

char *
ae_symbol_tables_text (const AeSymbolTable *tables, int n_tables)
{
  char *text = ae_alloc (n_numbers (tables, n_tables) * DIGITS + 1);
  char *at = text;
  if (!text)
    return NULL;
  at += sprintf (at, "%d\n", n_tables);
  for (int i = 0; i < n_tables; i++) {
    const AeSymbolTable *table = &tables[i];
    at += sprintf (at, "%d %d", table->lo, table->n);
    for (int k = 0; k <= table->n; k++)
      at += sprintf (at, " %u", ae_symbol_freq (table, k));
    *at++ = '\n';
  }
  *at = '\0';
  return text;
}

/* A reader that has failed reads no more. */
typedef struct {
  const char *at;
  size_t count; /* numbers read */
  AeStatus status;
  AeError *err;
} Reader;

static int
next_number (Reader *r, const char *what, int least, int most)
{
  if (r->status != AE_OK)
    return least;
  char *end;
  long value = strtol (r->at, &end, 10);
  if (end == r->at)
    r->status = ae_fail (r->err, AE_ERROR_FORMAT,
        "the codec's tables end at number %zu, wanted %s", r->count, what);
  else if (value < least || value > most)
    r->status = ae_fail (r->err, AE_ERROR_FORMAT,
        "number %zu of the codec's tables, %s, is %ld, wanted %d to %d",
        r->count, what, value, least, most);
  r->at = end;
  r->count++;
  return r->status == AE_OK ? (int) value : least;
}

static void
read_table (Reader *r, AeSymbolTable *t)
{
  uint32_t freq[AE_MAX_VALUES + 1];
  int lo = next_number (r, "a lowest value", INT16_MIN, INT16_MAX);
  int n = next_number (r, "a number of values", 1, AE_MAX_VALUES);
  for (int i = 0; i <= n; i++)
    freq[i] = (uint32_t) next_number (r, "a frequency", 1, AE_RANS_TOTAL);
  if (r->status == AE_OK && !ae_symbol_table_set (t, lo, n, freq))
    r->status = ae_fail (r->err, AE_ERROR_FORMAT,
        "frequencies of the codec's tables do not add up to %u at number %zu",
        AE_RANS_TOTAL, r->count);
}

AeStatus
ae_symbol_tables_parse (
    AeSymbolTable *tables, int n_tables, const char *text, AeError *err)
{
  Reader r = { text, 0, AE_OK, err };
  next_number (&r, "the number of tables", n_tables, n_tables);
  for (int i = 0; r.status == AE_OK && i < n_tables; i++)
    read_table (&r, &tables[i]);
  return r.status;
}
