/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A model's id: XXH3 (128 bits) over everything that decides what it does.
 * Strings are hashed with their terminator and lists with their length, so
 * that no two different graphs feed the same bytes. */
#include "graph/model.h"

#include <stdio.h>
#include <string.h>
#include <xxhash.h>

static void
put (XXH3_state_t *hash, const void *bytes, size_t size)
{
  XXH3_128bits_update (hash, bytes, size);
}

static void
put_text (XXH3_state_t *hash, const char *text)
{
  put (hash, text, strlen (text) + 1);
}

static void
put_int (XXH3_state_t *hash, int64_t value)
{
  put (hash, &value, sizeof value);
}

static void
put_tensor (XXH3_state_t *hash, const AeTensor *tensor)
{
  put_int (hash, tensor->type);
  put_int (hash, tensor->shape.rank);
  put (hash, tensor->shape.dim,
      (size_t) tensor->shape.rank * sizeof tensor->shape.dim[0]);
  put (hash, tensor->data, ae_tensor_bytes (tensor));
}

static void
put_attr (XXH3_state_t *hash, const AeAttr *attr)
{
  put_text (hash, attr->name);
  put_int (hash, attr->kind);
  put_int (hash, attr->i);
  put (hash, &attr->f, sizeof attr->f);
  put_int (hash, (int64_t) attr->n);
  if (attr->s)
    put_text (hash, attr->s);
  if (attr->t)
    put_tensor (hash, attr->t);
  if (attr->floats)
    put (hash, attr->floats, attr->n * sizeof *attr->floats);
  if (attr->ints)
    put (hash, attr->ints, attr->n * sizeof *attr->ints);
  for (size_t i = 0; attr->strings && i < attr->n; i++)
    put_text (hash, attr->strings[i]);
}

static void
put_names (
    XXH3_state_t *hash, const AeGraph *graph, const int *values, int n)
{
  put_int (hash, n);
  for (int i = 0; i < n; i++)
    put_text (hash, values[i] < 0 ? "" : graph->values[values[i]].name);
}

static void
put_node (XXH3_state_t *hash, const AeGraph *graph, const AeNode *node)
{
  put_text (hash, node->op->domain);
  put_text (hash, node->op->name);
  put_int (hash, node->opset);
  put_int (hash, (int64_t) node->attrs.n);
  for (size_t i = 0; i < node->attrs.n; i++)
    put_attr (hash, &node->attrs.list[i]);
  put_names (hash, graph, node->in, node->n_in);
  put_names (hash, graph, node->out, node->n_out);
}

void
ae_model_compute_id (const AeModel *model, char id[33])
{
  XXH3_state_t *hash = XXH3_createState ();
  if (!hash) {
    memset (id, '0', 32);
    id[32] = '\0';
    return;
  }
  XXH3_128bits_reset (hash);
  const AeGraph *graph = ae_model_graph (model);
  for (int i = 0; i < graph->n_nodes; i++)
    put_node (hash, graph, &graph->nodes[i]);
  for (int i = 0; i < graph->n_values; i++)
    if (graph->values[i].constant) {
      put_text (hash, graph->values[i].name);
      put_tensor (hash, graph->values[i].constant);
    }
  put_names (hash, graph, graph->inputs, graph->n_inputs);
  put_names (hash, graph, graph->outputs, graph->n_outputs);
  for (size_t i = 0; i < ae_model_n_meta (model); i++) {
    put_text (hash, ae_model_meta_key (model, i));
    put_text (hash, ae_model_meta_value (model, i));
  }
  XXH128_hash_t digest = XXH3_128bits_digest (hash);
  XXH3_freeState (hash);
  snprintf (id, 33, "%016llx%016llx", (unsigned long long) digest.high64,
      (unsigned long long) digest.low64);
}
