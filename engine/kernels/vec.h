/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_KERNELS_VEC_H
#define AE_KERNELS_VEC_H

/* For the vec_*.c files, which are compiled once per instruction set: the
 * widest vector of the set, VL floats, through GCC's vector extensions. A
 * block of 16 channels is VPB vectors. Public names get the set's name. */

#include "kernels/kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
#define VL 16
#define LEVEL avx512
#define LEVEL_ENUM AE_CPU_AVX512
#elif defined(__AVX2__)
#define VL 8
#define LEVEL avx2
#define LEVEL_ENUM AE_CPU_AVX2
#else
#define VL 4
#define LEVEL base
#define LEVEL_ENUM AE_CPU_SSE2
#endif
#define VPB (16 / VL)

#define PASTE2(a, b) a##_##b
#define PASTE(a, b) PASTE2 (a, b)
#define FN(name) PASTE (ae_##name, LEVEL)
#define INLINE static inline __attribute__ ((always_inline))

/* Lanes of a and then b by their numbers, which are of the type `numbers`. */
#if defined(__clang__)
#define SHUFFLE(numbers, a, b, ...) __builtin_shufflevector (a, b, __VA_ARGS__)
#else
#define SHUFFLE(numbers, a, b, ...) \
  __builtin_shuffle (a, b, (numbers){ __VA_ARGS__ })
#endif

/* Loads and stores need no more than a float's alignment. */
typedef float vf __attribute__ ((vector_size (VL * 4), aligned (4), may_alias));
typedef int vi __attribute__ ((vector_size (VL * 4)));

INLINE vf
load (const float *p)
{
  return *(const vf *) p;
}

INLINE void
store (float *p, vf x)
{
  *(vf *) p = x;
}

INLINE vf
splat (float x)
{
  return x - (vf){ 0 };
}

/* The larger and the smaller; b where one is NaN, as x86 does. C has no
 * vector ?:, and GCC does not see the instruction behind masks. */
#if VL == 16
#define vmax(a, b) ((vf) _mm512_max_ps ((__m512) (a), (__m512) (b)))
#define vmin(a, b) ((vf) _mm512_min_ps ((__m512) (a), (__m512) (b)))
#elif VL == 8
#define vmax(a, b) ((vf) _mm256_max_ps ((__m256) (a), (__m256) (b)))
#define vmin(a, b) ((vf) _mm256_min_ps ((__m256) (a), (__m256) (b)))
#elif defined(__SSE2__)
#define vmax(a, b) ((vf) _mm_max_ps ((__m128) (a), (__m128) (b)))
#define vmin(a, b) ((vf) _mm_min_ps ((__m128) (a), (__m128) (b)))
#else
INLINE vf
choose (vi mask, vf a, vf b)
{
  return (vf) ((mask & (vi) a) | (~mask & (vi) b));
}
#define vmax(a, b) choose ((a) > (b), a, b)
#define vmin(a, b) choose ((a) < (b), a, b)
#endif

/* A NaN in x stays. */
INLINE vf
clamp_vec (vf x, const AeClamp *clamp)
{
  vf zero = { 0 };
  vf positive = vmax (zero, x), negative = vmin (zero, x);
  x = positive + negative * clamp->slope;
  x = vmax (splat (clamp->lo), x);
  return vmin (splat (clamp->hi), x);
}

extern const AeFlowKernels FN (flow);
int FN (gemm_px) (int n_blocks);
void FN (gemm) (const AeTapGemm *g);
void FN (dots) (const AeTapGemm *g);
void FN (lanes) (const AeTapGemm *g);
void FN (grad_gemm) (const AePixelGemm *g);
void FN (add_nine) (const AeRowEntry *entry, const AePlaceRows *rows);
void FN (add_rows) (const AeRowEntry *entries, int n_entries, int kind,
    const int16_t *weights, size_t step, uint32_t *sums, int n);
void FN (move_pixels) (const AePixelMove *m, uint8_t *to);
void FN (cosines_forward) (const AeCosineWeights *w, const AePlaceSamples *from,
    float to[AE_PLACE_ROWS][AE_PLACE_SIDE]);
void FN (cosines_inverse) (const AeCosineWeights *w,
    const int32_t from[AE_PLACE_ROWS][AE_PLACE_SIDE], AePlaceSamples *to);
void FN (triangle_squares) (
    const float *factor, const float *x, size_t d, float *squares);
void FN (tiles_in_4) (const AeTiles *t);
void FN (tiles_out_4) (const AeTiles *t);
void FN (tile_weights_4) (const float *w, float *u, size_t stride);
void FN (tiles_in_6) (const AeTiles *t);
void FN (tiles_out_6) (const AeTiles *t);
void FN (tile_weights_6) (const float *w, float *u, size_t stride);
void FN (tiles_out_grad) (const AeTiles *t);
void FN (tile_weights_grad) (const float *u, size_t stride, float *w);
void FN (row_to_blocked) (
    const float *plain, size_t plane, int channels, int width, float *blocked,
    bool add);
void FN (row_to_plain) (const float *blocked, int channels, int width,
    float *plain, size_t plane, bool add);

#endif
