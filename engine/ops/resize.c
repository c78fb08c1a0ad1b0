/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Resize and Upsample. Nearest neighbour copies by index lists, any type;
 * linear and cubic resample one axis after the other in f32, the innermost
 * first so that the largest pass runs along whole lines. */
#include "ops/mapped.h"
#include "ops/params.h"
#include "ops/resize_pass.h"
#include "ops/resize_spec.h"
#include "util/mem.h"

#include <string.h>

typedef struct {
  AeMap map; /* nearest */
  int n;     /* linear, cubic: passes in the order they run */
  AeResizePass pass[AE_MAX_RANK];
} State;

static AeStatus
infer (const AeOpCall *call, AeError *err)
{
  AeResizeSpec spec;
  AeStatus status = ae_resize_spec (call, &spec, err);
  if (status != AE_OK)
    return status;
  return ae_out_set (call, 0, call->in[0]->type, &spec.shape, err);
}

static void
release (void *arg)
{
  State *state = arg;
  ae_map_clear (&state->map);
  for (int i = 0; i < state->n; i++)
    ae_resize_taps_clear (&state->pass[i].taps);
  ae_free (state);
}

static AeStatus
make_lists (const AeOpCall *call, const AeResizeSpec *spec, State *state,
    AeError *err)
{
  AeLayout layout = call->in[0]->layout;
  for (int a = 0; a < spec->shape.rank; a++) {
    if (ae_resize_keeps (spec, a))
      continue;
    int32_t *list = ae_map_list (&state->map, ae_map_axis (layout, a));
    if (!list)
      return ae_fail (err, AE_ERROR_MEMORY, "no memory for the index lists");
    for (int64_t o = 0; o < spec->axis[a].out; o++)
      list[o] = (int32_t) ae_resize_nearest (&spec->kind, &spec->axis[a], o);
  }
  ae_map_simplify (&state->map);
  return AE_OK;
}

static size_t
product (const int64_t *dim, int begin, int end)
{
  size_t count = 1;
  for (int i = begin; i < end; i++)
    count *= (size_t) dim[i];
  return count;
}

/* Outer, length and inner of each pass; the taps' tables stay empty. Returns
 * how many there are. */
static int
plan_passes (
    const AeOpCall *call, const AeResizeSpec *spec, AeResizePass *pass)
{
  AeLayout layout = call->in[0]->layout;
  AeMap map = ae_map_new (&call->in[0]->shape, &spec->shape, layout);
  int n = 0;
  for (int a = spec->shape.rank - 1; a >= 0; a--) {
    if (ae_resize_keeps (spec, a))
      continue;
    int place = ae_map_axis (layout, a);
    pass[n].taps.in = spec->axis[a].in;
    pass[n].taps.out = spec->axis[a].out;
    pass[n].outer = product (map.in, 0, place);
    pass[n++].inner = product (map.in, place + 1, map.rank);
    map.in[place] = spec->axis[a].out;
  }
  return n;
}

static AeStatus
make_passes (const AeOpCall *call, const AeResizeSpec *spec, State *state,
    AeError *err)
{
  AeResizePass *pass = state->pass;
  plan_passes (call, spec, pass);
  for (int a = spec->shape.rank - 1; a >= 0; a--) {
    if (ae_resize_keeps (spec, a))
      continue;
    AeStatus status = ae_resize_taps (
        &spec->kind, &spec->axis[a], &pass[state->n].taps, err);
    if (status != AE_OK)
      return status;
    state->n++;
  }
  return AE_OK;
}

static AeStatus
prepare (const AeOpCall *call, void **out, AeError *err)
{
  AeResizeSpec spec;
  AeStatus status = ae_resize_spec (call, &spec, err);
  if (status != AE_OK)
    return status;
  State *state = ae_calloc (1, sizeof *state);
  if (!state)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for the weights");
  state->map
      = ae_map_new (&call->in[0]->shape, &spec.shape, call->in[0]->layout);
  status = spec.kind.mode == AE_NEAREST
      ? make_lists (call, &spec, state, err)
      : make_passes (call, &spec, state, err);
  if (status == AE_OK)
    *out = state;
  else
    release (state);
  return status;
}

/* Floats of the largest array between two passes, both ends included. */
static size_t
stage_size (const AeOpCall *call, const AeResizeSpec *spec)
{
  AeTensor stage = *call->in[0];
  size_t most = ae_tensor_storage (&stage);
  for (int a = spec->shape.rank - 1; a >= 0; a--) {
    stage.shape.dim[a] = spec->shape.dim[a];
    size_t n = ae_tensor_storage (&stage);
    most = n > most ? n : most;
  }
  return (most + 15) / 16 * 16;
}

/* Two arrays that the passes use in turn; or lines for ae_resize_two. */
static size_t
work_size (const AeOpCall *call, bool grad)
{
  AeResizeSpec spec;
  AeResizePass pass[AE_MAX_RANK] = { 0 };
  if (ae_resize_spec (call, &spec, NULL) != AE_OK
      || spec.kind.mode == AE_NEAREST)
    return 0;
  int n = plan_passes (call, &spec, pass);
  if (!grad && n == 1 && call->in[0]->type == AE_F32)
    return 0;
  if (!grad && n == 2 && call->in[0]->type == AE_F32)
    return (size_t) call->n_threads * ae_resize_row (&pass[0], &pass[1])
        * sizeof (float);
  return 2 * stage_size (call, &spec) * sizeof (float);
}

static void
load (float *to, const AeTensor *from)
{
  size_t n = ae_shape_count (&from->shape);
  for (size_t i = 0; i < n; i++)
    to[i] = (float) ae_tensor_get (from, i);
}

