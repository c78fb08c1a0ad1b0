/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_KERNELS_KERNELS_H
#define AE_KERNELS_KERNELS_H

/* The inner loops of convolutions, as a table of functions per instruction
 * set. Everything here works on raw pointers in the blocked layout: a pixel is
 * 16 consecutive floats (the channels of one block), rows are
 * [block][column][16]. None allocates, none starts threads; strides and
 * offsets are in floats. How they are put together to convolutions, and how
 * work is cut into jobs, is level-independent code in winograd.c and taps.c. */

#include <ae/cpu.h>
#include <ae/types.h>

#include "kernels/flow.h"
#include "kernels/places.h"

#define AE_MAX_TAPS 32 /* largest kernel side of the fast convolutions */

/* y = min (max (x > 0 ? x : slope * x, lo), hi); a NaN stays a NaN. */
typedef struct {
  float slope, lo, hi;
} AeClamp;

/* C[p][o] = clamp (bias[o] + residual[p][o] + sum A[p][k] B[k][o]) where k runs
 * over n_y x n_x taps, blocks of 16 input channels and channels:
 *   A[p][k] = a[p * a_px + tap_y[y] + tap_x[x] + block * a_block + channel]
 * with 16 channels in every block but the last, which has k_last (of any
 * size when n_k is 1), and B consecutive in that order, [k][16] for each block
 * of 16 outputs. */
typedef struct {
  const float *a;
  size_t a_px, a_block;
  int n_y, n_x, n_k, k_last;
  const ptrdiff_t *tap_y, *tap_x;
  const float *b;
  size_t b_block; /* from one block of 16 outputs to the next */
  float *c;
  size_t c_block, c_px;
  int n_px, n_blocks;
  const float *bias;     /* 16 * n_blocks, or NULL */
  const float *residual; /* strides of c, or NULL */
  size_t residual_block; /* dots: its c_block */
  const AeClamp *clamp;  /* or NULL */
} AeTapGemm;

/* C[i][o] += sum over n_rows rows and n_k columns of A[row][k][i] B[row][k][o],
 *   A = a[row * a_row + k * a_k + i], B = b[row * b_row + k * 16 + o],
 *   C = c[i * 16 + o], for n_blocks blocks of 16 outputs: the gradient of
 * weights, where k are pixels. */
typedef struct {
  const float *a;
  size_t a_row, a_k;
  const float *b;
  size_t b_row, b_block;
  float *c;
  size_t c_block;
  int n_rows, n_k, n_i, n_blocks;
} AePixelGemm;

/* `n` neighbouring tiles of one channel block for the transforms of Winograd's
 * F(m x m, 3x3), m = 4 or 6. row[r] is column 0 of an image row (NULL = outside
 * the image); tile t starts at column x + m t; columns outside 0 .. width-1
 * read as zero and are not written. Transformed values:
 * freq[f * freq_stride + 16 t], f = (m + 2) * vertical + horizontal. */
#define AE_MAX_TILE 6
typedef struct {
  float *row[AE_MAX_TILE + 2];
  const float *residual[AE_MAX_TILE]; /* output transform; NULL = none */
  size_t px;
  int x, width, n;
  float *freq;
  size_t freq_stride;
  const float *bias;    /* output transform: 16, or NULL */
  const AeClamp *clamp; /* output transform: or NULL */
} AeTiles;

/* Bits of a bfloat16: the upper half of a float. */
typedef uint16_t AeBf16;

/* Products of bf16 matrices, summed in f32. Tiles are 16 pixels by 32 values
 * times 32 values by 16 outputs; a tile of the second kind lies as
 * [16][16][2]: pairs of values, outputs, the two of the pair.
 *
 * C[block][pixel][16] = sum over n_rows rows and n_k tiles of
 *   a[pixel * a_px + row * a_row + 32 * tile + value] B[value][output],
 * B = b[block * b_block + (row * n_k + tile) * 512 ..]. n_px is a multiple of
 * 16. */
typedef struct {
  const AeBf16 *a;
  size_t a_px, a_row;
  int n_rows, n_k;
  const AeBf16 *b;
  size_t b_block;
  float *c;
  size_t c_block;
  int n_px, n_blocks;
} AeTileGemm;

/* C[tap][in][block][16][16] = (first) or += sum over n_k tiles of 32 pixels of
 *   a[(16 * in + i) * a_plane + tap + pixel] b[block * b_block + pixel pairs],
 * for n_taps neighbouring taps, n_in blocks of 16 inputs and n_blocks of
 * outputs; c_tap, c_in floats from one tap, one block of inputs to the
 * next. */
