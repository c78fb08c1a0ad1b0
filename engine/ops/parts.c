/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/parts.h"

#include "ops/params.h"

static int64_t
blocks (int64_t channels)
{
  return (channels + AE_BLOCK - 1) / AE_BLOCK;
}

AeStrided
ae_part_view (const AeTensor *whole, const AeTensor *part, int axis,
    int64_t at, int64_t *offset)
{
  AeShape w = whole->shape, p = part->shape;
  if (whole->layout == AE_LAYOUT_BLOCKED) {
    /* (N,C,H,W) lies as (N,H,C/16,W,16). */
    static const int place[4] = { 0, 2, 1, 3 };
    w = (AeShape) { 5, { w.dim[0], w.dim[2], blocks (w.dim[1]), w.dim[3],
        AE_BLOCK } };
    p = (AeShape) { 5, { p.dim[0], p.dim[2], blocks (p.dim[1]), p.dim[3],
        AE_BLOCK } };
    at = axis == 1 ? at / AE_BLOCK : at;
    axis = place[axis];
  }
  int64_t inner = (int64_t) ae_shape_span (&w, axis + 1, w.rank);
  *offset = at * inner;
  AeStrided s = { 0 };
  ae_strided_push (&s, (int64_t) ae_shape_span (&w, 0, axis),
      w.dim[axis] * inner, p.dim[axis] * inner);
  ae_strided_push (&s, p.dim[axis] * inner, 1, 1);
  return s;
}

bool
ae_parts_blocked (const AeTensor *const *part, int n, int axis)
{
  for (int i = 0; i < n; i++) {
    if (!part[i] || part[i]->type != AE_F32 || part[i]->shape.rank != 4)
      return false;
    if (axis == 1 && i + 1 < n && part[i]->shape.dim[1] % AE_BLOCK != 0)
      return false;
  }
  return n > 0;
}
