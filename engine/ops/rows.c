/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/rows.h"

/* An axis counted from the last one; 1 where there is none. */
static int64_t
dim_from_end (const AeTensor *t, int i)
{
  return i <= t->shape.rank ? t->shape.dim[t->shape.rank - i] : 1;
}

static bool
has_rows (const AeTensor *t, const AeTensor *y)
{
  return t->shape.rank == 4 && t->shape.dim[2] == y->shape.dim[2]
      && t->shape.dim[0] == y->shape.dim[0];
}

/* One value per channel or column, or one at all, the same for all images. */
static bool
has_one_row (const AeTensor *t)
{
  return t->shape.rank <= 4 && dim_from_end (t, 2) == 1
      && dim_from_end (t, 4) == 1;
}

bool
ae_elementwise_rows (const AeOpCall *call, AeRows *out, AeRows *in)
{
  const AeTensor *y = call->out[0];
  if (call->n_out != 1 || !y || y->type != AE_F32 || y->shape.rank != 4)
    return false;
  for (int i = 0; i < call->n_in; i++) {
    const AeTensor *x = call->in[i];
    in[i] = ae_rows_whole ();
    if (!x || ae_shape_count (&x->shape) == 1)
      continue;
    if (x->type != AE_F32 || x->layout != y->layout)
      return false;
    if (has_rows (x, y))
      in[i] = *out;
    else if (y->layout == AE_LAYOUT_BLOCKED || !has_one_row (x))
      return false;
  }
  return true;
}

/* A call for a few rows of one plane, or of all blocks. */
typedef struct {
  AeOpCall call;
  AeTensor in_view[AE_MAX_ROW_IO], out_view;
  const AeTensor *in[AE_MAX_ROW_IO];
  AeTensor *out[1];
} Piece;

/* `n` rows from y on of channel c; of all channels in the blocked layout. */
static AeTensor
view_of (const AeTensor *t, const AeRowBuffer *b, int c, int y, int n)
{
  AeTensor view = *t;
  size_t place = (size_t) (y % b->ring), width = (size_t) t->shape.dim[3];
  view.shape.dim[0] = 1;
  view.shape.dim[2] = n;
  if (t->layout == AE_LAYOUT_BLOCKED) {
    view.data = b->data + place * ae_tensor_row (t);
    return view;
  }
  size_t plane = t->shape.dim[1] > 1 ? (size_t) c * b->plane : 0;
  view.shape.dim[1] = 1;
  view.data = b->data + plane + place * width;
  return view;
}

/* An input without rows, at channel c. */
static AeTensor
whole_view (const AeTensor *t, int c)
{
  AeTensor view = *t;
  int rank = t->shape.rank;
  if (dim_from_end (t, 3) == 1)
    return view;
  view.shape.dim[rank - 3] = 1;
  view.data = (float *) t->data + c * dim_from_end (t, 1);
  return view;
}

static bool
by_rows (const AeOpCall *call, int i)
{
  const AeTensor *x = call->in[i];
  return ae_shape_count (&x->shape) != 1 && has_rows (x, call->out[0]);
}

static void
run_piece (Piece *p, const AeOpCall *call, const AeRowCall *r, int c, int y,
    int n)
{
  for (int i = 0; i < call->n_in; i++) {
    if (!call->in[i])
      continue;
    p->in_view[i] = by_rows (call, i)
        ? view_of (call->in[i], &r->in[i], c, y, n)
        : whole_view (call->in[i], c);
  }
  p->out_view = view_of (call->out[0], &r->out[0], c, y, n);
  call->op->forward (&p->call);
}

void
ae_elementwise_forward_rows (const AeOpCall *call, const AeRowCall *r)
{
  Piece p = { .call = *call };
  p.call.in = p.in;
  p.call.out = p.out;
  p.call.pool = NULL;
  p.call.n_threads = 1;
  p.out[0] = &p.out_view;
  for (int i = 0; i < call->n_in; i++)
    p.in[i] = call->in[i] ? &p.in_view[i] : NULL;
  bool blocked = call->out[0]->layout == AE_LAYOUT_BLOCKED;
  int channels = blocked ? 1 : (int) call->out[0]->shape.dim[1];
  for (int y = r->rows.begin, n; y < r->rows.end; y += n) {
    n = ae_rows_together (&r->out[0], y, r->rows.end - y);
    for (int i = 0; i < call->n_in; i++)
      if (call->in[i] && by_rows (call, i))
        n = ae_rows_together (&r->in[i], y, n);
    for (int c = 0; c < channels; c++)
      run_piece (&p, call, r, c, y, n);
  }
}
