/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/conv_form.h"

#include "ops/check.h"

#include <limits.h>
#include <string.h>

/* Attributes in a form common to both operators, spatial axes only. */
typedef struct {
  int rank; /* 1 to 3 */
  int64_t kernel[3], stride[3], dilation[3], begin[3], end[3];
  int64_t output_padding[3], output_shape[3];
  bool has_output_shape;
  const char *auto_pad;
} Attrs;

/* Fills `to` from a list of exactly `n` values, each at least `least`. */
static AeStatus
read_list (const AeOpCall *call, const char *name, int n, int64_t least,
    int64_t fallback, int64_t *to, AeError *err)
{
  size_t found;
  const int64_t *list = ae_attrs_ints (call->attrs, name, &found);
  for (int i = 0; i < n; i++)
    to[i] = fallback;
  if (!list || found == 0)
    return AE_OK;
  if (found != (size_t) n)
    return ae_fail (err, AE_ERROR_SHAPE, "%s has %zu values instead of %d",
        name, found, n);
  for (int i = 0; i < n; i++) {
    if (list[i] < least || list[i] > INT_MAX / 4)
      return ae_fail (err, AE_ERROR_ARGUMENT,
          "%s holds %lld instead of at least %lld", name, (long long) list[i],
          (long long) least);
    to[i] = list[i];
  }
  return AE_OK;
}

static AeStatus
read_output_shape (const AeOpCall *call, Attrs *a, AeError *err)
{
  size_t n;
  const int64_t *list = ae_attrs_ints (call->attrs, "output_shape", &n);
  if (!list || n == 0)
    return AE_OK;
  /* Some exporters write batch and channels too. */
  size_t skip = n == (size_t) a->rank + 2 ? 2 : 0;
  if (n - skip != (size_t) a->rank)
    return ae_fail (err, AE_ERROR_SHAPE,
        "output_shape has %zu values instead of %d", n, a->rank);
  for (int i = 0; i < a->rank; i++) {
    a->output_shape[i] = list[i + skip];
    if (a->output_shape[i] < 1 || a->output_shape[i] > INT_MAX / 4)
      return ae_fail (err, AE_ERROR_ARGUMENT,
          "output_shape holds %lld instead of at least 1",
          (long long) a->output_shape[i]);
  }
  a->has_output_shape = true;
  return AE_OK;
}

static AeStatus
read_attrs (const AeOpCall *call, Attrs *a, AeError *err)
{
  const AeShape *w = &call->in[1]->shape;
  int64_t pads[6];
  a->rank = w->rank - 2;
  AeStatus s;
  if ((s = read_list (call, "kernel_shape", a->rank, 1, -1, a->kernel, err))
      || (s = read_list (call, "strides", a->rank, 1, 1, a->stride, err))
      || (s = read_list (call, "dilations", a->rank, 1, 1, a->dilation, err))
      || (s = read_list (call, "pads", 2 * a->rank, 0, 0, pads, err))
      || (s = read_list (
              call, "output_padding", a->rank, 0, 0, a->output_padding, err))
      || (s = read_output_shape (call, a, err)))
    return s;
  for (int i = 0; i < a->rank; i++) {
    int64_t size = w->dim[i + 2];
    if (size < 1 || (a->kernel[i] != -1 && a->kernel[i] != size))
      return ae_fail (err, AE_ERROR_SHAPE,
          "kernel_shape says %lld, the weights have %lld",
          (long long) a->kernel[i], (long long) size);
    a->kernel[i] = size;
    a->begin[i] = pads[i];
    a->end[i] = pads[a->rank + i];
  }
  a->auto_pad = ae_attrs_string (call->attrs, "auto_pad", "NOTSET");
  static const char *const known[]
      = { "NOTSET", "", "SAME_UPPER", "SAME_LOWER", "VALID" };
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
    if (strcmp (a->auto_pad, known[i]) == 0)
      return AE_OK;
  return ae_fail (err, AE_ERROR_ARGUMENT,
      "auto_pad is \"%s\" instead of NOTSET, SAME_UPPER, SAME_LOWER or VALID",
      a->auto_pad);
}

static bool
is_same (const Attrs *a)
{
  return strncmp (a->auto_pad, "SAME_", 5) == 0;
}

