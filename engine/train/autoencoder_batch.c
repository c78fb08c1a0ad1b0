/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/autoencoder_batch.h"

#include "tensor/tensor.h"

#include <string.h>

/* Values of an input, *n of them; NULL where there is none. */
static float *
input (const AeAutoencoderBatch *b, AeAutoencoderInput which, size_t *n)
{
  AeTensor *x = ae_autoencoder_learning_input (b->learning, which);
  *n = x ? ae_shape_count (&x->shape) : 0;
  return x ? x->data : NULL;
}

static size_t
n_pictures (const AeAutoencoderBatch *b)
{
  return (size_t) ae_autoencoder_learning_terms (b->learning)->batch;
}

static const AeThumbnailSize *
size_of (const AeAutoencoderBatch *b)
{
  return &ae_autoencoder_learning_shape (b->learning)->size;
}

static void
fill_normal (
    const AeAutoencoderBatch *b, AeAutoencoderInput which, AeRng *rng)
{
  size_t n;
  float *x = input (b, which, &n);
  for (size_t i = 0; i < n; i++)
    x[i] = ae_rng_normal (rng);
}

/* Black or white, white as often as the value says. */
static void
binarise (const AeAutoencoderBatch *b, AeRng *rng)
{
  size_t n;
  float *x = input (b, AE_AUTOENCODER_FRAME, &n);
  for (size_t i = 0; i < n; i++)
    x[i] = ae_rng_uniform (rng) < x[i] ? 1 : 0;
}

static void
fill_classes (const AeAutoencoderBatch *b)
{
  size_t n;
  float *x = input (b, AE_AUTOENCODER_CLASS, &n);
  int classes = ae_autoencoder_learning_shape (b->learning)->classes;
  if (!x)
    return;
  memset (x, 0, n * sizeof *x);
  for (size_t i = 0; i < n_pictures (b); i++)
    x[i * (size_t) classes + (size_t) b->labels[i]] = 1;
}

/* What the encoder sees instead: in training warped and noisy. */
static void
fill_noisy (const AeAutoencoderBatch *b, AeRng *rng, bool training)
{
  const AePictureWarp *warp = &b->changes->warp;
  const AeThumbnailSize *size = size_of (b);
  size_t n, one = ae_thumbnail_bytes (size);
  const float *frame = input (b, AE_AUTOENCODER_FRAME, &n);
  float *x = input (b, AE_AUTOENCODER_NOISY, &n);
  float noise = training ? (float) b->changes->noise : 0;
  bool warps = training && ae_picture_warp_does_something (warp);
  for (size_t at = 0; warps && at < n; at += one)
    ae_picture_warp (warp, size, rng, frame + at, x + at);
  for (size_t i = 0; i < n; i++)
    x[i] = (warps ? x[i] : frame[i])
        + (noise > 0 ? noise * ae_rng_normal (rng) : 0);
}

static void
fill_keep (const AeAutoencoderBatch *b, AeRng *rng, float dropped)
{
  size_t n;
  float *x = input (b, AE_AUTOENCODER_KEEP, &n);
  for (size_t i = 0; i < n; i++)
    x[i] = dropped > 0 && ae_rng_uniform (rng) < dropped ? 0
                                                         : 1 / (1 - dropped);
}

/* The rest of a batch whose pictures and labels are there. */
static void
fill_rest (const AeAutoencoderBatch *b, AeRng *rng, bool training)
{
  if (b->changes->binarise)
    binarise (b, rng);
  fill_classes (b);
  fill_noisy (b, rng, training);
  fill_normal (b, AE_AUTOENCODER_EPSILON, rng);
  fill_keep (b, rng, training ? (float) b->changes->code_dropout : 0);
  fill_normal (b, AE_AUTOENCODER_DIRECTION, rng);
  fill_normal (b, AE_AUTOENCODER_DRAWN, rng);
}

/* What the adversary is to take for real: normal codes; or the pictures of the
 * batch, and, where it judges twice as many, others. */
static void
fill_real (const AeAutoencoderBatch *b, AeRng *rng)
{
  AeTensor *real = ae_autoencoder_learning_real (b->learning);
  if (!real)
    return;
  float *x = real->data;
  size_t n, all = ae_shape_count (&real->shape);
  if (real->shape.rank == 2) {
    for (size_t i = 0; i < all; i++)
      x[i] = ae_rng_normal (rng);
    return;
  }
  const float *frames = input (b, AE_AUTOENCODER_FRAME, &n);
  memcpy (x, frames, n * sizeof *x);
  if (all > n)
    ae_picture_store_draw (b->store, rng, n_pictures (b), x + n, NULL);
}

bool
ae_autoencoder_batch_draw (const AeAutoencoderBatch *b, AeRng *rng)
{
  size_t n;
  if (!ae_picture_store_draw (b->store, rng, n_pictures (b),
          input (b, AE_AUTOENCODER_FRAME, &n), b->labels))
    return false;
  fill_rest (b, rng, true);
  fill_real (b, rng);
  return true;
}

bool
ae_autoencoder_batch_take (const AeAutoencoderBatch *b, bool held_out,
    size_t first, AeRng *rng)
{
  size_t n;
  if (!ae_picture_store_take (b->store, held_out, first, n_pictures (b),
          input (b, AE_AUTOENCODER_FRAME, &n), b->labels))
    return false;
  fill_rest (b, rng, false);
  return true;
}