typedef struct {
  const AeBf16 *a;
  size_t a_plane;
  const AeBf16 *b;
  size_t b_block;
  float *c;
  size_t c_tap, c_in;
  int n_k, n_taps, n_in, n_blocks;
  bool first;
} AeTileGrad;

typedef struct {
  /* Around the products of a job, in its thread. */
  void (*begin) (void);
  void (*end) (void);
  void (*gemm) (const AeTileGemm *g);
  void (*grad) (const AeTileGrad *g);
  /* n pixels of one block, `px` floats apart: their first `lanes` channels as
   * pixels of to_px values. */
  void (*to_pixels) (const float *from, size_t px, int n, int lanes, AeBf16 *to,
      size_t to_px);
  /* n pixels of `channels` <= 16 planes, which are `plane` floats apart: `step`
   * pixels follow each other without gaps, the next ones lie to_px values from
   * these. */
  void (*planes_to_pixels) (const float *from, size_t plane, int channels,
      int n, int step, AeBf16 *to, size_t to_px);
  /* Pixels of one block as to_pixels takes them to planes, which are n values
   * each. */
  void (*to_planes) (const float *from, size_t px, int n, int lanes, AeBf16 *to,
      size_t plane);
  /* The same, all 16 channels, as pairs of pixels: [n / 2][16][2]; behind an
   * odd last pixel follows a zero. */
  void (*to_pairs) (const float *from, size_t px, int n, AeBf16 *to);
  /* dst = clamp (c + bias + residual) of n pixels of one block; dst and
   * residual px floats apart. residual and clamp may be NULL. */
  void (*finish) (const float *c, int n, const float *bias,
      const float *residual, const AeClamp *clamp, size_t px, float *dst);
  /* The same in bf16 to the first `lanes` channels of pixels that are px
   * values apart, as are those of residual. */
  void (*finish_pixels) (const float *c, int n, int lanes, const float *bias,
      const AeBf16 *residual, const AeClamp *clamp, size_t px, AeBf16 *dst);
  /* The same to the planes of the first `lanes` channels, `plane` floats
   * apart, as are those of residual. */
  void (*finish_planes) (const float *c, int n, int lanes, const float *bias,
      const float *residual, const AeClamp *clamp, size_t plane, float *dst);
} AeMatrixKernels;

/* Lavin and Gray, "Fast algorithms for convolutional neural networks", 2016,
 * of one size m. */
typedef struct {
  int size; /* m */
  /* freq = B' row[0 .. m+1] B */
  void (*in) (const AeTiles *t);
  /* row[0 .. m-1] = A' freq A */
  void (*out) (const AeTiles *t);
  /* u[f * stride + lane] = G w G', w is [3][3][16] */
  void (*weights) (const float *w, float *u, size_t stride);
} AeTileKernels;

enum { AE_TILES_4, AE_TILES_6, AE_N_TILES };

/* A value of the codec's that is not 0, for its contexts: the row of weights
 * that belongs to it, and what that is multiplied by. */
typedef struct {
  uint16_t row;
  int16_t by[2]; /* its size, the value itself */
} AeRowEntry;

#define AE_MOST_SUMS 16

/* What is known of a place: of sizes, of values. */
typedef struct {
  uint32_t sizes[AE_MOST_SUMS], means[AE_MOST_SUMS];
} AePlaceSums;

/* An entry's rows of weights for nine places, `step` numbers apart, and the
 * places. */
#define AE_NINE 9
typedef struct {
  const int16_t *sizes, *means;
  size_t step;
  AePlaceSums *at[AE_NINE];
  int n; /* sums of a place, at most AE_MOST_SUMS */
} AePlaceRows;

#define AE_TRIANGLE_ROWS 32

/* What the choice between methods of convolution weighs, in multiply-adds of a
 * vector of 16 lanes: the transforms of Winograd's F(4x4,3x3) and F(6x6,3x3)
 * per pixel and block of channels. Measured (`aetool autotune`). */
typedef struct {
  double in[AE_N_TILES], out[AE_N_TILES];
} AeConvCosts;

