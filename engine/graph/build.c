/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/build.h"

#include "util/mem.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define OPSET 17

static int
fail (AeBuilder *b, AeStatus status, const char *text)
{
  if (b->error.status == AE_OK)
    ae_fail (&b->error, status, "%s", text);
  return -1;
}

static int
out_of_memory (AeBuilder *b)
{
  return fail (b, AE_ERROR_MEMORY, "out of memory for a graph");
}

void
ae_builder_start (AeBuilder *b, uint64_t seed)
{
  *b = (AeBuilder){ 0 };
  ae_rng_seed (&b->rng, seed);
  if (ae_model_new (&b->model, &b->error) == AE_OK)
    ae_model_edit (b->model)->opset = OPSET;
}

AeStatus
ae_builder_end (AeBuilder *b, AeModel **out, AeError *err)
{
  AeStatus status = b->error.status;
  if (status == AE_OK)
    status = ae_model_seal (b->model, &b->error);
  if (status != AE_OK) {
    ae_model_unref (&b->model);
    *out = NULL;
    return ae_fail (err, status, "%s", b->error.text);
  }
  *out = b->model;
  b->model = NULL;
  return AE_OK;
}

int
ae_build_input (AeBuilder *b, const char *name, AeShape shape)
{
  if (b->error.status != AE_OK)
    return -1;
  AeGraph *graph = ae_model_edit (b->model);
  int v = ae_graph_add_value (graph, name);
  if (v < 0)
    return out_of_memory (b);
  graph->values[v].type = AE_F32;
  graph->values[v].shape = shape;
  return ae_graph_add_input (graph, v, &b->error) == AE_OK ? v : -1;
}

void
ae_build_output (AeBuilder *b, int value, const char *name)
{
  if (b->error.status != AE_OK || value < 0)
    return;
  AeGraph *graph = ae_model_edit (b->model);
  char *copy = ae_strdup (name);
  if (!copy) {
    out_of_memory (b);
    return;
  }
  ae_free (graph->values[value].name);
  graph->values[value].name = copy;
  ae_graph_add_output (graph, value, &b->error);
}

static int
add_constant (AeBuilder *b, AeTensor *tensor, const char *name, bool trainable)
{
  char unique[128];
  snprintf (unique, sizeof unique, "%s_%d", name, b->counter++);
  AeGraph *graph = ae_model_edit (b->model);
  int v = ae_graph_add_constant (graph, trainable ? name : unique, tensor);
  if (v < 0)
    return out_of_memory (b);
  graph->values[v].trainable = trainable;
  return v;
}

int
ae_build_scalar (AeBuilder *b, float value)
{
  if (b->error.status != AE_OK)
    return -1;
  AeShape shape = { 0 };
  AeTensor *tensor = ae_tensor_new (AE_F32, &shape);
  if (tensor)
    *(float *) tensor->data = value;
  return add_constant (b, tensor, "scalar", false);
}

int
ae_build_values (
    AeBuilder *b, AeShape shape, const float *values, const char *name)
{
  if (b->error.status != AE_OK)
    return -1;
  AeTensor *tensor = ae_tensor_new (AE_F32, &shape);
  if (tensor)
    memcpy (tensor->data, values, ae_tensor_bytes (tensor));
  return add_constant (b, tensor, name ? name : "values", name != NULL);
}

static int
add_integers (AeBuilder *b, AeType type, AeShape shape, const void *values)
{
  if (b->error.status != AE_OK)
    return -1;
  AeTensor *tensor = ae_tensor_new (type, &shape);
  if (tensor)
    memcpy (tensor->data, values, ae_tensor_bytes (tensor));
  return add_constant (b, tensor, "integers", false);
}

int
ae_build_int16s (AeBuilder *b, AeShape shape, const int16_t *values)
{
  return add_integers (b, AE_I16, shape, values);
}

int
ae_build_int64s (AeBuilder *b, AeShape shape, const int64_t *values)
{
  return add_integers (b, AE_I64, shape, values);
}

int
ae_build_int8s (AeBuilder *b, AeShape shape, const int8_t *values)
{
  return add_integers (b, AE_I8, shape, values);
}

int
ae_build_parameter (
    AeBuilder *b, AeShape shape, float value, const char *name)
{
  if (b->error.status != AE_OK)
    return -1;
  AeTensor *tensor = ae_tensor_new (AE_F32, &shape);
  for (size_t i = 0; tensor && i < ae_shape_count (&shape); i++)
    ((float *) tensor->data)[i] = value;
  return add_constant (b, tensor, name, true);
}

