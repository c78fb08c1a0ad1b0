/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_OPS_AXES_H
#define AE_OPS_AXES_H

/* A tensor seen as (outer, axis, inner): element [o][a][i] is at
 * (o * axis + a) * inner + i. */

#include "ops/op.h"

typedef struct {
  size_t outer, axis, inner;
} AeAxisView;

/* The axes first .. last-1 as one. */
static inline AeAxisView
ae_axis_view (const AeShape *shape, int first, int last)
{
  AeAxisView view = { 1, 1, 1 };
  for (int i = 0; i < shape->rank; i++) {
    size_t *part = i < first ? &view.outer : i < last ? &view.axis
                                                      : &view.inner;
    *part *= (size_t) shape->dim[i];
  }
  return view;
}

#endif