/* Convolution: sets the pads; the output size. */
static int64_t
conv_size (Attrs *a, int i, int64_t in)
{
  int64_t reach = (a->kernel[i] - 1) * a->dilation[i] + 1;
  if (strcmp (a->auto_pad, "VALID") == 0)
    a->begin[i] = a->end[i] = 0;
  if (is_same (a)) {
    int64_t out = (in + a->stride[i] - 1) / a->stride[i];
    int64_t total = (out - 1) * a->stride[i] + reach - in;
    total = total > 0 ? total : 0;
    bool upper = strcmp (a->auto_pad, "SAME_UPPER") == 0;
    a->begin[i] = upper ? total / 2 : total - total / 2;
    a->end[i] = total - a->begin[i];
  }
  int64_t room = in + a->begin[i] + a->end[i] - reach;
  return room < 0 ? 0 : room / a->stride[i] + 1;
}

/* Transposed convolution, as the operator's specification has it: an odd
 * padding puts the larger half in front unless SAME_UPPER is asked for. */
static int64_t
transposed_size (Attrs *a, int i, int64_t in)
{
  int64_t reach = (a->kernel[i] - 1) * a->dilation[i] + 1;
  int64_t full = (in - 1) * a->stride[i] + a->output_padding[i] + reach;
  if (strcmp (a->auto_pad, "VALID") == 0)
    a->begin[i] = a->end[i] = 0;
  if (!a->has_output_shape && !is_same (a))
    return full - a->begin[i] - a->end[i];
  int64_t out
      = a->has_output_shape ? a->output_shape[i] : in * a->stride[i];
  int64_t total = full > out ? full - out : 0;
  bool upper = strcmp (a->auto_pad, "SAME_UPPER") == 0;
  a->begin[i] = upper ? total / 2 : total - total / 2;
  a->end[i] = total - a->begin[i];
  return out;
}

static AeStatus
check_shapes (const AeOpCall *call, AeError *err)
{
  const AeShape *x = &call->in[0]->shape, *w = &call->in[1]->shape;
  AeStatus s = ae_check_type (
      call, 0, AE_TYPE_BIT (AE_F32) | AE_TYPE_BIT (AE_F64), err);
  for (int i = 1; s == AE_OK && i < call->n_in; i++)
    if (call->in[i])
      s = ae_check_same_type (call, i, err);
  if (s != AE_OK)
    return s;
  if (x->rank < 3 || x->rank > 5)
    return ae_fail (err, AE_ERROR_UNSUPPORTED,
        "the input has %d dimensions instead of 3 to 5", x->rank);
  if (w->rank != x->rank)
    return ae_fail (err, AE_ERROR_SHAPE,
        "the weights have %d dimensions instead of %d", w->rank, x->rank);
  for (int i = 0; i < x->rank; i++)
    if (x->dim[i] > INT_MAX / 4 || w->dim[i] > INT_MAX / 4)
      return ae_fail (err, AE_ERROR_LIMIT,
          "a dimension is larger than %d", INT_MAX / 4);
  return AE_OK;
}

static AeStatus
check_channels (
    const AeOpCall *call, bool transposed, AeConvPlain *c, AeError *err)
{
  const AeShape *x = &call->in[0]->shape, *w = &call->in[1]->shape;
  int64_t groups = ae_attrs_int (call->attrs, "group", 1);
  int64_t channels = x->dim[1], first = w->dim[0], second = w->dim[1];
  if (groups < 1 || groups > INT_MAX / 4 || first < 1 || second < 1
      || second > INT_MAX / 4 / groups)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "group is %lld with weights of %lld x %lld channels",
        (long long) groups, (long long) first, (long long) second);
  int64_t wanted = transposed ? first : second * groups;
  if (channels != wanted || first % groups != 0)
    return ae_fail (err, AE_ERROR_SHAPE,
        "the input has %lld channels, the weights want %lld in %lld groups",
        (long long) channels, (long long) wanted, (long long) groups);
  c->n = (int) x->dim[0];
  c->groups = (int) groups;
  c->oc = (int) first;
  c->ic = (int) (second * groups);
  const AeTensor *bias = call->n_in > 2 ? call->in[2] : NULL;
  int made = transposed ? c->ic : c->oc;
  if (bias && (bias->shape.rank != 1 || bias->shape.dim[0] != made))
    return ae_fail (err, AE_ERROR_SHAPE,
        "the bias has %lld values instead of %d",
        (long long) (bias->shape.rank == 1 ? bias->shape.dim[0] : -1), made);
  return AE_OK;
}

