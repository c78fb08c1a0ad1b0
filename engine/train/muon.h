/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_MUON_H
#define AE_TRAIN_MUON_H

/* Muon: momentum whose matrices are made orthogonal before they change the
 * weights, so that every direction of a layer learns at the same pace (Jordan
 * et al., "Muon: an optimizer for hidden layers in neural networks", 2024).
 * A weight of rank 2 and more is a matrix of its first dimension by all the
 * others; with fewer than 17 rows or columns it stays with Adam. Steps are scaled to the size of Adam's (Liu et al., "Muon is
 * scalable for LLM training", 2025), so that Adam's learning rates fit. */

#include "runtime/tape.h"
#include "train/optimiser.h"

typedef struct AeMuon AeMuon;

/* Chooses the matrices of the tape's parameters; NULL without memory. */
AeMuon *ae_muon_new (const AeTape *tape);
void ae_muon_free (AeMuon **muon);

/* Changes matrices as Muon does and all other parameters as Adam does; uses
 * m and v of the blocks, averages, and zeroes the gradient. The same bits for
 * every number of threads. */
void ae_muon_step (AeMuon *muon, const AeOptimiserStep *step,
    const AeOptimiserBlocks *blocks, AePool *pool, int n_threads);

/* x (rows x columns, rows <= columns), divided by its norm, becomes nearly
 * orthogonal: singular values of about 0.7 to 1.2. A zero matrix stays. */
void ae_muon_orthogonalise (
    float *x, size_t rows, size_t columns, float *scratch);
size_t ae_muon_scratch_floats (size_t rows, size_t columns);

#endif
