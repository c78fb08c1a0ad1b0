/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sums of integers for the codec's contexts. Compiled once per instruction
 * set. */
#include "kernels/vec.h"

#include <string.h>

/* Entries are taken in twos, and products added in twos (x86's madd): the
 * weights of both lie in turns then. */
#if VL == 16
typedef __m512i Sums;
#elif VL == 8
typedef struct {
  __m256i half[2]; /* sums 0..3 and 8..11, 4..7 and 12..15 */
} Sums;
#elif defined(__SSE2__)
typedef struct {
  __m128i quarter[4];
} Sums;
#endif

#if VL == 16
INLINE Sums
add_two (Sums s, const int16_t *a, const int16_t *b, int by)
{
  const __m512i turns = _mm512_set_epi16 (31, 15, 30, 14, 29, 13, 28, 12, 27,
      11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1,
      16, 0);
  __m512i both = _mm512_inserti64x4 (
      _mm512_castsi256_si512 (_mm256_loadu_si256 ((const void *) a)),
      _mm256_loadu_si256 ((const void *) b), 1);
  both = _mm512_permutexvar_epi16 (turns, both);
  return _mm512_add_epi32 (
      s, _mm512_madd_epi16 (both, _mm512_set1_epi32 (by)));
}

INLINE void
add_to (uint32_t *to, Sums s)
{
  _mm512_storeu_si512 (
      to, _mm512_add_epi32 (s, _mm512_loadu_si512 (to)));
}
#elif VL == 8
INLINE Sums
add_two (Sums s, const int16_t *a, const int16_t *b, int by)
{
  __m256i x = _mm256_loadu_si256 ((const void *) a);
  __m256i y = _mm256_loadu_si256 ((const void *) b);
  __m256i factor = _mm256_set1_epi32 (by);
  s.half[0] = _mm256_add_epi32 (s.half[0],
      _mm256_madd_epi16 (_mm256_unpacklo_epi16 (x, y), factor));
  s.half[1] = _mm256_add_epi32 (s.half[1],
      _mm256_madd_epi16 (_mm256_unpackhi_epi16 (x, y), factor));
  return s;
}

INLINE void
add_to (uint32_t *to, Sums s)
{
  __m256i sums[2] = { _mm256_permute2x128_si256 (s.half[0], s.half[1], 0x20),
    _mm256_permute2x128_si256 (s.half[0], s.half[1], 0x31) };
  for (int i = 0; i < 2; i++) {
    __m256i *at = (__m256i *) (to + 8 * i);
    _mm256_storeu_si256 (
        at, _mm256_add_epi32 (sums[i], _mm256_loadu_si256 (at)));
  }
}
#elif defined(__SSE2__)
INLINE Sums
add_two (Sums s, const int16_t *a, const int16_t *b, int by)
{
  __m128i factor = _mm_set1_epi32 (by);
  for (int i = 0; i < 4; i += 2) {
    __m128i x = _mm_loadu_si128 ((const void *) (a + 4 * i));
    __m128i y = _mm_loadu_si128 ((const void *) (b + 4 * i));
    s.quarter[i] = _mm_add_epi32 (
        s.quarter[i], _mm_madd_epi16 (_mm_unpacklo_epi16 (x, y), factor));
    s.quarter[i + 1] = _mm_add_epi32 (s.quarter[i + 1],
        _mm_madd_epi16 (_mm_unpackhi_epi16 (x, y), factor));
  }
  return s;
}

INLINE void
add_to (uint32_t *to, Sums s)
{
  for (int i = 0; i < 4; i++) {
    __m128i *at = (__m128i *) (to + 4 * i);
    _mm_storeu_si128 (
        at, _mm_add_epi32 (s.quarter[i], _mm_loadu_si128 (at)));
  }
}
#endif

INLINE void
add_each (const AeRowEntry *entries, int n_entries, int kind,
    const int16_t *weights, size_t step, uint32_t *sums, int n)
{
  for (int i = 0; i < n_entries; i++)
    for (int k = 0; k < n; k++)
      sums[k] += (uint32_t) (weights[entries[i].row * step + (size_t) k]
          * entries[i].by[kind]);
}

#if VL > 4 || defined(__SSE2__)
/* Both factors of a pair, as madd takes them. */
INLINE int
pair_of (const AeRowEntry *a, const AeRowEntry *b, int kind)
{
  uint32_t high = b ? (uint16_t) b->by[kind] : 0;
  return (int) (high << 16 | (uint16_t) a->by[kind]);
}

INLINE void
add_all (const AeRowEntry *e, int n, int kind, const int16_t *weights,
    size_t step, uint32_t *sums)
{
  Sums s;
  memset (&s, 0, sizeof s);
  for (int i = 0; i < n; i += 2) {
    const AeRowEntry *other = i + 1 < n ? &e[i + 1] : NULL;
    const int16_t *row = weights + e[i].row * step;
    s = add_two (s, row, other ? weights + other->row * step : row,
        pair_of (&e[i], other, kind));
  }
  add_to (sums, s);
}
#else
INLINE void
add_all (const AeRowEntry *e, int n, int kind, const int16_t *weights,
    size_t step, uint32_t *sums)
{
  add_each (e, n, kind, weights, step, sums, AE_MOST_SUMS);
}
#endif

void
FN (add_rows) (const AeRowEntry *entries, int n_entries, int kind,
    const int16_t *weights, size_t step, uint32_t *sums, int n)
{
  if (n == AE_MOST_SUMS)
    add_all (entries, n_entries, kind, weights, step, sums);
  else
    add_each (entries, n_entries, kind, weights, step, sums, n);
}

typedef int16_t vh
    __attribute__ ((vector_size (VL * 2), aligned (2), may_alias));
typedef uint32_t vu
    __attribute__ ((vector_size (VL * 4), aligned (4), may_alias));

/* 16 sums. */
INLINE void
add_row (const int16_t *weights, int by, uint32_t *sums)
{
#pragma GCC unroll 4
  for (int v = 0; v < VPB; v++) {
    vi w = __builtin_convertvector (*(const vh *) (weights + v * VL), vi);
    *(vu *) (sums + v * VL) += (vu) (w * ((vi){ 0 } + by));
  }
}

void
FN (add_nine) (const AeRowEntry *entry, const AePlaceRows *rows)
{
  for (int o = 0; o < AE_NINE; o++) {
    AePlaceSums *to = rows->at[o];
    const int16_t *sizes = rows->sizes + (size_t) o * rows->step;
    const int16_t *means = rows->means + (size_t) o * rows->step;
    if (rows->n == AE_MOST_SUMS) {
      add_row (sizes, entry->by[0], to->sizes);
      add_row (means, entry->by[1], to->means);
    } else {
      add_each (&(AeRowEntry){ 0, { entry->by[0], 0 } }, 1, 0, sizes, 0,
          to->sizes, rows->n);
      add_each (&(AeRowEntry){ 0, { entry->by[1], 0 } }, 1, 0, means, 0,
          to->means, rows->n);
    }
  }
}
