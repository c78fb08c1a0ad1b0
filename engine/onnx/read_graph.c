/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "onnx/read_graph.h"

#include "onnx/attr.h"
#include "onnx/half.h"
#include "onnx/names.h"
#include "onnx/opset.h"
#include "onnx/tensor.h"

#include "util/mem.h"

#include <string.h>

/* Inputs, or outputs, of one node. */
#define MAX_IO (1 << 16)

/* What a graph may take in memory beside its tensors, whatever its size. */
#define GRAPH_BYTES ((size_t) 24 << 20)

typedef struct {
  const AeOnnxSource *source;
  const OnnxGraph *proto;
  AeGraph *graph;
  AeNames names;
} Reader;

static AeStatus
no_memory (AeError *err)
{
  return ae_fail (err, AE_ERROR_MEMORY, "out of memory for a graph");
}

/* A few bytes in the file become several small blocks in memory: bounds what
 * a file of nothing but tiny nodes can ask for. The weights are half as much
 * again as what was measured. */
static AeStatus
check_cost (const Reader *r, AeError *err)
{
  const OnnxGraph *p = r->proto;
  size_t values = p->n_initializer + p->n_input, attrs = 0;
  for (size_t i = 0; i < p->n_node; i++) {
    values += p->node[i]->n_output;
    attrs += p->node[i]->n_attribute;
  }
  size_t cost = 400 * p->n_node + 240 * (values + attrs)
      + 160 * (p->n_initializer + p->n_input + p->n_output);
  if (p->n_node > INT32_MAX || values > INT32_MAX
      || cost > GRAPH_BYTES + r->source->size)
    return ae_fail (err, AE_ERROR_LIMIT,
        "%zu nodes, %zu values and %zu attributes are too many for a file of "
        "%zu bytes",
        p->n_node, values, attrs, r->source->size);
  return AE_OK;
}

static AeStatus
no_name (const char *what, size_t index, AeError *err)
{
  return ae_fail (err, AE_ERROR_FORMAT, "%s %zu has no name", what, index);
}

static AeStatus
collect_names (Reader *r, AeError *err)
{
  const OnnxGraph *p = r->proto;
  size_t n = p->n_initializer + p->n_input;
  for (size_t i = 0; i < p->n_node; i++)
    n += p->node[i]->n_output;
  AeStatus status = ae_names_reserve (&r->names, n, err);
  if (status != AE_OK)
    return status;
  for (size_t i = 0; i < p->n_initializer; i++) {
    const char *name = p->initializer[i]->name;
    if (!name || !name[0])
      return no_name ("initializer", i, err);
    ae_names_add (&r->names, name, AE_NAME_INITIALIZER);
  }
  for (size_t i = 0; i < p->n_input; i++) {
    const char *name = p->input[i]->name;
    if (!name || !name[0])
      return no_name ("input", i, err);
    ae_names_add (&r->names, name, AE_NAME_INPUT);
  }
  for (size_t i = 0; i < p->n_node; i++)
    for (size_t k = 0; k < p->node[i]->n_output; k++)
      if (p->node[i]->output[k][0])
        ae_names_add (&r->names, p->node[i]->output[k], AE_NAME_NODE);
  return ae_names_seal (&r->names, err);
}

static AeStatus
read_initializer (Reader *r, OnnxTensor *proto, AeError *err)
{
  AeTensor *tensor;
  AeStatus status
      = ae_onnx_tensor_read (&tensor, proto, r->source->external, err);
  if (status != AE_OK)
    return ae_fail_prefix (err, status, "initializer '%.200s'", proto->name);
  /* Large data is not kept twice for longer than needed. */
  ae_arena_release (r->source->arena, proto->raw_data.data);
  proto->raw_data = (ProtobufCBinaryData){ 0 };
  bool trainable = tensor->type == AE_F32;
  int value = ae_graph_add_constant (r->graph, proto->name, tensor);
  if (value < 0)
    return no_memory (err);
  r->graph->values[value].trainable = trainable;
  ae_names_find (&r->names, proto->name)->value = value;
  return AE_OK;
}

