/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/graph.h"

#include "util/mem.h"

#include <string.h>

void
ae_node_clear (AeNode *node)
{
  ae_free (node->name);
  ae_attrs_clear (&node->attrs);
  ae_free (node->in);
  ae_free (node->out);
}

void
ae_graph_clear (AeGraph *graph)
{
  for (int i = 0; i < graph->n_values; i++) {
    ae_free (graph->values[i].name);
    ae_free (graph->values[i].dim_names);
    ae_tensor_free (&graph->values[i].constant);
  }
  for (int i = 0; i < graph->n_nodes; i++)
    ae_node_clear (&graph->nodes[i]);
  ae_free (graph->values);
  ae_free (graph->nodes);
  ae_free (graph->inputs);
  ae_free (graph->outputs);
  *graph = (AeGraph){ 0 };
}

int
ae_graph_find (const AeGraph *graph, const char *name)
{
  for (int i = 0; i < graph->n_values; i++)
    if (strcmp (graph->values[i].name, name) == 0)
      return i;
  return -1;
}

/* Room for one more element in an array that grows by half; false when memory
 * runs out. */
static bool
reserve (void **array, int n, int *capacity, size_t size)
{
  if (n < *capacity)
    return true;
  int wanted = *capacity + *capacity / 2 + 16;
  void *grown = ae_realloc (*array, (size_t) n, (size_t) wanted, size);
  if (!grown)
    return false;
  *array = grown;
  *capacity = wanted;
  return true;
}

int
ae_graph_add_value (AeGraph *graph, const char *name)
{
  if (!reserve ((void **) &graph->values, graph->n_values, &graph->values_cap,
          sizeof *graph->values))
    return -1;
  char *copy = ae_strdup (name);
  if (!copy)
    return -1;
  graph->values[graph->n_values]
      = (AeValue){ .name = copy, .shape = { .rank = -1 } };
  return graph->n_values++;
}

int
ae_graph_add_constant (AeGraph *graph, const char *name, AeTensor *tensor)
{
  int index = tensor ? ae_graph_add_value (graph, name) : -1;
  if (index < 0) {
    ae_tensor_free (&tensor);
    return -1;
  }
  AeValue *value = &graph->values[index];
  value->constant = tensor;
  value->type = tensor->type;
  value->shape = tensor->shape;
  return index;
}

/* AE_MAX_RANK strings in one block, each with its terminator. */
const char *
ae_value_dim_name (const AeValue *value, int dim)
{
  const char *name = value->dim_names;
  for (int i = 0; name && i < dim; i++)
    name += strlen (name) + 1;
  return name ? name : "";
}

bool
ae_value_set_dim_names (AeValue *value, const char *const names[AE_MAX_RANK])
{
  size_t size = AE_MAX_RANK;
  for (int i = 0; i < AE_MAX_RANK; i++)
    size += names[i] ? strlen (names[i]) : 0;
  char *block = NULL;
  if (size > AE_MAX_RANK && !(block = ae_calloc (size, 1)))
    return false;
  ae_free (value->dim_names);
  value->dim_names = block;
  for (int i = 0; block && i < AE_MAX_RANK; i++) {
    strcpy (block, names[i] ? names[i] : "");
    block += strlen (block) + 1;
  }
  return true;
}

static int *
copy_ints (const int *values, int n)
{
  int *copy = ae_calloc ((size_t) n, sizeof *copy);
  if (copy && n > 0)
    memcpy (copy, values, (size_t) n * sizeof *copy);
  return copy;
}

int
ae_graph_add_node (AeGraph *graph, const AeOp *op, int opset,
    const char *name, AeAttrs *attrs, const int *in, int n_in, const int *out,
    int n_out)
{
  AeNode node = { .op = op, .opset = opset, .n_in = n_in, .n_out = n_out };
  if (attrs) {
    node.attrs = *attrs;
    *attrs = (AeAttrs){ 0 };
  }
  node.name = ae_strdup (name ? name : "");
  node.in = copy_ints (in, n_in);
  node.out = copy_ints (out, n_out);
  if (node.name && node.in && node.out
      && reserve ((void **) &graph->nodes, graph->n_nodes, &graph->nodes_cap,
          sizeof *graph->nodes)) {
    graph->nodes[graph->n_nodes] = node;
    return graph->n_nodes++;
  }
  ae_free (node.name);
  ae_free (node.in);
  ae_free (node.out);
  ae_attrs_clear (&node.attrs);
  return -1;
}

static AeStatus
append (int **list, int *n, int value, AeError *err)
{
  int *grown
      = ae_realloc (*list, (size_t) *n, (size_t) *n + 1, sizeof *grown);
  if (!grown)
    return ae_fail (err, AE_ERROR_MEMORY, "out of memory for a graph");
  *list = grown;
  grown[(*n)++] = value;
  return AE_OK;
}

AeStatus
ae_graph_add_input (AeGraph *graph, int value, AeError *err)
{
  return append (&graph->inputs, &graph->n_inputs, value, err);
}

AeStatus
ae_graph_add_output (AeGraph *graph, int value, AeError *err)
{
  return append (&graph->outputs, &graph->n_outputs, value, err);
}

static bool
copy_dim_names (AeValue *to, const AeValue *from)
{
  const char *names[AE_MAX_RANK];
  if (!from->dim_names)
    return true;
  for (int i = 0; i < AE_MAX_RANK; i++)
    names[i] = ae_value_dim_name (from, i);
  return ae_value_set_dim_names (to, names);
}

static bool
copy_value (AeGraph *to, const AeValue *value)
{
  int index = ae_graph_add_value (to, value->name);
  if (index < 0)
    return false;
  AeValue *copy = &to->values[index];
  copy->trainable = value->trainable;
  copy->type = value->type;
  copy->shape = value->shape;
  if (!copy_dim_names (copy, value))
    return false;
  return !value->constant
      || (copy->constant = ae_tensor_copy (value->constant)) != NULL;
}

static bool
copy_node (AeGraph *to, const AeNode *node)
{
  AeAttrs attrs = { 0 };
  return ae_attrs_copy (&attrs, &node->attrs)
      && ae_graph_add_node (to, node->op, node->opset, node->name, &attrs,
             node->in, node->n_in, node->out, node->n_out)
      >= 0;
}

AeStatus
ae_graph_copy (AeGraph *to, const AeGraph *from, AeError *err)
{
  bool ok = true;
  for (int i = 0; ok && i < from->n_values; i++)
    ok = copy_value (to, &from->values[i]);
  for (int i = 0; ok && i < from->n_nodes; i++)
    ok = copy_node (to, &from->nodes[i]);
  to->opset = from->opset;
  for (int i = 0; ok && i < from->n_inputs; i++)
    ok = ae_graph_add_input (to, from->inputs[i], NULL) == AE_OK;
  for (int i = 0; ok && i < from->n_outputs; i++)
    ok = ae_graph_add_output (to, from->outputs[i], NULL) == AE_OK;
  if (ok)
    return AE_OK;
  ae_graph_clear (to);
  return ae_fail (err, AE_ERROR_MEMORY, "out of memory for a graph");
}
