/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The matrix kernels on AMX's tiles of bf16. Compiled for processors that have
 * them; run only where the operating system agreed (util/cpu.c). */
#include "kernels/kernels.h"

#include <immintrin.h>
#include <math.h>
#include <string.h>

/* Eight tiles of 16 rows of 64 bytes. In memory for good: the compiler is not
 * told that the instruction reads all of it. */
static const struct {
  uint8_t palette, start_row, reserved[14];
  uint16_t row_bytes[16];
  uint8_t rows[16];
} config = { .palette = 1,
  .row_bytes = { 64, 64, 64, 64, 64, 64, 64, 64 },
  .rows = { 16, 16, 16, 16, 16, 16, 16, 16 } };

static void
begin (void)
{
  _tile_loadconfig (&config);
}

static void
end (void)
{
  _tile_release ();
}

static inline void
zero_sums (void)
{
  _tile_zero (0);
  _tile_zero (1);
  _tile_zero (2);
  _tile_zero (3);
}

/* Tiles 0 to 3 are sums, 4 and 5 pixels or inputs (rows), 6 and 7 outputs
 * (columns). Adds the products of 1 or 2 tiles of rows and 1 or 2 of columns;
 * the second ones lie `next_a`, `next_b` values behind the first. two_a and
 * two_b are constants where this is inlined. */
static inline __attribute__ ((always_inline)) void
multiply_tiles (const AeBf16 *a, size_t next_a, size_t stride, const AeBf16 *b,
    size_t next_b, bool two_a, bool two_b)
{
  _tile_loadd (4, a, stride);
  _tile_loadd (6, b, 64);
  _tile_dpbf16ps (0, 4, 6);
  if (two_b) {
    _tile_loadd (7, b + next_b, 64);
    _tile_dpbf16ps (1, 4, 7);
  }
  if (two_a) {
    _tile_loadd (5, a + next_a, stride);
    _tile_dpbf16ps (2, 5, 6);
  }
  if (two_a && two_b)
    _tile_dpbf16ps (3, 5, 7);
}

/* The sums to or from memory: those of the second rows next_a floats behind,
 * those of the second columns next_b. */
static inline __attribute__ ((always_inline)) void
store_sums (float *c, size_t next_a, size_t next_b, bool two_a, bool two_b)
{
  _tile_stored (0, c, 64);
  if (two_b)
    _tile_stored (1, c + next_b, 64);
  if (two_a)
    _tile_stored (2, c + next_a, 64);
  if (two_a && two_b)
    _tile_stored (3, c + next_a + next_b, 64);
}

static inline __attribute__ ((always_inline)) void
load_sums (
    const float *c, size_t next_a, size_t next_b, bool two_a, bool two_b)
{
  _tile_loadd (0, c, 64);
  if (two_b)
    _tile_loadd (1, c + next_b, 64);
  if (two_a)
    _tile_loadd (2, c + next_a, 64);
  if (two_a && two_b)
    _tile_loadd (3, c + next_a + next_b, 64);
}

static inline __attribute__ ((always_inline)) void
gemm_tiles (const AeTileGemm *g, const AeBf16 *a, const AeBf16 *b, float *c,
    bool two_a, bool two_b)
{
  size_t stride = g->a_px * sizeof *a;
  zero_sums ();
  for (int row = 0; row < g->n_rows; row++) {
    const AeBf16 *at = a + row * g->a_row;
    for (int k = 0; k < g->n_k; k++, at += 32, b += 512)
      multiply_tiles (
          at, 16 * g->a_px, stride, b, g->b_block, two_a, two_b);
  }
  store_sums (c, 256, g->c_block, two_a, two_b);
}

static void
gemm (const AeTileGemm *g)
{
  for (int block = 0; block < g->n_blocks; block += 2) {
    const AeBf16 *b = g->b + block * g->b_block;
    float *c = g->c + block * g->c_block;
    bool two_b = block + 1 < g->n_blocks;
    for (int px = 0; px < g->n_px; px += 32) {
      const AeBf16 *a = g->a + px * g->a_px;
      bool two_a = px + 16 < g->n_px;
      if (two_a && two_b)
        gemm_tiles (g, a, b, c + px * 16, true, true);
      else if (two_a)
        gemm_tiles (g, a, b, c + px * 16, true, false);
      else if (two_b)
        gemm_tiles (g, a, b, c + px * 16, false, true);
      else
        gemm_tiles (g, a, b, c + px * 16, false, false);
    }
  }
}

