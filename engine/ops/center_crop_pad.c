/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* CenterCropPad: cuts or pads with zeros on both sides of each axis; the odd
 * element goes to the end. */
#include "ops/params.h"
#include "ops/strided.h"

#include <string.h>

static AeStatus
infer (const AeOpCall *call, AeError *err)
{
  AeShape shape = call->in[0]->shape;
  AeInts want, axes;
  AeStatus status = ae_ints_read (call->in[1], "shape", &want, err);
  if (status != AE_OK)
    return status;
  if (!ae_ints_attr (call, "axes", &axes))
    for (axes.n = 0; axes.n < shape.rank; axes.n++)
      axes.v[axes.n] = axes.n;
  if ((status = ae_axes (&axes, shape.rank, err)) != AE_OK)
    return status;
  if (want.n != axes.n)
    return ae_fail (err, AE_ERROR_SHAPE, "shape has %d values, wanted %d",
        want.n, axes.n);
  for (int i = 0; i < axes.n; i++)
    shape.dim[axes.v[i]] = want.v[i];
  return ae_out_set (call, 0, call->in[0]->type, &shape, err);
}

/* The part in common, `to` being the output; where it begins in each. */
static AeStrided
view (const AeOpCall *call, int64_t *to_at, int64_t *from_at)
{
  const AeShape *in = &call->in[0]->shape, *out = &call->out[0]->shape;
  int64_t from[AE_MAX_RANK], to[AE_MAX_RANK];
  ae_shape_strides (in, false, from);
  ae_shape_strides (out, false, to);
  AeStrided s = { 0 };
  *to_at = *from_at = 0;
  for (int i = 0; i < in->rank; i++) {
    int64_t more = out->dim[i] - in->dim[i];
    ae_strided_push (
        &s, more > 0 ? in->dim[i] : out->dim[i], to[i], from[i]);
    if (more > 0)
      *to_at += more / 2 * to[i];
    else
      *from_at += -more / 2 * from[i];
  }
  return s;
}

static void
forward (const AeOpCall *call)
{
  int64_t to, from, size = (int64_t) ae_type_size (call->in[0]->type);
  AeStrided s = view (call, &to, &from);
  memset (call->out[0]->data, 0, ae_tensor_bytes (call->out[0]));
  ae_strided_copy (call, &s, (size_t) size,
      (char *) call->out[0]->data + to * size,
      (const char *) call->in[0]->data + from * size);
}

static void
backward (const AeOpCall *call)
{
  AeTensor *dx = call->din[0];
  int64_t to, from;
  if (!dx)
    return;
  AeStrided s = view (call, &to, &from);
  s = ae_strided_swap (&s);
  if (call->overwrite[0])
    memset (dx->data, 0, ae_tensor_bytes (dx));
  ae_strided_add (call, &s, (float *) dx->data + from,
      (const float *) call->dout[0]->data + to);
}

const AeOp ae_op_center_crop_pad = {
  .name = "CenterCropPad",
  .domain = "",
  .since = 18,
  .min_in = 2,
  .max_in = 2,
  .min_out = 1,
  .max_out = 1,
  .infer = infer,
  .forward = forward,
  .backward = backward,
};
