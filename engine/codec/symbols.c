/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "codec/symbols.h"

#include <math.h>

/* A value behind an escape: groups of 4 bits, the lowest first, of which the
 * highest says that another one follows. */
#define GROUP_BITS 3
#define GROUP_MORE (1u << GROUP_BITS)
#define GROUP_FREQ (AE_RANS_TOTAL >> (GROUP_BITS + 1))
#define MOST_GROUPS 11

static uint32_t
mean_size (int lo, int n, const uint32_t *freq)
{
  uint32_t sum = freq[n] * AE_LARGEST_SYMBOL;
  for (int i = 0; i < n; i++)
    sum += freq[i] * ae_symbol_size (lo + i);
  return sum;
}

bool
ae_symbol_table_set (AeSymbolTable *t, int lo, int n, const uint32_t *freq)
{
  uint64_t total = 0;
  if (n < 1 || n > AE_MAX_VALUES)
    return false;
  for (int i = 0; i <= n; i++) {
    if (freq[i] == 0)
      return false;
    total += freq[i];
  }
  if (total != AE_RANS_TOTAL)
    return false;
  t->lo = lo;
  t->n = n;
  t->size = mean_size (lo, n, freq);
  uint32_t start = 0;
  for (int i = 0; i <= n; i++) {
    t->start[i] = (uint16_t) start;
    t->cost[i] = (uint16_t) lround (
        256 * (AE_RANS_BITS - log2 ((double) freq[i])));
    start += freq[i];
  }
  t->start[n + 1] = (uint16_t) AE_RANS_TOTAL;
  for (uint32_t i = 0, symbol = 0; i < 256; i++) {
    while (symbol < (uint32_t) n && t->start[symbol + 1] <= i << 8)
      symbol++;
    t->first[i] = (uint8_t) symbol;
  }
  return true;
}

/* What is lost or won by rounding goes to the most frequent symbol, where it
 * costs least. */
void
ae_symbol_frequencies (const uint64_t *count, int n, uint32_t *freq)
{
  uint64_t total = 0, used = 0;
  int most = 0;
  for (int i = 0; i <= n; i++) {
    total += count[i];
    most = count[i] > count[most] ? i : most;
  }
  uint64_t room = AE_RANS_TOTAL - (uint64_t) (n + 1);
  for (int i = 0; i <= n; i++) {
    double share = total ? (double) count[i] / (double) total : 0;
    freq[i] = 1 + (uint32_t) (share * (double) room);
    used += freq[i];
  }
  freq[most] += (uint32_t) (AE_RANS_TOTAL - used);
}

/* Values below the table are odd numbers, those above it even ones. */
static uint64_t
outside (const AeSymbolTable *t, int32_t value)
{
  int64_t above = (int64_t) value - (t->lo + t->n);
  int64_t below = (int64_t) t->lo - 1 - value;
  return value < t->lo ? 2 * (uint64_t) below + 1 : 2 * (uint64_t) above;
}

void
ae_symbol_put_escape (AeRansWriter *w, const AeSymbolTable *t, int32_t value)
{
  uint64_t rest = outside (t, value);
  ae_rans_put (w, t->start[t->n], ae_symbol_freq (t, t->n));
  for (bool more = true; more;) {
    more = rest >> GROUP_BITS != 0;
    uint32_t group = (uint32_t) (rest & (GROUP_MORE - 1));
    group |= more ? GROUP_MORE : 0;
    ae_rans_put (w, group * GROUP_FREQ, GROUP_FREQ);
    rest >>= GROUP_BITS;
  }
}

int32_t
ae_symbol_get_escape (AeRansReader *r, const AeSymbolTable *t)
{
  uint64_t rest = 0;
  bool more = true;
  for (int i = 0; more && i < MOST_GROUPS && !r->failed; i++) {
    uint32_t group = ae_rans_peek (r) / GROUP_FREQ;
    ae_rans_take (r, group * GROUP_FREQ, GROUP_FREQ);
    more = group & GROUP_MORE;
    rest |= (uint64_t) (group & (GROUP_MORE - 1)) << (GROUP_BITS * i);
  }
  if (more)
    r->failed = true;
  if (r->failed)
    return 0;
  int64_t half = (int64_t) (rest >> 1);
  int64_t value = rest & 1 ? t->lo - 1 - half : t->lo + t->n + half;
  if (value < INT32_MIN || value > INT32_MAX)
    r->failed = true;
  return r->failed ? 0 : (int32_t) value;
}

uint32_t
ae_symbol_cost (const AeSymbolTable *t, int32_t value)
{
  uint32_t symbol = (uint32_t) value - (uint32_t) t->lo;
  if (symbol < (uint32_t) t->n)
    return t->cost[symbol];
  uint32_t bits = t->cost[t->n];
  uint64_t rest = outside (t, value);
  do
    bits += 256 * (GROUP_BITS + 1);
  while (rest >>= GROUP_BITS);
  return bits;
}
