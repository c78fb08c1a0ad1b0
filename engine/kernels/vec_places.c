/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Places of the codec. Compiled once per instruction set. */
#include "kernels/vec.h"

#include <string.h>

#define SIDE AE_PLACE_SIDE

/* A row of 16 numbers; nothing that is called takes or returns one. */
#pragma GCC diagnostic ignored "-Wpsabi"
typedef uint8_t Bytes __attribute__ ((vector_size (16), aligned (1), may_alias));
typedef int16_t Shorts
    __attribute__ ((vector_size (32), aligned (2), may_alias));
typedef int32_t Ints __attribute__ ((vector_size (64), aligned (4), may_alias));
typedef float Floats
    __attribute__ ((vector_size (64), aligned (4), may_alias));

INLINE Shorts
load_row (const uint8_t *from)
{
  return __builtin_convertvector (*(const Bytes *) from, Shorts);
}

/* Cut off at 0 and 255; n of them. */
INLINE void
store_row (uint8_t *to, Shorts x, int n)
{
#if VL >= 8
  __m256i packed = _mm256_packus_epi16 ((__m256i) x, (__m256i) x);
  packed = _mm256_permute4x64_epi64 (packed, 0x08);
  __m128i bytes = _mm256_castsi256_si128 (packed);
  if (n == SIDE)
    _mm_storeu_si128 ((void *) to, bytes);
  else
    _mm_storel_epi64 ((void *) to, bytes);
#else
  for (int i = 0; i < n; i++)
    to[i] = (uint8_t) (x[i] < 0 ? 0 : x[i] > 255 ? 255 : x[i]);
#endif
}

/* Sums of 64ths, which 16 bits hold. */
INLINE Shorts
weighted (const uint8_t *from, ptrdiff_t step, const int8_t *taps, int n)
{
  Shorts sum = { 0 };
  from -= (n / 2 - 1) * step;
#pragma GCC unroll 8
  for (int k = 0; k < n; k++)
    sum += load_row (from + k * step) * (int16_t) taps[k];
  return sum;
}

/* Sums of rows of 4096ths, rounded. */
#if VL >= 8
INLINE Shorts
down (const Shorts *rows, const int8_t *taps, int n)
{
  __m256i low = _mm256_set1_epi32 (1 << 11), high = low;
#pragma GCC unroll 4
  for (int k = 0; k < n; k += 2) {
    __m256i a = (__m256i) rows[k], b = (__m256i) rows[k + 1];
    __m256i by = _mm256_set1_epi32 (
        (int) ((uint32_t) (uint16_t) taps[k + 1] << 16 | (uint16_t) taps[k]));
    low = _mm256_add_epi32 (
        low, _mm256_madd_epi16 (_mm256_unpacklo_epi16 (a, b), by));
    high = _mm256_add_epi32 (
        high, _mm256_madd_epi16 (_mm256_unpackhi_epi16 (a, b), by));
  }
  return (Shorts) _mm256_packs_epi32 (
      _mm256_srai_epi32 (low, 12), _mm256_srai_epi32 (high, 12));
}
#else
INLINE Shorts
down (const Shorts *rows, const int8_t *taps, int n)
{
  Ints sum = { 0 };
  for (int k = 0; k < n; k++)
    sum += __builtin_convertvector (rows[k], Ints) * taps[k];
  return __builtin_convertvector ((sum + (1 << 11)) >> 12, Shorts);
}
#endif

INLINE void
move (const AePixelMove *m, int side, uint8_t *to)
{
  int n = side / 2, before = n / 2 - 1;
  Shorts rows[SIDE + 7];
  if (!m->across || !m->down) {
    for (int y = 0; y < side; y++) {
      const uint8_t *at = m->from + y * m->stride;
      Shorts sum = m->across ? weighted (at, 1, m->across, n)
                             : weighted (at, m->stride, m->down, n);
      store_row (to + y * SIDE, (sum + 32) >> 6, side);
    }
    return;
  }
  for (int y = 0; y < side + n - 1; y++)
    rows[y] = weighted (
        m->from + (y - before) * m->stride, 1, m->across, n);
  for (int y = 0; y < side; y++)
    store_row (to + y * SIDE, down (rows + y, m->down, n), side);
}

