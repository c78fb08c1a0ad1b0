/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "onnx_make.h"

#include <stdlib.h>
#include <string.h>

/* In front of every block: all of them stay reachable, which leak checkers
 * accept. */
typedef union Block {
  union Block *next;
  max_align_t align;
} Block;

static Block *blocks;

static void *
new_zeroed (size_t size)
{
  Block *block = calloc (1, sizeof *block + size);
  if (!block)
    abort ();
  block->next = blocks;
  blocks = block;
  return block + 1;
}

/* Makes room for one more pointer in a list; its old length was *n. */
static void
append (void *list, size_t *n, void *element)
{
  void **old;
  memcpy (&old, list, sizeof old);
  void **grown = new_zeroed ((*n + 1) * sizeof *grown);
  if (*n > 0)
    memcpy (grown, old, *n * sizeof *grown);
  grown[(*n)++] = element;
  memcpy (list, &grown, sizeof grown);
}

static void
split (const char *text, char ***names, size_t *n)
{
  char *copy = strcpy (new_zeroed (strlen (text) + 1), text);
  char *state = NULL;
  for (char *name = strtok_r (copy, " ", &state); name;
       name = strtok_r (NULL, " ", &state))
    append (names, n, strcmp (name, "-") == 0 ? (char *) "" : name);
}

void
onnx_make_start (OnnxMake *m)
{
  memset (m, 0, sizeof *m);
  onnx_model__init (&m->model);
  onnx_graph__init (&m->graph);
  m->model.has_ir_version = true;
  m->model.ir_version = 8;
  onnx_opset__init (&m->opset[0]);
  m->opset[0].domain = (char *) "";
  m->opset[0].has_version = true;
  m->opset[0].version = 17;
  append (&m->model.opset_import, &m->model.n_opset_import, &m->opset[0]);
}

void
onnx_make_identity (OnnxMake *m)
{
  onnx_make_start (m);
  onnx_make_input (m, "x", 1, 2, (int64_t[]){ 2, 3 });
  onnx_make_node (m, "Identity", "x", "y");
  onnx_make_output (m, "y", 1);
}

/* `op`: a name, or "domain.name". */
static void
fill_node (
    OnnxNode *node, const char *op, const char *inputs, const char *outputs)
{
  onnx_node__init (node);
  node->op_type = strcpy (new_zeroed (strlen (op) + 1), op);
  char *point = strchr (node->op_type, '.');
  if (point) {
    *point = '\0';
    node->domain = node->op_type;
    node->op_type = point + 1;
  }
  split (inputs, &node->input, &node->n_input);
  split (outputs, &node->output, &node->n_output);
}

OnnxNode *
onnx_make_node (
    OnnxMake *m, const char *op, const char *inputs, const char *outputs)
{
  OnnxNode *node = &m->node[m->graph.n_node];
  fill_node (node, op, inputs, outputs);
  append (&m->graph.node, &m->graph.n_node, node);
  return node;
}

OnnxFunction *
onnx_make_function (OnnxMake *m, const char *domain, const char *name,
    const char *inputs, const char *outputs)
{
  OnnxFunction *function = new_zeroed (sizeof *function);
  onnx_function__init (function);
  function->domain = (char *) domain;
  function->name = strcpy (new_zeroed (strlen (name) + 1), name);
  split (inputs, &function->input, &function->n_input);
  split (outputs, &function->output, &function->n_output);
  append (&m->function, &m->n_functions, function);
  return function;
}

OnnxNode *
onnx_make_body (OnnxFunction *function, const char *op, const char *inputs,
    const char *outputs)
{
  OnnxNode *node = new_zeroed (sizeof *node);
  fill_node (node, op, inputs, outputs);
  append (&function->node, &function->n_node, node);
  return node;
}

OnnxAttribute *
onnx_make_attr (OnnxNode *node, const char *name, int type)
{
  OnnxAttribute *attr = new_zeroed (sizeof *attr);
  onnx_attribute__init (attr);
  attr->name = (char *) name;
  attr->has_type = type != 0;
  attr->type = type;
  append (&node->attribute, &node->n_attribute, attr);
  return attr;
}

OnnxTensor *
onnx_make_initializer (OnnxMake *m, const char *name, int type, int rank,
    const int64_t *dims, const void *raw, size_t size)
{
  OnnxTensor *tensor = &m->initializer[m->graph.n_initializer];
  onnx_tensor__init (tensor);
  tensor->name = (char *) name;
  tensor->has_data_type = true;
  tensor->data_type = type;
  tensor->n_dims = (size_t) rank;
  tensor->dims = new_zeroed ((size_t) rank * sizeof *dims);
  if (rank > 0)
    memcpy (tensor->dims, dims, (size_t) rank * sizeof *dims);
  tensor->has_raw_data = raw != NULL;
  tensor->raw_data.data = (uint8_t *) raw;
  tensor->raw_data.len = size;
  append (&m->graph.initializer, &m->graph.n_initializer, tensor);
  return tensor;
}

