/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "runtime/plan.h"

#include "runtime/lifetime.h"
#include "runtime/strips.h"
#include "util/clock.h"
#include "util/fpenv.h"
#include "util/mem.h"

#include <string.h>

static AeStatus
no_memory (AeError *err)
{
  return ae_fail (err, AE_ERROR_MEMORY, "out of memory for a plan");
}

void
ae_plan_free (AePlan **pointer)
{
  AePlan *plan = *pointer;
  *pointer = NULL;
  if (!plan)
    return;
  for (int i = 0; i < plan->n_steps; i++)
    if (plan->steps[i].call.state)
      plan->steps[i].call.op->release (plan->steps[i].call.state);
  for (int i = 0; i < plan->n_strips; i++)
    ae_strips_free (&plan->strips[i]);
  ae_free (plan->strips);
  ae_free (plan->hidden);
  ae_free (plan->steps);
  ae_free (plan->tensors);
  ae_free (plan->grads);
  ae_free (plan->arena);
  ae_free (plan->lists);
  ae_free (plan->zero_grads);
  ae_free (plan->grad_owner);
  ae_graph_clear (&plan->graph);
  ae_free (plan);
}

static AeStatus
lower (AeGraph *graph, const AePlanOptions *options, AeError *err)
{
  bool bf16 = options->bf16 && !options->training;
  AeStatus status = ae_graph_detach_outputs (graph, err);
  if (status == AE_OK)
    status = ae_graph_infer (graph, options->training, err);
  if (status == AE_OK && options->optimise)
    status = ae_graph_make_dense (graph, options->training, err);
  if (status == AE_OK && options->optimise)
    status = ae_graph_fuse (graph, options->training, err);
  if (status == AE_OK && options->optimise && !options->training)
    status = ae_graph_split_transposed (graph, err);
  if (status == AE_OK && options->optimise)
    status = ae_graph_assign_layouts (graph, bf16, err);
  if (status == AE_OK && options->optimise && bf16)
    status = ae_graph_assign_pixels (graph, err);
  return status;
}

/* One tensor (and gradient) per value; storage comes later. */
static AeStatus
make_tensors (AePlan *plan, AeError *err)
{
  size_t n = (size_t) plan->graph.n_values;
  plan->tensors = ae_calloc (n, sizeof *plan->tensors);
  plan->grads = ae_calloc (n, sizeof *plan->grads);
  plan->grad_owner = ae_calloc (n, sizeof *plan->grad_owner);
  plan->hidden = ae_calloc (n, sizeof *plan->hidden);
  if (!plan->tensors || !plan->grads || !plan->grad_owner || !plan->hidden)
    return no_memory (err);
  for (size_t v = 0; v < n; v++) {
    const AeValue *value = &plan->graph.values[v];
    void *data = value->constant ? value->constant->data : NULL;
    plan->tensors[v]
        = (AeTensor){ value->type, value->layout, value->shape, data };
    plan->grads[v]
        = (AeTensor){ value->type, value->layout, value->shape, NULL };
    if (value->constant)
      plan->param_bytes += ae_tensor_bytes (value->constant);
  }
  return AE_OK;
}

/* Pointer arrays of all calls in one block: in, out, dout, din, overwrite. */
static AeStatus
make_steps (AePlan *plan, const AePlanOptions *options, AeError *err)
{
  const AeGraph *graph = &plan->graph;
  size_t pointers = 0;
  for (int n = 0; n < graph->n_nodes; n++)
    pointers += (size_t) (3 * graph->nodes[n].n_in + 2 * graph->nodes[n].n_out);
  plan->steps = ae_calloc ((size_t) graph->n_nodes, sizeof *plan->steps);
  plan->lists = ae_calloc (pointers, sizeof (void *));
  if (!plan->steps || !plan->lists)
    return no_memory (err);
  void **next = plan->lists;
  for (int n = 0; n < graph->n_nodes; n++) {
    const AeNode *node = &graph->nodes[n];
    AeStep *step = &plan->steps[plan->n_steps++];
    step->node = n;
    AeOpCall *call = &step->call;
    call->op = node->op;
    call->attrs = &node->attrs;
    call->opset = node->opset;
    call->training = options->training;
    call->bf16 = options->bf16;
    call->n_in = node->n_in;
    call->n_out = node->n_out;
    call->in = (const AeTensor **) next;
    call->out = (AeTensor **) (next += node->n_in);
    call->dout = (const AeTensor **) (next += node->n_out);
    call->din = (AeTensor **) (next += node->n_out);
    call->overwrite = (const bool *) (next += node->n_in);
    next += node->n_in;
    call->pool = ae_pool_shared ();
    call->n_threads = ae_pool_threads (options->n_threads);
    for (int i = 0; i < node->n_in; i++)
      call->in[i] = node->in[i] < 0 ? NULL : &plan->tensors[node->in[i]];
    for (int i = 0; i < node->n_out; i++)
      call->out[i] = node->out[i] < 0 ? NULL : &plan->tensors[node->out[i]];
  }
  return AE_OK;
}