void
FN (move_pixels) (const AePixelMove *m, uint8_t *to)
{
  if (m->side == SIDE)
    move (m, SIDE, to);
  else
    move (m, SIDE / 2, to);
}

/* Four rows at a time share what they load. */
INLINE void
forward (const AeCosineWeights *w, int chroma, const int16_t from[][SIDE],
    float to[][SIDE])
{
  int n = chroma ? SIDE / 2 : SIDE, first = chroma ? SIDE : 0;
  Floats samples[SIDE], rows[4], sums[4];
  for (int y = 0; y < n; y++)
    samples[y]
        = __builtin_convertvector (*(const Shorts *) from[y], Floats);
  for (int f = 0; f < n; f += 4) {
    memset (rows, 0, sizeof rows);
    memset (sums, 0, sizeof sums);
    for (int y = 0; y < n; y++)
#pragma GCC unroll 4
      for (int i = 0; i < 4; i++)
        rows[i] += samples[y] * w->down[first + f + i][y];
    for (int x = 0; x < SIDE; x++)
#pragma GCC unroll 4
      for (int i = 0; i < 4; i++)
        sums[i] += *(const Floats *) w->across[chroma][x] * rows[i][x];
    for (int i = 0; i < 4; i++)
      *(Floats *) to[f + i] = sums[i];
  }
}

void
FN (cosines_forward) (const AeCosineWeights *w, const AePlaceSamples *from,
    float to[AE_PLACE_ROWS][SIDE])
{
  forward (w, 0, from->at, to);
  forward (w, 1, from->at + SIDE, to + SIDE);
}

INLINE Ints
limited (Ints x, int least, int most)
{
  Ints low = x < least, high = x > most;
  return (x & ~low & ~high) | (least & low) | (most & high);
}

INLINE bool
is_zero (Ints x)
{
  uint64_t any[8], all = 0;
  memcpy (any, &x, sizeof any);
  for (int i = 0; i < 8; i++)
    all |= any[i];
  return all == 0;
}

/* Frequencies of which nothing is there cost nothing. */
INLINE void
inverse (const AeCosineWeights *w, int chroma, const int32_t from[][SIDE],
    int16_t to[][SIDE])
{
  int n = chroma ? SIDE / 2 : SIDE, first = chroma ? SIDE : 0, used = 0;
  int shift = AE_COSINE_BITS + AE_COSINE_UNIT_BITS;
  Ints rows[SIDE], any = { 0 };
  for (int y = 0; y < n; y++)
    rows[y] = (Ints){ 0 } + (1 << (AE_COSINE_BITS - 1));
  for (int f = 0; f < n; f++) {
    Ints values = *(const Ints *) from[f];
    if (is_zero (values))
      continue;
    any |= values;
    used++;
    for (int y = 0; y < n; y++)
      rows[y] += values * w->rows[first + f][y];
  }
  if (used == 0) {
    memset (to, 0, (size_t) n * sizeof *to);
    return;
  }
  for (int y = 0; y < n; y++) {
    Ints sums = (Ints){ 0 } + (1 << (shift - 1));
    Ints row = limited (
        rows[y] >> AE_COSINE_BITS, -AE_COSINE_LARGEST, AE_COSINE_LARGEST);
    for (int v = 0; v < SIDE; v++)
      if (any[v])
        sums += *(const Ints *) w->columns[chroma][v] * row[v];
    *(Shorts *) to[y] = __builtin_convertvector (
        limited (sums >> shift, INT16_MIN, INT16_MAX), Shorts);
  }
}

void
FN (cosines_inverse) (const AeCosineWeights *w,
    const int32_t from[AE_PLACE_ROWS][SIDE], AePlaceSamples *to)
{
  inverse (w, 0, from, to->at);
  inverse (w, 1, from + SIDE, to->at + SIDE);
}
