/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/reduce.h"

#include <string.h>

#define AXES_MAX 64

/* The axes asked for: *n = 0 for none given. Attribute or input 1. */
static AeStatus
read_axes (const AeOpCall *call, int64_t axes[AXES_MAX], size_t *n,
    AeError *err)
{
  const AeReduce *f = call->op->family;
  *n = 0;
  if (call->opset < f->input_since) {
    const int64_t *list = ae_attrs_ints (call->attrs, "axes", n);
    *n = *n < AXES_MAX ? *n : AXES_MAX;
    if (*n)
      memcpy (axes, list, *n * sizeof *axes);
    return AE_OK;
  }
  const AeTensor *t = ae_input (call, 1);
  if (!t || ae_shape_count (&t->shape) == 0)
    return AE_OK;
  AeStatus status = ae_check_type (
      call, 1, AE_TYPE_BIT (AE_I64) | AE_TYPE_BIT (AE_I32), err);
  if (status != AE_OK)
    return status;
  if (!t->data)
    return ae_fail (err, AE_ERROR_NEEDS_DATA, "the axes are not constant");
  size_t count = ae_shape_count (&t->shape);
  *n = count < AXES_MAX ? count : AXES_MAX;
  for (size_t i = 0; i < *n; i++)
    axes[i] = ae_tensor_get_int (t, i);
  return AE_OK;
}

/* Bit i: axis i is reduced. */
static AeStatus
axis_mask (const AeOpCall *call, unsigned *mask, bool *noop, AeError *err)
{
  const AeReduce *f = call->op->family;
  int rank = call->in[0]->shape.rank;
  int64_t axes[AXES_MAX];
  size_t n = 0;
  *mask = f->spatial ? ((1u << rank) - 1) & ~3u : 0;
  *noop = false;
  if (f->spatial)
    return AE_OK;
  AeStatus status = read_axes (call, axes, &n, err);
  for (size_t i = 0; i < n && status == AE_OK; i++) {
    int axis = 0;
    status = ae_check_axis (axes[i], rank, &axis, err);
    *mask |= 1u << axis;
  }
  *noop = n == 0 && ae_attrs_int (call->attrs, "noop_with_empty_axes", 0);
  if (n == 0 && !*noop)
    *mask = (1u << rank) - 1;
  return status;
}

AeStatus
ae_reduction (const AeOpCall *call, AeReduction *r, AeError *err)
{
  const AeReduce *f = call->op->family;
  unsigned mask;
  bool noop;
  AeStatus status = axis_mask (call, &mask, &noop, err);
  *r = (AeReduction){ .kind = noop ? AE_REDUCE_SUM : f->kind,
    .kept = call->in[0]->shape, .count = 1 };
  for (int i = 0; i < r->kept.rank; i++)
    if (mask >> i & 1) {
      r->count *= (size_t) r->kept.dim[i];
      r->kept.dim[i] = 1;
    }
  return status;
}

AeStatus
ae_reduce_infer (const AeOpCall *call, AeError *err)
{
  const AeReduce *f = call->op->family;
  AeReduction r;
  unsigned mask;
  bool noop;
  AeStatus status = ae_check_type (call, 0, f->types, err);
  if (status == AE_OK)
    status = axis_mask (call, &mask, &noop, err);
  if (status == AE_OK)
    status = ae_reduction (call, &r, err);
  if (status != AE_OK)
    return status;
  if (f->spatial && r.kept.rank < 3)
    return ae_fail (err, AE_ERROR_SHAPE,
        "input 0 has rank %d, wanted 3 or more", r.kept.rank);
  AeShape shape = r.kept;
  if (!f->spatial && !ae_attrs_int (call->attrs, "keepdims", 1)) {
    shape.rank = 0;
    for (int i = 0; i < r.kept.rank; i++)
      if (!(mask >> i & 1))
        shape.dim[shape.rank++] = r.kept.dim[i];
  }
  ae_set_output (call->out[0], call->in[0]->type, &shape);
  return AE_OK;
}

/* Two numbers of 8 bytes per result. */
size_t
ae_reduce_work (const AeOpCall *call, bool grad)
{
  (void) grad;
  return ae_shape_count (&call->out[0]->shape) * 2 * sizeof (double);
}