static inline __attribute__ ((always_inline)) void
grad_tiles (const AeTileGrad *g, const AeBf16 *a, const AeBf16 *b, float *c,
    bool two_a, bool two_b)
{
  size_t stride = g->a_plane * sizeof *a;
  if (g->first)
    zero_sums ();
  else
    load_sums (c, g->c_in, 256, two_a, two_b);
  for (int k = 0; k < g->n_k; k++, a += 32, b += 512)
    multiply_tiles (
        a, 16 * g->a_plane, stride, b, g->b_block, two_a, two_b);
  store_sums (c, g->c_in, 256, two_a, two_b);
}

/* Three taps of one block of inputs times two of outputs, or one: the taps'
 * tiles lie in the same cache lines. */
static inline __attribute__ ((always_inline)) void
grad_taps (const AeTileGrad *g, const AeBf16 *a, const AeBf16 *b, float *c,
    bool two_b)
{
  size_t stride = g->a_plane * sizeof *a;
  if (g->first) {
    zero_sums ();
    _tile_zero (4);
    _tile_zero (5);
  } else {
    _tile_loadd (0, c, 64);
    _tile_loadd (1, c + g->c_tap, 64);
    _tile_loadd (2, c + 2 * g->c_tap, 64);
    if (two_b) {
      _tile_loadd (3, c + 256, 64);
      _tile_loadd (4, c + g->c_tap + 256, 64);
      _tile_loadd (5, c + 2 * g->c_tap + 256, 64);
    }
  }
  for (int k = 0; k < g->n_k; k++, a += 32, b += 512) {
    _tile_loadd (6, a, stride);
    _tile_loadd (7, b, 64);
    _tile_dpbf16ps (0, 6, 7);
    _tile_loadd (6, a + 1, stride);
    _tile_dpbf16ps (1, 6, 7);
    _tile_loadd (6, a + 2, stride);
    _tile_dpbf16ps (2, 6, 7);
    if (two_b) {
      _tile_loadd (7, b + g->b_block, 64);
      _tile_dpbf16ps (5, 6, 7);
      _tile_loadd (6, a + 1, stride);
      _tile_dpbf16ps (4, 6, 7);
      _tile_loadd (6, a, stride);
      _tile_dpbf16ps (3, 6, 7);
    }
  }
  _tile_stored (0, c, 64);
  _tile_stored (1, c + g->c_tap, 64);
  _tile_stored (2, c + 2 * g->c_tap, 64);
  if (two_b) {
    _tile_stored (3, c + 256, 64);
    _tile_stored (4, c + g->c_tap + 256, 64);
    _tile_stored (5, c + 2 * g->c_tap + 256, 64);
  }
}

static void
grad_three_taps (const AeTileGrad *g, int tap)
{
  for (int in = 0; in < g->n_in; in++)
    for (int block = 0; block < g->n_blocks; block += 2) {
      const AeBf16 *a = g->a + tap + (size_t) in * 16 * g->a_plane;
      const AeBf16 *b = g->b + block * g->b_block;
      float *c = g->c + tap * g->c_tap + in * g->c_in + block * 256;
      if (block + 1 < g->n_blocks)
        grad_taps (g, a, b, c, true);
      else
        grad_taps (g, a, b, c, false);
    }
}

static void
grad_one_tap (const AeTileGrad *g, int tap)
{
  for (int in = 0; in < g->n_in; in += 2)
    for (int block = 0; block < g->n_blocks; block += 2) {
      const AeBf16 *a = g->a + tap + (size_t) in * 16 * g->a_plane;
      const AeBf16 *b = g->b + block * g->b_block;
      float *c = g->c + tap * g->c_tap + in * g->c_in + block * 256;
      bool two_a = in + 1 < g->n_in, two_b = block + 1 < g->n_blocks;
      if (two_a && two_b)
        grad_tiles (g, a, b, c, true, true);
      else if (two_a)
        grad_tiles (g, a, b, c, true, false);
      else if (two_b)
        grad_tiles (g, a, b, c, false, true);
      else
        grad_tiles (g, a, b, c, false, false);
    }
}

