/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_OPS_LOOP_H
#define AE_OPS_LOOP_H

/* Splits `count` elements into fixed ranges (the same for every number of
 * threads) and runs them on the call's pool. */

#include "ops/op.h"

typedef void (*AeRange) (void *arg, size_t begin, size_t end, int thread);

/* `grain`: elements per range, at least 1; small counts run in the caller. */
void ae_for_range (
    const AeOpCall *call, size_t count, size_t grain, AeRange fn, void *arg);

#endif
