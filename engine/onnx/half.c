/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "onnx/half.h"

#include "graph/passes.h"
#include "onnx/tensor.h"
#include "util/mem.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define LARGEST_HALF 65504.0f
#define SUFFIX ".float16"
#define ATTRIBUTE_INT 2 /* AttributeProto.INT */

bool
ae_half_wanted (const AeModel *model)
{
  const char *weights = ae_model_meta (model, AE_HALF_META);
  return weights && strcmp (weights, "float16") == 0;
}

bool
ae_half_fits (const AeValue *value)
{
  if (!value->constant || !value->trainable || value->type != AE_F32
      || value->shape.rank < 2)
    return false;
  const float *data = value->constant->data;
  for (size_t i = 0; i < ae_shape_count (&value->shape); i++)
    if (!(fabsf (data[i]) <= LARGEST_HALF))
      return false;
  return true;
}

static char *
half_name (const char *name, AeArena *arena)
{
  size_t size = strlen (name) + sizeof SUFFIX;
  char *out = ae_arena_alloc (arena, size);
  if (out)
    snprintf (out, size, "%s" SUFFIX, name);
  return out;
}

/* name = Cast (half, to = float32) */
static bool
view_cast (OnnxNode *node, char *name, char *half, AeArena *arena)
{
  OnnxAttribute *to = ae_arena_alloc (arena, sizeof *to);
  OnnxAttribute **list = ae_arena_alloc (arena, sizeof *list);
  char **names = ae_arena_alloc (arena, 2 * sizeof *names);
  if (!to || !list || !names)
    return false;
  onnx_attribute__init (to);
  to->name = (char *) "to";
  to->has_type = true;
  to->type = ATTRIBUTE_INT;
  to->has_i = true;
  to->i = AE_F32;
  list[0] = to;
  names[0] = half;
  names[1] = name;
  onnx_node__init (node);
  node->op_type = (char *) "Cast";
  node->name = name;
  node->n_input = node->n_output = node->n_attribute = 1;
  node->input = names;
  node->output = names + 1;
  node->attribute = list;
  return true;
}

AeStatus
ae_half_view (const AeValue *value, OnnxTensor *tensor, OnnxNode *node,
    AeArena *arena, AeError *err)
{
  size_t n = ae_shape_count (&value->shape);
  const float *data = value->constant->data;
  uint16_t *half = ae_arena_alloc (arena, n * sizeof *half);
  char *name = half_name (value->name, arena);
  if (!half || !name || !view_cast (node, value->name, name, arena))
    return ae_fail (err, AE_ERROR_MEMORY, "out of memory for a file");
  for (size_t i = 0; i < n; i++)
    half[i] = ae_f32_to_f16 (data[i]);
  AeTensor view = { .type = AE_F16, .shape = value->shape, .data = half };
  ae_onnx_tensor_view (tensor, &view, name);
  tensor->dims = (int64_t *) value->shape.dim;
  return AE_OK;
}

static bool
is_half_cast (const AeGraph *graph, const AeNode *node, const AeUse *uses)
{
  if (strcmp (node->op->name, "Cast") != 0 || node->op->domain[0]
      || node->n_in != 1 || node->n_out != 1 || node->in[0] < 0
      || node->out[0] < 0
      || ae_attrs_int (&node->attrs, "to", 0) != AE_F32)
    return false;
  const AeValue *value = &graph->values[node->in[0]];
  const AeUse *use = &uses[node->in[0]];
  return value->constant && value->type == AE_F16 && use->count == 1
      && !use->is_output;
}

static AeStatus
widen (AeGraph *graph, const AeNode *node, AeError *err)
{
  AeValue *half = &graph->values[node->in[0]];
  AeValue *value = &graph->values[node->out[0]];
  AeTensor *tensor = ae_tensor_new (AE_F32, &half->constant->shape);
  if (!tensor)
    return ae_fail (err, AE_ERROR_MEMORY, "out of memory for weights");
  const uint16_t *from = half->constant->data;
  float *to = tensor->data;
  for (size_t i = 0; i < ae_shape_count (&tensor->shape); i++)
    to[i] = ae_f16_to_f32 (from[i]);
  value->constant = tensor;
  value->type = AE_F32;
  value->shape = tensor->shape;
  value->trainable = true;
  ae_tensor_free (&half->constant);
  return AE_OK;
}

AeStatus
ae_half_resolve (AeGraph *graph, AeError *err)
{
  AeUse *uses = ae_graph_uses (graph);
  if (!uses)
    return ae_fail (err, AE_ERROR_MEMORY, "out of memory for a graph");
  AeStatus status = AE_OK;
  int kept = 0;
  for (int i = 0; i < graph->n_nodes; i++) {
    AeNode *node = &graph->nodes[i];
    bool goes = status == AE_OK && is_half_cast (graph, node, uses);
    if (goes)
      status = widen (graph, node, err);
    if (goes && status == AE_OK)
      ae_node_clear (node);
    else
      graph->nodes[kept++] = *node;
  }
  graph->n_nodes = kept;
  ae_free (uses);
  return status;
}
