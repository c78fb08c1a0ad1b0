/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_CODEC_SYMBOLS_H
#define AE_CODEC_SYMBOLS_H

/* Integers of any size by tables of probabilities: each table has the values
 * lo .. lo + n - 1 and an escape, behind which a value from outside follows in
 * groups of three bits. */

#include "codec/rans.h"

#define AE_MAX_VALUES 254

typedef struct {
  int lo, n;
  uint32_t size; /* mean of ae_symbol_size, 1 / 65536 */
  /* Where the interval of each value begins, then of the escape, then the end
   * (AE_RANS_TOTAL, which is 0 here). */
  uint16_t start[AE_MAX_VALUES + 2];
  uint8_t first[256]; /* the first symbol that may hold places 256 i .. */
  uint16_t cost[AE_MAX_VALUES + 1]; /* bits, 1 / 256 */
} AeSymbolTable;

/* A table from the frequencies of n values and the escape, each at least 1 and
 * together AE_RANS_TOTAL. False, and nothing else done, when they are not, or
 * n is not 1 .. AE_MAX_VALUES. */
bool ae_symbol_table_set (
    AeSymbolTable *t, int lo, int n, const uint32_t *freq);

/* Frequencies in proportion to counts of n values and the escape: each at
 * least 1, together AE_RANS_TOTAL. The same everywhere. */
void ae_symbol_frequencies (const uint64_t *count, int n, uint32_t *freq);

/* The absolute value, at most AE_LARGEST_SYMBOL, which escapes count as. */
#define AE_LARGEST_SYMBOL 15

static inline uint32_t
ae_symbol_size (int32_t value)
{
  uint32_t size = value < 0 ? 0u - (uint32_t) value : (uint32_t) value;
  return size < AE_LARGEST_SYMBOL ? size : AE_LARGEST_SYMBOL;
}

static inline uint32_t
ae_symbol_freq (const AeSymbolTable *t, int symbol)
{
  return (uint16_t) (t->start[symbol + 1] - t->start[symbol]);
}

void ae_symbol_put_escape (
    AeRansWriter *w, const AeSymbolTable *t, int32_t value);
int32_t ae_symbol_get_escape (AeRansReader *r, const AeSymbolTable *t);

static inline void
ae_symbol_put (AeRansWriter *w, const AeSymbolTable *t, int32_t value)
{
  uint32_t symbol = (uint32_t) value - (uint32_t) t->lo;
  if (symbol >= (uint32_t) t->n)
    ae_symbol_put_escape (w, t, value);
  else
    ae_rans_put (w, t->start[symbol], ae_symbol_freq (t, (int) symbol));
}

/* Any value where the reader has failed. */
static inline int32_t
ae_symbol_get (AeRansReader *r, const AeSymbolTable *t)
{
  uint32_t place = ae_rans_peek (r);
  int symbol = t->first[place >> 8];
  while (symbol < t->n && place >= t->start[symbol + 1])
    symbol++;
  ae_rans_take (r, t->start[symbol], ae_symbol_freq (t, symbol));
  return symbol < t->n ? t->lo + symbol : ae_symbol_get_escape (r, t);
}

/* Bits that ae_symbol_put takes, 1 / 256. */
uint32_t ae_symbol_cost (const AeSymbolTable *t, int32_t value);

#endif
