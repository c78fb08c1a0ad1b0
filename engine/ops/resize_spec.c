/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/resize_spec.h"

#include "ops/params.h"

#include <math.h>
#include <string.h>

/* Numbers of a small float list. */
typedef struct {
  int n;
  double v[2 * AE_MAX_RANK];
} Numbers;

static const char *const modes[] = { "nearest", "linear", "cubic", NULL };
static const char *const coordinates[] = { "half_pixel",
  "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric",
  "tf_half_pixel_for_nn", "tf_crop_and_resize", NULL };
static const char *const roundings[]
    = { "round_prefer_floor", "round_prefer_ceil", "floor", "ceil", NULL };
static const char *const policies[]
    = { "stretch", "not_larger", "not_smaller", NULL };

static AeStatus
read_choice (const AeOpCall *call, const char *name,
    const char *const *choices, int *choice, AeError *err)
{
  const char *text = ae_attrs_string (call->attrs, name, choices[0]);
  for (*choice = 0; choices[*choice]; (*choice)++)
    if (strcmp (text, choices[*choice]) == 0)
      return AE_OK;
  return ae_fail (err, AE_ERROR_UNSUPPORTED,
      "%s is \"%s\", wanted one that is known, such as %s", name, text,
      choices[0]);
}

/* Before opset 11 (and in Upsample) nothing but the mode could be chosen. */
static AeStatus
read_kind (const AeOpCall *call, AeResizeKind *kind, AeError *err)
{
  const AeAttrs *attrs = call->attrs;
  int mode = 0, place = 0, rounding = 0;
  AeStatus status;
  if (strcmp (ae_attrs_string (attrs, "mode", ""), "bilinear") == 0)
    mode = AE_LINEAR;
  else if ((status = read_choice (call, "mode", modes, &mode, err)) != AE_OK)
    return status;
  *kind = (AeResizeKind) { .mode = (AeResizeMode) mode,
    .coordinates = AE_ASYMMETRIC, .rounding = AE_SIMPLE, .cubic_a = -0.75f };
  if (call->opset < 11)
    return AE_OK;
  if ((status = read_choice (call, "coordinate_transformation_mode",
           coordinates, &place, err)) != AE_OK
      || (status = read_choice (
              call, "nearest_mode", roundings, &rounding, err)) != AE_OK)
    return status;
  kind->coordinates = (AeResizeCoordinates) place;
  kind->rounding = (AeResizeRounding) rounding;
  kind->cubic_a = ae_attrs_float (attrs, "cubic_coeff_a", -0.75f);
  kind->exclude_outside = ae_attrs_int (attrs, "exclude_outside", 0) != 0;
  kind->antialias
      = ae_attrs_int (attrs, "antialias", 0) != 0 && mode != AE_NEAREST;
  return AE_OK;
}

/* Input `index`, absent when it has no elements. */
static AeStatus
read_input (const AeOpCall *call, int index, const char *name,
    Numbers *numbers, AeError *err)
{
  const AeTensor *t = ae_in (call, index);
  numbers->n = 0;
  if (!t || ae_shape_count (&t->shape) == 0)
    return AE_OK;
  size_t n = ae_shape_count (&t->shape);
  if (t->shape.rank > 1 || n > 2 * AE_MAX_RANK)
    return ae_fail (err, AE_ERROR_SHAPE,
        "%s has rank %d and %zu values, wanted rank 1 and at most %d", name,
        t->shape.rank, n, 2 * AE_MAX_RANK);
  if (!t->data)
    return ae_fail (err, AE_ERROR_NEEDS_DATA,
        "%s decides a shape, but its values are not known before the run",
        name);
  for (numbers->n = 0; numbers->n < (int) n; numbers->n++)
    numbers->v[numbers->n] = ae_tensor_get (t, (size_t) numbers->n);
  return AE_OK;
}

typedef struct {
  Numbers scales, sizes, roi;
  AeInts axes;
} Inputs;

static AeStatus
read_inputs (
    const AeOpCall *call, const AeResizeKind *kind, Inputs *in, AeError *err)
{
  int rank = call->in[0]->shape.rank;
  bool old = call->opset < 11;
  AeStatus status
      = read_input (call, old ? 1 : 2, "scales", &in->scales, err);
  in->roi.n = in->sizes.n = 0;
  if (status == AE_OK && !old)
    status = read_input (call, 3, "sizes", &in->sizes, err);
  if (status == AE_OK && kind->coordinates == AE_TF_CROP_AND_RESIZE)
    status = read_input (call, 1, "roi", &in->roi, err);
  if (status != AE_OK)
    return status;
  size_t n;
  const float *attr = ae_attrs_floats (call->attrs, "scales", &n);
  if (old && attr && in->scales.n == 0 && n <= AE_MAX_RANK)
    for (in->scales.n = 0; in->scales.n < (int) n; in->scales.n++)
      in->scales.v[in->scales.n] = (double) attr[in->scales.n];
  if (!ae_ints_attr (call, "axes", &in->axes))
    for (in->axes.n = 0; in->axes.n < rank; in->axes.n++)
      in->axes.v[in->axes.n] = in->axes.n;
  if ((status = ae_axes (&in->axes, rank, err)) != AE_OK)
    return status;
  int given = in->scales.n ? in->scales.n : in->sizes.n;
  if (given != in->axes.n || (in->scales.n && in->sizes.n))
    return ae_fail (err, AE_ERROR_SHAPE,
        "%d scales and %d sizes for %d axes, wanted one of the two for each "
        "axis", in->scales.n, in->sizes.n, in->axes.n);
  if (in->roi.n != 2 * in->axes.n && in->roi.n != 0)
    return ae_fail (err, AE_ERROR_SHAPE, "roi has %d values, wanted %d",
        in->roi.n, 2 * in->axes.n);
  if (kind->coordinates == AE_TF_CROP_AND_RESIZE && in->roi.n == 0)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "roi is missing, wanted %d values", 2 * in->axes.n);
  return AE_OK;
}

