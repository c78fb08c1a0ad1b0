/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "graph/model.h"

#include "util/mem.h"

#include <stdatomic.h>
#include <string.h>

typedef struct {
  char *key, *value;
} Meta;

struct AeModel {
  atomic_int refs;
  AeGraph graph;
  Meta *meta;
  size_t n_meta;
  size_t n_params;
  char id[33];
};

AeStatus
ae_model_new (AeModel **out, AeError *err)
{
  AeModel *model = *out = ae_calloc (1, sizeof *model);
  if (!model)
    return ae_fail (err, AE_ERROR_MEMORY, "out of memory for a model");
  atomic_init (&model->refs, 1);
  return AE_OK;
}

AeModel *
ae_model_ref (AeModel *model)
{
  atomic_fetch_add (&model->refs, 1);
  return model;
}

void
ae_model_unref (AeModel **pointer)
{
  AeModel *model = *pointer;
  *pointer = NULL;
  if (!model || atomic_fetch_sub (&model->refs, 1) > 1)
    return;
  ae_graph_clear (&model->graph);
  for (size_t i = 0; i < model->n_meta; i++) {
    ae_free (model->meta[i].key);
    ae_free (model->meta[i].value);
  }
  ae_free (model->meta);
  ae_free (model);
}

AeGraph *
ae_model_edit (AeModel *model)
{
  return &model->graph;
}

const AeGraph *
ae_model_graph (const AeModel *model)
{
  return &model->graph;
}

static Meta *
find_meta (const AeModel *model, const char *key)
{
  for (size_t i = 0; i < model->n_meta; i++)
    if (strcmp (model->meta[i].key, key) == 0)
      return &model->meta[i];
  return NULL;
}

AeStatus
ae_model_set_meta (
    AeModel *model, const char *key, const char *value, AeError *err)
{
  char *value_copy = ae_strdup (value);
  Meta *meta = find_meta (model, key);
  if (value_copy && meta) {
    ae_free (meta->value);
    meta->value = value_copy;
    return AE_OK;
  }
  char *key_copy = ae_strdup (key);
  Meta *grown = value_copy && key_copy
      ? ae_realloc (
          model->meta, model->n_meta, model->n_meta + 1, sizeof *grown)
      : NULL;
  if (!grown) {
    ae_free (key_copy);
    ae_free (value_copy);
    return ae_fail (err, AE_ERROR_MEMORY, "out of memory for a model");
  }
  model->meta = grown;
  grown[model->n_meta++] = (Meta){ key_copy, value_copy };
  return AE_OK;
}

AeStatus
ae_model_seal (AeModel *model, AeError *err)
{
  AeGraph *graph = &model->graph;
  AeStatus status = ae_graph_sort (graph, err);
  if (status != AE_OK)
    return status;
  if (graph->n_outputs == 0)
    return ae_fail (err, AE_ERROR_FORMAT, "the graph has no output");
  for (int i = 0; i < graph->n_inputs; i++)
    if (graph->values[graph->inputs[i]].constant)
      return ae_fail (err, AE_ERROR_FORMAT,
          "value '%s' is an input and an initializer",
          graph->values[graph->inputs[i]].name);
  model->n_params = 0;
  for (int v = 0; v < graph->n_values; v++) {
    const AeTensor *constant = graph->values[v].constant;
    if (constant && constant->type == AE_F32)
      model->n_params += ae_shape_count (&constant->shape);
  }
  ae_model_compute_id (model, model->id);
  return AE_OK;
}

AeStatus
ae_model_copy (AeModel **out, const AeModel *model, AeError *err)
{
  AeStatus status = ae_model_new (out, err);
  if (status == AE_OK)
    status = ae_graph_copy (&(*out)->graph, &model->graph, err);
  for (size_t i = 0; status == AE_OK && i < model->n_meta; i++)
    status = ae_model_set_meta (
        *out, model->meta[i].key, model->meta[i].value, err);
  if (status != AE_OK)
    ae_model_unref (out);
  return status;
}

const char *
ae_model_id (const AeModel *model)
{
  return model->id;
}

const char *
ae_model_meta (const AeModel *model, const char *key)
{
  const Meta *meta = find_meta (model, key);
  return meta ? meta->value : NULL;
}

size_t
ae_model_n_meta (const AeModel *model)
{
  return model->n_meta;
}

const char *
ae_model_meta_key (const AeModel *model, size_t index)
{
  return index < model->n_meta ? model->meta[index].key : NULL;
}

const char *
ae_model_meta_value (const AeModel *model, size_t index)
{
  return index < model->n_meta ? model->meta[index].value : NULL;
}

size_t
ae_model_n_inputs (const AeModel *model)
{
  return (size_t) model->graph.n_inputs;
}

static const AeValue *
input_value (const AeModel *model, size_t index)
{
  return &model->graph.values[model->graph.inputs[index]];
}

static const AeValue *
output_value (const AeModel *model, size_t index)
{
  return &model->graph.values[model->graph.outputs[index]];
}

const char *
ae_model_input_name (const AeModel *model, size_t index)
{
  return input_value (model, index)->name;
}

AeType
ae_model_input_type (const AeModel *model, size_t index)
{
  return input_value (model, index)->type;
}

AeShape
ae_model_input_shape (const AeModel *model, size_t index)
{
  return input_value (model, index)->shape;
}

size_t
ae_model_n_outputs (const AeModel *model)
{
  return (size_t) model->graph.n_outputs;
}

const char *
ae_model_output_name (const AeModel *model, size_t index)
{
  return output_value (model, index)->name;
}

AeShape
ae_model_output_shape (const AeModel *model, size_t index)
{
  return output_value (model, index)->shape;
}

static const char *
dim_name (const AeValue *value, int dim)
{
  return dim >= 0 && dim < AE_MAX_RANK ? ae_value_dim_name (value, dim) : "";
}

const char *
ae_model_input_dim_name (const AeModel *model, size_t index, int dim)
{
  return dim_name (input_value (model, index), dim);
}

const char *
ae_model_output_dim_name (const AeModel *model, size_t index, int dim)
{
  return dim_name (output_value (model, index), dim);
}

size_t
ae_model_n_nodes (const AeModel *model)
{
  return (size_t) model->graph.n_nodes;
}

const char *
ae_model_node_name (const AeModel *model, size_t index)
{
  return model->graph.nodes[index].name;
}

const char *
ae_model_node_op (const AeModel *model, size_t index)
{
  return model->graph.nodes[index].op->name;
}

size_t
ae_model_n_params (const AeModel *model)
{
  return model->n_params;
}