static AeStatus
read_dims (AeValue *value, const OnnxShape *proto, AeError *err)
{
  if (proto->n_dim > AE_MAX_RANK)
    return ae_fail (err, AE_ERROR_LIMIT, "rank is %zu, wanted at most %d",
        proto->n_dim, AE_MAX_RANK);
  const char *names[AE_MAX_RANK] = { NULL };
  value->shape.rank = (int) proto->n_dim;
  for (int i = 0; i < value->shape.rank; i++) {
    const OnnxDim *dim = proto->dim[i];
    bool fixed = dim->has_dim_value && dim->dim_value >= 0;
    if (fixed && dim->dim_value > AE_MAX_ELEMENTS)
      return ae_fail (err, AE_ERROR_LIMIT,
          "dimension %d is %lld, wanted at most %lld", i,
          (long long) dim->dim_value, (long long) AE_MAX_ELEMENTS);
    value->shape.dim[i] = fixed ? dim->dim_value : -1;
    names[i] = fixed ? NULL : dim->dim_param;
  }
  return ae_value_set_dim_names (value, names) ? AE_OK : no_memory (err);
}

static AeStatus
read_tensor_type (AeValue *value, const ProtobufCBinaryData *bytes,
    AeArena *arena, AeError *err)
{
  OnnxTensorType *type;
  OnnxShape *shape;
  AeStatus status = ae_arena_unpack (arena, &type,
      &onnx_tensor_type__descriptor, bytes->data, bytes->len, "a type", err);
  if (status != AE_OK)
    return status;
  if (ae_type_size ((AeType) type->elem_type) == 0)
    return ae_fail (err,
        type->elem_type ? AE_ERROR_UNSUPPORTED : AE_ERROR_FORMAT,
        "element type %d (%s) is not supported", type->elem_type,
        ae_onnx_type_name (type->elem_type));
  value->type = (AeType) type->elem_type;
  if (!type->has_shape)
    return AE_OK;
  status = ae_arena_unpack (arena, &shape, &onnx_shape__descriptor,
      type->shape.data, type->shape.len, "a shape", err);
  return status == AE_OK ? read_dims (value, shape, err) : status;
}

static AeStatus
read_type (AeValue *value, const OnnxValue *proto, AeArena *arena,
    AeError *err)
{
  OnnxType *type;
  AeStatus status = ae_arena_unpack (arena, &type, &onnx_type__descriptor,
      proto->type.data, proto->type.len, "a type", err);
  if (status == AE_OK && !type->has_tensor_type)
    status = ae_fail (err, AE_ERROR_UNSUPPORTED,
        "its type is %s, wanted a tensor",
        type->has_sequence_type        ? "a sequence"
            : type->has_map_type           ? "a map"
            : type->has_sparse_tensor_type ? "a sparse tensor"
            : type->has_optional_type      ? "an optional"
                                           : "unknown");
  if (status == AE_OK)
    status = read_tensor_type (value, &type->tensor_type, arena, err);
  return status;
}

static AeStatus
read_input (Reader *r, const OnnxValue *proto, AeError *err)
{
  AeName *name = ae_names_find (&r->names, proto->name);
  if (name->kind == AE_NAME_INITIALIZER)
    return AE_OK;
  int index = ae_graph_add_value (r->graph, proto->name);
  if (index < 0)
    return no_memory (err);
  name->value = index;
  AeStatus status = proto->has_type
      ? read_type (
          &r->graph->values[index], proto, r->source->arena, err)
      : ae_fail (err, AE_ERROR_FORMAT, "it has no type");
  if (status != AE_OK)
    return ae_fail_prefix (err, status, "input '%.200s'", proto->name);
  return ae_graph_add_input (r->graph, index, err);
}

static AeStatus
read_output (Reader *r, const OnnxValue *proto, AeError *err)
{
  const char *text = proto->name ? proto->name : "";
  const AeName *name = ae_names_find (&r->names, text);
  if (!name)
    return ae_fail (err, AE_ERROR_FORMAT,
        "output '%.200s' is not made by any node", text);
  AeValue *value = &r->graph->values[name->value];
  AeStatus status = AE_OK;
  if (name->kind == AE_NAME_NODE && proto->has_type)
    status = read_type (value, proto, r->source->arena, err);
  if (status != AE_OK)
    return ae_fail_prefix (err, status, "output '%.200s'", text);
  return ae_graph_add_output (r->graph, name->value, err);
}

static AeStatus
add_node_values (Reader *r, const OnnxNode *proto, AeError *err)
{
  for (size_t i = 0; i < proto->n_output; i++) {
    const char *name = proto->output[i];
    int value = name[0] ? ae_graph_add_value (r->graph, name) : 0;
    if (value < 0)
      return no_memory (err);
    if (name[0])
      ae_names_find (&r->names, name)->value = value;
  }
  return AE_OK;
}

