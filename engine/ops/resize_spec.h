/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_OPS_RESIZE_SPEC_H
#define AE_OPS_RESIZE_SPEC_H

/* What a Resize or Upsample node asks for, over all opsets. */

#include "ops/op.h"
#include "ops/resize_axis.h"

typedef struct {
  AeResizeKind kind;
  AeShape shape; /* of the output */
  AeResizeAxis axis[AE_MAX_RANK];
} AeResizeSpec;

/* AE_ERROR_NEEDS_DATA while scales, sizes or a needed roi are unknown. */
AeStatus ae_resize_spec (
    const AeOpCall *call, AeResizeSpec *spec, AeError *err);

/* True when nothing is to be computed along the axis. */
bool ae_resize_keeps (const AeResizeSpec *spec, int axis);

#endif
