/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_CONV_ENCODER_H
#define AE_TRAIN_CONV_ENCODER_H

/* The convolutions that autoencoders and classifiers begin with, so that one can
 * start from the weights of the other. */

#include "graph/build.h"
#include "train/thumbnail.h"

typedef struct {
  AeThumbnailSize size;
  const int *widths; /* channels at a half, a quarter, ... of the size */
  size_t n_widths;
} AeConvEncoder;

/* Edge of the kernels that halve or double a picture. */
#define AE_CONV_ENCODER_KERNEL 4

/* Errors: ARGUMENT (a size that is not halved as often as it should be); the
 * recipe's `section` is named. */
AeStatus ae_conv_encoder_check (
    const AeConvEncoder *encoder, const char *section, AeError *err);

/* Numbers of the last maps. */
size_t ae_conv_encoder_values (const AeConvEncoder *encoder);

/* x (N,channels,height,width) -> rectified maps of the last width, at
 * 1 / 2^n_widths of the size. Parameters: e.0.weight, e.0.bias, e.1.weight, ... */
int ae_build_conv_encoder (
    AeBuilder *b, int x, const AeConvEncoder *encoder);

#endif
