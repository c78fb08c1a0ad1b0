/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/rans.h"

#include "util/mem.h"

#include <string.h>

/* States lie in [LOWEST, LOWEST << 32). */
#define LOWEST ((uint64_t) 1 << 31)

void
ae_rans_writer_clear (AeRansWriter *w)
{
  ae_free (w->symbols);
  *w = (AeRansWriter){ 0 };
}

bool
ae_rans_reserve (AeRansWriter *w, size_t more)
{
  if (w->failed || w->cap - w->n >= more)
    return !w->failed;
  size_t cap = w->cap * 2 > w->n + more ? w->cap * 2 : w->n + more + 256;
  uint32_t *grown = ae_realloc (w->symbols, w->n, cap, sizeof *grown);
  if (!grown) {
    w->failed = true;
    return false;
  }
  w->symbols = grown;
  w->cap = cap;
  return true;
}

/* A symbol leaves at most 32 bits behind, and rarely more than 16. */
size_t
ae_rans_bound (const AeRansWriter *w)
{
  return 4 * w->n + AE_RANS_LEAST;
}

static uint8_t *
put_word (uint8_t *to, uint32_t word)
{
  to -= 4;
  for (int i = 0; i < 4; i++)
    to[i] = (uint8_t) (word >> 8 * i);
  return to;
}

/* The words are written from the end of the room towards its begin. */
size_t
ae_rans_finish (AeRansWriter *w, uint8_t *to)
{
  uint64_t state[2] = { LOWEST, LOWEST };
  uint8_t *end = to + ae_rans_bound (w), *at = end;
  for (size_t i = w->n; i-- > 0;) {
    uint64_t *x = &state[i & 1];
    uint32_t start = w->symbols[i] >> AE_RANS_BITS;
    uint64_t freq = (w->symbols[i] & (AE_RANS_TOTAL - 1)) + 1;
    if (*x >= freq << (63 - AE_RANS_BITS)) {
      at = put_word (at, (uint32_t) *x);
      *x >>= 32;
    }
    *x = (*x / freq << AE_RANS_BITS) + *x % freq + start;
  }
  for (int i = 1; i >= 0; i--) {
    at = put_word (at, (uint32_t) (state[i] >> 32));
    at = put_word (at, (uint32_t) state[i]);
  }
  size_t size = (size_t) (end - at);
  memmove (to, at, size);
  w->n = 0;
  return size;
}

static uint32_t
get_word (AeRansReader *r)
{
  uint32_t word = 0;
  for (int i = 0; i < 4; i++)
    word |= (uint32_t) r->at[i] << 8 * i;
  r->at += 4;
  return word;
}

static void
fail (AeRansReader *r)
{
  r->failed = true;
  r->at = r->end;
  r->state[0] = r->state[1] = 0;
}

void
ae_rans_reader_open (AeRansReader *r, const uint8_t *bytes, size_t size)
{
  *r = (AeRansReader){ .at = bytes, .end = bytes + size };
  if (size < AE_RANS_LEAST) {
    fail (r);
    return;
  }
  for (int i = 0; i < 2; i++) {
    uint64_t low = get_word (r);
    r->state[i] = low | (uint64_t) get_word (r) << 32;
  }
  if (r->state[0] < LOWEST || r->state[0] >> 63 || r->state[1] < LOWEST
      || r->state[1] >> 63)
    fail (r);
}

void
ae_rans_refill (AeRansReader *r)
{
  if (r->failed || r->end - r->at < 4) {
    fail (r);
    return;
  }
  r->state[r->turn] = r->state[r->turn] << 32 | get_word (r);
}

bool
ae_rans_is_done (const AeRansReader *r)
{
  return !r->failed && r->at == r->end && r->state[0] == LOWEST
      && r->state[1] == LOWEST;
}