static AeStatus
refuse_no_gradient (const AePlan *plan, const AeStep *step, AeError *err)
{
  const AeNode *node = &plan->graph.nodes[step->node];
  return ae_fail (err, AE_ERROR_UNSUPPORTED,
      "%s node '%s' lies between an output and a parameter or input that "
      "wants a gradient, and the operator has none",
      node->op->name, node->name);
}

static AeStatus
mark_inputs (const AeGraph *graph, const bool *asked, bool *wanted,
    AeError *err)
{
  for (int i = 0; asked && i < graph->n_inputs; i++) {
    const AeValue *value = &graph->values[graph->inputs[i]];
    if (asked[i] && value->type != AE_F32)
      return ae_fail (err, AE_ERROR_UNSUPPORTED,
          "input '%s' is %s, wanted f32 for a gradient", value->name,
          ae_type_name (value->type));
    wanted[graph->inputs[i]] = asked[i];
  }
  return AE_OK;
}

/* Which values need a gradient, and which steps compute them: those that
 * depend on a trainable value or on an input whose gradient is asked for. */
static AeStatus
mark_gradients (AePlan *plan, const AePlanOptions *options, bool *wanted,
    AeError *err)
{
  const AeGraph *graph = &plan->graph;
  for (int v = 0; v < graph->n_values; v++)
    wanted[v] = graph->values[v].trainable && graph->values[v].constant;
  AeStatus status = mark_inputs (graph, options->input_grads, wanted, err);
  if (status != AE_OK)
    return status;
  for (int s = 0; s < plan->n_steps; s++) {
    AeStep *step = &plan->steps[s];
    const AeNode *node = &graph->nodes[step->node];
    for (int i = 0; i < node->n_in; i++)
      if (node->in[i] >= 0 && wanted[node->in[i]])
        step->has_backward = true;
    if (!step->has_backward)
      continue;
    bool any_float = false;
    for (int i = 0; i < node->n_out; i++)
      if (node->out[i] >= 0 && graph->values[node->out[i]].type == AE_F32)
        wanted[node->out[i]] = any_float = true;
    if (!any_float)
      step->has_backward = false;
    else if (!node->op->backward)
      return refuse_no_gradient (plan, step, err);
  }
  return AE_OK;
}

/* Points dout and din at gradients; the first writer of each, in backward
 * order, overwrites. Gradients of outputs are written by the caller. */
static AeStatus
wire_gradients (AePlan *plan, const bool *wanted, AeError *err)
{
  const AeGraph *graph = &plan->graph;
  bool *written = ae_calloc ((size_t) graph->n_values, sizeof *written);
  plan->zero_grads
      = ae_calloc ((size_t) graph->n_values, sizeof *plan->zero_grads);
  if (!written || !plan->zero_grads) {
    ae_free (written);
    return no_memory (err);
  }
  for (int i = 0; i < graph->n_outputs; i++)
    written[graph->outputs[i]] = true;
  for (int v = 0; v < graph->n_values; v++)
    written[v] |= graph->values[v].constant != NULL;
  for (int s = plan->n_steps - 1; s >= 0; s--) {
    AeStep *step = &plan->steps[s];
    const AeNode *node = &graph->nodes[step->node];
    for (int i = 0; step->has_backward && i < node->n_out; i++) {
      int v = node->out[i];
      if (v < 0 || graph->values[v].type != AE_F32)
        continue;
      step->call.dout[i] = &plan->grads[v];
      if (!written[v])
        plan->zero_grads[plan->n_zero_grads++] = v;
      written[v] = true;
    }
    for (int i = 0; step->has_backward && i < node->n_in; i++) {
      int v = node->in[i];
      if (v < 0 || !wanted[v])
        continue;
      step->call.din[i] = &plan->grads[v];
      ((bool *) step->call.overwrite)[i] = !written[v];
      written[v] = true;
    }
  }
  ae_free (written);
  return AE_OK;
}