static int
build_ints (AeBuilder *b, const int64_t *values, int n)
{
  if (b->error.status != AE_OK)
    return -1;
  AeShape shape = ae_shape (1, n);
  AeTensor *tensor = ae_tensor_new (AE_I64, &shape);
  for (int i = 0; tensor && i < n; i++)
    ((int64_t *) tensor->data)[i] = values[i];
  return add_constant (b, tensor, "ints", false);
}

/* An operator of a domain. */
static int
build_node (AeBuilder *b, const char *domain, int opset, const char *op,
    AeAttrs *attrs, const int *in, int n_in)
{
  AeAttrs none = { 0 };
  attrs = attrs ? attrs : &none;
  const AeOp *found = ae_op_find (domain, op, opset);
  if (b->error.status == AE_OK && !found)
    ae_fail (&b->error, AE_ERROR_UNSUPPORTED, "no operator %s", op);
  if (b->error.status != AE_OK) {
    ae_attrs_clear (attrs);
    return -1;
  }
  char name[128];
  snprintf (name, sizeof name, "%s_%d", op, b->counter++);
  AeGraph *graph = ae_model_edit (b->model);
  int out = ae_graph_add_value (graph, name);
  if (out < 0
      || ae_graph_add_node (
             graph, found, opset, name, attrs, in, n_in, &out, 1)
          < 0) {
    ae_attrs_clear (attrs);
    return out_of_memory (b);
  }
  return out;
}

int
ae_build_node (
    AeBuilder *b, const char *op, AeAttrs *attrs, const int *in, int n_in)
{
  return build_node (b, "", OPSET, op, attrs, in, n_in);
}

int
ae_build_gradient_reversal (AeBuilder *b, int x, int strength)
{
  int in[2] = { x, strength };
  return build_node (b, "ae", 1, "GradientReversal", NULL, in, 2);
}

int
ae_build_unary (AeBuilder *b, const char *op, int x)
{
  return ae_build_node (b, op, NULL, &x, 1);
}

int
ae_build_binary (AeBuilder *b, const char *op, int x, int y)
{
  return ae_build_node (b, op, NULL, (int[]){ x, y }, 2);
}

/* He et al. 2015: variance 2 / fan_in. */
static int
build_weights (AeBuilder *b, AeShape shape, int fan_in, float gain,
    const char *name, const char *suffix)
{
  if (b->error.status != AE_OK)
    return -1;
  AeTensor *tensor = ae_tensor_new (AE_F32, &shape);
  float scale = gain * sqrtf (2.0f / (float) (fan_in > 0 ? fan_in : 1));
  size_t n = ae_shape_count (&shape);
  for (size_t i = 0; tensor && gain != 0 && i < n; i++)
    ((float *) tensor->data)[i] = scale * ae_rng_normal (&b->rng);
  char full[128];
  snprintf (full, sizeof full, "%s.%s", name, suffix);
  return add_constant (b, tensor, full, true);
}

static AeConvSpec
with_defaults (AeConvSpec spec)
{
  spec.stride = spec.stride ? spec.stride : 1;
  spec.groups = spec.groups ? spec.groups : 1;
  return spec;
}

static void
set_conv_attrs (AeBuilder *b, AeAttrs *attrs, AeConvSpec spec, int pad)
{
  int64_t kernel[2] = { spec.kernel, spec.kernel };
  int64_t stride[2] = { spec.stride, spec.stride };
  int64_t pads[4] = { pad, pad, pad, pad };
  if (!ae_attrs_set_ints (attrs, "kernel_shape", kernel, 2)
      || !ae_attrs_set_ints (attrs, "strides", stride, 2)
      || !ae_attrs_set_ints (attrs, "pads", pads, 4)
      || !ae_attrs_set_int (attrs, "group", spec.groups))
    out_of_memory (b);
}