static AeStatus
too_large (AeError *err, int axis, double size)
{
  return ae_fail (err, AE_ERROR_LIMIT, "axis %d becomes %g, wanted 0 to %g",
      axis, size, (double) AE_MAX_ELEMENTS);
}

/* Sizes by scales: f32 products, rounded down. */
static AeStatus
apply_scales (const Inputs *in, AeResizeSpec *spec, AeError *err)
{
  for (int i = 0; i < in->axes.n; i++) {
    AeResizeAxis *a = &spec->axis[in->axes.v[i]];
    float scale = (float) in->scales.v[i];
    if (!(scale > 0))
      return ae_fail (err, AE_ERROR_ARGUMENT,
          "the scale of axis %d is %g, wanted more than 0",
          (int) in->axes.v[i], (double) scale);
    a->scale = (double) scale;
    float size = (float) a->in * scale;
    if (in->roi.n)
      size = (float) a->in * (float) (a->roi[1] - a->roi[0]) * scale;
    if (!(size >= 0 && (double) size <= (double) AE_MAX_ELEMENTS))
      return too_large (err, (int) in->axes.v[i], (double) size);
    a->out = (int64_t) floorf (size);
  }
  return AE_OK;
}

static AeStatus
apply_sizes (
    const Inputs *in, int policy, AeResizeSpec *spec, AeError *err)
{
  double common = 0;
  for (int i = 0; i < in->axes.n; i++) {
    AeResizeAxis *a = &spec->axis[in->axes.v[i]];
    double size = in->sizes.v[i];
    if (!(size >= 0 && size <= (double) AE_MAX_ELEMENTS))
      return too_large (err, (int) in->axes.v[i], size);
    a->out = (int64_t) size;
    a->scale = a->in ? size / (double) a->in : 1;
    if (i == 0 || (policy == 1 ? a->scale < common : a->scale > common))
      common = a->scale;
  }
  for (int i = 0; i < in->axes.n && policy != 0; i++) {
    AeResizeAxis *a = &spec->axis[in->axes.v[i]];
    double size = floor (common * (double) a->in + 0.5);
    if (!(size <= (double) AE_MAX_ELEMENTS))
      return too_large (err, (int) in->axes.v[i], size);
    a->scale = common;
    a->out = (int64_t) size;
  }
  return AE_OK;
}

AeStatus
ae_resize_spec (const AeOpCall *call, AeResizeSpec *spec, AeError *err)
{
  const AeShape *x = &call->in[0]->shape;
  Inputs in;
  int policy;
  AeStatus status = read_kind (call, &spec->kind, err);
  if (status != AE_OK
      || (status = read_choice (call, "keep_aspect_ratio_policy", policies,
              &policy, err)) != AE_OK
      || (status = read_inputs (call, &spec->kind, &in, err)) != AE_OK)
    return status;
  for (int i = 0; i < x->rank; i++)
    spec->axis[i] = (AeResizeAxis) { x->dim[i], x->dim[i], 1, { 0, 1 } };
  for (int i = 0; i < in.axes.n && in.roi.n; i++) {
    spec->axis[in.axes.v[i]].roi[0] = in.roi.v[i];
    spec->axis[in.axes.v[i]].roi[1] = in.roi.v[i + in.axes.n];
  }
  status = in.scales.n ? apply_scales (&in, spec, err)
                       : apply_sizes (&in, policy, spec, err);
  spec->shape = *x;
  for (int i = 0; i < x->rank && status == AE_OK; i++) {
    spec->shape.dim[i] = spec->axis[i].out;
    if (spec->axis[i].in == 0 && spec->axis[i].out > 0)
      status = ae_fail (err, AE_ERROR_SHAPE,
          "axis %d has no samples and is to become %lld", i,
          (long long) spec->axis[i].out);
  }
  return status;
}

bool
ae_resize_keeps (const AeResizeSpec *spec, int axis)
{
  const AeResizeAxis *a = &spec->axis[axis];
  if (a->in != a->out)
    return false;
  if (spec->kind.coordinates == AE_TF_CROP_AND_RESIZE)
    return a->roi[0] == 0 && a->roi[1] == 1;
  return a->scale == 1 && spec->kind.coordinates != AE_TF_HALF_PIXEL;
}
