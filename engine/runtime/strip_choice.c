/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which steps of a plan are executed together: the division into runs that
 * costs least, by an estimate of the bytes that leave the core's own cache
 * and of the rows that are made twice. */
#include "runtime/strips.h"
#include "util/mem.h"

#include <limits.h>
#include <math.h>

#define CACHE_BYTES 4.5e6 /* that a core has for itself, roughly */
#define MAX_STEPS 32        /* of a run */
/* Nanoseconds of one core. */
#define NS_PER_BYTE 0.1 /* between the caches that cores share and memory */
#define NS_PER_MAC 0.004
#define NS_PER_MAC_BF16 0.0012
#define NS_PER_FLOAT 0.3 /* written by an operator */
#define NS_PER_CALL 500.0

static const int heights[] = { 4, 6, 8, 12, 16, 24, 32 };
#define N_HEIGHTS ((int) (sizeof heights / sizeof heights[0]))
#define USUAL_HEIGHT 12

typedef struct {
  const AePlan *plan;
  int n_threads;
  int *last;    /* per value: the last step that reads it */
  int *made_by; /* per value: the step that makes it, -1: none */
  bool *able;   /* per step */
  int *after;   /* per step: a run with it begins there or later */
  double *best; /* per number of steps: the least cost of these */
  int *begin;   /* of the run that ends there */
  AeRows *need; /* per value: in the chunk that is looked at */
} Choice;

static const AeNode *
node_of (const Choice *c, int step)
{
  return &c->plan->graph.nodes[c->plan->steps[step].node];
}

static double
bytes_of (const Choice *c, int v)
{
  return (double) ae_tensor_bytes (&c->plan->tensors[v]);
}

/* Bytes that come from far when the whole tensor is written or read. */
static double
far_bytes (const Choice *c, int v)
{
  double bytes = bytes_of (c, v);
  return bytes * c->n_threads > CACHE_BYTES ? bytes : 0;
}

static double
work_of (const Choice *c, int step)
{
  const AeOpCall *call = &c->plan->steps[step].call;
  double mac = call->op->mac ? call->op->mac (call) : 0;
  return mac * (call->bf16 ? NS_PER_MAC_BF16 : NS_PER_MAC)
      + (double) ae_tensor_storage (call->out[0]) * NS_PER_FLOAT;
}

/* What is read whole must be there before the run begins. */
static void
look_at_step (Choice *c, int step)
{
  const AeOpCall *call = &c->plan->steps[step].call;
  const AeNode *node = node_of (c, step);
  AeRows rows = { 0, 1 }, in[AE_MAX_ROW_IO];
  if (call->n_in > AE_MAX_ROW_IO || call->n_out > AE_MAX_ROW_IO)
    return;
  for (int i = 0; i < call->n_out; i++)
    if (call->out[i]
        && (call->out[i]->type != AE_F32 || call->out[i]->shape.rank != 4
            || ae_shape_count (&call->out[i]->shape) == 0))
      return;
  c->able[step] = call->op->rows && call->out[0]
      && call->op->rows (call, &rows, in);
  for (int i = 0; c->able[step] && i < node->n_in; i++)
    if (node->in[i] >= 0 && in[i].begin < 0
        && c->made_by[node->in[i]] >= c->after[step])
      c->after[step] = c->made_by[node->in[i]] + 1;
}

static void
look_at_values (Choice *c)
{
  const AeGraph *graph = &c->plan->graph;
  for (int v = 0; v < graph->n_values; v++)
    c->made_by[v] = c->last[v] = -1;
  for (int s = 0; s < c->plan->n_steps; s++) {
    const AeNode *node = node_of (c, s);
    look_at_step (c, s);
    for (int i = 0; i < node->n_in; i++)
      if (node->in[i] >= 0)
        c->last[node->in[i]] = s;
    for (int i = 0; i < node->n_out; i++)
      if (node->out[i] >= 0)
        c->made_by[node->out[i]] = s;
  }
  for (int i = 0; i < graph->n_outputs; i++)
    c->last[graph->outputs[i]] = INT_MAX;
}

/* What a run of first .. end - 1 with chunks of `rows` rows costs beside its
 * steps' arithmetic. */
typedef struct {
  int first, end, rows, height;
  double far;      /* bytes from and to outside */
  double between;  /* bytes that stay in the run, if the cache holds them */
  double kept;     /* bytes of rings kept from chunk to chunk */
  double chunk;    /* the most bytes that one step reads and writes in one */
  double constant; /* bytes of weights */
  double again;    /* nanoseconds for what a start makes twice */
  double time;     /* nanoseconds for everything once */
  double work;     /* scratch */
} Cost;

/* The middle of a value, and how much of it a chunk is. */
static AeRows
middle_rows (const Cost *cost, const AeTensor *t)
{
  int64_t h = t->shape.dim[2];
  int n = (int) ((cost->rows * h + cost->height - 1) / cost->height);
  int begin = (int) (h / 2) / n * n;
  return (AeRows){ begin, begin + n };
}

