/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Model to ONNX file. The messages are views into the model; only their
 * structs and lists are in the arena. */
#include "onnx/writer.h"

#include "onnx/attr.h"
#include "onnx/frozen.h"
#include "onnx/half.h"
#include "onnx/opset.h"
#include "onnx/tensor.h"

#include "util/file.h"
#include "util/mem.h"

#include <math.h>
#include <string.h>

/* protobuf's own limit of one message. */
#define MAX_BYTES ((size_t) INT32_MAX)
#define GRAPH_TAG 0x3a /* field 7, length-delimited */

/* All structs of a list in one piece, and the pointers to them. Each of them
 * is initialised by the caller. NULL when memory runs out. */
static void *
new_list (AeArena *arena, size_t n, size_t size, void *pointers)
{
  char *structs = ae_arena_alloc (arena, n * size);
  void **list = ae_arena_alloc (arena, n * sizeof *list);
  if (!structs || !list)
    return NULL;
  for (size_t i = 0; i < n; i++)
    list[i] = structs + i * size;
  memcpy (pointers, &list, sizeof list);
  return structs;
}

static AeStatus
memory (bool ok, AeError *err)
{
  return ok ? AE_OK
            : ae_fail (err, AE_ERROR_MEMORY, "out of memory for a file");
}

/* A constant that does not train may be infinite (a limit of Clip), but is
 * never NaN by intent. */
static AeStatus
check_finite (const AeValue *value, AeError *err)
{
  const float *data = value->constant->data;
  size_t n = value->type == AE_F32 ? ae_shape_count (&value->shape) : 0;
  for (size_t i = 0; i < n; i++)
    if (value->trainable ? !isfinite (data[i]) : isnan (data[i]))
      return ae_fail (err, AE_ERROR_NUMERIC,
          "element %zu of parameter '%.200s' is %g, wanted a number", i,
          value->name, (double) data[i]);
  return AE_OK;
}

/* Values stored as half floats are the first nodes, a Cast each. */
static AeStatus
view_initializers (OnnxGraph *proto, const AeGraph *graph, bool half,
    OnnxNode *casts, AeArena *arena, AeError *err)
{
  for (int v = 0; v < graph->n_values; v++)
    proto->n_initializer += graph->values[v].constant != NULL;
  OnnxTensor *at = new_list (
      arena, proto->n_initializer, sizeof *at, &proto->initializer);
  if (!at)
    return memory (false, err);
  for (int v = 0; v < graph->n_values; v++) {
    const AeValue *value = &graph->values[v];
    if (!value->constant)
      continue;
    AeStatus status = check_finite (value, err);
    if (status == AE_OK && half && ae_half_fits (value))
      status = ae_half_view (value, at, casts++, arena, err);
    else
      ae_onnx_tensor_view (at, value->constant, value->name);
    if (status != AE_OK)
      return status;
    at++;
  }
  return AE_OK;
}

/* Open dimensions are written without value, and with their name if they have
 * one. */
static bool
view_type (ProtobufCBinaryData *out, const AeValue *value, AeArena *arena)
{
  OnnxDim dims[AE_MAX_RANK], *list[AE_MAX_RANK];
  OnnxShape shape = ONNX_SHAPE__INIT;
  OnnxTensorType tensor = ONNX_TENSOR_TYPE__INIT;
  OnnxType type = ONNX_TYPE__INIT;
  for (int i = 0; i < value->shape.rank; i++) {
    onnx_dim__init (list[i] = &dims[i]);
    dims[i].has_dim_value = value->shape.dim[i] >= 0;
    dims[i].dim_value = value->shape.dim[i];
    const char *name = ae_value_dim_name (value, i);
    if (value->shape.dim[i] < 0 && name[0])
      dims[i].dim_param = (char *) name;
    shape.n_dim++;
  }
  shape.dim = list;
  tensor.has_elem_type = true;
  tensor.elem_type = value->type ? (int32_t) value->type : AE_F32;
  tensor.has_shape = value->shape.rank >= 0;
  if (tensor.has_shape && !ae_onnx_pack (&tensor.shape, &shape.base, arena))
    return false;
  type.has_tensor_type = true;
  return ae_onnx_pack (&type.tensor_type, &tensor.base, arena)
      && ae_onnx_pack (out, &type.base, arena);
}