static AeStatus
plan_gradients (AePlan *plan, const AePlanOptions *options, AeError *err)
{
  AeGraph *graph = &plan->graph;
  bool *wanted = ae_calloc ((size_t) graph->n_values, sizeof *wanted);
  if (!wanted)
    return no_memory (err);
  AeStatus status = mark_gradients (plan, options, wanted, err);
  if (status == AE_OK)
    status = wire_gradients (plan, wanted, err);
  for (int v = 0; v < graph->n_values; v++)
    plan->grad_owner[v] = wanted[v] && !graph->values[v].constant ? v : -1;
  for (int i = 0; i < graph->n_outputs; i++) {
    int v = graph->outputs[i];
    if (!graph->values[v].constant)
      plan->grad_owner[v] = v;
  }
  for (int v = 0; status == AE_OK && v < graph->n_values; v++)
    if (wanted[v] && graph->values[v].constant)
      plan->grads[v].data = options->param_grad (options->user, v);
  ae_free (wanted);
  return status;
}

static AeStatus
plan_memory (AePlan *plan, const AePlanOptions *options, AeError *err)
{
  size_t scratch = 0;
  for (int i = 0; i < plan->n_strips; i++) {
    const AeStrips *strips = plan->strips[i];
    int n_threads = plan->steps[strips->first].call.n_threads;
    size_t size = ae_strips_scratch (strips, n_threads);
    scratch = size > scratch ? size : scratch;
  }
  for (int s = 0; s < plan->n_steps; s++) {
    const AeOpCall *call = &plan->steps[s].call;
    if (plan->steps[s].strips)
      continue;
    for (int grad = 0; grad <= plan->steps[s].has_backward; grad++) {
      size_t size = call->op->work_size ? call->op->work_size (call, grad) : 0;
      scratch = size > scratch ? size : scratch;
    }
  }
  size_t total;
  AeLifetimes *lives;
  AeStatus status
      = ae_lifetimes_new (&lives, plan, options->training, &total, err);
  if (status != AE_OK)
    return status;
  size_t limit = options->max_memory ? options->max_memory : (size_t) 2 << 30;
  if (total > limit || scratch > limit - total)
    status = ae_fail (err, AE_ERROR_LIMIT,
        "the model needs %zu MiB for these shapes, the limit is %zu MiB",
        (total + scratch) >> 20, limit >> 20);
  else if (!(plan->arena = ae_alloc (total + scratch)))
    status = ae_fail (err, AE_ERROR_MEMORY,
        "out of memory: the model needs %zu MiB for these shapes",
        (total + scratch) >> 20);
  if (status == AE_OK) {
    memset (plan->arena, 0, total + scratch);
    plan->arena_bytes = total + scratch;
    ae_lifetimes_assign (lives, plan);
    for (int s = 0; s < plan->n_steps; s++)
      plan->steps[s].call.work = plan->arena + total;
  }
  ae_lifetimes_free (&lives);
  return status;
}

/* Operators see constant data in prepare, and NULL for what is not known. */
static AeStatus
prepare_steps (AePlan *plan, bool training, AeError *err)
{
  AeNodeCall *c = ae_node_call_new (&plan->graph);
  if (!c)
    return no_memory (err);
  AeStatus status = AE_OK;
  for (int s = 0; status == AE_OK && s < plan->n_steps; s++) {
    AeOpCall *call = &plan->steps[s].call;
    const AeNode *node = &plan->graph.nodes[plan->steps[s].node];
    if (!call->op->prepare)
      continue;
    ae_node_call (c, &plan->graph, node, training);
    c->call.pool = call->pool;
    c->call.n_threads = call->n_threads;
    c->call.bf16 = call->bf16;
    status = call->op->prepare (&c->call, &call->state, err);
    if (status != AE_OK)
      ae_fail_prefix (
          err, status, "%s node '%s'", node->op->name, node->name);
  }
  ae_free (c);
  return status;
}

