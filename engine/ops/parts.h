/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_OPS_PARTS_H
#define AE_OPS_PARTS_H

/* A tensor seen as parts that follow each other along one axis: Concat joins
 * them, Split takes them apart. */

#include "ops/strided.h"

/* The view that moves `part` to its place in `whole`, which begins at index
 * `at` of `axis`; *offset: elements before that place. Both tensors have the
 * same layout; in the blocked one on axis 1, `at` is a multiple of AE_BLOCK
 * and every part that has another behind it has a multiple of channels. */
AeStrided ae_part_view (const AeTensor *whole, const AeTensor *part, int axis,
    int64_t at, int64_t *offset);

/* True when parts with these tensors may stay in the blocked layout. Absent
 * outputs count by the rest: `n` tensors, NULL where absent. */
bool ae_parts_blocked (const AeTensor *const *part, int n, int axis);

#endif