static bool
view_values (OnnxValue ***list, size_t *n, const AeGraph *graph,
    const int *values, int n_values, AeArena *arena)
{
  OnnxValue *at = new_list (arena, (size_t) n_values, sizeof *at, list);
  for (int i = 0; at && i < n_values; i++) {
    const AeValue *value = &graph->values[values[i]];
    onnx_value__init (&at[i]);
    at[i].name = value->name;
    at[i].has_type = true;
    if (!view_type (&at[i].type, value, arena))
      return false;
  }
  *n = (size_t) n_values;
  return at != NULL;
}

static bool
view_names (char ***names, size_t *n, const AeGraph *graph, const int *values,
    int n_values, AeArena *arena)
{
  char **list = ae_arena_alloc (arena, (size_t) n_values * sizeof *list);
  for (int i = 0; list && i < n_values; i++)
    list[i] = values[i] < 0 ? (char *) "" : graph->values[values[i]].name;
  *names = list;
  *n = (size_t) n_values;
  return list != NULL;
}

static AeStatus
view_node (OnnxNode *proto, const AeGraph *graph, const AeNode *node,
    AeArena *arena, AeError *err)
{
  onnx_node__init (proto);
  proto->name = node->name;
  proto->op_type = (char *) node->op->name;
  if (node->op->domain[0])
    proto->domain = (char *) node->op->domain;
  OnnxAttribute *attrs = new_list (
      arena, node->attrs.n, sizeof *attrs, &proto->attribute);
  AeStatus status = memory (attrs
          && view_names (&proto->input, &proto->n_input, graph, node->in,
              node->n_in, arena)
          && view_names (&proto->output, &proto->n_output, graph, node->out,
              node->n_out, arena),
      err);
  for (size_t i = 0; status == AE_OK && i < node->attrs.n; i++)
    status = ae_onnx_attr_view (&attrs[i], &node->attrs.list[i], arena, err);
  proto->n_attribute = node->attrs.n;
  return status;
}

static size_t
count_halves (const AeGraph *graph)
{
  size_t n = 0;
  for (int v = 0; v < graph->n_values; v++)
    n += ae_half_fits (&graph->values[v]);
  return n;
}

static AeStatus
view_graph (OnnxGraph *proto, const AeGraph *graph, bool half, AeArena *arena,
    AeError *err)
{
  onnx_graph__init (proto);
  proto->name = (char *) "graph";
  size_t n = (size_t) graph->n_nodes;
  size_t n_casts = half ? count_halves (graph) : 0;
  OnnxNode *nodes = new_list (arena, n_casts + n, sizeof *nodes, &proto->node);
  if (!nodes)
    return memory (false, err);
  proto->n_node = n_casts + n;
  AeStatus status
      = view_initializers (proto, graph, half, nodes, arena, err);
  if (status == AE_OK)
    status = memory (view_values (&proto->input, &proto->n_input, graph,
                         graph->inputs, graph->n_inputs, arena)
            && view_values (&proto->output, &proto->n_output, graph,
                graph->outputs, graph->n_outputs, arena),
        err);
  for (size_t i = 0; status == AE_OK && i < n; i++)
    status = view_node (
        &nodes[n_casts + i], graph, &graph->nodes[i], arena, err);
  return status;
}

/* The opset of a domain: that of its nodes, 0 when there is none. */
static int
domain_version (const AeGraph *graph, const char *domain)
{
  for (int i = 0; i < graph->n_nodes; i++)
    if (strcmp (graph->nodes[i].op->domain, domain) == 0)
      return graph->nodes[i].opset;
  return 0;
}

