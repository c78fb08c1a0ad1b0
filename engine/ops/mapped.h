/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_OPS_MAPPED_H
#define AE_OPS_MAPPED_H

/* Copies in which every output index of an axis names one input index, or
 * none: what Pad and Resize by nearest neighbour do. */

#include "ops/op.h"

typedef struct {
  int rank;
  int64_t in[AE_MAX_RANK], out[AE_MAX_RANK];
  /* Per axis: out[axis] input indices, -1 for the fill value; NULL where
   * every index stays. */
  int32_t *index[AE_MAX_RANK];
} AeMap;

/* The stored axes of tensors of shapes `in` and `out` in `layout`: those of
 * the shape, or (N,H,C/16,W,16). No index lists yet. */
AeMap ae_map_new (const AeShape *in, const AeShape *out, AeLayout layout);

/* Where an axis of the shape is among the stored ones. */
int ae_map_axis (AeLayout layout, int axis);

/* Gives `axis` an empty list and returns it; NULL when memory runs out. */
int32_t *ae_map_list (AeMap *map, int axis);

/* Drops lists that change nothing. */
void ae_map_simplify (AeMap *map);

void ae_map_clear (AeMap *map);

/* to[...] = from[index...], elements of `size` bytes; *fill where there is
 * no index. */
void ae_map_copy (const AeOpCall *call, const AeMap *map, size_t size,
    void *to, const void *from, const void *fill);

/* The way back: to[index...] += from[...]; `to` has the map's input shape. */
void ae_map_add (
    const AeOpCall *call, const AeMap *map, float *to, const float *from);

#endif