AeStatus
ae_plan_new (AePlan **out, AeGraph *graph, const AePlanOptions *options,
    AeError *err)
{
  AePlan *plan = *out = ae_calloc (1, sizeof *plan);
  if (!plan) {
    ae_graph_clear (graph);
    return no_memory (err);
  }
  plan->graph = *graph;
  *graph = (AeGraph){ 0 };
  AeStatus status = lower (&plan->graph, options, err);
  if (status == AE_OK)
    status = make_tensors (plan, err);
  if (status == AE_OK)
    status = make_steps (plan, options, err);
  if (status == AE_OK && options->training)
    status = plan_gradients (plan, options, err);
  if (status == AE_OK)
    status = prepare_steps (plan, options->training, err);
  if (status == AE_OK)
    status = ae_strips_plan (plan, options, err);
  if (status == AE_OK)
    status = plan_memory (plan, options, err);
  if (status != AE_OK)
    ae_plan_free (out);
  return status;
}

/* Runs step s, or the run of strips that begins there; the next step. */
static int
run_from (AePlan *plan, int s, double *ms)
{
  const AeStep *step = &plan->steps[s];
  if (step->strips) {
    ae_strips_run (plan, step->strips, ms);
    return s + step->strips->n_steps;
  }
  step->call.op->forward (&step->call);
  return s + 1;
}

void
ae_plan_forward (AePlan *plan, bool training, uint64_t seed)
{
  unsigned mode = ae_fpenv_enter ();
  for (int s = 0; s < plan->n_steps; s++) {
    plan->steps[s].call.training = training;
    plan->steps[s].call.seed = seed + (uint64_t) s;
  }
  for (int s = 0; s < plan->n_steps;)
    s = run_from (plan, s, NULL);
  ae_fpenv_leave (mode);
}

void
ae_plan_profile (AePlan *plan, double *ms)
{
  unsigned mode = ae_fpenv_enter ();
  for (int s = 0; s < plan->n_steps;) {
    double start = ae_now_ms ();
    int next = run_from (plan, s, ms);
    if (!plan->steps[s].strips)
      ms[s] += ae_now_ms () - start;
    s = next;
  }
  ae_fpenv_leave (mode);
}

/* The gradients of a step. Those of parameters (constants) can be left out:
 * where none is wanted, operators are given NULL. */
static void
run_backward (AePlan *plan, AeStep *step, bool params)
{
  const AeNode *node = &plan->graph.nodes[step->node];
  AeTensor **din = step->call.din;
  bool any = params;
  for (int i = 0; !params && i < node->n_in; i++)
    if (din[i] && plan->graph.values[node->in[i]].constant)
      din[i] = NULL;
    else if (din[i])
      any = true;
  if (any)
    step->call.op->backward (&step->call);
  for (int i = 0; !params && i < node->n_in; i++)
    if (node->in[i] >= 0 && plan->graph.values[node->in[i]].constant
        && plan->grads[node->in[i]].data)
      din[i] = &plan->grads[node->in[i]];
}

void
ae_plan_backward (AePlan *plan, bool params)
{
  unsigned mode = ae_fpenv_enter ();
  int z = 0;
  for (int s = plan->n_steps - 1; s >= 0; s--) {
    AeStep *step = &plan->steps[s];
    if (!step->has_backward)
      continue;
    /* zero_grads is in the same order as the steps that read them */
    for (int i = 0; i < step->call.n_out; i++)
      if (z < plan->n_zero_grads
          && step->call.dout[i] == &plan->grads[plan->zero_grads[z]]) {
        const AeTensor *grad = step->call.dout[i];
        memset (grad->data, 0, ae_tensor_bytes (grad));
        z++;
      }
    run_backward (plan, step, params);
  }
  ae_fpenv_leave (mode);
}
