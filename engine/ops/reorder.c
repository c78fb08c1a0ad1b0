/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reorder (domain "ae"): the same f32 tensor (N,C,H,W) in the other layout.
 * Attribute `to`: "blocked" or "plain"; the runtime has set the layouts. */
#include "kernels/conv.h"
#include "ops/rows.h"

#include <string.h>

static AeStatus
infer (const AeOpCall *call, AeError *err)
{
  const AeTensor *x = call->in[0];
  if (x->type != AE_F32 || x->shape.rank != 4)
    return ae_fail (err, AE_ERROR_SHAPE,
        "the input is %s with %d dimensions instead of f32 with 4",
        ae_type_name (x->type), x->shape.rank);
  call->out[0]->type = x->type;
  call->out[0]->shape = x->shape;
  return AE_OK;
}

static void
convert (const AeOpCall *call, const AeTensor *from, AeTensor *to, bool add)
{
  const int64_t *d = from->shape.dim;
  AeConvRun run = { ae_kernels (), call->pool, call->n_threads, NULL };
  int n = (int) d[0], c = (int) d[1], h = (int) d[2], w = (int) d[3];
  if (from->layout == to->layout) {
    if (add)
      run.kernels->add (from->data, ae_tensor_storage (from), to->data);
    else
      memmove (to->data, from->data, ae_tensor_bytes (from));
  } else if (to->layout == AE_LAYOUT_PLAIN) {
    ae_to_plain (&run, from->data, n, c, h, w, add, to->data);
  } else {
    ae_to_blocked (&run, from->data, n, c, h, w, add, to->data);
  }
}

static void
forward (const AeOpCall *call)
{
  convert (call, call->in[0], call->out[0], false);
}

static void
backward (const AeOpCall *call)
{
  if (call->din[0])
    convert (call, call->dout[0], call->din[0], !call->overwrite[0]);
}

static bool
rows (const AeOpCall *call, AeRows *out, AeRows *in)
{
  in[0] = *out;
  return call->in[0]->layout != call->out[0]->layout;
}

static void
forward_rows (const AeOpCall *call, const AeRowCall *r)
{
  const AeKernels *kernels = ae_kernels ();
  bool to_plain = call->out[0]->layout == AE_LAYOUT_PLAIN;
  const AeRowBuffer *plain = to_plain ? r->out : r->in;
  const AeRowBuffer *blocked = to_plain ? r->in : r->out;
  int channels = (int) call->in[0]->shape.dim[1];
  int width = (int) call->in[0]->shape.dim[3];
  size_t row = ae_blocked_row (channels, width);
  for (int y = r->rows.begin; y < r->rows.end; y++)
    for (int c = 0; c < channels; c += AE_BLOCK) {
      int n = channels - c < AE_BLOCK ? channels - c : AE_BLOCK;
      float *p = plain->data + (size_t) c * plain->plane
          + (size_t) (y % plain->ring) * width;
      float *b = blocked->data + (size_t) (y % blocked->ring) * row
          + (size_t) c * width;
      if (to_plain)
        kernels->row_to_plain (b, n, width, p, plain->plane, false);
      else
        kernels->row_to_blocked (p, plain->plane, n, width, b, false);
    }
}

const AeOp ae_op_reorder = {
  .name = "Reorder",
  .domain = "ae",
  .since = 1,
  .min_in = 1,
  .max_in = 1,
  .min_out = 1,
  .max_out = 1,
  .infer = infer,
  .forward = forward,
  .backward = backward,
  .rows = rows,
  .forward_rows = forward_rows,
};
