/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pad. Negative pads cut; what is left is then mirrored, repeated or wrapped
 * around. */
#include "ops/mapped.h"
#include "ops/params.h"
#include "util/mem.h"

#include <string.h>

typedef enum { CONSTANT, REFLECT, EDGE, WRAP } Mode;

typedef struct {
  Mode mode;
  int64_t begin[AE_MAX_RANK], end[AE_MAX_RANK];
} Spec;

static AeStatus
read_mode (const AeOpCall *call, Mode *mode, AeError *err)
{
  static const char *const names[] = { "constant", "reflect", "edge", "wrap" };
  const char *name = ae_attrs_string (call->attrs, "mode", "constant");
  for (int i = 0; i < 4; i++)
    if (strcmp (name, names[i]) == 0) {
      *mode = (Mode) i;
      return AE_OK;
    }
  return ae_fail (err, AE_ERROR_ARGUMENT,
      "mode is \"%s\", wanted constant, reflect, edge or wrap", name);
}

/* pads is an attribute up to opset 10, then input 1; axes is input 3. */
static AeStatus
read_spec (const AeOpCall *call, Spec *spec, AeError *err)
{
  int rank = call->in[0]->shape.rank;
  AeInts pads, axes;
  bool found, has_axes = false;
  memset (spec, 0, sizeof *spec);
  AeStatus status = read_mode (call, &spec->mode, err);
  if (status != AE_OK
      || (status = ae_ints_find (call, "pads", 1, &pads, &found, err))
          != AE_OK)
    return status;
  for (axes.n = 0; axes.n < rank; axes.n++)
    axes.v[axes.n] = axes.n;
  const AeTensor *given = ae_in (call, 3);
  if (given) {
    has_axes = true;
    if ((status = ae_ints_read (given, "axes", &axes, err)) != AE_OK
        || (status = ae_axes (&axes, rank, err)) != AE_OK)
      return status;
  }
  if (!found || pads.n != 2 * axes.n)
    return ae_fail (err, AE_ERROR_SHAPE,
        "pads has %d values, wanted %d, two for each %s", pads.n, 2 * axes.n,
        has_axes ? "axis given" : "axis");
  for (int i = 0; i < axes.n; i++) {
    spec->begin[axes.v[i]] = pads.v[i];
    spec->end[axes.v[i]] = pads.v[i + axes.n];
  }
  return AE_OK;
}

static int64_t
least (int64_t a, int64_t b)
{
  return a < b ? a : b;
}

/* What is left of an axis before anything is added. */
static int64_t
kept (const Spec *spec, const AeShape *in, int axis)
{
  return in->dim[axis] + least (spec->begin[axis], 0)
      + least (spec->end[axis], 0);
}

static AeStatus
infer (const AeOpCall *call, AeError *err)
{
  AeShape shape = call->in[0]->shape;
  const AeTensor *value = ae_in (call, 2);
  Spec spec;
  AeStatus status = read_spec (call, &spec, err);
  if (status != AE_OK)
    return status;
  if (value && ae_shape_count (&value->shape) > 0
      && (value->type != call->in[0]->type
          || ae_shape_count (&value->shape) != 1))
    return ae_fail (err, AE_ERROR_SHAPE,
        "constant_value has %zu elements of %s, wanted one of %s",
        ae_shape_count (&value->shape), ae_type_name (value->type),
        ae_type_name (call->in[0]->type));
  for (int a = 0; a < shape.rank; a++) {
    int64_t begin = spec.begin[a], end = spec.end[a];
    if (begin < -AE_MAX_ELEMENTS || begin > AE_MAX_ELEMENTS
        || end < -AE_MAX_ELEMENTS || end > AE_MAX_ELEMENTS)
      return ae_fail (err, AE_ERROR_LIMIT,
          "axis %d is padded by %lld and %lld", a, (long long) begin,
          (long long) end);
    int64_t n = kept (&spec, &call->in[0]->shape, a);
    shape.dim[a] += begin + end;
    if (n < 0 || (n == 0 && spec.mode != CONSTANT && shape.dim[a] > 0))
      return ae_fail (err, AE_ERROR_SHAPE,
          "pads of %lld and %lld leave %lld elements of axis %d",
          (long long) begin, (long long) end, (long long) n, a);
  }
  return ae_out_set (call, 0, call->in[0]->type, &shape, err);
}