/* Integers are cut, and kept in range where cubic weights overshoot. */
static void
store (AeTensor *to, const float *from)
{
  static const struct {
    AeType type;
    double low, high;
  } ranges[] = { { AE_U8, 0, 255 }, { AE_I8, -128, 127 },
    { AE_U16, 0, 65535 }, { AE_I16, -32768, 32767 },
    { AE_U32, 0, 4294967295.0 }, { AE_I32, -2147483648.0, 2147483647.0 },
    { AE_U64, 0, 18446744073709549568.0 },
    { AE_I64, -9223372036854775808.0, 9223372036854774784.0 } };
  double low = 0, high = 0;
  for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
    if (ranges[i].type == to->type) {
      low = ranges[i].low;
      high = ranges[i].high;
    }
  size_t n = ae_shape_count (&to->shape);
  for (size_t i = 0; i < n; i++) {
    double v = (double) from[i];
    if (high > 0)
      v = v < low ? low : v > high ? high : v;
    ae_tensor_set (to, i, v);
  }
}

/* What crop-and-resize finds outside of the input. */
static void
fill_outside (const State *state, float *y, float value)
{
  size_t total = product (state->map.out, 0, state->map.rank);
  for (int i = 0; i < state->n; i++) {
    const AeResizePass *pass = &state->pass[i];
    size_t out = (size_t) pass->taps.out;
    /* Inside of this axis all passes have run; outside of it the count
     * follows from the whole. */
    size_t inner = pass->inner, outer = total ? total / (out * inner) : 0;
    for (size_t o = 0; o < out; o++)
      for (size_t k = 0; k < outer && pass->taps.outside[o]; k++)
        for (size_t l = 0; l < inner; l++)
          y[(k * out + o) * inner + l] = value;
  }
}

static void
forward_passes (const AeOpCall *call, const State *state)
{
  const AeTensor *x = call->in[0];
  AeTensor *y = call->out[0];
  AeResizeSpec spec;
  ae_resize_spec (call, &spec, NULL);
  size_t size = stage_size (call, &spec);
  float *buffer[2] = { call->work, (float *) call->work + size };
  bool direct = x->type == AE_F32;
  const float *from = x->data;
  float *to = y->data;
  float outside
      = ae_attrs_float (call->attrs, "extrapolation_value", 0);
  if (direct && state->n == 2) {
    ae_resize_two (call, &state->pass[0], &state->pass[1], to, from,
        call->work);
    fill_outside (state, to, outside);
    return;
  }
  if (!direct) {
    load (buffer[0], x);
    from = buffer[0];
  }
  for (int i = 0; i < state->n; i++) {
    to = direct && i == state->n - 1 ? y->data
        : from == buffer[0]          ? buffer[1]
                                     : buffer[0];
    ae_resize_pass (call, &state->pass[i], to, from);
    from = to;
  }
  fill_outside (state, to, outside);
  if (!direct)
    store (y, from);
}

static void
forward (const AeOpCall *call)
{
  const State *state = call->state;
  if (state->n == 0) {
    uint64_t fill = 0;
    AeTensor value = { .type = call->in[0]->type, .data = &fill };
    ae_tensor_set (&value, 0,
        ae_attrs_float (call->attrs, "extrapolation_value", 0));
    ae_map_copy (call, &state->map, ae_type_size (call->in[0]->type),
        call->out[0]->data, call->in[0]->data, &fill);
    return;
  }
  forward_passes (call, state);
}

static void
backward_passes (const AeOpCall *call, const State *state, bool overwrite)
{
  AeTensor *dx = call->din[0];
  AeResizeSpec spec;
  ae_resize_spec (call, &spec, NULL);
  size_t size = stage_size (call, &spec), n = ae_tensor_storage (dx);
  float *buffer[2] = { call->work, (float *) call->work + size };
  const float *from = call->dout[0]->data;
  for (int i = state->n - 1; i >= 0; i--) {
    float *to = i == 0 && overwrite ? dx->data
        : from == buffer[0]         ? buffer[1]
                                    : buffer[0];
    ae_resize_pass_back (call, &state->pass[i], to, from);
    from = to;
  }
  float *sum = dx->data;
  for (size_t i = 0; i < n && !overwrite; i++)
    sum[i] += from[i];
}

static void
backward (const AeOpCall *call)
{
  AeTensor *dx = call->din[0];
  const State *state = call->state;
  if (!dx)
    return;
  if (state->n > 0) {
    backward_passes (call, state, call->overwrite[0]);
    return;
  }
  if (call->overwrite[0])
    memset (dx->data, 0, ae_tensor_bytes (dx));
  ae_map_add (call, &state->map, dx->data, call->dout[0]->data);
}

static bool
layout (const AeOpCall *call, AeOpLayout *want)
{
  AeResizeSpec spec;
  if (call->in[0]->type != AE_F32 || call->in[0]->shape.rank != 4
      || ae_resize_spec (call, &spec, NULL) != AE_OK
      || !ae_resize_keeps (&spec, 1))
    return false;
  want->in_blocked = 1;
  want->out_blocked = true;
  return true;
}

const AeOp ae_op_resize = {
  .name = "Resize",
  .domain = "",
  .since = 10,
  .min_in = 1,
  .max_in = 4,
  .min_out = 1,
  .max_out = 1,
  .infer = infer,
  .forward = forward,
  .backward = backward,
  .work_size = work_size,
  .prepare = prepare,
  .release = release,
  .layout = layout,
};

const AeOp ae_op_upsample = {
  .name = "Upsample",
  .domain = "",
  .since = 7,
  .until = 9,
  .min_in = 1,
  .max_in = 2,
  .min_out = 1,
  .max_out = 1,
  .infer = infer,
  .forward = forward,
  .backward = backward,
  .work_size = work_size,
  .prepare = prepare,
  .release = release,
  .layout = layout,
};
