/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_KERNELS_SAD_H
#define AE_KERNELS_SAD_H

/* Sums of absolute differences of small blocks of bytes. Inline, because the
 * call would cost as much as the work; SSE2 is part of every x86-64. */

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* 8 columns, `rows` rows (even). Strides in bytes. */
static inline uint32_t
ae_sad_8 (const uint8_t *a, ptrdiff_t a_stride, const uint8_t *b,
    ptrdiff_t b_stride, int rows)
{
#ifdef __SSE2__
  __m128i sum = _mm_setzero_si128 ();
  for (int y = 0; y < rows; y += 2) {
    __m128i p = _mm_loadl_epi64 ((const __m128i *) a);
    __m128i q = _mm_loadl_epi64 ((const __m128i *) b);
    __m128i r = _mm_loadl_epi64 ((const __m128i *) (a + a_stride));
    __m128i s = _mm_loadl_epi64 ((const __m128i *) (b + b_stride));
    sum = _mm_add_epi32 (sum, _mm_sad_epu8 (_mm_unpacklo_epi64 (p, r),
        _mm_unpacklo_epi64 (q, s)));
    a += 2 * a_stride;
    b += 2 * b_stride;
  }
  return (uint32_t) _mm_cvtsi128_si32 (
      _mm_add_epi32 (sum, _mm_srli_si128 (sum, 8)));
#else
  uint32_t sum = 0;
  for (int y = 0; y < rows; y++, a += a_stride, b += b_stride)
    for (int x = 0; x < 8; x++)
      sum += (uint32_t) abs (a[x] - b[x]);
  return sum;
#endif
}

/* 16 columns, `rows` rows. */
static inline uint32_t
ae_sad_16 (const uint8_t *a, ptrdiff_t a_stride, const uint8_t *b,
    ptrdiff_t b_stride, int rows)
{
#ifdef __SSE2__
  __m128i sum = _mm_setzero_si128 ();
  for (int y = 0; y < rows; y++, a += a_stride, b += b_stride)
    sum = _mm_add_epi32 (sum,
        _mm_sad_epu8 (_mm_loadu_si128 ((const __m128i *) a),
            _mm_loadu_si128 ((const __m128i *) b)));
  return (uint32_t) _mm_cvtsi128_si32 (
      _mm_add_epi32 (sum, _mm_srli_si128 (sum, 8)));
#else
  uint32_t sum = 0;
  for (int y = 0; y < rows; y++, a += a_stride, b += b_stride)
    for (int x = 0; x < 16; x++)
      sum += (uint32_t) abs (a[x] - b[x]);
  return sum;
#endif
}

#endif
