/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Shapes and types of every value, and the values that are known before the
 * first run. */
#include "graph/passes.h"

#include "util/mem.h"

#include <string.h>

/* Nodes whose values would take the folded ones above this, together, stay
 * nodes and count against the plan's memory: a model of a few bytes must not
 * make binding allocate gigabytes. */
#define MAX_FOLDED_BYTES ((size_t) 256 << 20)

static bool
is_known (const AeValue *value, bool training)
{
  return value->constant && !(training && value->trainable);
}

AeNodeCall *
ae_node_call_new (const AeGraph *graph)
{
  size_t n_in = 0, n_out = 0;
  for (int n = 0; n < graph->n_nodes; n++) {
    size_t in = (size_t) graph->nodes[n].n_in;
    size_t out = (size_t) graph->nodes[n].n_out;
    n_in = in > n_in ? in : n_in;
    n_out = out > n_out ? out : n_out;
  }
  AeNodeCall *c = ae_alloc (sizeof *c
      + (n_in + n_out) * (sizeof (AeTensor) + sizeof (AeTensor *)));
  if (!c)
    return NULL;
  c->in_view = (AeTensor *) (c + 1);
  c->out_view = c->in_view + n_in;
  c->in = (const AeTensor **) (c->out_view + n_out);
  c->out = (AeTensor **) (c->in + n_in);
  return c;
}

void
ae_node_call (AeNodeCall *c, const AeGraph *graph, const AeNode *node,
    bool training)
{
  memset (&c->call, 0, sizeof c->call);
  c->call.op = node->op;
  c->call.attrs = &node->attrs;
  c->call.opset = node->opset;
  c->call.training = training;
  c->call.n_in = node->n_in;
  c->call.n_out = node->n_out;
  c->call.in = c->in;
  c->call.out = c->out;
  c->call.n_threads = 1;
  for (int i = 0; i < node->n_in; i++) {
    const AeValue *value
        = node->in[i] >= 0 ? &graph->values[node->in[i]] : NULL;
    c->in[i] = value ? &c->in_view[i] : NULL;
    if (value)
      c->in_view[i] = (AeTensor){ value->type, value->layout, value->shape,
        is_known (value, training) ? value->constant->data : NULL };
  }
  for (int i = 0; i < node->n_out; i++) {
    const AeValue *value
        = node->out[i] >= 0 ? &graph->values[node->out[i]] : NULL;
    c->out[i] = value ? &c->out_view[i] : NULL;
    if (value)
      c->out_view[i] = (AeTensor){ value->type, value->layout, value->shape,
        NULL };
  }
}

AeStatus
ae_graph_set_input (
    AeGraph *graph, size_t index, const AeTensor *given, AeError *err)
{
  AeValue *value = &graph->values[graph->inputs[index]];
  if (value->type != AE_TYPE_NONE && value->type != given->type)
    return ae_fail (err, AE_ERROR_SHAPE,
        "input '%s' was given type %s, the model wants %s", value->name,
        ae_type_name (given->type), ae_type_name (value->type));
  AeStatus status = ae_shape_check (&given->shape, value->name, err);
  if (status != AE_OK)
    return status;
  bool fits
      = value->shape.rank < 0 || value->shape.rank == given->shape.rank;
  for (int i = 0; fits && i < value->shape.rank; i++)
    fits = value->shape.dim[i] < 0
        || value->shape.dim[i] == given->shape.dim[i];
  if (!fits) {
    char want[200], got[200];
    return ae_fail (err, AE_ERROR_SHAPE,
        "input '%s' was given shape %s, the model wants %s", value->name,
        ae_shape_text (&given->shape, got, sizeof got),
        ae_shape_text (&value->shape, want, sizeof want));
  }
  value->type = given->type;
  value->shape = given->shape;
  return AE_OK;
}

static AeStatus
prefix_node (const AeNode *node, AeStatus status, AeError *err)
{
  return ae_fail_prefix (err, status, "%s node '%s' (opset %d)",
      node->op->name, node->name, node->opset);
}

