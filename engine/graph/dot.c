/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A graph as Graphviz text. */
#include "graph/model.h"

#include <stdio.h>
#include <stdlib.h>

/* Quotes and backslashes would end dot's string. */
static void
put_quoted (FILE *file, const char *text)
{
  fputc ('"', file);
  for (; *text; text++) {
    if (*text == '"' || *text == '\\')
      fputc ('\\', file);
    fputc (*text, file);
  }
  fputc ('"', file);
}

static void
put_node (FILE *file, const AeGraph *graph, int index)
{
  const AeNode *node = &graph->nodes[index];
  fprintf (file, "  n%d [shape=box, label=\"%s\"];\n", index, node->op->name);
  for (int i = 0; i < node->n_in; i++)
    if (node->in[i] >= 0 && !graph->values[node->in[i]].constant)
      fprintf (file, "  v%d -> n%d;\n", node->in[i], index);
  for (int i = 0; i < node->n_out; i++)
    if (node->out[i] >= 0)
      fprintf (file, "  n%d -> v%d;\n", index, node->out[i]);
}

char *
ae_model_dot (const AeModel *model)
{
  char *text = NULL;
  size_t size = 0;
  FILE *file = open_memstream (&text, &size);
  if (!file)
    return NULL;
  const AeGraph *graph = ae_model_graph (model);
  fprintf (file, "digraph model {\n");
  for (int v = 0; v < graph->n_values; v++)
    if (!graph->values[v].constant) {
      fprintf (file, "  v%d [shape=plaintext, label=", v);
      put_quoted (file, graph->values[v].name);
      fprintf (file, "];\n");
    }
  for (int n = 0; n < graph->n_nodes; n++)
    put_node (file, graph, n);
  fprintf (file, "}\n");
  if (fclose (file) != 0) {
    free (text);
    return NULL;
  }
  return text;
}
