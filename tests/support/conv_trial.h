/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef CONV_TRIAL_H
#define CONV_TRIAL_H

/* Convolutions to try kernels on: shapes, and operands in every layout, in
 * memory with guards around it. */

#include "kernels/conv.h"
#include "kernels/conv_plain.h"
#include "util/rng.h"

typedef struct {
  int n, ic, h, w, oc, kh, kw, sh, sw, dh, dw, pt, pl, pb, pr;
  int groups; /* 0: 1 */
} AeTrialShape;

/* Chosen ones, then some made by chance, always the same. */
#define N_SHAPES (42 + 24)
AeTrialShape trial_shape (int i);

AeConvGeo trial_geometry (const AeTrialShape *s);
AeConvPlain trial_plain (const AeConvGeo *g);

typedef struct {
  int n, c, h, w;
} Dims;

size_t plain_count (Dims d);
Dims in_dims (const AeConvGeo *g);
Dims out_dims (const AeConvGeo *g);

/* Memory with 64 bytes in front and behind that must not change: trial_free
 * looks. */
void *trial_alloc (size_t bytes);
void trial_free (void *p);

float *random_floats (AeRng *rng, size_t n);

/* What a bf16 holds: products of them are exact in f32, so that kernels that
 * round to it have nothing to round. */
void round_floats (float *x, size_t n);
double *as_doubles (const float *x, size_t n);

/* Blocked, with large numbers in the lanes that mean nothing. */
float *as_blocked (const AeConvRun *run, const float *plain, Dims d);

/* To AE_LAYOUT_PIXELS, NaN where rows are padded; and back. */
float *as_pixels (const float *plain, Dims d);
void from_pixels (float *pixels, Dims d, float *plain);

#endif