static AeStatus
infer_node (AeGraph *graph, const AeNode *node, AeNodeCall *c, bool training,
    AeError *err)
{
  ae_node_call (c, graph, node, training);
  for (int i = 0; i < node->n_out; i++)
    c->out_view[i].shape = (AeShape){ .rank = 0 };
  AeStatus status = node->op->infer (&c->call, err);
  for (int i = 0; status == AE_OK && i < node->n_out; i++)
    if (c->out[i])
      status = ae_shape_check (&c->out_view[i].shape, "its result", err);
  if (status != AE_OK)
    return prefix_node (node, status, err);
  for (int i = 0; i < node->n_out; i++)
    if (c->out[i]) {
      AeValue *value = &graph->values[node->out[i]];
      value->type = c->out_view[i].type;
      value->shape = c->out_view[i].shape;
    }
  return AE_OK;
}

/* *left: bytes that folded values may still take. */
static bool
can_fold (const AeGraph *graph, const AeNode *node, const AeNodeCall *c,
    bool training, size_t *left)
{
  if ((node->op->flags & AE_OP_TRAINING) && training)
    return false;
  size_t bytes = 0;
  for (int i = 0; i < node->n_out; i++)
    bytes += c->out[i] ? ae_tensor_bytes (&c->out_view[i]) : 0;
  if (bytes > *left)
    return false;
  bool shape_only = node->op->flags & AE_OP_SHAPE_ONLY;
  for (int i = 0; !shape_only && i < node->n_in; i++)
    if (node->in[i] >= 0
        && !is_known (&graph->values[node->in[i]], training))
      return false;
  *left -= bytes;
  return true;
}

/* Runs a node whose inputs are known; its outputs become constants. */
static AeStatus
fold_node (AeGraph *graph, const AeNode *node, AeNodeCall *c, AeError *err)
{
  AeStatus status = AE_OK;
  size_t size = node->op->work_size ? node->op->work_size (&c->call, false) : 0;
  c->call.work = ae_alloc (size);
  bool ok = c->call.work != NULL;
  for (int i = 0; ok && i < node->n_out; i++)
    if (c->out[i]) {
      c->out[i] = ae_tensor_new (c->out_view[i].type, &c->out_view[i].shape);
      ok = c->out[i] != NULL;
    }
  if (!ok)
    status = ae_fail (err, AE_ERROR_MEMORY, "out of memory for a constant");
  if (status == AE_OK && node->op->prepare)
    status = node->op->prepare (&c->call, &c->call.state, err);
  if (status == AE_OK)
    node->op->forward (&c->call);
  if (node->op->release && c->call.state)
    node->op->release (c->call.state);
  ae_free (c->call.work);
  for (int i = 0; i < node->n_out; i++) {
    if (c->out[i] == &c->out_view[i])
      continue;
    if (status == AE_OK && c->out[i])
      graph->values[node->out[i]].constant = c->out[i];
    else
      ae_tensor_free (&c->out[i]);
  }
  return status == AE_OK ? AE_OK : prefix_node (node, status, err);
}

AeStatus
ae_graph_infer (AeGraph *graph, bool training, AeError *err)
{
  AeNodeCall *c = ae_node_call_new (graph);
  if (!c)
    return ae_fail (err, AE_ERROR_MEMORY, "out of memory for a graph");
  AeStatus status = AE_OK;
  bool folded = false;
  size_t left = MAX_FOLDED_BYTES;
  for (int n = 0; status == AE_OK && n < graph->n_nodes; n++) {
    AeNode *node = &graph->nodes[n];
    status = infer_node (graph, node, c, training, err);
    if (status == AE_OK && can_fold (graph, node, c, training, &left)) {
      status = fold_node (graph, node, c, err);
      for (int i = 0; status == AE_OK && i < node->n_out; i++)
        node->out[i] = -1;
      folded = true;
    }
  }
  ae_free (c);
  return status == AE_OK && folded ? ae_graph_prune (graph, err) : status;
}