static bool
view_opsets (OnnxModel *proto, const AeGraph *graph, AeArena *arena)
{
  OnnxOpset *at = new_list (arena, 2, sizeof *at, &proto->opset_import);
  if (!at)
    return false;
  int version = domain_version (graph, ""), own = domain_version (graph, "ae");
  onnx_opset__init (&at[0]);
  onnx_opset__init (&at[1]);
  at[0].domain = (char *) "";
  at[0].has_version = at[1].has_version = true;
  at[0].version = version ? version : graph->opset ? graph->opset : 17;
  at[1].domain = (char *) "ae";
  at[1].version = own;
  proto->n_opset_import = own ? 2 : 1;
  return true;
}

static bool
view_meta (OnnxModel *proto, const AeModel *model, char *frozen,
    AeArena *arena)
{
  size_t n = ae_model_n_meta (model);
  OnnxPair *at = new_list (arena, n + 1, sizeof *at, &proto->metadata_props);
  for (size_t i = 0; at && i < n; i++) {
    onnx_pair__init (&at[i]);
    at[i].key = (char *) ae_model_meta_key (model, i);
    at[i].value = (char *) ae_model_meta_value (model, i);
  }
  if (at && frozen) {
    onnx_pair__init (&at[n]);
    at[n].key = (char *) AE_ONNX_FROZEN;
    at[n].value = frozen;
  }
  proto->n_metadata_props = n + (frozen != NULL);
  return at != NULL;
}

static size_t
put_varint (uint8_t *to, size_t value)
{
  size_t n = 0;
  for (; value >= 0x80; value >>= 7)
    to[n++] = (uint8_t) (value | 0x80);
  to[n++] = (uint8_t) value;
  return n;
}

/* Header, then the graph as the header's last field, in one block. */
static AeStatus
pack (const OnnxModel *header, const OnnxGraph *graph, void **bytes,
    size_t *size, AeError *err)
{
  uint8_t tag[12] = { GRAPH_TAG };
  size_t graph_size = onnx_graph__get_packed_size (graph);
  size_t header_size = onnx_model__get_packed_size (header);
  size_t tag_size = 1 + put_varint (tag + 1, graph_size);
  *size = header_size + tag_size + graph_size;
  if (*size > MAX_BYTES)
    return ae_fail (err, AE_ERROR_LIMIT,
        "the file would have %zu bytes, wanted at most %zu", *size, MAX_BYTES);
  uint8_t *to = *bytes = ae_alloc (*size);
  if (!to)
    return memory (false, err);
  onnx_model__pack (header, to);
  memcpy (to + header_size, tag, tag_size);
  onnx_graph__pack (graph, to + header_size + tag_size);
  return AE_OK;
}

AeStatus
ae_model_serialize (
    const AeModel *model, void **bytes, size_t *size, AeError *err)
{
  const AeGraph *graph = ae_model_graph (model);
  AeArena arena;
  OnnxModel header = ONNX_MODEL__INIT;
  OnnxGraph proto;
  char *frozen = NULL;
  *bytes = NULL;
  *size = 0;
  ae_arena_init (&arena, MAX_BYTES);
  header.has_ir_version = true;
  header.ir_version = AE_ONNX_IR_WRITTEN;
  header.producer_name = (char *) "gst-autoencoder";
  header.producer_version = (char *) ae_version ();
  AeStatus status = ae_frozen_list (&frozen, graph, err);
  if (status == AE_OK)
    status = memory (view_opsets (&header, graph, &arena)
            && view_meta (&header, model, frozen, &arena),
        err);
  if (status == AE_OK)
    status
        = view_graph (&proto, graph, ae_half_wanted (model), &arena, err);
  if (status == AE_OK)
    status = pack (&header, &proto, bytes, size, err);
  ae_arena_clear (&arena);
  ae_free (frozen);
  return status;
}

AeStatus
ae_model_save (const AeModel *model, const char *path, AeError *err)
{
  void *bytes;
  size_t size;
  AeError local = { 0 };
  AeStatus status = ae_model_serialize (model, &bytes, &size, &local);
  if (status == AE_OK)
    status = ae_file_replace (path, bytes, size, &local);
  ae_free (bytes);
  if (status != AE_OK)
    ae_fail (err, status, "model '%.300s': %s", path, local.text);
  return status;
}
