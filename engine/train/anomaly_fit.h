/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_ANOMALY_FIT_H
#define AE_TRAIN_ANOMALY_FIT_H

/* What a detector knows beside its networks: densities of what is usual, and
 * how often each score is reached on normal footage. */

#include <ae/model.h>
#include <ae/recipe.h>

#include "train/anomaly_nets.h"
#include "train/footage.h"

#include <stdatomic.h>

/* Owned; {0} is empty. */
typedef struct {
  struct {
    char *name;
    AeType type;
    AeShape shape;
    void *values;
  } *constants;
  size_t n_constants;
  char **meta; /* 2 n_meta texts: key, value, ... */
  size_t n_meta;
} AeAnomalyFit;

/* `net`: both networks with all metadata (anomaly_trainer.h) and no constants.
 * `fit` is empty before. Takes minutes; *cancel ends it. Errors: NEEDS_DATA
 * (too little footage), CANCELLED, MEMORY; then too it is to be cleared. */
AeStatus ae_anomaly_fit (AeAnomalyFit *fit, AeFootage *footage, AeModel *net,
    const AeRecipe *recipe, const atomic_bool *cancel, AeError *err);

/* Copies; false when memory runs out. */
bool ae_anomaly_fit_add (AeAnomalyFit *fit, const char *name, AeType type,
    AeShape shape, const void *values);
bool ae_anomaly_fit_say (
    AeAnomalyFit *fit, const char *key, const char *value);

void ae_anomaly_fit_clear (AeAnomalyFit *fit);

#endif
