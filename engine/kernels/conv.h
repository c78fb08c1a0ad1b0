/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_KERNELS_CONV_H
#define AE_KERNELS_CONV_H

/* 2-D convolutions of f32 images in the blocked layout: three
 * methods (Winograd's F(4x4,3x3) and F(6x6,3x3), products of bf16 matrices
 * where the kernels have them, and sums over taps), each forward, transposed
 * (which is the data gradient of a convolution and the forward of a transposed
 * one) and for the gradient of the weights. A plan is made once per shape;
 * weights are packed when they change; running allocates nothing. */

#include "kernels/kernels.h"
#include "kernels/rows.h"
#include "util/pool.h"

/* A convolution from (n, ic, ih, iw) to (n, oc, oh, ow) with weights
 * [oc][ic][kh][kw]: out (y, x) sums in (y * sh + i * dh - pt, ...). */
typedef struct {
  int n, ic, ih, iw, oc, oh, ow;
  int kh, kw, sh, sw, dh, dw;
  int pt, pl; /* zero rows above and columns left */
  int groups; /* 0 is 1; with more, weights are [oc][ic / groups][kh][kw] */
} AeConvGeo;

typedef enum {
  AE_CONV_FORWARD,    /* in -> out */
  AE_CONV_TRANSPOSED, /* out -> in, with the same weights */
  AE_CONV_WEIGHTS     /* in, out's gradient -> gradient of weights */
} AeConvKind;

typedef enum {
  AE_CONV_TAPS,     /* sums over kernel taps: every form */
  AE_CONV_WINOGRAD, /* F(4x4,3x3), F(6x6,3x3) */
  AE_CONV_MATRIX    /* products of bf16 matrices */
} AeConvMethod;

typedef struct {
  AeConvGeo geo;
  AeConvKind kind;
  AeConvMethod method;
  bool plain_src; /* the source is plain: at most 16 channels, or phases */
  bool plain_dst; /* the destination (and residual): not Winograd */
  /* AE_LAYOUT_PIXELS: the source; the destination and the residual. For
   * matrices alone, set by the caller once the method is known. */
  bool pixels_src, pixels_dst;
  /* From source to destination; for AE_CONV_WEIGHTS from in to out. */
  int src_c, src_h, src_w, src_blocks;
  int dst_c, dst_h, dst_w, dst_blocks;
  /* Winograd, matrices: strided forms as phases.h has it. */
  int in_step, out_step, pad_y, pad_x, taps_y, taps_x;
  int tile; /* Winograd: rows and columns of a tile, 4 or 6 */
  bool wide; /* Winograd: all tiles are one strip that the threads share */
  uint8_t missing[4]; /* Winograd: what a phase has no taps for */
  int tiles_y, tiles_x, strip; /* tile grid of an image, tiles per job */
  /* Taps, matrices: destination rows and columns per job, in units of a
   * phase. */
  int job_rows, job_cols, n_job_rows, n_job_cols;
  int job_blocks; /* taps: blocks of outputs per job */
  int band; /* taps with groups: blocks of the source that one of outputs may
               depend on; 0: all */
  bool depthwise; /* taps: every channel depends on itself alone */
  int job_images; /* matrices, gradient of weights: whole images per job */
  size_t n_jobs;
  size_t packed;    /* floats: bias, then weights */
  size_t work;      /* floats per thread */
  size_t partial;   /* floats of one accumulator (AE_CONV_WEIGHTS), or of
                       scratch that the threads share */
  int n_partial;
} AeConvPlan;

/* False when no fast form fits (the caller has plain ones). */
bool ae_conv_plan (AeConvPlan *plan, const AeConvGeo *geo, AeConvKind kind,
    bool plain_src, const AeKernels *kernels);

/* The same for a plain destination of at most AE_MAX_DOTS channels, from whole
 * blocks of channels; not for AE_CONV_WEIGHTS. */
#define AE_MAX_DOTS 6
bool ae_conv_plan_plain_dst (AeConvPlan *plan, const AeConvGeo *geo,
    AeConvKind kind, const AeKernels *kernels);

/* Bytes of work for a run with n_threads. */
size_t ae_conv_work_size (const AeConvPlan *plan, int n_threads);

/* Floats of work for rows of one image (ae_conv_run_rows). */
static inline size_t
ae_conv_rows_floats (const AeConvPlan *plan)
{
  return plan->work + plan->partial;
}

typedef struct {
  const AeKernels *kernels;
  AePool *pool;
  int n_threads;
  float *work; /* 64-aligned */
} AeConvRun;

/* Fills plan->packed floats. bias may be NULL. */
void ae_conv_pack (const AeConvPlan *plan, const AeConvRun *run,
    const float *weights, const float *bias, float *packed);

