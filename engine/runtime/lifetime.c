/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Time runs in steps: the caller fills inputs at 0, step s runs forward at
 * s + 1, the caller fills the outputs' gradients at n + 1, and step s runs
 * backward at 2 n + 1 - s. */
#include "runtime/lifetime.h"

#include "runtime/arena.h"
#include "runtime/strips.h"
#include "util/mem.h"

struct AeLifetimes {
  int n_values;
  AeBuffer *buffers; /* values first, then gradients */
  int *shared;       /* per buffer: the buffer it lies in (itself if none) */
};

static int
forward_time (int s)
{
  return s + 1;
}

static int
backward_time (const AePlan *plan, int s)
{
  return 2 * plan->n_steps + 1 - s;
}

static void
use (AeBuffer *buffer, int time)
{
  if (time < buffer->first)
    buffer->first = time;
  if (time > buffer->last)
    buffer->last = time;
}

/* At step s; steps of a run of strips happen at the same time. */
static void
use_forward (AeBuffer *buffer, const AePlan *plan, int s)
{
  const AeStrips *strips = plan->steps[s].strips;
  use (buffer, forward_time (strips ? strips->first : s));
  use (buffer,
      forward_time (strips ? strips->first + strips->n_steps - 1 : s));
}

static int
root_of (const AeLifetimes *l, int b)
{
  while (l->shared[b] != b)
    b = l->shared[b];
  return b;
}

static void
collect_values (AeLifetimes *l, const AePlan *plan)
{
  for (int s = 0; s < plan->n_steps; s++) {
    const AeNode *node = &plan->graph.nodes[plan->steps[s].node];
    bool back = plan->steps[s].has_backward;
    unsigned flags = node->op->flags;
    for (int i = 0; i < node->n_in; i++) {
      if (node->in[i] < 0)
        continue;
      use_forward (&l->buffers[node->in[i]], plan, s);
      if (back && (flags & AE_GRAD_READS_IN))
        use (&l->buffers[node->in[i]], backward_time (plan, s));
    }
    for (int i = 0; i < node->n_out; i++) {
      if (node->out[i] < 0)
        continue;
      use_forward (&l->buffers[node->out[i]], plan, s);
      if (back && (flags & AE_GRAD_READS_OUT))
        use (&l->buffers[node->out[i]], backward_time (plan, s));
    }
  }
}

static void
collect_gradients (AeLifetimes *l, const AePlan *plan)
{
  for (int s = 0; s < plan->n_steps; s++) {
    const AeNode *node = &plan->graph.nodes[plan->steps[s].node];
    if (!plan->steps[s].has_backward)
      continue;
    int time = backward_time (plan, s);
    for (int i = 0; i < node->n_in; i++)
      if (plan->steps[s].call.din[i])
        use (&l->buffers[l->n_values + node->in[i]], time);
    for (int i = 0; i < node->n_out; i++)
      if (plan->steps[s].call.dout[i])
        use (&l->buffers[l->n_values + node->out[i]], time);
  }
}

/* Inputs are filled before the run; outputs are read after it. Outputs are
 * kept out of the inputs' way from the start, so that filling the next input
 * leaves the last output whole. */
static void
collect_ends (AeLifetimes *l, const AePlan *plan, bool training)
{
  const AeGraph *graph = &plan->graph;
  int end = 2 * plan->n_steps + 2;
  for (int i = 0; i < graph->n_inputs; i++) {
    use (&l->buffers[graph->inputs[i]], 0);
    if (training) /* filled once, may be run again */
      use (&l->buffers[graph->inputs[i]], end);
    /* read after the run; of an input that no output depends on nobody writes
     * the gradient, which stays 0 as long as nobody else has its place */
    if (training && plan->grad_owner[graph->inputs[i]] >= 0) {
      use (&l->buffers[l->n_values + graph->inputs[i]], 0);
      use (&l->buffers[l->n_values + graph->inputs[i]], end);
    }
  }
  for (int i = 0; i < graph->n_outputs; i++) {
    int v = graph->outputs[i];
    use (&l->buffers[v], 0);
    use (&l->buffers[v], end);
    if (plan->grad_owner[v] >= 0 && training) {
      use (&l->buffers[l->n_values + v], 0);
      use (&l->buffers[l->n_values + v], end);
    }
  }
}

/* Lets buffer b live inside buffer a. */
static void
share (AeLifetimes *l, int a, int b)
{
  AeBuffer *root = &l->buffers[a];
  use (root, l->buffers[b].first);
  use (root, l->buffers[b].last);
  l->shared[b] = a;
}

