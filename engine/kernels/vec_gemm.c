/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The register-tiled matrix products: NV vectors of outputs by P pixels are
 * kept in registers, one output vector of B and one broadcast element of A are
 * loaded per step. Compiled once per instruction set. */
#include "kernels/vec.h"

/* Pixels that fit beside NV vectors: 32 registers with AVX-512, 16 below. */
#if VL == 16
#define MAX_NV 4
static const int max_px[MAX_NV + 1] = { 0, 14, 12, 8, 6 };
#elif VL == 8
#define MAX_NV 2
static const int max_px[MAX_NV + 1] = { 0, 6, 6 };
#else
#define MAX_NV 2
static const int max_px[MAX_NV + 1] = { 0, 5, 5 };
#endif

#define MAX_ACC 24

/* All residuals are read before anything is written: rows are often multiples
 * of 4096 bytes, and reads wait for writes whose low 12 address bits are the
 * same. */
INLINE void
finish (const AeTapGemm *g, vf *acc, int v0, int p0, int NV, int P)
{
  size_t at[MAX_NV];
#pragma GCC unroll 8
  for (int v = 0; v < NV; v++)
    at[v] = (size_t) ((v0 + v) / VPB) * g->c_block + (v0 + v) % VPB * VL
        + p0 * g->c_px;
  if (g->bias)
#pragma GCC unroll 64
    for (int i = 0; i < NV * P; i++)
      acc[i] += load (g->bias + (v0 + i % NV) * VL);
  if (g->residual)
#pragma GCC unroll 64
    for (int i = 0; i < NV * P; i++)
      acc[i] += load (g->residual + at[i % NV] + i / NV * g->c_px);
  if (g->clamp)
#pragma GCC unroll 64
    for (int i = 0; i < NV * P; i++)
      acc[i] = clamp_vec (acc[i], g->clamp);
#pragma GCC unroll 64
  for (int i = 0; i < NV * P; i++)
    store (g->c + at[i % NV] + i / NV * g->c_px, acc[i]);
}

/* What comes from outside the caches at the end of a tile is asked for at its
 * start. */
INLINE void
fetch (const AeTapGemm *g, int v0, int p0, int NV, int P)
{
  if (!g->residual)
    return;
  for (int v = 0; v < NV; v++) {
    size_t at = (size_t) ((v0 + v) / VPB) * g->c_block
        + (v0 + v) % VPB * VL + p0 * g->c_px;
    for (int p = 0; p < P; p++) {
      __builtin_prefetch (g->residual + at + p * g->c_px);
      __builtin_prefetch (g->c + at + p * g->c_px, 1);
    }
  }
}

/* Outputs from vector v0 on, pixels from p0 on. `px` is a_px: a constant 16
 * in most calls, so that pixels become address offsets. */
INLINE void
tile (const AeTapGemm *g, size_t px, int v0, int p0, int NV, int P)
{
  vf acc[MAX_ACC];
#pragma GCC unroll 64
  for (int i = 0; i < NV * P; i++)
    acc[i] = (vf){ 0 };
  fetch (g, v0, p0, NV, P);
  const float *a0 = g->a + (size_t) p0 * px;
  const float *b = g->b + v0 / VPB * g->b_block + v0 % VPB * VL;
  for (int y = 0; y < g->n_y; y++)
    for (int x = 0; x < g->n_x; x++) {
      const float *a = a0 + g->tap_y[y] + g->tap_x[x];
      for (int block = 0; block < g->n_k; block++, a += g->a_block) {
        int n = block + 1 < g->n_k ? 16 : g->k_last;
        for (int k = 0; k < n; k++, b += 16) {
          vf bv[MAX_NV];
#pragma GCC unroll 8
          for (int v = 0; v < NV; v++)
            bv[v] = load (b + v / VPB * g->b_block + v % VPB * VL);
#pragma GCC unroll 16
          for (int p = 0; p < P; p++) {
            vf av = splat (a[p * px + k]);
#pragma GCC unroll 8
            for (int v = 0; v < NV; v++)
              acc[p * NV + v] += av * bv[v];
          }
        }
      }
    }
  finish (g, acc, v0, p0, NV, P);
}

typedef void (*TileFn) (const AeTapGemm *g, int v0, int p0);

/* One function per tile size; 16 or, stride 2, 32 floats between pixels, or any
 * number. */
#define TILE(nv, p) \
  static void tile_##nv##_##p (const AeTapGemm *g, int v0, int p0) \
  { \
    if (g->a_px == 16) \
      tile (g, 16, v0, p0, nv, p); \
    else if (g->a_px == 32) \
      tile (g, 32, v0, p0, nv, p); \
    else \
      tile (g, g->a_px, v0, p0, nv, p); \
  }
#define TILES_5(nv) TILE (nv, 1) TILE (nv, 2) TILE (nv, 3) TILE (nv, 4) TILE (nv, 5)
#define TILES_6(nv) TILES_5 (nv) TILE (nv, 6)
#define TILES_8(nv) TILES_6 (nv) TILE (nv, 7) TILE (nv, 8)
#define TILES_12(nv) \
  TILES_8 (nv) TILE (nv, 9) TILE (nv, 10) TILE (nv, 11) TILE (nv, 12)
#define NAMES_5(nv) \
  NULL, tile_##nv##_1, tile_##nv##_2, tile_##nv##_3, tile_##nv##_4, tile_##nv##_5
#define NAMES_6(nv) NAMES_5 (nv), tile_##nv##_6
#define NAMES_8(nv) NAMES_6 (nv), tile_##nv##_7, tile_##nv##_8
#define NAMES_12(nv) \
  NAMES_8 (nv), tile_##nv##_9, tile_##nv##_10, tile_##nv##_11, tile_##nv##_12

