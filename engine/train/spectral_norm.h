/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_SPECTRAL_NORM_H
#define AE_TRAIN_SPECTRAL_NORM_H

/* Bounds how steep a model can be: the largest singular value of each weight
 * of a convolution or dense layer stays at or below a limit.
 *
 * As in Miyato et al., "Spectral normalization for generative adversarial
 * networks", 2018, a weight of rank 2 and more is a matrix of its first
 * dimension by all the others, and its largest singular value is followed by a
 * power iteration that goes on from step to step. A transposed convolution's
 * first dimension is its input: the matrix of the convolution that it is the
 * adjoint of, whose norm is the same.
 *
 * Where they divide by that value inside the forward pass, weights are here
 * projected after each step, W <- W / max (1, sigma / limit) (Gouk et al.,
 * "Regularisation of neural networks by enforcing Lipschitz continuity",
 * 2021): the optimiser moves the very weights that the model computes with, so
 * gradients need no correction, a model exported at any time gives the outputs
 * of training, and averages of weights keep the bound (it is convex). Layers
 * may become less steep than the limit, which division does not allow. */

#include "runtime/tape.h"
#include "util/pool.h"

typedef struct AeSpectralNorm AeSpectralNorm;

/* Finds the weights among the tape's parameters (`model`: the tape's): those
 * that Conv, ConvTranspose, Gemm and MatMul read as they are. Brings them below
 * `limit` (> 0) at once. Errors: MEMORY. */
AeStatus ae_spectral_norm_new (AeSpectralNorm **out, AeTape *tape,
    const AeModel *model, float limit, AeError *err);
void ae_spectral_norm_free (AeSpectralNorm **norm);

/* After each change of the parameters. The same bits for every number of
 * threads; does not allocate. */
void ae_spectral_norm_apply (
    AeSpectralNorm *norm, float *params, AePool *pool, int n_threads);

/* The vectors of the power iteration, kept in checkpoints; at least one. */
float *ae_spectral_norm_state (AeSpectralNorm *norm);
size_t ae_spectral_norm_n_state (const AeSpectralNorm *norm);

/* Weights that are bounded, and how large the largest singular value was found
 * to be at the last change, before the projection. */
size_t ae_spectral_norm_n_weights (const AeSpectralNorm *norm);
float ae_spectral_norm_value (const AeSpectralNorm *norm, size_t index);

#endif
