/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_PATCH_USUAL_H
#define AE_TRAIN_PATCH_USUAL_H

/* How far usual pictures are from the others: what a new one of the kind will
 * be. A picture is compared with those that are not look-alikes of it: the same
 * thing seen again would be nearer than any new thing is. */

#include "train/patch_codes.h"

typedef struct {
  uint8_t *skip; /* n x n: 1 where one must not be compared with the other */
  size_t n;
} AePatchLooks;

/* Fills the facts' usual distances; needs their bank, with owners. Pictures
 * that have more than AE_LOOK_ALIKE_SHARE of their nearest patches (and eight
 * times what chance would give) from one other are look-alikes. Errors:
 * CANCELLED, MEMORY. */
#define AE_LOOK_ALIKE_SHARE 0.1
AeStatus ae_patch_find_usual (AePatchLooks *looks, AePatchFacts *facts,
    const AePatchCodes *codes, int n_threads, const atomic_bool *cancel,
    AeError *err);
void ae_patch_looks_clear (AePatchLooks *looks);

#endif
