/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/passes.h"

#include "util/mem.h"

AeUse *
ae_graph_uses (const AeGraph *graph)
{
  AeUse *uses = ae_calloc ((size_t) graph->n_values, sizeof *uses);
  if (!uses)
    return NULL;
  for (int i = 0; i < graph->n_outputs; i++) {
    uses[graph->outputs[i]].count++;
    uses[graph->outputs[i]].is_output = true;
  }
  for (int n = 0; n < graph->n_nodes; n++)
    for (int i = 0; i < graph->nodes[n].n_in; i++) {
      int v = graph->nodes[n].in[i];
      if (v < 0)
        continue;
      uses[v].count++;
      uses[v].last = n;
    }
  return uses;
}
