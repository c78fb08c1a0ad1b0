/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "runtime/tape.h"

#include "runtime/plan.h"
#include "util/mem.h"

#include <assert.h>
#include <string.h>

struct AeTape {
  AeModel *model;
  AePlan *plan; /* NULL while unbound */
  int n_threads;
  bool bf16;
  AeParam *list;
  size_t n_params;
  size_t n_elements;
  float *params, *grads;
  bool *input_grads; /* per input: is its gradient asked for */
  int *param_of; /* per value of the model's graph: index in list, or -1 */
};

static AeStatus
no_memory (AeError *err)
{
  return ae_fail (err, AE_ERROR_MEMORY, "out of memory for a tape");
}

static bool
is_param (const AeValue *value)
{
  return value->trainable && value->constant
      && value->constant->type == AE_F32;
}

/* Lays the parameters out one behind the other, 64-byte aligned. */
static AeStatus
lay_out_params (AeTape *tape, AeError *err)
{
  const AeGraph *graph = ae_model_graph (tape->model);
  size_t n_values = (size_t) graph->n_values;
  tape->list = ae_calloc (n_values, sizeof *tape->list);
  tape->param_of = ae_calloc (n_values, sizeof *tape->param_of);
  if (!tape->list || !tape->param_of)
    return no_memory (err);
  for (size_t v = 0; v < n_values; v++) {
    const AeValue *value = &graph->values[v];
    tape->param_of[v] = -1;
    if (!is_param (value))
      continue;
    tape->param_of[v] = (int) tape->n_params;
    tape->list[tape->n_params++]
        = (AeParam){ value->name, value->shape, tape->n_elements };
    tape->n_elements += (ae_shape_count (&value->shape) + 15) & ~(size_t) 15;
  }
  tape->params = ae_calloc (tape->n_elements, sizeof *tape->params);
  tape->grads = ae_calloc (tape->n_elements, sizeof *tape->grads);
  return tape->params && tape->grads ? AE_OK : no_memory (err);
}

static void
load_params (AeTape *tape)
{
  const AeGraph *graph = ae_model_graph (tape->model);
  for (int v = 0; v < graph->n_values; v++)
    if (tape->param_of[v] >= 0)
      memcpy (tape->params + tape->list[tape->param_of[v]].offset,
          graph->values[v].constant->data,
          ae_tensor_bytes (graph->values[v].constant));
}

AeStatus
ae_tape_new (AeTape **out, AeModel *model, int n_threads,
    AePrecision precision, AeError *err)
{
  AeTape *tape = *out = ae_calloc (1, sizeof *tape);
  if (!tape)
    return no_memory (err);
  tape->model = ae_model_ref (model);
  tape->n_threads = n_threads;
  tape->input_grads = ae_calloc (
      ae_model_n_inputs (model) + 1, sizeof *tape->input_grads);
  AeStatus status = tape->input_grads ? AE_OK : no_memory (err);
  if (status == AE_OK)
    status = ae_precision_is_bf16 (precision, &tape->bf16, err);
  if (status == AE_OK)
    status = lay_out_params (tape, err);
  if (status == AE_OK)
    load_params (tape);
  else
    ae_tape_free (out);
  return status;
}

void
ae_tape_free (AeTape **pointer)
{
  AeTape *tape = *pointer;
  *pointer = NULL;
  if (!tape)
    return;
  ae_plan_free (&tape->plan);
  ae_free (tape->list);
  ae_free (tape->param_of);
  ae_free (tape->params);
  ae_free (tape->grads);
  ae_free (tape->input_grads);
  ae_model_unref (&tape->model);
  ae_free (tape);
}

/* Value indices of the model's graph are kept by copying; the passes only add
 * values behind them. */
static float *
param_grad (void *user, int value)
{
  AeTape *tape = user;
  return tape->grads + tape->list[tape->param_of[value]].offset;
}