#if VL == 16
TILES_12 (1) TILE (1, 13) TILE (1, 14) TILES_12 (2) TILES_8 (3) TILES_6 (4)
static const TileFn tiles[MAX_NV + 1][15] = { { NULL },
  { NAMES_12 (1), tile_1_13, tile_1_14 }, { NAMES_12 (2) }, { NAMES_8 (3) },
  { NAMES_6 (4) } };
#elif VL == 8
TILES_6 (2)
static const TileFn tiles[MAX_NV + 1][7] = { { NULL }, { NULL },
  { NAMES_6 (2) } };
#else
TILES_5 (2)
static const TileFn tiles[MAX_NV + 1][6] = { { NULL }, { NULL },
  { NAMES_5 (2) } };
#endif

/* Vectors to take next of `left`: 4, or 3 where that leaves no single one.
 * Below 16 lanes a block is at least two vectors, always taken in pairs. */
INLINE int
next_vectors (int left)
{
  if (VL < 16)
    return 2;
  if (left <= 4)
    return left;
  return left == 5 || left == 6 || left == 9 ? 3 : 4;
}

int
FN (gemm_px) (int n_blocks)
{
  return max_px[next_vectors (n_blocks * VPB)];
}

void
FN (gemm) (const AeTapGemm *g)
{
  int n_v = g->n_blocks * VPB;
  for (int v = 0, nv; v < n_v; v += nv) {
    nv = next_vectors (n_v - v);
    /* Tiles as even as possible instead of a small last one. */
    int n_tiles = (g->n_px + max_px[nv] - 1) / max_px[nv];
    for (int i = 0, p = 0; i < n_tiles; i++) {
      int left = n_tiles - i;
      int np = (g->n_px - p + left - 1) / left;
      tiles[nv][np](g, v, p);
      p += np;
    }
  }
}

INLINE void
grad_tile (const AePixelGemm *g, int v0, int i0, int NV, int N)
{
  vf acc[MAX_ACC];
  float *c0 = g->c + v0 / VPB * g->c_block + v0 % VPB * VL + i0 * 16;
#pragma GCC unroll 16
  for (int i = 0; i < N; i++)
#pragma GCC unroll 8
    for (int v = 0; v < NV; v++)
      acc[i * NV + v]
          = load (c0 + v / VPB * g->c_block + v % VPB * VL + i * 16);
  const float *a_row = g->a + i0;
  const float *b_row = g->b + v0 / VPB * g->b_block + v0 % VPB * VL;
  for (int row = 0; row < g->n_rows; row++) {
    const float *a = a_row, *b = b_row;
    for (int k = 0; k < g->n_k; k++, a += g->a_k, b += 16) {
      vf bv[MAX_NV];
#pragma GCC unroll 8
      for (int v = 0; v < NV; v++)
        bv[v] = load (b + v / VPB * g->b_block + v % VPB * VL);
#pragma GCC unroll 16
      for (int i = 0; i < N; i++) {
        vf av = splat (a[i]);
#pragma GCC unroll 8
        for (int v = 0; v < NV; v++)
          acc[i * NV + v] += av * bv[v];
      }
    }
    a_row += g->a_row;
    b_row += g->b_row;
  }
#pragma GCC unroll 16
  for (int i = 0; i < N; i++)
#pragma GCC unroll 8
    for (int v = 0; v < NV; v++)
      store (c0 + v / VPB * g->c_block + v % VPB * VL + i * 16,
          acc[i * NV + v]);
}

typedef void (*GradFn) (const AePixelGemm *g, int v0, int i0);

#undef TILE
#define TILE(nv, p) \
  static void grad_##nv##_##p (const AePixelGemm *g, int v0, int i0) \
  { \
    grad_tile (g, v0, i0, nv, p); \
  }
#define GRADS_5(nv) \
  NULL, grad_##nv##_1, grad_##nv##_2, grad_##nv##_3, grad_##nv##_4, grad_##nv##_5
#define GRADS_6(nv) GRADS_5 (nv), grad_##nv##_6
#define GRADS_8(nv) GRADS_6 (nv), grad_##nv##_7, grad_##nv##_8

#if VL == 16
#define MAX_I 8
TILES_8 (1) TILES_8 (2) TILES_8 (3) TILES_6 (4)
static const GradFn grads[MAX_NV + 1][9] = { { NULL }, { GRADS_8 (1) },
  { GRADS_8 (2) }, { GRADS_8 (3) }, { GRADS_6 (4) } };
#elif VL == 8
#define MAX_I 6
TILES_6 (2)
static const GradFn grads[MAX_NV + 1][7] = { { NULL }, { NULL },
  { GRADS_6 (2) } };
#else
#define MAX_I 5
TILES_5 (2)
static const GradFn grads[MAX_NV + 1][6] = { { NULL }, { NULL },
  { GRADS_5 (2) } };
#endif

void
FN (grad_gemm) (const AePixelGemm *g)
{
  int n_v = g->n_blocks * VPB;
  for (int v = 0, nv; v < n_v; v += nv) {
    nv = next_vectors (n_v - v);
    int max_i = nv == 4 ? 6 : MAX_I;
    int n_tiles = (g->n_i + max_i - 1) / max_i;
    for (int t = 0, i = 0; t < n_tiles; t++) {
      int left = n_tiles - t;
      int ni = (g->n_i - i + left - 1) / left;
      grads[nv][ni](g, v, i);
      i += ni;
    }
  }
}