ProtobufCBinaryData
onnx_make_bytes (const ProtobufCMessage *message)
{
  ProtobufCBinaryData bytes
      = { protobuf_c_message_get_packed_size (message), NULL };
  bytes.data = new_zeroed (bytes.len);
  protobuf_c_message_pack (message, bytes.data);
  return bytes;
}

static ProtobufCBinaryData
type_of (int type, const OnnxShape *shape)
{
  OnnxTensorType tensor = ONNX_TENSOR_TYPE__INIT;
  OnnxType outer = ONNX_TYPE__INIT;
  tensor.has_elem_type = true;
  tensor.elem_type = type;
  tensor.has_shape = shape != NULL;
  if (shape)
    tensor.shape = onnx_make_bytes (&shape->base);
  outer.has_tensor_type = true;
  outer.tensor_type = onnx_make_bytes (&tensor.base);
  return onnx_make_bytes (&outer.base);
}

static ProtobufCBinaryData
type_bytes (int type, int rank, const int64_t *dims)
{
  OnnxShape shape = ONNX_SHAPE__INIT;
  for (int i = 0; i < rank; i++) {
    OnnxDim *dim = new_zeroed (sizeof *dim);
    onnx_dim__init (dim);
    dim->has_dim_value = dims[i] != -1;
    dim->dim_value = dims[i];
    append (&shape.dim, &shape.n_dim, dim);
  }
  return type_of (type, rank < 0 ? NULL : &shape);
}

OnnxValue *
onnx_make_input (
    OnnxMake *m, const char *name, int type, int rank, const int64_t *dims)
{
  OnnxValue *value = &m->input[m->graph.n_input];
  onnx_value__init (value);
  value->name = (char *) name;
  value->has_type = true;
  value->type = type_bytes (type, rank, dims);
  append (&m->graph.input, &m->graph.n_input, value);
  return value;
}

OnnxValue *
onnx_make_named_input (OnnxMake *m, const char *name, const char *dims)
{
  OnnxShape shape = ONNX_SHAPE__INIT;
  char **words = NULL;
  size_t n = 0;
  split (dims, &words, &n);
  for (size_t i = 0; i < n; i++) {
    OnnxDim *dim = new_zeroed (sizeof *dim);
    char *end;
    onnx_dim__init (dim);
    dim->dim_value = strtoll (words[i], &end, 10);
    dim->has_dim_value = words[i][0] && !*end;
    if (words[i][0] && *end)
      dim->dim_param = words[i];
    append (&shape.dim, &shape.n_dim, dim);
  }
  OnnxValue *value = onnx_make_input (m, name, 1, -1, NULL);
  value->type = type_of (1, &shape);
  return value;
}

OnnxValue *
onnx_make_output (OnnxMake *m, const char *name, int type)
{
  OnnxValue *value = &m->output[m->graph.n_output];
  onnx_value__init (value);
  value->name = (char *) name;
  value->has_type = true;
  value->type = type_bytes (type, -1, NULL);
  append (&m->graph.output, &m->graph.n_output, value);
  return value;
}

static OnnxPair *
new_pair (const char *key, const char *value)
{
  OnnxPair *pair = new_zeroed (sizeof *pair);
  onnx_pair__init (pair);
  pair->key = (char *) key;
  pair->value = (char *) value;
  return pair;
}

void
onnx_make_meta (OnnxMake *m, const char *key, const char *value)
{
  append (&m->model.metadata_props, &m->model.n_metadata_props,
      new_pair (key, value));
}

OnnxPair *
onnx_make_external (OnnxTensor *tensor, const char *location,
    const char *offset, const char *length)
{
  tensor->has_raw_data = false;
  tensor->has_data_location = true;
  tensor->data_location = 1;
  OnnxPair *pair = new_pair ("location", location);
  append (&tensor->external_data, &tensor->n_external_data, pair);
  if (offset)
    append (&tensor->external_data, &tensor->n_external_data,
        new_pair ("offset", offset));
  if (length)
    append (&tensor->external_data, &tensor->n_external_data,
        new_pair ("length", length));
  return pair;
}

unsigned char *
onnx_make_pack (OnnxMake *m, size_t *size)
{
  OnnxModel graph_only = ONNX_MODEL__INIT;
  ProtobufCBinaryData graph = onnx_make_bytes (&m->graph.base);
  m->model.n_functions = m->n_functions;
  m->model.functions
      = new_zeroed (m->n_functions * sizeof *m->model.functions);
  for (size_t i = 0; i < m->n_functions; i++)
    m->model.functions[i] = onnx_make_bytes (&m->function[i]->base);
  graph_only.n_graph = 1;
  graph_only.graph = &graph;
  ProtobufCBinaryData tail = onnx_make_bytes (&graph_only.base);
  size_t head = onnx_model__get_packed_size (&m->model);
  unsigned char *bytes = new_zeroed (head + tail.len);
  onnx_model__pack (&m->model, bytes);
  memcpy (bytes + head, tail.data, tail.len);
  *size = head + tail.len;
  return bytes;
}