AeStatus
ae_tape_bind (
    AeTape *tape, const AeTensor *inputs, size_t n_inputs, AeError *err)
{
  ae_plan_free (&tape->plan);
  AeGraph graph = { 0 };
  AeStatus status = ae_graph_copy (&graph, ae_model_graph (tape->model), err);
  if (status == AE_OK && n_inputs != (size_t) graph.n_inputs)
    status = ae_fail (err, AE_ERROR_ARGUMENT,
        "%zu input tensors were given, the model has %d inputs", n_inputs,
        graph.n_inputs);
  for (size_t i = 0; status == AE_OK && i < n_inputs; i++)
    status = ae_graph_set_input (&graph, i, &inputs[i], err);
  for (int v = 0; v < graph.n_values; v++)
    graph.values[v].trainable = is_param (&graph.values[v]);
  if (status != AE_OK) {
    ae_graph_clear (&graph);
    return status;
  }
  AePlanOptions options = { .n_threads = tape->n_threads,
    .training = true,
    .bf16 = tape->bf16,
    .optimise = true,
    .max_memory = (size_t) 16 << 30,
    .param_grad = param_grad,
    .user = tape,
    .input_grads = tape->input_grads };
  status = ae_plan_new (&tape->plan, &graph, &options, err);
  if (status != AE_OK)
    return status;
  for (int v = 0; v < ae_model_graph (tape->model)->n_values; v++)
    if (tape->param_of[v] >= 0)
      tape->plan->tensors[v].data
          = tape->params + tape->list[tape->param_of[v]].offset;
  return AE_OK;
}

AeTensor *
ae_tape_input (AeTape *tape, size_t index)
{
  return &tape->plan->tensors[tape->plan->graph.inputs[index]];
}

const AeTensor *
ae_tape_output (const AeTape *tape, size_t index)
{
  return &tape->plan->tensors[tape->plan->graph.outputs[index]];
}

AeTensor *
ae_tape_output_grad (AeTape *tape, size_t index)
{
  return &tape->plan->grads[tape->plan->graph.outputs[index]];
}

void
ae_tape_want_input_grad (AeTape *tape, size_t index)
{
  assert (index < ae_tape_n_inputs (tape));
  tape->input_grads[index] = true;
}

const AeTensor *
ae_tape_input_grad (const AeTape *tape, size_t index)
{
  const AeTensor *grad = &tape->plan->grads[tape->plan->graph.inputs[index]];
  return grad->data ? grad : NULL;
}

size_t
ae_tape_n_inputs (const AeTape *tape)
{
  return (size_t) ae_model_graph (tape->model)->n_inputs;
}

size_t
ae_tape_n_outputs (const AeTape *tape)
{
  return (size_t) ae_model_graph (tape->model)->n_outputs;
}

void
ae_tape_forward (AeTape *tape, bool training, uint64_t seed)
{
  ae_plan_forward (tape->plan, training, seed);
  for (size_t i = 0; i < ae_tape_n_outputs (tape); i++) {
    AeTensor *grad = ae_tape_output_grad (tape, i);
    if (grad->data)
      memset (grad->data, 0, ae_tensor_bytes (grad));
  }
}

void
ae_tape_backward (AeTape *tape)
{
  ae_plan_backward (tape->plan, true);
}

void
ae_tape_backward_inputs (AeTape *tape)
{
  ae_plan_backward (tape->plan, false);
}

size_t
ae_tape_n_params (const AeTape *tape)
{
  return tape->n_params;
}

const AeParam *
ae_tape_param (const AeTape *tape, size_t index)
{
  return &tape->list[index];
}

size_t
ae_tape_n_elements (const AeTape *tape)
{
  return tape->n_elements;
}

float *
ae_tape_params (AeTape *tape)
{
  return tape->params;
}

float *
ae_tape_grads (AeTape *tape)
{
  return tape->grads;
}

size_t
ae_tape_bytes (const AeTape *tape)
{
  return tape->plan ? tape->plan->arena_bytes : 0;
}

AeStatus
ae_tape_export (const AeTape *tape, const float *params,
    const char *const *meta, size_t n_meta, AeModel **out, AeError *err)
{
  params = params ? params : tape->params;
  AeStatus status = ae_model_copy (out, tape->model, err);
  if (status != AE_OK)
    return status;
  AeGraph *graph = ae_model_edit (*out);
  for (int v = 0; v < graph->n_values; v++)
    if (tape->param_of[v] >= 0) {
      AeTensor *constant = graph->values[v].constant;
      memcpy (constant->data, params + tape->list[tape->param_of[v]].offset,
          ae_tensor_bytes (constant));
    }
  for (size_t i = 0; status == AE_OK && i < n_meta; i++)
    status = ae_model_set_meta (*out, meta[2 * i], meta[2 * i + 1], err);
  if (status == AE_OK)
    status = ae_model_seal (*out, err);
  if (status != AE_OK)
    ae_model_unref (out);
  return status;
}