static void
join (AeRows *rows, AeRows more)
{
  if (more.begin < 0 || more.end <= more.begin)
    return;
  bool empty = rows->end <= rows->begin;
  rows->begin = empty || more.begin < rows->begin ? more.begin : rows->begin;
  rows->end = empty || more.end > rows->end ? more.end : rows->end;
}

/* Of the outputs: what has to be made, and the costs of that. */
static AeRows
cost_outputs (const Choice *c, Cost *cost, int step)
{
  const AeNode *node = node_of (c, step);
  AeRows want = { 0, 0 };
  for (int i = 0; i < node->n_out; i++) {
    int v = node->out[i];
    if (v < 0)
      continue;
    if (c->last[v] >= cost->end) {
      join (&c->need[v], middle_rows (cost, &c->plan->tensors[v]));
      cost->far += 2 * far_bytes (c, v);
    } else {
      cost->between += 3 * far_bytes (c, v);
    }
    join (&want, c->need[v]);
  }
  return want;
}

/* Input v of a step is read from the rows `rows`; chunk: bytes of a step. */
static void
cost_input (const Choice *c, Cost *cost, int v, AeRows rows, double *chunk)
{
  const AeTensor *t = &c->plan->tensors[v];
  if (c->plan->graph.values[v].constant) {
    cost->constant += 4 * bytes_of (c, v);
    return;
  }
  if (rows.begin < 0 || rows.end <= rows.begin)
    return;
  double row = bytes_of (c, v) / (double) t->shape.dim[2];
  *chunk += row * (rows.end - rows.begin);
  bool own = c->made_by[v] >= cost->first;
  /* An outer value counts once: where it is met last. */
  if (!own && c->need[v].end <= c->need[v].begin)
    cost->far += far_bytes (c, v);
  join (&c->need[v], rows);
}

static void
cost_step (const Choice *c, Cost *cost, int step)
{
  const AeOpCall *call = &c->plan->steps[step].call;
  const AeNode *node = node_of (c, step);
  AeRows want = cost_outputs (c, cost, step), in[AE_MAX_ROW_IO];
  if (want.end <= want.begin || !call->op->rows (call, &want, in))
    return;
  double row = (double) ae_tensor_bytes (call->out[0])
      / (double) call->out[0]->shape.dim[2];
  AeRows own = middle_rows (cost, call->out[0]);
  int extra = want.end - want.begin - (own.end - own.begin);
  extra = extra > 0 ? extra : 0;
  double chunk = row * (own.end - own.begin);
  cost->again += work_of (c, step) * extra
      / (double) call->out[0]->shape.dim[2];
  cost->kept += row * extra;
  cost->time += work_of (c, step);
  for (int i = 0; i < node->n_in; i++)
    if (node->in[i] >= 0)
      cost_input (c, cost, node->in[i], in[i], &chunk);
  if (chunk > cost->chunk)
    cost->chunk = chunk;
  double work = call->op->rows_work ? (double) call->op->rows_work (call) : 0;
  if (work > cost->work)
    cost->work = work;
}

static double
sum_of (const Choice *c, const Cost *cost)
{
  double n_chunks = (double) cost->height / cost->rows;
  double used = cost->kept + cost->chunk + cost->work + cost->constant;
  double far = cost->far;
  if (used > CACHE_BYTES) {
    far += cost->between * (1 - CACHE_BYTES / used);
    far += cost->constant * n_chunks;
  }
  /* All threads but one start in the middle, and maybe once more. */
  double starts = c->n_threads > 1 ? c->n_threads - 0.5 : 0;
  /* At the end threads wait for one that has still a chunk to do. */
  double idle = cost->time / n_chunks * (c->n_threads - 1);
  return far * NS_PER_BYTE + cost->again * starts + idle
      + n_chunks * (cost->end - cost->first) * NS_PER_CALL;
}

static void
forget_needs (const Choice *c, int first, int end)
{
  for (int s = first; s < end; s++) {
    const AeNode *node = node_of (c, s);
    for (int i = 0; i < node->n_in; i++)
      if (node->in[i] >= 0)
        c->need[node->in[i]] = (AeRows){ 0, 0 };
    for (int i = 0; i < node->n_out; i++)
      if (node->out[i] >= 0)
        c->need[node->out[i]] = (AeRows){ 0, 0 };
  }
}

static double
cost_of_run (const Choice *c, int first, int end, int rows)
{
  Cost cost = { .first = first, .end = end, .rows = rows };
  for (int s = first; s < end; s++) {
    int h = (int) c->plan->steps[s].call.out[0]->shape.dim[2];
    cost.height = h > cost.height ? h : cost.height;
  }
  if (cost.height < 2 * rows * c->n_threads)
    return INFINITY;
  forget_needs (c, first, end);
  for (int s = end - 1; s >= first; s--)
    cost_step (c, &cost, s);
  return sum_of (c, &cost);
}