/* Index `i` relative to the first of n kept elements; -1 for the value. */
static int64_t
source (Mode mode, int64_t i, int64_t n)
{
  if (i >= 0 && i < n)
    return i;
  if (mode == CONSTANT)
    return -1;
  if (mode == EDGE || n == 1)
    return i < 0 ? 0 : n - 1;
  int64_t period = mode == WRAP ? n : 2 * (n - 1);
  i = (i % period + period) % period;
  return i < n ? i : period - i;
}

static void
release (void *state)
{
  ae_map_clear (state);
  ae_free (state);
}

static AeStatus
prepare (const AeOpCall *call, void **state, AeError *err)
{
  const AeTensor *x = call->in[0];
  Spec spec;
  AeStatus status = read_spec (call, &spec, err);
  if (status != AE_OK)
    return status;
  AeMap *map = ae_calloc (1, sizeof *map);
  if (!map)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for the index lists");
  *map = ae_map_new (&x->shape, &call->out[0]->shape, x->layout);
  for (int a = 0; a < x->shape.rank; a++) {
    if (spec.begin[a] == 0 && spec.end[a] == 0)
      continue;
    int place = ae_map_axis (x->layout, a);
    int32_t *list = ae_map_list (map, place);
    if (!list) {
      release (map);
      return ae_fail (err, AE_ERROR_MEMORY, "no memory for the index lists");
    }
    int64_t n = kept (&spec, &x->shape, a), cut = -least (spec.begin[a], 0);
    int64_t added = spec.begin[a] > 0 ? spec.begin[a] : 0;
    for (int64_t o = 0; o < map->out[place]; o++) {
      int64_t i = source (spec.mode, o - added, n);
      list[o] = (int32_t) (i < 0 ? -1 : cut + i);
    }
  }
  *state = map;
  return AE_OK;
}

static void
forward (const AeOpCall *call)
{
  const AeTensor *x = call->in[0], *value = ae_in (call, 2);
  uint64_t fill = 0;
  AeTensor constant = { .type = x->type, .data = &fill };
  if (value && ae_shape_count (&value->shape) == 1)
    memcpy (&fill, value->data, ae_type_size (x->type));
  else
    ae_tensor_set (
        &constant, 0, ae_attrs_float (call->attrs, "value", 0));
  ae_map_copy (call, call->state, ae_type_size (x->type),
      call->out[0]->data, x->data, &fill);
}

static void
backward (const AeOpCall *call)
{
  AeTensor *dx = call->din[0];
  if (!dx)
    return;
  if (call->overwrite[0])
    memset (dx->data, 0, ae_tensor_bytes (dx));
  ae_map_add (call, call->state, dx->data, call->dout[0]->data);
}

static bool
layout (const AeOpCall *call, AeOpLayout *want)
{
  Spec spec;
  if (call->in[0]->type != AE_F32 || call->in[0]->shape.rank != 4
      || read_spec (call, &spec, NULL) != AE_OK || spec.begin[1] != 0
      || spec.end[1] != 0)
    return false;
  want->in_blocked = 1;
  want->out_blocked = true;
  return true;
}

const AeOp ae_op_pad = {
  .name = "Pad",
  .domain = "",
  .since = 2,
  .min_in = 1,
  .max_in = 4,
  .min_out = 1,
  .max_out = 1,
  .infer = infer,
  .forward = forward,
  .backward = backward,
  .prepare = prepare,
  .release = release,
  .layout = layout,
};
