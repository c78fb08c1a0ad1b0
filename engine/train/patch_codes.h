/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_PATCH_CODES_H
#define AE_TRAIN_PATCH_CODES_H

/* Codes of the patches of all pictures, and those of them that are kept as what
 * is usual. */

#include "detect/patches.h"
#include "train/patch_plan.h"

#include <stdatomic.h>

typedef struct {
  float *codes;    /* n x places x d */
  bool *found;     /* n: false where there is no thing to look at */
  uint8_t *places; /* rows x columns: where there is something to look at */
  size_t n, n_places, d;
} AePatchCodes;

/* The codes of picture i. */
const float *ae_patch_codes_of (const AePatchCodes *codes, size_t i);

/* Pictures whose codes take no more than AE_PATCH_CODES_MOST bytes. */
#define AE_PATCH_CODES_MOST ((size_t) 512 << 20)
size_t ae_patch_codes_room (const AePatchFacts *facts);

/* Fills the facts' mean and axes, marks the places of `codes` and encodes every
 * picture. Errors: CANCELLED, MEMORY, those of ae_principal_fit. */
AeStatus ae_patch_codes_make (AePatchCodes *codes, AePatchFacts *facts,
    const AePatchSource *source, uint64_t seed, int n_threads,
    const atomic_bool *cancel, AeError *err);
void ae_patch_codes_clear (AePatchCodes *codes);

/* Chooses codes for the facts' bank, at most so many bytes: from each block
 * those that leave no other far from all of them (score/coreset.h). */
AeStatus ae_patch_codes_choose (const AePatchCodes *codes,
    AePatchFacts *facts, double bytes, int n_threads, AeError *err);

#endif