typedef struct {
  AeCpuLevel level;
  const AeConvCosts *costs;
  const AeMatrixKernels *matrix; /* NULL: f32 only */
  const AeFlowKernels *flow;
  /* Multiples of this many pixels suit gemm best for n_blocks blocks. */
  int (*gemm_px) (int n_blocks);
  void (*gemm) (const AeTapGemm *g);
  /* The same sums for a few outputs that are written to planes: n_blocks of
   * them, c_block floats apart, whose pixels are c_px floats apart. b is
   * [output][tap][block][16] with b_block floats per output; every block has
   * 16 channels. */
  void (*dots) (const AeTapGemm *g);
  /* Every channel by itself: b is [output block][tap][16], n_k is 1 and `a` the
   * first block's. */
  void (*lanes) (const AeTapGemm *g);
  void (*grad_gemm) (const AePixelGemm *g);

  AeTileKernels tiles[AE_N_TILES];
  /* For the gradient of weights, m = 4: freq = A row[0..3] A', and the
   * transpose of the weights' transform, w = G' u G. */
  void (*tiles_out_grad) (const AeTiles *t);
  void (*tile_weights_grad) (const float *u, size_t stride, float *w);

  /* One image row of `channels` <= 16 planes to or from [width][16]; missing
   * channels become zeros. add: += instead of =. */
  void (*row_to_blocked) (const float *plain, size_t plane, int channels,
      int width, float *blocked, bool add);
  void (*row_to_plain) (const float *blocked, int channels, int width,
      float *plain, size_t plane, bool add);

  /* sum[16] += over n pixels of x[n][16]. */
  void (*sum_pixels) (const float *x, size_t n, float *sum);
  /* y += x, n floats. */
  void (*add) (const float *x, size_t n, float *y);
  /* x = clamp (x). */
  void (*clamp) (float *x, size_t n, const AeClamp *clamp);
  /* dx = dy times the clamp's slope where its result is y: 0 at lo and hi. */
  void (*clamp_grad) (const float *dy, const float *y, size_t n,
      const AeClamp *clamp, float *dx);

  /* sums[n] += row of weights * by[kind], for each entry; rows are `step` numbers
   * apart, n is at most AE_MOST_SUMS. What grows too large wraps. */
  void (*add_rows) (const AeRowEntry *entries, int n_entries, int kind,
      const int16_t *weights, size_t step, uint32_t *sums, int n);

  /* The same of one entry, both kinds, to the sums of nine places. */
  void (*add_nine) (const AeRowEntry *entry, const AePlaceRows *rows);

  /* |F x|^2 of each of AE_TRIANGLE_ROWS x of d values, which lie as
   * [value][x]; F is lower triangular, row by row without what is 0. */
  void (*triangle_squares) (
      const float *factor, const float *x, size_t d, float *squares);

  /* Rows of pixels, 16 bytes apart. */
  void (*move_pixels) (const AePixelMove *move, uint8_t *to);
  /* Coefficients [vertical][horizontal frequency] of a place, and back from
   * those times their steps, cut off by ae_cosine_cut. */
  void (*cosines_forward) (const AeCosineWeights *w,
      const AePlaceSamples *from, float to[AE_PLACE_ROWS][AE_PLACE_SIDE]);
  void (*cosines_inverse) (const AeCosineWeights *w,
      const int32_t from[AE_PLACE_ROWS][AE_PLACE_SIDE], AePlaceSamples *to);

  /* Runs `rounds` rounds of independent multiply-adds in registers; returns
   * how many multiply-adds that was. *sink keeps them alive. */
  double (*peak) (long rounds, float *sink);
} AeKernels;

/* The costs of each level, measured on the machines of costs.c. */
extern const AeConvCosts ae_conv_costs[AE_CPU_AMX + 1];

/* The table for ae_cpu_level (). bf16: with the matrix kernels where there
 * are some; without, all is f32. */
const AeKernels *ae_kernels (void);
const AeKernels *ae_kernels_for (bool bf16);

/* The table of one level; NULL where the machine cannot run it. */
const AeKernels *ae_kernels_at (AeCpuLevel level);

/* The C twin of the matrix kernels, and those of AMX. */
extern const AeMatrixKernels ae_matrix_scalar, ae_matrix_amx;

/* To the nearest, ties to even. NaN stays NaN. */
static inline AeBf16
ae_to_bf16 (float x)
{
  union {
    float f;
    uint32_t u;
  } bits = { x };
  if ((bits.u & 0x7fffffff) > 0x7f800000)
    return (AeBf16) (bits.u >> 16 | 0x40);
  return (AeBf16) ((bits.u + 0x7fff + (bits.u >> 16 & 1)) >> 16);
}

#endif
