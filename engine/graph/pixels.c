/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which values of the blocked layout lie as bf16 pixels instead: those that
 * only operators make and read for which that is enough. Values that must lie
 * alike are one set (of a union-find); a set with a member that cannot stays as
 * it is. */
#include "graph/passes.h"

#include "util/mem.h"

typedef struct {
  AeGraph *graph;
  int *set;   /* per value: a member of its set nearer to the root */
  bool *stay; /* per value: it, or at a root the set, stays blocked */
} Pass;

static int
root_of (Pass *p, int v)
{
  while (p->set[v] != v)
    v = p->set[v] = p->set[p->set[v]];
  return v;
}

static void
join (Pass *p, int a, int b)
{
  p->set[root_of (p, a)] = root_of (p, b);
}

static bool
has_bit (uint64_t bits, int i)
{
  return bits >> (i < 63 ? i : 63) & 1;
}

static void
look_at (Pass *p, const AeNode *node, AeNodeCall *c)
{
  AeOpPixels can = { 0 };
  if (node->op->pixels) {
    ae_node_call (c, p->graph, node, false);
    c->call.bf16 = true;
    node->op->pixels (&c->call, &can);
  }
  for (int i = 0; i < node->n_out; i++)
    if (node->out[i] >= 0 && !(can.out && i == 0))
      p->stay[node->out[i]] = true;
  for (int i = 0; i < node->n_in; i++) {
    if (node->in[i] < 0)
      continue;
    if (!has_bit (can.in, i))
      p->stay[node->in[i]] = true;
    else if (has_bit (can.tied, i))
      join (p, node->in[i], node->out[0]);
  }
}

AeStatus
ae_graph_assign_pixels (AeGraph *graph, AeError *err)
{
  Pass p = { .graph = graph };
  p.set = ae_alloc ((size_t) graph->n_values * sizeof *p.set);
  p.stay = ae_calloc ((size_t) graph->n_values, sizeof *p.stay);
  AeNodeCall *c = ae_node_call_new (graph);
  bool ok = p.set && p.stay && c;
  for (int v = 0; ok && v < graph->n_values; v++) {
    p.set[v] = v;
    p.stay[v] = graph->values[v].layout != AE_LAYOUT_BLOCKED;
  }
  for (int n = 0; ok && n < graph->n_nodes; n++)
    look_at (&p, &graph->nodes[n], c);
  for (int v = 0; ok && v < graph->n_values; v++)
    if (p.stay[v])
      p.stay[root_of (&p, v)] = true;
  for (int v = 0; ok && v < graph->n_values; v++)
    if (!p.stay[root_of (&p, v)])
      graph->values[v].layout = AE_LAYOUT_PIXELS;
  ae_free (c);
  ae_free (p.set);
  ae_free (p.stay);
  return ok ? AE_OK
            : ae_fail (err, AE_ERROR_MEMORY, "out of memory for a graph");
}
