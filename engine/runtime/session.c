/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <ae/session.h>

#include "graph/model.h"
#include "runtime/plan.h"
#include "util/mem.h"

#include <string.h>

struct AeSession {
  AeModel *model;
  AeGraph part;  /* of the model, cut to the inputs and outputs asked for */
  AePlan *plan;  /* NULL while unbound */
  int n_threads;
  bool optimise;
  size_t max_memory;
  AeStripMode strips;
  bool bf16;
  AeTensor *inputs; /* of the bound plan, or of the constants given */
  double *step_ms;
};

static AeStatus
no_memory (AeError *err)
{
  return ae_fail (err, AE_ERROR_MEMORY, "out of memory for a session");
}

AeStatus
ae_session_new (AeSession **out, AeModel *model,
    const AeSessionOptions *options, AeError *err)
{
  static const AeSessionOptions defaults;
  options = options ? options : &defaults;
  AeSession *s = *out = ae_calloc (1, sizeof *s);
  if (!s)
    return no_memory (err);
  s->model = ae_model_ref (model);
  s->n_threads = options->n_threads;
  s->optimise = !options->no_optimise;
  s->max_memory = options->max_memory;
  s->strips = options->strips;
  AeStatus status = ae_precision_is_bf16 (options->precision, &s->bf16, err);
  if (status == AE_OK)
    status = ae_graph_copy (&s->part, ae_model_graph (model), err);
  if (status == AE_OK)
    status = ae_graph_cut (&s->part, options->inputs, options->n_inputs,
        options->outputs, options->n_outputs, err);
  if (status == AE_OK) {
    s->inputs = ae_calloc ((size_t) s->part.n_inputs, sizeof *s->inputs);
    status = s->inputs ? AE_OK : no_memory (err);
  }
  if (status != AE_OK)
    ae_session_free (out);
  return status;
}

static void
unbind (AeSession *s)
{
  ae_plan_free (&s->plan);
  ae_free (s->step_ms);
  s->step_ms = NULL;
}

void
ae_session_free (AeSession **session)
{
  AeSession *s = *session;
  *session = NULL;
  if (!s)
    return;
  unbind (s);
  ae_graph_clear (&s->part);
  ae_free (s->inputs);
  ae_model_unref (&s->model);
  ae_free (s);
}

static AeStatus
set_inputs (AeGraph *graph, const AeTensor *inputs, size_t n, AeError *err)
{
  if (n != (size_t) graph->n_inputs)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "%zu input tensors were given, the model has %d inputs", n,
        graph->n_inputs);
  for (size_t i = 0; i < n; i++) {
    AeStatus status = ae_graph_set_input (graph, i, &inputs[i], err);
    if (status != AE_OK)
      return status;
    AeValue *value = &graph->values[graph->inputs[i]];
    if (inputs[i].data && !(value->constant = ae_tensor_copy (&inputs[i])))
      return no_memory (err);
  }
  return AE_OK;
}

AeStatus
ae_session_bind (
    AeSession *s, const AeTensor *inputs, size_t n_inputs, AeError *err)
{
  unbind (s);
  AeGraph graph = { 0 };
  AeStatus status = ae_graph_copy (&graph, &s->part, err);
  if (status == AE_OK)
    status = set_inputs (&graph, inputs, n_inputs, err);
  if (status != AE_OK) {
    ae_graph_clear (&graph);
    return status;
  }
  AePlanOptions options = { .n_threads = s->n_threads,
    .bf16 = s->bf16,
    .optimise = s->optimise,
    .max_memory = s->max_memory,
    .strips = s->strips };
  status = ae_plan_new (&s->plan, &graph, &options, err);
  if (status != AE_OK)
    return status;
  for (size_t i = 0; i < n_inputs; i++)
    s->inputs[i] = s->plan->tensors[s->plan->graph.inputs[i]];
  s->step_ms = ae_calloc ((size_t) s->plan->n_steps, sizeof *s->step_ms);
  if (!s->step_ms) {
    unbind (s);
    return no_memory (err);
  }
  return AE_OK;
}

size_t
ae_session_n_inputs (const AeSession *s)
{
  return (size_t) s->part.n_inputs;
}

const char *
ae_session_input_name (const AeSession *s, size_t index)
{
  return s->part.values[s->part.inputs[index]].name;
}

size_t
ae_session_n_outputs (const AeSession *s)
{
  return (size_t) s->part.n_outputs;
}

const char *
ae_session_output_name (const AeSession *s, size_t index)
{
  return s->part.values[s->part.outputs[index]].name;
}

AeTensor *
ae_session_input (AeSession *s, size_t index)
{
  return &s->inputs[index];
}

const AeTensor *
ae_session_output (const AeSession *s, size_t index)
{
  return &s->plan->tensors[s->plan->graph.outputs[index]];
}

int
ae_session_find_input (const AeSession *s, const char *name)
{
  for (size_t i = 0; i < ae_session_n_inputs (s); i++)
    if (strcmp (ae_session_input_name (s, i), name) == 0)
      return (int) i;
  return -1;
}

int
ae_session_find_output (const AeSession *s, const char *name)
{
  for (size_t i = 0; i < ae_session_n_outputs (s); i++)
    if (strcmp (ae_session_output_name (s, i), name) == 0)
      return (int) i;
  return -1;
}

void
ae_session_run (AeSession *s)
{
  ae_plan_forward (s->plan, false, 0);
}

static double
step_mac (const AeStep *step)
{
  return step->call.op->mac ? step->call.op->mac (&step->call) : 0;
}

AeSessionInfo
ae_session_info (const AeSession *s)
{
  AeSessionInfo info = { .arena_bytes = s->plan->arena_bytes,
    .param_bytes = s->plan->param_bytes,
    .n_steps = (size_t) s->plan->n_steps };
  for (int i = 0; i < s->plan->n_steps; i++)
    info.mac += step_mac (&s->plan->steps[i]);
  return info;
}

AeStepInfo
ae_session_step (const AeSession *s, size_t index)
{
  const AeStep *step = &s->plan->steps[index];
  const AeNode *node = &s->plan->graph.nodes[step->node];
  AeStepInfo info = { .op = node->op->name,
    .node = node->name,
    .mac = step_mac (step),
    .ms = s->step_ms[index] };
  for (int i = node->n_out - 1; i >= 0; i--)
    if (step->call.out[i]) {
      info.out_shape = step->call.out[i]->shape;
      info.out_layout = step->call.out[i]->layout;
    }
  return info;
}

void
ae_session_profile (AeSession *s)
{
  memset (s->step_ms, 0, (size_t) s->plan->n_steps * sizeof *s->step_ms);
  ae_plan_profile (s->plan, s->step_ms);
}