/* Leading axes that are not there have size 1. */
static void
set_axes (AeConvPlain *c, const Attrs *a, bool transposed, const AeShape *x,
    const AeShape *y)
{
  for (int i = 0; i < 3; i++) {
    c->in[i] = c->out[i] = c->kernel[i] = c->stride[i] = c->dilation[i] = 1;
    c->pad[i] = 0;
  }
  for (int i = 0; i < a->rank; i++) {
    int at = 3 - a->rank + i;
    const AeShape *in = transposed ? y : x, *out = transposed ? x : y;
    c->in[at] = (int) in->dim[i + 2];
    c->out[at] = (int) out->dim[i + 2];
    c->kernel[at] = (int) a->kernel[i];
    c->stride[at] = (int) a->stride[i];
    c->dilation[at] = (int) a->dilation[i];
    c->pad[at] = (int) a->begin[i];
  }
}

static void
set_fast (AeConvForm *form, int rank)
{
  const AeConvPlain *c = &form->plain;
  form->geo = (AeConvGeo){ .n = c->n, .ic = c->ic, .ih = c->in[1],
    .iw = c->in[2], .oc = c->oc, .oh = c->out[1], .ow = c->out[2],
    .kh = c->kernel[1], .kw = c->kernel[2], .sh = c->stride[1],
    .sw = c->stride[2], .dh = c->dilation[1], .dw = c->dilation[2],
    .pt = c->pad[1], .pl = c->pad[2], .groups = c->groups };
  AeConvPlan plan;
  const AeKernels *kernels = ae_kernels ();
  form->rank = rank;
  form->fast = rank <= 2 && !c->f64 && c->n > 0;
  for (int kind = AE_CONV_FORWARD; kind <= AE_CONV_TRANSPOSED; kind++)
    form->fast = form->fast
        && ae_conv_plan (
            &plan, &form->geo, (AeConvKind) kind, false, kernels);
  form->fast_weights = form->fast
      && ae_conv_plan (&plan, &form->geo, AE_CONV_WEIGHTS, false, kernels);
}

AeStatus
ae_conv_form (const AeOpCall *call, bool transposed, AeConvForm *form,
    AeShape *out, AeError *err)
{
  Attrs a = { 0 };
  *form = (AeConvForm){ 0 };
  AeConvPlain *c = &form->plain;
  AeStatus s = check_shapes (call, err);
  if (s != AE_OK || (s = read_attrs (call, &a, err)) != AE_OK
      || (s = check_channels (call, transposed, c, err)) != AE_OK)
    return s;
  const AeShape *x = &call->in[0]->shape;
  *out = *x;
  out->dim[1] = transposed ? c->ic : c->oc;
  for (int i = 0; i < a.rank; i++) {
    int64_t size = x->dim[i + 2];
    int64_t made = transposed ? transposed_size (&a, i, size)
                              : conv_size (&a, i, size);
    if (size < 1 || made < 1 || made > INT_MAX / 4)
      return ae_fail (err, AE_ERROR_SHAPE,
          "axis %d: size %lld with kernel %lld, stride %lld, dilation %lld and "
          "pads %lld, %lld leaves %lld elements",
          i + 2, (long long) size, (long long) a.kernel[i],
          (long long) a.stride[i], (long long) a.dilation[i],
          (long long) a.begin[i], (long long) a.end[i], (long long) made);
    out->dim[i + 2] = made;
  }
  s = ae_shape_check (out, "the output", err);
  if (s != AE_OK)
    return s;
  set_axes (c, &a, transposed, x, out);
  c->f64 = call->in[0]->type == AE_F64;
  c->pool = call->pool;
  c->n_threads = call->n_threads;
  set_fast (form, a.rank);
  return AE_OK;
}

double
ae_conv_mac (const AeConvForm *form)
{
  const AeConvPlain *c = &form->plain;
  double macs = (double) c->n * c->oc * (c->ic / c->groups);
  for (int i = 0; i < 3; i++)
    macs *= (double) c->out[i] * c->kernel[i];
  return macs;
}