/* A step on its own: everything comes from far. */
static double
cost_of_step (const Choice *c, int step)
{
  const AeNode *node = node_of (c, step);
  double far = 0;
  for (int i = 0; i < node->n_in; i++)
    if (node->in[i] >= 0 && !c->plan->graph.values[node->in[i]].constant)
      far += far_bytes (c, node->in[i]);
  for (int i = 0; i < node->n_out; i++)
    if (node->out[i] >= 0)
      far += 2 * far_bytes (c, node->out[i]);
  return far * NS_PER_BYTE;
}

static int64_t
images_of (const Choice *c, int step)
{
  return c->plan->steps[step].call.out[0]->shape.dim[0];
}

/* Whether `step` can be in a run with the next one. */
static bool
joins_next (const Choice *c, int step)
{
  return step >= 0 && c->able[step] && c->able[step + 1]
      && images_of (c, step) == images_of (c, step + 1);
}

/* The cheapest division of the first `end` steps, all shorter ones known. */
static void
find_best (Choice *c, int end)
{
  c->best[end] = c->best[end - 1] + cost_of_step (c, end - 1);
  c->begin[end] = end - 1;
  int after = c->after[end - 1];
  for (int first = end - 2; end - first <= MAX_STEPS; first--) {
    if (first < after || !joins_next (c, first))
      break;
    after = c->after[first] > after ? c->after[first] : after;
    double cost
        = c->best[first] + cost_of_run (c, first, end, USUAL_HEIGHT);
    if (cost < c->best[end]) {
      c->best[end] = cost;
      c->begin[end] = first;
    }
  }
}

/* All neighbours together that can be. */
static void
find_longest (Choice *c, int end)
{
  int last = end - 1;
  bool joins = joins_next (c, last - 1) && c->begin[last] >= c->after[last];
  c->begin[end] = joins ? c->begin[last] : last;
}

static int
find_height (const Choice *c, int first, int end)
{
  int best = USUAL_HEIGHT;
  double least = INFINITY;
  for (int i = 0; i < N_HEIGHTS; i++) {
    double cost = cost_of_run (c, first, end, heights[i]);
    if (cost < least) {
      least = cost;
      best = heights[i];
    }
  }
  return best;
}

static void
hide_values (AePlan *plan, const AeStrips *s)
{
  for (int v = 0; v < s->n_values; v++)
    if (s->values[v].kind == AE_STRIP_HIDDEN)
      plan->hidden[s->values[v].value] = true;
  for (int i = 0; i < s->n_steps; i++)
    plan->steps[s->first + i].strips = s;
}

/* Makes the runs of the division, from the last one on. */
static AeStatus
make_runs (const Choice *c, AePlan *plan, bool smallest, AeError *err)
{
  AeStatus status = AE_OK;
  for (int end = plan->n_steps, first; status == AE_OK && end > 0;
       end = first) {
    first = c->begin[end];
    if (end - first < 2)
      continue;
    AeStrips *s;
    int rows = smallest ? heights[0] : find_height (c, first, end);
    status = ae_strips_new (&s, plan, first, end - first, rows, err);
    if (!s)
      continue;
    plan->strips[plan->n_strips++] = s;
    hide_values (plan, s);
  }
  return status;
}

static bool
allocate (Choice *c, AePlan *plan)
{
  size_t n_values = (size_t) plan->graph.n_values;
  size_t n_steps = (size_t) plan->n_steps + 1;
  c->last = ae_calloc (n_values, sizeof *c->last);
  c->made_by = ae_calloc (n_values, sizeof *c->made_by);
  c->need = ae_calloc (n_values, sizeof *c->need);
  c->able = ae_calloc (n_steps, sizeof *c->able);
  c->best = ae_calloc (n_steps, sizeof *c->best);
  c->begin = ae_calloc (n_steps, sizeof *c->begin);
  c->after = ae_calloc (n_steps, sizeof *c->after);
  plan->strips = ae_calloc (n_steps, sizeof *plan->strips);
  return c->last && c->made_by && c->need && c->able && c->best && c->begin
      && c->after && plan->strips;
}

AeStatus
ae_strips_plan (AePlan *plan, const AePlanOptions *options, AeError *err)
{
  if (options->training || !options->optimise
      || options->strips == AE_STRIPS_NEVER)
    return AE_OK;
  Choice c = { .plan = plan,
    .n_threads = ae_pool_threads (options->n_threads) };
  AeStatus status = ae_fail (err, AE_ERROR_MEMORY, "out of memory for a plan");
  if (allocate (&c, plan)) {
    look_at_values (&c);
    bool always = options->strips == AE_STRIPS_ALWAYS;
    for (int end = 1; end <= plan->n_steps; end++)
      if (always)
        find_longest (&c, end);
      else
        find_best (&c, end);
    status = make_runs (&c, plan, always, err);
  }
  void *all[] = { c.last, c.made_by, c.need, c.able, c.best, c.begin,
    c.after };
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
    ae_free (all[i]);
  return status;
}