static void
grad (const AeTileGrad *g)
{
  int tap = 0;
  for (; tap + 3 <= g->n_taps; tap += 3)
    grad_three_taps (g, tap);
  for (; tap < g->n_taps; tap++)
    grad_one_tap (g, tap);
}

static inline __m256i
narrow (__m512 x)
{
  return (__m256i) _mm512_cvtneps_pbh (x);
}

static void
to_pixels (const float *from, size_t px, int n, int lanes, AeBf16 *to,
    size_t to_px)
{
  if (lanes == 16) {
    for (int i = 0; i < n; i++)
      _mm256_storeu_si256 ((__m256i *) (to + i * to_px),
          narrow (_mm512_loadu_ps (from + i * px)));
    return;
  }
  __mmask16 mask = (__mmask16) ((1u << lanes) - 1);
  for (int i = 0; i < n; i++)
    _mm256_mask_storeu_epi16 (
        to + i * to_px, mask, narrow (_mm512_loadu_ps (from + i * px)));
}

/* Two pixels of one block as pairs. */
static inline __m512i
pair (__m512 even, __m512 odd)
{
  const __m512i order = _mm512_set_epi16 (31, 15, 30, 14, 29, 13, 28, 12, 27,
      11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17,
      1, 16, 0);
  return _mm512_permutexvar_epi16 (
      order, (__m512i) _mm512_cvtne2ps_pbh (odd, even));
}

static void
to_pairs (const float *from, size_t px, int n, AeBf16 *to)
{
  int i = 0;
  for (; i + 2 <= n; i += 2)
    _mm512_storeu_si512 (to + i * 16,
        pair (_mm512_loadu_ps (from + i * px),
            _mm512_loadu_ps (from + (i + 1) * px)));
  if (i < n)
    _mm512_storeu_si512 (to + i * 16,
        pair (_mm512_loadu_ps (from + i * px), _mm512_setzero_ps ()));
}

/* 16 pixels of up to 8 planes; only those of `mask` are read. Pixel 4 l + k is
 * the l-th quarter of pixels[k]. */
