/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_KERNELS_CONV_PLAIN_H
#define AE_KERNELS_CONV_PLAIN_H

/* Convolutions of plain tensors straight from the definition, for every form
 * there is: 1 to 3 dimensions, groups, strides, dilation, f32 and f64. The
 * reference for the fast forms, and what runs where none of them fits. */

#include "util/pool.h"

#include <stdbool.h>
#include <stddef.h>

/* From (n, ic, in...) to (n, oc, out...) with weights
 * (oc, ic / groups, kernel...); depth, height, width, leading 1s where there
 * are fewer dimensions. */
typedef struct {
  int n, groups, ic, oc;
  int in[3], out[3], kernel[3], stride[3], dilation[3], pad[3];
  bool f64;
  AePool *pool;
  int n_threads;
} AeConvPlain;

/* y = (or +=) conv (x, w) + bias; bias may be NULL. */
void ae_conv_plain (const AeConvPlain *c, const void *x, const void *w,
    const void *bias, bool add, void *y);

/* x = (or +=) the transposed convolution of y, + bias (of ic channels). */
void ae_conv_plain_transposed (const AeConvPlain *c, const void *y,
    const void *w, const void *bias, bool add, void *x);

/* dw = or +=. */
void ae_conv_plain_weights (const AeConvPlain *c, const void *x,
    const void *dy, bool add, void *dw);

/* db = or += sums of dy (n, channels, pixels). */
void ae_conv_plain_bias (const AeConvPlain *c, const void *dy, int channels,
    size_t pixels, bool add, void *db);

#endif
