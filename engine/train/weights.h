/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_WEIGHTS_H
#define AE_TRAIN_WEIGHTS_H

/* Weights from one model to another. */

#include "graph/model.h"

/* Gives the parameters of `net` (not sealed yet) the values that those of the
 * same names have in `base`. Errors: SHAPE (one is missing there, or of another
 * shape). */
AeStatus ae_take_weights (AeModel *net, const AeModel *base, AeError *err);

/* The same of parameters whose names start with `prefix`. */
AeStatus ae_take_weights_of (AeModel *net, const AeModel *base,
    const char *prefix, AeError *err);

#endif
