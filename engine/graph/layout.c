/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which values lie in the blocked layout. One pass in execution order: heavy
 * operators take the form they are fast in, light ones follow their inputs,
 * the rest is plain; Reorder nodes convert in between. */
#include "graph/passes.h"

#include "util/mem.h"

#include <stdio.h>
#include <string.h>

typedef struct {
  AeGraph *graph;
  bool bf16;
  int *twin; /* per value: the same value in the other layout, or -1 */
  int n_twins; /* for which there is room */
  AeNode *nodes; /* the new list */
  int n_nodes, cap;
} Pass;

static bool
append_node (Pass *p, const AeNode *node)
{
  if (p->n_nodes == p->cap) {
    int cap = p->cap * 2 + 16;
    AeNode *grown = ae_realloc (
        p->nodes, (size_t) p->n_nodes, (size_t) cap, sizeof *grown);
    if (!grown)
      return false;
    p->nodes = grown;
    p->cap = cap;
  }
  p->nodes[p->n_nodes++] = *node;
  return true;
}

static int
new_value (Pass *p, int like, AeLayout layout)
{
  char name[32];
  snprintf (name, sizeof name, "reordered_%d", p->graph->n_values);
  int v = ae_graph_add_value (p->graph, name);
  if (v < 0)
    return -1;
  if (v >= p->n_twins) {
    int room = p->graph->values_cap;
    int *twin = ae_realloc (
        p->twin, (size_t) p->n_twins, (size_t) room, sizeof *twin);
    if (!twin)
      return -1;
    p->twin = twin;
    p->n_twins = room;
  }
  AeValue *value = &p->graph->values[v];
  value->type = p->graph->values[like].type;
  value->shape = p->graph->values[like].shape;
  value->layout = layout;
  p->twin[v] = like;
  return v;
}

/* Adds a Reorder node that makes the twin of v; the twin, or -1. */
static int
make_twin (Pass *p, int v, AeLayout layout)
{
  int twin = new_value (p, v, layout);
  AeNode node = { .op = ae_op_find ("ae", "Reorder", 1), .opset = 1,
    .n_in = 1, .n_out = 1 };
  node.name = ae_strdup ("reorder");
  node.in = ae_calloc (1, sizeof *node.in);
  node.out = ae_calloc (1, sizeof *node.out);
  bool ok = twin >= 0 && node.name && node.in && node.out && node.op
      && ae_attrs_set_string (&node.attrs, "to",
          layout == AE_LAYOUT_BLOCKED ? "blocked" : "plain");
  if (ok) {
    node.in[0] = v;
    node.out[0] = twin;
    ok = append_node (p, &node);
  }
  if (!ok) {
    ae_free (node.name);
    ae_free (node.in);
    ae_free (node.out);
    ae_attrs_clear (&node.attrs);
    return -1;
  }
  p->twin[v] = twin;
  return twin;
}

/* Value v in the layout wanted; -1 when memory runs out. */
static int
in_layout (Pass *p, int v, AeLayout layout)
{
  if (p->graph->values[v].layout == layout)
    return v;
  return p->twin[v] >= 0 ? p->twin[v] : make_twin (p, v, layout);
}

static bool
is_blocked (const AeGraph *graph, const AeNode *node, int i)
{
  return node->in[i] >= 0
      && graph->values[node->in[i]].layout == AE_LAYOUT_BLOCKED;
}

/* Is any of the inputs that are wanted so blocked already? */
static bool
any_blocked (
    const AeGraph *graph, const AeNode *node, const AeOpLayout *want)
{
  for (int i = 0; i < node->n_in; i++)
    if (ae_layout_blocked (want, i) && is_blocked (graph, node, i))
      return true;
  return false;
}

static AeOpLayout
decide (const Pass *p, const AeNode *node, AeNodeCall *c)
{
  const AeOpLayout plain = { 0 };
  AeOpLayout want = { 0 };
  if ((node->op->flags & AE_OP_UNARY) && node->n_in >= 1) {
    bool blocked = is_blocked (p->graph, node, 0);
    return (AeOpLayout){ .in_blocked = blocked, .out_blocked = blocked };
  }
  if (!node->op->layout)
    return plain;
  ae_node_call (c, p->graph, node, false);
  c->call.bf16 = p->bf16;
  for (int i = 0; i < node->n_in; i++)
    c->in_view[i].layout = AE_LAYOUT_PLAIN;
  if (!node->op->layout (&c->call, &want))
    return plain;
  bool heavy = node->op->mac != NULL;
  for (int i = 0; i < node->n_in && i < 63; i++)
    if ((want.in_either >> i & 1) && !is_blocked (p->graph, node, i))
      want.in_blocked &= ~(1ull << i);
  bool takes = heavy || any_blocked (p->graph, node, &want)
      || want.in_blocked == 0;
  return takes ? want : plain;
}

static bool
place_node (Pass *p, AeNode *node, AeOpLayout want)
{
  for (int i = 0; i < node->n_in; i++) {
    if (node->in[i] < 0)
      continue;
    node->in[i] = in_layout (p, node->in[i],
        ae_layout_blocked (&want, i) ? AE_LAYOUT_BLOCKED : AE_LAYOUT_PLAIN);
    if (node->in[i] < 0)
      return false;
  }
  for (int i = 0; i < node->n_out; i++)
    if (node->out[i] >= 0 && want.out_blocked)
      p->graph->values[node->out[i]].layout = AE_LAYOUT_BLOCKED;
  return append_node (p, node);
}

static bool
place_outputs (Pass *p)
{
  for (int i = 0; i < p->graph->n_outputs; i++) {
    int v = in_layout (p, p->graph->outputs[i], AE_LAYOUT_PLAIN);
    if (v < 0)
      return false;
    p->graph->outputs[i] = v;
  }
  return true;
}

AeStatus
ae_graph_assign_layouts (AeGraph *graph, bool bf16, AeError *err)
{
  if (!ae_op_find ("ae", "Reorder", 1))
    return AE_OK;
  Pass p = { .graph = graph, .bf16 = bf16, .n_twins = graph->n_values };
  p.twin = ae_alloc ((size_t) graph->n_values * sizeof *p.twin);
  AeNodeCall *c = ae_node_call_new (graph);
  bool ok = p.twin && c;
  for (int v = 0; ok && v < graph->n_values; v++)
    p.twin[v] = -1;
  int done = 0;
  for (; ok && done < graph->n_nodes; done++) {
    AeNode *node = &graph->nodes[done];
    AeOpLayout want = decide (&p, node, c);
    ok = place_node (&p, node, want);
    if (!ok)
      break;
  }
  ok = ok && place_outputs (&p);
  /* On failure the nodes not moved yet are appended so that one list owns
   * everything. */
  ae_free (c);
  ae_free (p.twin);
  if (!ok) {
    for (int n = done; n < graph->n_nodes; n++) {
      AeNode *node = &graph->nodes[n];
      ae_free (node->name);
      ae_attrs_clear (&node->attrs);
      ae_free (node->in);
      ae_free (node->out);
    }
  }
  ae_free (graph->nodes);
  graph->nodes = p.nodes;
  graph->n_nodes = p.n_nodes;
  graph->nodes_cap = p.cap;
  return ok ? AE_OK
            : ae_fail (err, AE_ERROR_MEMORY, "out of memory for a graph");
}
