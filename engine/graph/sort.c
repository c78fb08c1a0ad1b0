/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Validation of a graph's wiring and its topological order. */
#include "graph/graph.h"

#include "util/mem.h"

#include <string.h>

static const char *
node_name (const AeNode *node)
{
  return node->name[0] ? node->name : "(unnamed)";
}

static AeStatus
check_count (const AeNode *node, const char *what, int n, int min, int max,
    AeError *err)
{
  if (n >= min && n <= max)
    return AE_OK;
  if (max == AE_ANY_NUMBER)
    return ae_fail (err, AE_ERROR_FORMAT,
        "%s node '%s' has %d %s, wanted at least %d", node->op->name,
        node_name (node), n, what, min);
  return ae_fail (err, AE_ERROR_FORMAT,
      "%s node '%s' has %d %s, wanted %d to %d", node->op->name,
      node_name (node), n, what, min, max);
}

static AeStatus
check_node (const AeNode *node, AeError *err)
{
  AeStatus status = check_count (
      node, "inputs", node->n_in, node->op->min_in, node->op->max_in, err);
  if (status == AE_OK)
    status = check_count (node, "outputs", node->n_out, node->op->min_out,
        node->op->max_out, err);
  bool any_number = node->op->max_in == AE_ANY_NUMBER;
  for (int i = 0; status == AE_OK && i < node->n_in; i++)
    if (node->in[i] < 0 && (i < node->op->min_in || any_number))
      status = ae_fail (err, AE_ERROR_FORMAT,
          "%s node '%s' lacks its input %d, which is not optional",
          node->op->name, node_name (node), i);
  for (int i = 0; status == AE_OK && i < node->n_out; i++)
    if (node->out[i] < 0 && i < node->op->min_out)
      status = ae_fail (err, AE_ERROR_FORMAT,
          "%s node '%s' lacks its output %d, which is not optional",
          node->op->name, node_name (node), i);
  return status;
}

/* producer[v]: node that makes value v; -1 for inputs and constants; -2 when
 * nothing does. */
static AeStatus
find_producers (const AeGraph *graph, int *producer, AeError *err)
{
  for (int v = 0; v < graph->n_values; v++)
    producer[v] = graph->values[v].constant ? -1 : -2;
  for (int i = 0; i < graph->n_inputs; i++)
    producer[graph->inputs[i]] = -1;
  for (int n = 0; n < graph->n_nodes; n++) {
    const AeNode *node = &graph->nodes[n];
    for (int i = 0; i < node->n_out; i++) {
      int v = node->out[i];
      if (v < 0)
        continue;
      if (producer[v] != -2)
        return ae_fail (err, AE_ERROR_FORMAT,
            "value '%s' is made twice, the second time by %s node '%s'",
            graph->values[v].name, node->op->name, node_name (node));
      producer[v] = n;
    }
  }
  return AE_OK;
}

static AeStatus
check_sources (const AeGraph *graph, const int *producer, AeError *err)
{
  for (int n = 0; n < graph->n_nodes; n++) {
    const AeNode *node = &graph->nodes[n];
    for (int i = 0; i < node->n_in; i++)
      if (node->in[i] >= 0 && producer[node->in[i]] == -2)
        return ae_fail (err, AE_ERROR_FORMAT,
            "%s node '%s' reads value '%s', which nothing makes",
            node->op->name, node_name (node),
            graph->values[node->in[i]].name);
  }
  for (int i = 0; i < graph->n_outputs; i++)
    if (producer[graph->outputs[i]] == -2)
      return ae_fail (err, AE_ERROR_FORMAT,
          "output '%s' is not made by any node",
          graph->values[graph->outputs[i]].name);
  return AE_OK;
}

typedef struct {
  const AeGraph *graph;
  const int *producer;
  unsigned char *mark; /* 0 new, 1 on the path, 2 done */
  int *order;
  int n_order;
  int *stack; /* node, next input: two entries a level */
} Walk;

/* Depth first without recursion: a hostile file may be a chain of a million
 * nodes. */
static AeStatus
visit (Walk *w, int root, AeError *err)
{
  int depth = 0;
  w->stack[0] = root;
  w->stack[1] = 0;
  w->mark[root] = 1;
  while (depth >= 0) {
    int n = w->stack[2 * depth];
    int i = w->stack[2 * depth + 1]++;
    const AeNode *node = &w->graph->nodes[n];
    if (i == node->n_in) {
      w->mark[n] = 2;
      w->order[w->n_order++] = n;
      depth--;
      continue;
    }
    int before = node->in[i] >= 0 ? w->producer[node->in[i]] : -1;
    if (before < 0 || w->mark[before] == 2)
      continue;
    if (w->mark[before] == 1)
      return ae_fail (err, AE_ERROR_FORMAT,
          "the graph has a cycle through %s node '%s'", node->op->name,
          node_name (node));
    w->mark[before] = 1;
    depth++;
    w->stack[2 * depth] = before;
    w->stack[2 * depth + 1] = 0;
  }
  return AE_OK;
}

static AeStatus
reorder (AeGraph *graph, Walk *w, AeError *err)
{
  for (int n = 0; n < graph->n_nodes; n++) {
    AeStatus status = w->mark[n] ? AE_OK : visit (w, n, err);
    if (status != AE_OK)
      return status;
  }
  AeNode *sorted
      = ae_calloc ((size_t) graph->n_nodes, sizeof *sorted);
  if (!sorted)
    return ae_fail (err, AE_ERROR_MEMORY, "out of memory for a graph");
  for (int i = 0; i < graph->n_nodes; i++)
    sorted[i] = graph->nodes[w->order[i]];
  ae_free (graph->nodes);
  graph->nodes = sorted;
  graph->nodes_cap = graph->n_nodes;
  return AE_OK;
}

AeStatus
ae_graph_sort (AeGraph *graph, AeError *err)
{
  size_t n = (size_t) graph->n_nodes;
  int *producer = ae_calloc ((size_t) graph->n_values, sizeof *producer);
  Walk w = { .graph = graph, .producer = producer };
  w.mark = ae_calloc (n, 1);
  w.order = ae_calloc (n, sizeof *w.order);
  w.stack = ae_calloc (2 * n + 2, sizeof *w.stack);
  AeStatus status = AE_OK;
  if (!producer || !w.mark || !w.order || !w.stack)
    status = ae_fail (err, AE_ERROR_MEMORY, "out of memory for a graph");
  for (int i = 0; status == AE_OK && i < graph->n_nodes; i++)
    status = check_node (&graph->nodes[i], err);
  if (status == AE_OK)
    status = find_producers (graph, producer, err);
  if (status == AE_OK)
    status = check_sources (graph, producer, err);
  if (status == AE_OK)
    status = reorder (graph, &w, err);
  ae_free (producer);
  ae_free (w.mark);
  ae_free (w.order);
  ae_free (w.stack);
  return status;
}
