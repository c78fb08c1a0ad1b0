/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_RUNTIME_LIFETIME_H
#define AE_RUNTIME_LIFETIME_H

/* From when to when each value and gradient of a plan is needed, which share
 * a buffer (in-place operators), and where the buffers lie. */

#include "runtime/plan.h"

typedef struct AeLifetimes AeLifetimes;

/* *total: bytes of arena the buffers take. */
AeStatus ae_lifetimes_new (AeLifetimes **out, const AePlan *plan,
    bool training, size_t *total, AeError *err);

/* Points the plan's tensors and gradients into plan->arena. */
void ae_lifetimes_assign (const AeLifetimes *lives, AePlan *plan);

void ae_lifetimes_free (AeLifetimes **lives);

#endif
