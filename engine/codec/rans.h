/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_CODEC_RANS_H
#define AE_CODEC_RANS_H

/* Entropy coding by range asymmetric numeral systems (Duda, 2013): symbols of
 * known probability to bytes and back, with nothing but integers, so that the
 * same bytes give the same symbols everywhere. Probabilities are 16-bit: a
 * symbol is an interval [start, start + freq) of 0 .. 65535. Two states take
 * turns, so that a processor can work on both.
 *
 * Coded: the states' last values (2 x 8 bytes, little-endian, the first
 * symbol's state first), then 32-bit little-endian words in the order in which
 * the reader takes them. */

#include "util/error.h"

#define AE_RANS_BITS 16
#define AE_RANS_TOTAL (1u << AE_RANS_BITS)
#define AE_RANS_LEAST 16 /* bytes of the states */

/* Symbols are kept until the end: coding runs backwards. */
typedef struct {
  uint32_t *symbols; /* start << 16 | freq - 1 */
  size_t n, cap;
  bool failed; /* memory ran out: nothing more is kept */
} AeRansWriter;

void ae_rans_writer_clear (AeRansWriter *w);

/* Makes room for `more` symbols. */
bool ae_rans_reserve (AeRansWriter *w, size_t more);

/* 0 < freq, start + freq <= AE_RANS_TOTAL. */
static inline void
ae_rans_put (AeRansWriter *w, uint32_t start, uint32_t freq)
{
  if (w->n == w->cap && !ae_rans_reserve (w, 1))
    return;
  w->symbols[w->n++] = start << AE_RANS_BITS | (freq - 1);
}

/* The most bytes that the symbols kept so far may take. */
size_t ae_rans_bound (const AeRansWriter *w);

/* Writes the symbols to `to`, which has room for ae_rans_bound () bytes, and
 * forgets them; the number of bytes. */
size_t ae_rans_finish (AeRansWriter *w, uint8_t *to);

typedef struct {
  uint64_t state[2];
  const uint8_t *at, *end;
  unsigned turn;
  bool failed; /* the bytes ended too soon, or were never coded */
} AeRansReader;

/* Sets up a reader of size bytes, which stay the caller's. */
void ae_rans_reader_open (AeRansReader *r, const uint8_t *bytes, size_t size);

/* The place in 0 .. AE_RANS_TOTAL - 1 that the next symbol's interval holds. */
static inline uint32_t
ae_rans_peek (const AeRansReader *r)
{
  return (uint32_t) (r->state[r->turn] & (AE_RANS_TOTAL - 1));
}

/* Takes the symbol with that interval. Past the end all states are 0 and
 * `failed` is set. */
void ae_rans_refill (AeRansReader *r);

static inline void
ae_rans_take (AeRansReader *r, uint32_t start, uint32_t freq)
{
  uint64_t *x = &r->state[r->turn];
  *x = freq * (*x >> AE_RANS_BITS) + (*x & (AE_RANS_TOTAL - 1)) - start;
  if (*x < (uint64_t) 1 << 31)
    ae_rans_refill (r);
  r->turn ^= 1;
}

/* After the last symbol: everything was read, and the states are back where
 * coding began. */
bool ae_rans_is_done (const AeRansReader *r);

#endif