static inline void
load_planes (const float *from, size_t plane, int channels, __mmask16 mask,
    __m512i pixels[4])
{
  __m512i r[4], t[4];
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) {
    __m512 even = _mm512_setzero_ps (), odd = even;
    if (2 * i < channels)
      even = _mm512_maskz_loadu_ps (mask, from + 2 * i * plane);
    if (2 * i + 1 < channels)
      odd = _mm512_maskz_loadu_ps (mask, from + (2 * i + 1) * plane);
    r[i] = pair (even, odd);
  }
  for (int i = 0; i < 4; i += 2) {
    t[i] = _mm512_unpacklo_epi32 (r[i], r[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32 (r[i], r[i + 1]);
  }
  for (int i = 0; i < 2; i++) {
    pixels[2 * i] = _mm512_unpacklo_epi64 (t[i], t[i + 2]);
    pixels[2 * i + 1] = _mm512_unpackhi_epi64 (t[i], t[i + 2]);
  }
}

/* Where the next pixel goes. */
typedef struct {
  AeBf16 *to;
  int channels, step, left; /* until the next gap */
  size_t gap;
} PixelRun;

static inline void
store_pixel (PixelRun *run, __mmask8 mask, __m128i pixel)
{
  _mm_mask_storeu_epi16 (run->to, mask, pixel);
  run->to += run->channels;
  if (--run->left == 0) {
    run->to += run->gap;
    run->left = run->step;
  }
}

/* Up to 8 of the planes. */
static void
eight_planes_to_pixels (const float *from, size_t plane, int channels, int n,
    PixelRun run)
{
  __mmask8 lanes = (__mmask8) ((1u << channels) - 1);
  __m512i p[4];
  for (int i = 0; i < n; i += 16) {
    int count = n - i < 16 ? n - i : 16;
    load_planes (
        from + i, plane, channels, (__mmask16) ((1u << count) - 1), p);
#pragma GCC unroll 16
    for (int k = 0; k < 16; k++) {
      if (k == count)
        break;
      __m512i at = p[k % 4];
      store_pixel (&run, lanes,
          k < 4    ? _mm512_castsi512_si128 (at)
          : k < 8  ? _mm512_extracti32x4_epi32 (at, 1)
          : k < 12 ? _mm512_extracti32x4_epi32 (at, 2)
                   : _mm512_extracti32x4_epi32 (at, 3));
    }
  }
}

static void
planes_to_pixels (const float *from, size_t plane, int channels, int n,
    int step, AeBf16 *to, size_t to_px)
{
  PixelRun run = { .to = to,
    .channels = channels,
    .step = step,
    .left = step,
    .gap = to_px - (size_t) (step * channels) };
  for (int l = 0; l < channels; l += 8, run.to += 8)
    eight_planes_to_pixels (from + (size_t) l * plane, plane,
        channels - l < 8 ? channels - l : 8, n, run);
}

/* Rows and columns of 16 x 16 values of 32 bits change places. */
static inline void
transpose (__m512i r[16])
{
  __m512i t[16];
  for (int i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_epi32 (r[i], r[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32 (r[i], r[i + 1]);
  }
  for (int i = 0; i < 16; i += 4)
    for (int k = 0; k < 2; k++) {
      r[i + 2 * k] = _mm512_unpacklo_epi64 (t[i + k], t[i + k + 2]);
      r[i + 2 * k + 1] = _mm512_unpackhi_epi64 (t[i + k], t[i + k + 2]);
    }
  for (int i = 0; i < 16; i += 8)
    for (int k = 0; k < 4; k++) {
      t[i + k] = _mm512_shuffle_i32x4 (r[i + k], r[i + k + 4], 0x88);
      t[i + k + 4] = _mm512_shuffle_i32x4 (r[i + k], r[i + k + 4], 0xdd);
    }
  for (int k = 0; k < 8; k++) {
    r[k] = _mm512_shuffle_i32x4 (t[k], t[k + 8], 0x88);
    r[k + 8] = _mm512_shuffle_i32x4 (t[k], t[k + 8], 0xdd);
  }
}

/* Up to 32 pixels of one block to planes. */
static inline void
to_planes_32 (const float *from, size_t px, int n, int lanes, AeBf16 *to,
    size_t plane)
{
  __m512i r[16];
#pragma GCC unroll 16
  for (int i = 0; i < 16; i++) {
    const float *at = from + 2 * i * px;
    __m512 even = _mm512_setzero_ps (), odd = even;
    if (2 * i < n)
      even = _mm512_loadu_ps (at);
    if (2 * i + 1 < n)
      odd = _mm512_loadu_ps (at + px);
    r[i] = pair (even, odd);
  }
  transpose (r);
  __mmask32 mask = n < 32 ? (__mmask32) ((1u << n) - 1) : ~(__mmask32) 0;
#pragma GCC unroll 16
  for (int l = 0; l < 16; l++)
    if (l < lanes)
      _mm512_mask_storeu_epi16 (to + l * plane, mask, r[l]);
}

static void
to_planes (const float *from, size_t px, int n, int lanes, AeBf16 *to,
    size_t plane)
{
  int i = 0;
  for (; i + 32 <= n; i += 32)
    to_planes_32 (from + i * px, px, 32, lanes, to + i, plane);
  if (i < n)
    to_planes_32 (from + i * px, px, n - i, lanes, to + i, plane);
}

/* Does the slope below zero make a difference? */
static inline bool
is_sloped (const AeClamp *clamp)
{
  return clamp->lo < 0 && clamp->slope != 1;
}

static inline __m512
clamp_vec (__m512 y, const AeClamp *clamp)
{
  __mmask16 below = _mm512_cmp_ps_mask (y, _mm512_setzero_ps (), _CMP_LT_OQ);
  y = _mm512_mask_mul_ps (y, below, y, _mm512_set1_ps (clamp->slope));
  /* a NaN in the second place stays */
  y = _mm512_max_ps (_mm512_set1_ps (clamp->lo), y);
  return _mm512_min_ps (_mm512_set1_ps (clamp->hi), y);
}

static void
finish (const float *c, int n, const float *bias, const float *residual,
    const AeClamp *clamp, size_t px, float *dst)
{
  __m512 add = _mm512_loadu_ps (bias);
  for (int i = 0; i < n; i++) {
    __m512 y = _mm512_add_ps (_mm512_loadu_ps (c + i * 16), add);
    if (residual)
      y = _mm512_add_ps (y, _mm512_loadu_ps (residual + i * px));
    if (clamp)
      y = clamp_vec (y, clamp);
    _mm512_storeu_ps (dst + i * px, y);
  }
}

static inline __m512
widen (__m256i x)
{
  return (__m512) _mm512_slli_epi32 (_mm512_cvtepu16_epi32 (x), 16);
}

/* `whole`: all 16 lanes; it and `sloped` are constants where this is inlined.
 * Without a slope, lo and hi do. */
static inline __attribute__ ((always_inline)) void
finish_each (const float *c, int n, __mmask16 mask, const float *bias,
    const AeBf16 *residual, const AeClamp *clamp, size_t px, AeBf16 *dst,
    bool whole, bool sloped)
{
  __m512 add = _mm512_loadu_ps (bias);
  __m512 lo = _mm512_set1_ps (clamp->lo), hi = _mm512_set1_ps (clamp->hi);
  for (int i = 0; i < n; i++) {
    __m512 y = _mm512_add_ps (_mm512_loadu_ps (c + i * 16), add);
    if (residual && whole)
      y = _mm512_add_ps (
          y, widen (_mm256_loadu_si256 ((void *) (residual + i * px))));
    else if (residual)
      y = _mm512_add_ps (
          y, widen (_mm256_maskz_loadu_epi16 (mask, residual + i * px)));
    if (sloped)
      y = clamp_vec (y, clamp);
    else
      y = _mm512_min_ps (hi, _mm512_max_ps (lo, y));
    if (whole)
      _mm256_storeu_si256 ((void *) (dst + i * px), narrow (y));
    else
      _mm256_mask_storeu_epi16 (dst + i * px, mask, narrow (y));
  }
}

static void
finish_pixels (const float *c, int n, int lanes, const float *bias,
    const AeBf16 *residual, const AeClamp *clamp, size_t px, AeBf16 *dst)
{
  static const AeClamp none = { 1, -INFINITY, INFINITY };
  __mmask16 mask = (__mmask16) ((1u << lanes) - 1);
  clamp = clamp ? clamp : &none;
  if (is_sloped (clamp))
    finish_each (
        c, n, mask, bias, residual, clamp, px, dst, lanes == 16, true);
  else if (lanes < 16)
    finish_each (c, n, mask, bias, residual, clamp, px, dst, false, false);
  else if (residual)
    finish_each (c, n, mask, bias, residual, clamp, px, dst, true, false);
  else
    finish_each (c, n, mask, bias, NULL, clamp, px, dst, true, false);
}

/* Up to 16 pixels. */
static inline void
finish_planes_16 (const float *c, int n, int lanes, const float *bias,
    const float *residual, const AeClamp *clamp, size_t plane, float *dst)
{
  __m512i r[16];
  __mmask16 mask = (__mmask16) ((1u << n) - 1);
  for (int i = 0; i < 16; i++)
    r[i] = i < n ? _mm512_loadu_si512 (c + i * 16) : _mm512_setzero_si512 ();
  transpose (r);
  for (int l = 0; l < lanes; l++) {
    __m512 y = _mm512_add_ps ((__m512) r[l], _mm512_set1_ps (bias[l]));
    if (residual)
      y = _mm512_add_ps (
          y, _mm512_maskz_loadu_ps (mask, residual + l * plane));
    if (clamp)
      y = clamp_vec (y, clamp);
    _mm512_mask_storeu_ps (dst + l * plane, mask, y);
  }
}

static void
finish_planes (const float *c, int n, int lanes, const float *bias,
    const float *residual, const AeClamp *clamp, size_t plane, float *dst)
{
  for (int i = 0; i < n; i += 16)
    finish_planes_16 (c + i * 16, n - i < 16 ? n - i : 16, lanes, bias,
        residual ? residual + i : NULL, clamp, plane, dst + i);
}

const AeMatrixKernels ae_matrix_amx = {
  .begin = begin,
  .end = end,
  .gemm = gemm,
  .grad = grad,
  .to_pixels = to_pixels,
  .planes_to_pixels = planes_to_pixels,
  .to_planes = to_planes,
  .to_pairs = to_pairs,
  .finish = finish,
  .finish_pixels = finish_pixels,
  .finish_planes = finish_planes,
};
