/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_DENSE_ENCODER_H
#define AE_TRAIN_DENSE_ENCODER_H

/* The layers of units that autoencoders and classifiers begin with, so that one
 * can start from the weights of the other. */

#include "graph/build.h"

/* x (N,n_in) -> rectified units of the last width, at least one being there.
 * Parameters: e.0.weight, e.0.bias, e.1.weight, ... */
int ae_build_dense_encoder (
    AeBuilder *b, int x, size_t n_in, const int *widths, size_t n_widths);

#endif
