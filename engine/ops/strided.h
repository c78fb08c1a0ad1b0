/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_OPS_STRIDED_H
#define AE_OPS_STRIDED_H

/* One way to move elements between two differently strided views: what
 * Concat, Split, Slice, Transpose, Expand, Tile and the pixel shuffles do.
 * Neighbouring dimensions are merged, the longest contiguous runs are copied
 * at once, and the rest is spread over the threads. */

#include "ops/op.h"

/* Every dimension of a tensor split in two, and lanes. */
#define AE_STRIDED_RANK (2 * AE_MAX_RANK + 1)

/* Outermost dimension first; strides in elements, may be 0 or negative. */
typedef struct {
  int rank;
  int64_t dim[AE_STRIDED_RANK];
  int64_t to[AE_STRIDED_RANK];
  int64_t from[AE_STRIDED_RANK];
} AeStrided;

/* Adds a dimension inside those that are there. */
void ae_strided_push (AeStrided *s, int64_t dim, int64_t to, int64_t from);

/* to = from, elements of `size` bytes. Every element of `to` must be named
 * once (no zero strides in s->to). */
void ae_strided_copy (const AeOpCall *call, const AeStrided *s, size_t size,
    void *to, const void *from);

/* to += from in f32. Strides of 0 in s->to sum over that dimension; other
 * elements of `to` must be named once. */
void ae_strided_add (
    const AeOpCall *call, const AeStrided *s, float *to, const float *from);

/* The gradient of a copy into `to` of `count` floats: to += from, or with
 * `overwrite` the same on a zeroed `to`. A view whose elements number `count`
 * must name each of them. */
void ae_strided_grad (const AeOpCall *call, const AeStrided *s, float *to,
    size_t count, bool overwrite, const float *from);

/* Forward and backward of an operator that moves elements of input 0 to output
 * 0 so, both plain: `view` names every element of the output once. */
void ae_strided_forward (const AeOpCall *call, const AeStrided *view);
void ae_strided_backward (const AeOpCall *call, const AeStrided *view);

/* Exchanges the roles of `to` and `from`. */
AeStrided ae_strided_swap (const AeStrided *s);

#endif