static AeStatus
resolve (const Reader *r, char *const *names, size_t n, int *values,
    AeError *err)
{
  for (size_t i = 0; i < n; i++) {
    const AeName *name = names[i][0] ? ae_names_find (&r->names, names[i])
                                     : NULL;
    if (names[i][0] && !name)
      return ae_fail (err, AE_ERROR_FORMAT,
          "it reads value '%.200s', which nothing makes", names[i]);
    values[i] = name ? name->value : -1;
  }
  return AE_OK;
}

static AeStatus
read_attrs (const Reader *r, const OnnxNode *proto, AeAttrs *attrs,
    AeError *err)
{
  if (proto->n_attribute > AE_ONNX_MAX_ATTRS)
    return ae_fail (err, AE_ERROR_LIMIT,
        "it has %zu attributes, wanted at most %d", proto->n_attribute,
        AE_ONNX_MAX_ATTRS);
  AeStatus status = AE_OK;
  for (size_t i = 0; status == AE_OK && i < proto->n_attribute; i++)
    status = ae_onnx_attr_read (attrs, proto->attribute[i],
        r->source->arena, r->source->external, err);
  return status;
}

static AeStatus
add_node (Reader *r, const OnnxNode *proto, const AeOp *op, int opset,
    AeError *err)
{
  size_t n_in = proto->n_input, n_out = proto->n_output;
  AeAttrs attrs = { 0 };
  if (n_in > MAX_IO || n_out > MAX_IO)
    return ae_fail (err, AE_ERROR_LIMIT,
        "it has %zu inputs and %zu outputs, wanted at most %d", n_in, n_out,
        MAX_IO);
  int *in = ae_alloc ((n_in + n_out) * sizeof *in), *out = in + n_in;
  if (!in)
    return no_memory (err);
  AeStatus status = resolve (r, proto->input, n_in, in, err);
  if (status == AE_OK)
    status = resolve (r, proto->output, n_out, out, err);
  if (status == AE_OK)
    status = read_attrs (r, proto, &attrs, err);
  if (status != AE_OK)
    ae_attrs_clear (&attrs);
  else if (ae_graph_add_node (r->graph, op, opset, proto->name, &attrs, in,
               (int) n_in, out, (int) n_out)
      < 0)
    status = no_memory (err);
  ae_free (in);
  return status;
}

static AeStatus
read_node (Reader *r, const OnnxNode *proto, AeError *err)
{
  const AeOp *op;
  int opset;
  AeStatus status
      = ae_onnx_op_find (&op, &opset, r->source->header, proto, err);
  if (status != AE_OK)
    return status;
  status = add_node (r, proto, op, opset, err);
  if (status == AE_OK || status == AE_ERROR_MEMORY)
    return status;
  return ae_fail_prefix (err, status, "operator %s (opset %d) of node '%.200s'",
      op->name, opset, ae_onnx_node_name (proto));
}

static AeStatus
read_all (Reader *r, AeError *err)
{
  const OnnxGraph *p = r->proto;
  AeStatus status = AE_OK;
  if (p->n_sparse_initializer > 0)
    return ae_fail (err, AE_ERROR_UNSUPPORTED,
        "sparse initializers are not supported");
  for (size_t i = 0; status == AE_OK && i < p->n_input; i++)
    status = read_input (r, p->input[i], err);
  for (size_t i = 0; status == AE_OK && i < p->n_initializer; i++)
    status = read_initializer (r, p->initializer[i], err);
  for (size_t i = 0; status == AE_OK && i < p->n_node; i++)
    status = add_node_values (r, p->node[i], err);
  for (size_t i = 0; status == AE_OK && i < p->n_node; i++)
    status = read_node (r, p->node[i], err);
  for (size_t i = 0; status == AE_OK && i < p->n_output; i++)
    status = read_output (r, p->output[i], err);
  return status;
}

AeStatus
ae_onnx_graph_read (AeModel *model, const AeOnnxSource *source,
    const OnnxGraph *proto, AeError *err)
{
  Reader r = { .source = source, .proto = proto };
  r.graph = ae_model_edit (model);
  r.graph->opset = ae_onnx_opset (source->header, "");
  AeStatus status = check_cost (&r, err);
  if (status == AE_OK)
    status = collect_names (&r, err);
  if (status == AE_OK)
    status = read_all (&r, err);
  if (status == AE_OK)
    status = ae_half_resolve (r.graph, err);
  ae_names_clear (&r.names);
  return status;
}
