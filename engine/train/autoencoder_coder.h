/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_AUTOENCODER_CODER_H
#define AE_TRAIN_AUTOENCODER_CODER_H

/* The two networks of an autoencoder, as parts of a graph that is written: from
 * a picture to its code, and from a code to the picture.
 *
 * Sources: see train/autoencoder_nets.h. */

#include "graph/build.h"
#include "train/schema.h"
#include "train/thumbnail.h"

typedef enum {
  AE_CODER_LINEAR, /* one matrix each way */
  AE_CODER_DENSE,  /* widths: units of the layers between */
  AE_CODER_CONV,   /* widths: channels at a half, a quarter ... of the size */
  AE_CODER_FULLY_CONV /* the same without a layer of units: the code is `latent'
                         maps, of a picture of any size */
} AeCoderNet;

typedef enum {
  AE_CODE_PLAIN,
  AE_CODE_RECTIFIED,  /* what would be negative is 0 */
  AE_CODE_VARIATIONAL /* a normal distribution: mean and deviation */
} AeCodeKind;

typedef enum {
  AE_LIKELIHOOD_BERNOULLI, /* cross-entropy of values in 0..1 */
  AE_LIKELIHOOD_GAUSSIAN   /* squared error; of a variational code with one
                              variance for all, which is learned */
} AeLikelihood;

typedef struct {
  AeCoderNet net;
  AeCodeKind code;
  AeLikelihood likelihood;
  AeThumbnailSize size;
  int latent;  /* numbers of a code, or its maps */
  int classes; /* told to encoder and decoder; 0 = none */
  int widths[AE_KEY_MAX_LIST];
  size_t n_widths;
  int top_k; /* of a rectified code: so many of its numbers, the largest, are
                kept, of maps at each place; 0 = all */
} AeAutoencoderShape;

/* Errors: ARGUMENT (a size that the convolutions do not halve as often as they
 * should, or a code that there is none of here), LIMIT (too many weights). */
AeStatus ae_autoencoder_check (const AeAutoencoderShape *shape, AeError *err);

/* A graph that holds them. */
typedef struct {
  AeBuilder b;
  const AeAutoencoderShape *s;
  int classes; /* value, or -1 */
} AeCoder;

/* frame (N,channels,height,width) -> the code, or its mean; *log_variance of a
 * variational one, or -1. */
int ae_coder_encode (AeCoder *coder, int frame, int *log_variance);

/* The code as it is -> logits of the picture, or the picture. */
int ae_coder_decode (AeCoder *coder, int code);

/* Where codes come into the decoder: the name of a layer that was written. */
const char *ae_coder_entrance (const AeAutoencoderShape *shape, char name[32]);

/* Dimensions of `n` codes: (n,latent), or (n,latent,height,width) of maps. */
AeShape ae_coder_code_shape (const AeAutoencoderShape *shape, int n);

#endif