/* dst = clamp (conv (src) + bias + residual). residual (layout of dst, may be
 * dst itself) and clamp may be NULL. */
void ae_conv_run (const AeConvPlan *plan, const AeConvRun *run,
    const float *src, const float *packed, const float *residual,
    const AeClamp *clamp, float *dst);

/* What a convolution reads and writes. */
typedef struct {
  AeRowBuffer src, dst;
  AeRowBuffer residual; /* layout of dst; data NULL: none */
  const float *packed;
  const AeClamp *clamp; /* or NULL */
} AeConvEnds;

/* Which rows of the source the destination rows *dst depend on; *dst is
 * widened to what is made at once. The source rows are those that exist, maybe
 * none. */
void ae_conv_reach (const AeConvPlan *plan, AeRows *dst, AeRows *src);

/* Makes some rows of one image, widened by ae_conv_reach, in the calling
 * thread with the first thread's work: the same bits as ae_conv_run. */
void ae_conv_run_rows (const AeConvPlan *plan, const AeConvRun *run,
    const AeConvEnds *ends, AeRows rows);

/* dw[oc][ic][kh][kw] = or += sum over images and pixels. */
void ae_conv_run_weights (const AeConvPlan *plan, const AeConvRun *run,
    const float *in, const float *dout, bool add, float *dw);

/* db[channels] = or += sums of a blocked (n, channels, h, w). `work` of the
 * run holds at least ae_bias_grad_work () bytes. */
size_t ae_bias_grad_work (int n, int channels, int h);
void ae_bias_grad (const AeConvRun *run, const float *dout, int n,
    int channels, int h, int w, bool add, float *db);

/* Layout of a whole f32 tensor (n, c, h, w). add: += instead of =. */
void ae_to_blocked (const AeConvRun *run, const float *plain, int n, int c,
    int h, int w, bool add, float *blocked);
void ae_to_plain (const AeConvRun *run, const float *blocked, int n, int c,
    int h, int w, bool add, float *plain);

/* What a job makes: rows and columns of every phase of one image. */
typedef struct {
  int image, y, x, rows, cols;
} AeConvArea;

/* Of the job `index` where a phase has h rows and w columns. */
AeConvArea ae_conv_area (
    const AeConvPlan *plan, int h, int w, size_t index);

/* The methods behind the functions above. */
bool ae_winograd_plan (AeConvPlan *plan, const AeKernels *kernels);
void ae_winograd_pack (const AeConvPlan *plan, const AeConvRun *run,
    const float *weights, float *u);
void ae_winograd_run (const AeConvPlan *plan, const AeConvRun *run,
    const AeConvEnds *ends);
void ae_winograd_reach (const AeConvPlan *plan, AeRows *dst, AeRows *src);
void ae_winograd_run_rows (const AeConvPlan *plan, const AeConvRun *run,
    const AeConvEnds *ends, AeRows rows);
void ae_winograd_weights (const AeConvPlan *plan, const AeConvRun *run,
    const AeConvEnds *ends, bool add, float *dw);
bool ae_matrix_plan (AeConvPlan *plan, const AeKernels *kernels);
void ae_matrix_pack (const AeConvPlan *plan, const AeConvRun *run,
    const float *weights, float *packed);
void ae_matrix_run (const AeConvPlan *plan, const AeConvRun *run,
    const AeConvEnds *ends);
void ae_matrix_reach (const AeConvPlan *plan, AeRows *dst, AeRows *src);
void ae_matrix_run_rows (const AeConvPlan *plan, const AeConvRun *run,
    const AeConvEnds *ends, AeRows rows);
void ae_matrix_weights (const AeConvPlan *plan, const AeConvRun *run,
    const AeConvEnds *ends, bool add, float *dw);
bool ae_taps_plan (AeConvPlan *plan, const AeKernels *kernels);
void ae_taps_pack (const AeConvPlan *plan, const AeConvRun *run,
    const float *weights, float *packed);
void ae_taps_run (const AeConvPlan *plan, const AeConvRun *run,
    const AeConvEnds *ends);
void ae_taps_reach (const AeConvPlan *plan, AeRows *dst, AeRows *src);
void ae_taps_run_rows (const AeConvPlan *plan, const AeConvRun *run,
    const AeConvEnds *ends, AeRows rows);
void ae_taps_weights (const AeConvPlan *plan, const AeConvRun *run,
    const AeConvEnds *ends, bool add, float *dw);

static inline int
ae_blocks (int channels)
{
  return (channels + AE_BLOCK - 1) / AE_BLOCK;
}

static inline int
ae_last_block (int channels)
{
  return channels - (ae_blocks (channels) - 1) * AE_BLOCK;
}

#endif