int
ae_build_conv (AeBuilder *b, int x, AeConvSpec spec, const char *name)
{
  spec = with_defaults (spec);
  int per_group = spec.ic / spec.groups;
  int fan_in = per_group * spec.kernel * spec.kernel;
  int in[3] = { x,
    build_weights (b,
        ae_shape (4, spec.oc, per_group, spec.kernel, spec.kernel), fan_in,
        spec.gain, name, "weight"),
    spec.no_bias
        ? -1
        : build_weights (b, ae_shape (1, spec.oc), 1, 0, name, "bias") };
  AeAttrs attrs = { 0 };
  int pad = spec.kernel > spec.stride ? (spec.kernel - 1) / 2 : 0;
  set_conv_attrs (b, &attrs, spec, pad);
  return ae_build_node (b, "Conv", &attrs, in, spec.no_bias ? 2 : 3);
}

int
ae_build_conv_transpose (
    AeBuilder *b, int x, AeConvSpec spec, const char *name)
{
  spec = with_defaults (spec);
  int per_group = spec.oc / spec.groups;
  int fan_in
      = spec.ic * spec.kernel * spec.kernel / (spec.stride * spec.stride);
  int in[3] = { x,
    build_weights (b,
        ae_shape (4, spec.ic, per_group, spec.kernel, spec.kernel), fan_in,
        spec.gain, name, "weight"),
    spec.no_bias
        ? -1
        : build_weights (b, ae_shape (1, spec.oc), 1, 0, name, "bias") };
  AeAttrs attrs = { 0 };
  /* The output is exactly stride times the input. */
  int excess = spec.kernel - spec.stride;
  int pad = excess > 0 ? (excess + 1) / 2 : 0;
  int64_t extra[2] = { 2 * pad - excess, 2 * pad - excess };
  set_conv_attrs (b, &attrs, spec, pad);
  if (!ae_attrs_set_ints (&attrs, "output_padding", extra, 2))
    out_of_memory (b);
  return ae_build_node (b, "ConvTranspose", &attrs, in, spec.no_bias ? 2 : 3);
}

int
ae_build_dense (
    AeBuilder *b, int x, int in, int out, float gain, const char *name)
{
  int args[3] = { x,
    build_weights (b, ae_shape (2, out, in), in, gain, name, "weight"),
    build_weights (b, ae_shape (1, out), 1, 0, name, "bias") };
  AeAttrs attrs = { 0 };
  if (!ae_attrs_set_int (&attrs, "transB", 1))
    out_of_memory (b);
  return ae_build_node (b, "Gemm", &attrs, args, 3);
}

static int
build_with_int (AeBuilder *b, const char *op, const int *x, int n,
    const char *attr, int value)
{
  AeAttrs attrs = { 0 };
  if (!ae_attrs_set_int (&attrs, attr, value))
    out_of_memory (b);
  return ae_build_node (b, op, &attrs, x, n);
}

int
ae_build_concat (AeBuilder *b, const int *x, int n, int axis)
{
  return build_with_int (b, "Concat", x, n, "axis", axis);
}

int
ae_build_depth_to_space (AeBuilder *b, int x, int block)
{
  return build_with_int (b, "DepthToSpace", &x, 1, "blocksize", block);
}

int
ae_build_space_to_depth (AeBuilder *b, int x, int block)
{
  return build_with_int (b, "SpaceToDepth", &x, 1, "blocksize", block);
}

int
ae_build_resize2 (AeBuilder *b, int x)
{
  if (b->error.status != AE_OK)
    return -1;
  AeShape shape = ae_shape (1, 4);
  AeTensor *scales = ae_tensor_new (AE_F32, &shape);
  for (int i = 0; scales && i < 4; i++)
    ((float *) scales->data)[i] = i < 2 ? 1 : 2;
  int in[3] = { x, -1, add_constant (b, scales, "scales", false) };
  AeAttrs attrs = { 0 };
  if (!ae_attrs_set_string (&attrs, "mode", "nearest")
      || !ae_attrs_set_string (
          &attrs, "coordinate_transformation_mode", "asymmetric")
      || !ae_attrs_set_string (&attrs, "nearest_mode", "floor"))
    out_of_memory (b);
  return ae_build_node (b, "Resize", &attrs, in, 3);
}

int
ae_build_slice (AeBuilder *b, int x, int axis, int from, int to)
{
  int64_t start = from, end = to, along = axis;
  int in[4] = { x, build_ints (b, &start, 1), build_ints (b, &end, 1),
    build_ints (b, &along, 1) };
  return ae_build_node (b, "Slice", NULL, in, 4);
}

int
ae_build_reshape (AeBuilder *b, int x, const int64_t *shape, int rank)
{
  return ae_build_binary (b, "Reshape", x, build_ints (b, shape, rank));
}