/* An in-place step may write over its input when nobody needs that later. */
static void
share_in_place (AeLifetimes *l, const AePlan *plan, const AeUse *uses)
{
  for (int s = 0; s < plan->n_steps; s++) {
    const AeNode *node = &plan->graph.nodes[plan->steps[s].node];
    if (!(node->op->flags & AE_OP_IN_PLACE) || node->out[0] < 0
        || plan->steps[s].strips)
      continue;
    int in = node->in[0], out = node->out[0];
    if (plan->graph.values[in].constant)
      continue;
    int a = root_of (l, in);
    if (l->buffers[a].last == forward_time (s)
        && l->buffers[out].first == forward_time (s)
        && l->buffers[a].size == l->buffers[out].size
        && uses[in].count == 1)
      share (l, a, out);
  }
}

static void
share_gradients (AeLifetimes *l, const AePlan *plan)
{
  const unsigned both = AE_OP_IN_PLACE | AE_OP_UNARY;
  for (int s = plan->n_steps - 1; s >= 0; s--) {
    const AeStep *step = &plan->steps[s];
    const AeNode *node = &plan->graph.nodes[step->node];
    if (!step->has_backward || (node->op->flags & both) != both)
      continue;
    if (!step->call.din[0] || !step->call.dout[0] || !step->call.overwrite[0]
        || plan->graph.values[node->in[0]].constant)
      continue;
    int a = root_of (l, l->n_values + node->out[0]);
    int b = l->n_values + node->in[0];
    if (l->buffers[a].last == backward_time (plan, s)
        && l->buffers[a].size == l->buffers[b].size && a != b)
      share (l, a, b);
  }
}

AeStatus
ae_lifetimes_new (AeLifetimes **out, const AePlan *plan, bool training,
    size_t *total, AeError *err)
{
  const AeGraph *graph = &plan->graph;
  int n = 2 * graph->n_values;
  AeUse *uses = ae_graph_uses (graph);
  AeLifetimes *l = *out = ae_calloc (1, sizeof *l);
  if (l) {
    l->n_values = graph->n_values;
    l->buffers = ae_calloc ((size_t) n, sizeof *l->buffers);
    l->shared = ae_calloc ((size_t) n, sizeof *l->shared);
  }
  if (!uses || !l || !l->buffers || !l->shared) {
    ae_free (uses);
    ae_lifetimes_free (out);
    return ae_fail (err, AE_ERROR_MEMORY, "out of memory for a plan");
  }
  int never = 2 * plan->n_steps + 3;
  for (int b = 0; b < n; b++) {
    int v = b < l->n_values ? b : b - l->n_values;
    bool stored = b < l->n_values
        ? !graph->values[v].constant && !plan->hidden[v]
            && graph->values[v].shape.rank >= 0
        : training && plan->grad_owner[v] >= 0;
    l->buffers[b] = (AeBuffer){ .first = never, .last = -1 };
    l->buffers[b].size = stored ? ae_tensor_bytes (&plan->tensors[v]) : 0;
    l->shared[b] = b;
  }
  collect_values (l, plan);
  if (training)
    collect_gradients (l, plan);
  collect_ends (l, plan, training);
  share_in_place (l, plan, uses);
  ae_free (uses);
  if (training)
    share_gradients (l, plan);
  AeBuffer *packed = ae_calloc ((size_t) n, sizeof *packed);
  if (!packed) {
    ae_lifetimes_free (out);
    return ae_fail (err, AE_ERROR_MEMORY, "out of memory for a plan");
  }
  int used = 0;
  for (int b = 0; b < n; b++)
    if (l->shared[b] == b && l->buffers[b].last >= 0)
      packed[used++] = l->buffers[b];
  AeStatus status = ae_arena_plan (packed, used, total, err);
  used = 0;
  for (int b = 0; b < n; b++)
    if (l->shared[b] == b && l->buffers[b].last >= 0)
      l->buffers[b].offset = packed[used++].offset;
  ae_free (packed);
  if (status != AE_OK)
    ae_lifetimes_free (out);
  return status;
}

void
ae_lifetimes_assign (const AeLifetimes *l, AePlan *plan)
{
  for (int v = 0; v < l->n_values; v++) {
    size_t offset = l->buffers[root_of (l, v)].offset;
    if (!plan->graph.values[v].constant)
      plan->tensors[v].data = plan->arena + offset;
    int g = l->n_values + v;
    if (plan->grad_owner[v] >= 0)
      plan->grads[v].data = plan->arena + l->buffers[root_of (l, g)].offset;
  }
}

void
ae_lifetimes_free (AeLifetimes **pointer)
{
  AeLifetimes *l = *pointer;
  *pointer = NULL;
  if (!l)
    return;
  ae_free (l->buffers);
  ae_free (l->shared);
  ae_free (l);
}
