/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Taking a part of a graph, and dropping what nobody needs. */
#include "graph/passes.h"

#include "util/mem.h"

#include <stdio.h>
#include <string.h>

AeStatus
ae_graph_prune (AeGraph *graph, AeError *err)
{
  bool *needed = ae_calloc ((size_t) graph->n_values, sizeof *needed);
  if (!needed)
    return ae_fail (err, AE_ERROR_MEMORY, "out of memory for a graph");
  for (int i = 0; i < graph->n_outputs; i++)
    needed[graph->outputs[i]] = true;
  bool *keep = ae_calloc ((size_t) graph->n_nodes, sizeof *keep);
  if (!keep) {
    ae_free (needed);
    return ae_fail (err, AE_ERROR_MEMORY, "out of memory for a graph");
  }
  for (int n = graph->n_nodes - 1; n >= 0; n--) {
    const AeNode *node = &graph->nodes[n];
    for (int i = 0; i < node->n_out; i++)
      keep[n] |= node->out[i] >= 0 && needed[node->out[i]];
    for (int i = 0; keep[n] && i < node->n_in; i++)
      if (node->in[i] >= 0)
        needed[node->in[i]] = true;
  }
  int kept = 0;
  for (int n = 0; n < graph->n_nodes; n++)
    if (keep[n])
      graph->nodes[kept++] = graph->nodes[n];
    else
      ae_node_clear (&graph->nodes[n]);
  graph->n_nodes = kept;
  for (int v = 0; v < graph->n_values; v++)
    if (!needed[v])
      ae_tensor_free (&graph->values[v].constant);
  ae_free (needed);
  ae_free (keep);
  return AE_OK;
}

static AeStatus
unknown_name (const AeGraph *graph, const char *name, const int *values,
    int n, const char *what, AeError *err)
{
  char list[400] = "";
  size_t used = 0;
  for (int i = 0; i < n && used + 1 < sizeof list; i++) {
    int wrote = snprintf (list + used, sizeof list - used, "%s'%s'",
        i ? ", " : "", graph->values[values[i]].name);
    used += wrote > 0 ? (size_t) wrote : 0;
  }
  return ae_fail (err, AE_ERROR_NOT_FOUND,
      "the model has no value '%s'; its own %s are %s", name, what, list);
}

static AeStatus
choose (AeGraph *graph, int **list, int *n_list, const char *const *names,
    size_t n, const char *what, AeError *err)
{
  if (n == 0)
    return AE_OK;
  int *chosen = ae_calloc (n, sizeof *chosen);
  if (!chosen)
    return ae_fail (err, AE_ERROR_MEMORY, "out of memory for a graph");
  for (size_t i = 0; i < n; i++) {
    chosen[i] = ae_graph_find (graph, names[i]);
    if (chosen[i] < 0) {
      ae_free (chosen);
      return unknown_name (graph, names[i], *list, *n_list, what, err);
    }
  }
  ae_free (*list);
  *list = chosen;
  *n_list = (int) n;
  return AE_OK;
}

/* Which values are inputs of the graph, by index (ae_free); NULL when memory
 * runs out. */
static bool *
mark_inputs (const AeGraph *graph)
{
  bool *is_input = ae_calloc ((size_t) graph->n_values, sizeof *is_input);
  for (int i = 0; is_input && i < graph->n_inputs; i++)
    is_input[graph->inputs[i]] = true;
  return is_input;
}

/* An input has no producer: whatever made it writes nowhere now. */
static AeStatus
disconnect_inputs (AeGraph *graph, AeError *err)
{
  bool *is_input = mark_inputs (graph);
  if (!is_input)
    return ae_fail (err, AE_ERROR_MEMORY, "out of memory for a graph");
  for (int n = 0; n < graph->n_nodes; n++)
    for (int k = 0; k < graph->nodes[n].n_out; k++) {
      int *out = &graph->nodes[n].out[k];
      if (*out >= 0 && is_input[*out])
        *out = -1;
    }
  ae_free (is_input);
  return AE_OK;
}

AeStatus
ae_graph_cut (AeGraph *graph, const char *const *inputs, size_t n_inputs,
    const char *const *outputs, size_t n_outputs, AeError *err)
{
  AeStatus status = choose (graph, &graph->inputs, &graph->n_inputs, inputs,
      n_inputs, "inputs", err);
  if (status == AE_OK)
    status = choose (graph, &graph->outputs, &graph->n_outputs, outputs,
        n_outputs, "outputs", err);
  if (status == AE_OK)
    status = disconnect_inputs (graph, err);
  return status == AE_OK ? ae_graph_prune (graph, err) : status;
}

static bool
detach (AeGraph *graph, int index)
{
  int from = graph->outputs[index];
  char name[48];
  snprintf (name, sizeof name, "detached_%d", graph->n_values);
  int to = ae_graph_add_value (graph, name);
  if (to < 0)
    return false;
  graph->values[to].type = graph->values[from].type;
  graph->values[to].shape = graph->values[from].shape;
  graph->outputs[index] = to;
  const AeOp *op = ae_op_find ("", "Identity", 17);
  return ae_graph_add_node (graph, op, 17, name, NULL, &from, 1, &to, 1) >= 0;
}

AeStatus
ae_graph_detach_outputs (AeGraph *graph, AeError *err)
{
  bool *is_input = mark_inputs (graph);
  bool ok = is_input != NULL;
  for (int o = 0; ok && o < graph->n_outputs; o++)
    if (is_input[graph->outputs[o]])
      ok = detach (graph, o);
  ae_free (is_input);
  return ok ? AE_OK
            : ae_fail (err, AE_ERROR_MEMORY, "out of memory for a graph");
}
