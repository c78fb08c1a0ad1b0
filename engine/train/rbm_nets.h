/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_RBM_NETS_H
#define AE_TRAIN_RBM_NETS_H

/* A restricted Boltzmann machine of pictures as a graph. */

#include <ae/model.h>

#include "train/thumbnail.h"

typedef struct {
  AeThumbnailSize size;
  int hidden;
} AeRbmShape;

size_t ae_rbm_shape_params (const AeRbmShape *shape);

/* Errors: LIMIT (too many weights). */
AeStatus ae_rbm_shape_check (const AeRbmShape *shape, AeError *err);

/* The model with `params` as those of train/rbm.h:
 *   frame (N,channels,height,width), 0..1
 * -> reconstruction (N,channels,height,width), probabilities: up and down once
 *    latent (N,hidden), probabilities
 *    free_energy (N,1), nats: the less, the more probable
 * Errors: MEMORY. */
AeStatus ae_build_rbm (AeModel **out, const AeRbmShape *shape,
    const float *params, const char *const *meta, size_t n_meta, AeError *err);

/* What such a model has as `params`. Errors: SHAPE (it does not fit). */
AeStatus ae_rbm_read (float *params, const AeRbmShape *shape,
    const AeModel *model, AeError *err);

#endif
