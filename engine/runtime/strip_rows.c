/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which rows each step of a run makes in each chunk, and what is kept of each
 * value from one chunk to the next. */
#include "runtime/arena.h"
#include "runtime/strips.h"
#include "util/mem.h"

#include <limits.h>
#include <string.h>

static const AeRows no_rows = { INT_MAX, INT_MIN };

static void
join (AeRows *rows, AeRows more)
{
  if (more.begin < 0 || more.end <= more.begin)
    return;
  rows->begin = more.begin < rows->begin ? more.begin : rows->begin;
  rows->end = more.end > rows->end ? more.end : rows->end;
}

static const AeOpCall *
call_of (const AePlan *plan, const AeStrips *s, int step)
{
  return &plan->steps[s->first + step].call;
}

/* The rows of the outputs, widened, and those of the inputs. */
static bool
ask (const AePlan *plan, const AeStrips *s, int step, AeRows *out, AeRows *in)
{
  const AeOpCall *call = call_of (plan, s, step);
  for (int i = 0; i < call->n_in; i++)
    in[i] = (AeRows){ -1, -1 };
  return call->op->rows (call, out, in);
}

static int *
made (const AeStrips *s, int *table, int chunk, int step)
{
  return &table[chunk * s->n_steps + step];
}

int
ae_strips_own (const AeStrips *s, const AeStripValue *v, int chunk)
{
  if (chunk >= s->n_chunks)
    return v->height;
  int64_t at = (int64_t) chunk * s->chunk_rows * v->height;
  int row = (int) ((at + s->max_height / 2) / s->max_height);
  row -= row % s->unit[v->maker];
  return row < v->height ? row : v->height;
}

static bool
is_outside (const AeStripValue *v)
{
  return v->maker >= 0 && v->kind != AE_STRIP_HIDDEN;
}

/* What chunk `chunk` needs of each value that is read elsewhere. */
static void
need_own (const AeStrips *s, int chunk, AeRows *need)
{
  for (int v = 0; v < s->n_values; v++) {
    const AeStripValue *value = &s->values[v];
    need[v] = no_rows;
    if (is_outside (value))
      join (&need[v], (AeRows){ ae_strips_own (s, value, chunk),
          ae_strips_own (s, value, chunk + 1) });
  }
}

/* One chunk, last step first. `need`: one per value, scratch. */
static void
fill_chunk (const AePlan *plan, AeStrips *s, int chunk, AeRows *need)
{
  AeRows in[AE_MAX_ROW_IO];
  need_own (s, chunk, need);
  for (int i = s->n_steps - 1; i >= 0; i--) {
    const AeStripStep *step = &s->steps[i];
    int before = chunk > 0 ? *made (s, s->done, chunk - 1, i) : 0;
    AeRows want = no_rows;
    for (int o = 0; o < step->n_out; o++)
      if (step->out[o] >= 0)
        join (&want, need[step->out[o]]);
    *made (s, s->start, chunk, i) = INT_MAX;
    *made (s, s->done, chunk, i) = before;
    if (want.end <= want.begin)
      continue;
    want.end = want.end > before ? want.end : before;
    ask (plan, s, i, &want, in);
    *made (s, s->start, chunk, i) = want.begin;
    *made (s, s->done, chunk, i) = want.end;
    for (int k = 0; k < step->n_in; k++)
      if (step->in[k] >= 0)
        join (&need[step->in[k]], in[k]);
  }
}

/* A thread that starts with a chunk goes on to the later ones. */
static void
start_for_all_later (AeStrips *s)
{
  for (int chunk = s->n_chunks - 2; chunk >= 0; chunk--)
    for (int i = 0; i < s->n_steps; i++) {
      int *start = made (s, s->start, chunk, i);
      int later = *made (s, s->start, chunk + 1, i);
      *start = later < *start ? later : *start;
    }
}

/* The first chunk whose steps make rows that a start at `chunk` needs. */
static int
find_warm_up (const AeStrips *s, int chunk)
{
  for (int c = 0; c < chunk; c++)
    for (int i = 0; i < s->n_steps; i++)
      if (*made (s, s->done, c, i) > *made (s, s->start, chunk, i))
        return c;
  return chunk;
}

/* Rows that step i's chunk makes when it continues. */
static AeRows
continued (const AeStrips *s, int chunk, int i)
{
  int before = chunk > 0 ? *made (s, s->done, chunk - 1, i) : 0;
  return (AeRows){ before, *made (s, s->done, chunk, i) };
}

/* Sets the rings' heights, from the last chunk on: keep[v] is the first row
 * that this chunk or a later one looks at. */
static void
size_rings (const AePlan *plan, AeStrips *s, int *keep)
{
  AeRows in[AE_MAX_ROW_IO];
  for (int v = 0; v < s->n_values; v++)
    keep[v] = INT_MAX;
  for (int chunk = s->n_chunks - 1; chunk >= 0; chunk--) {
    for (int i = 0; i < s->n_steps; i++) {
      const AeStripStep *step = &s->steps[i];
      AeRows rows = continued (s, chunk, i);
      if (rows.end <= rows.begin)
        continue;
      ask (plan, s, i, &rows, in);
      for (int k = 0; k < step->n_in; k++)
        if (step->in[k] >= 0 && in[k].end > in[k].begin
            && in[k].begin < keep[step->in[k]])
          keep[step->in[k]] = in[k].begin;
    }
    for (int v = 0; v < s->n_values; v++) {
      AeStripValue *value = &s->values[v];
      if (value->maker < 0)
        continue;
      AeRows rows = continued (s, chunk, value->maker);
      int first = keep[v] < rows.begin ? keep[v] : rows.begin;
      int own = ae_strips_own (s, value, chunk);
      if (is_outside (value) && own < first)
        first = own;
      value->kept = value->kept || first < rows.begin;
      if (rows.end - first > value->ring)
        value->ring = rows.end - first;
    }
  }
}

/* Values whose chunks are just the rows that belong to them. */
static void
find_direct (AeStrips *s)
{
  for (int v = 0; v < s->n_values; v++) {
    AeStripValue *value = &s->values[v];
    bool direct = value->kind == AE_STRIP_COPIED;
    for (int chunk = 0; direct && chunk < s->n_chunks; chunk++)
      direct = *made (s, s->done, chunk, value->maker)
              == ae_strips_own (s, value, chunk + 1)
          && *made (s, s->start, chunk, value->maker)
              >= ae_strips_own (s, value, chunk);
    if (direct)
      value->kind = AE_STRIP_DIRECT;
  }
}

/* The last step that reads each value. */
static void
find_readers (const AeStrips *s, int *last)
{
  for (int v = 0; v < s->n_values; v++)
    last[v] = s->values[v].maker;
  for (int i = 0; i < s->n_steps; i++)
    for (int k = 0; k < s->steps[i].n_in; k++)
      if (s->steps[i].in[k] >= 0)
        last[s->steps[i].in[k]] = i;
}

/* Rings of which nothing is kept share memory when they are not needed at the
 * same time of a chunk. */
static AeStatus
place_rings (AeStrips *s, int *last, AeError *err)
{
  AeBuffer *buffers = ae_calloc ((size_t) s->n_values, sizeof *buffers);
  if (!buffers)
    return ae_fail (err, AE_ERROR_MEMORY, "out of memory for a plan");
  find_readers (s, last);
  for (int v = 0; v < s->n_values; v++) {
    AeStripValue *value = &s->values[v];
    AeBuffer *b = &buffers[v];
    bool ring = value->kind == AE_STRIP_HIDDEN
        || value->kind == AE_STRIP_COPIED;
    bool kept = ring && value->kept;
    b->first = kept || !ring ? 0 : value->maker;
    b->last = kept ? s->n_steps : last[v] > b->first ? last[v] : b->first;
    b->size = ring ? (size_t) value->ring * value->row * value->planes
            * sizeof (float)
                   : 0;
  }
  AeStatus status = ae_arena_plan (buffers, s->n_values, &s->arena, err);
  for (int v = 0; v < s->n_values; v++)
    s->values[v].offset = buffers[v].offset;
  ae_free (buffers);
  return status;
}

/* Rows made twice by a thread that starts, against those of a chunk, weighted
 * with the arithmetic. */
static int
cost_of_start (const AePlan *plan, const AeStrips *s)
{
  double again = 0, chunk = 0;
  int middle = s->n_chunks / 2;
  if (middle == 0)
    return 1;
  for (int i = 0; i < s->n_steps; i++) {
    const AeOpCall *call = call_of (plan, s, i);
    double row = (double) ae_tensor_storage (call->out[0])
        + (call->op->mac ? call->op->mac (call) / 8 : 0);
    int height = (int) call->out[0]->shape.dim[2];
    int extra = *made (s, s->done, middle - 1, i)
        - *made (s, s->start, middle, i);
    again += row / height * (extra > 0 ? extra : 0);
    chunk += row / s->n_chunks;
  }
  return chunk > 0 ? (int) (again / chunk) + 1 : 1;
}

/* Constants and other tensors without rows are no values of the run. */
static int
add_value (AeStrips *s, const AePlan *plan, int v, int maker)
{
  for (int i = 0; i < s->n_values; i++)
    if (s->values[i].value == v)
      return i;
  const AeTensor *t = &plan->tensors[v];
  AeStripValue *value = &s->values[s->n_values];
  *value = (AeStripValue){ .value = v, .maker = maker, .planes = 1,
    .height = (int) t->shape.dim[2], .row = ae_tensor_row (t) };
  if (t->layout == AE_LAYOUT_PLAIN)
    value->planes = (size_t) t->shape.dim[1];
  return s->n_values++;
}

static bool
is_read_outside (const AePlan *plan, const AeStrips *s, int v)
{
  const AeGraph *graph = &plan->graph;
  for (int i = 0; i < graph->n_outputs; i++)
    if (graph->outputs[i] == v)
      return true;
  for (int n = s->first + s->n_steps; n < plan->n_steps; n++) {
    const AeNode *node = &graph->nodes[plan->steps[n].node];
    for (int i = 0; i < node->n_in; i++)
      if (node->in[i] == v)
        return true;
  }
  return false;
}

/* Can the run read input v of a step? Values made in the run must have rows
 * there. Returns its index, -1 for one that is read whole, -2 for no. */
static int
open_input (AeStrips *s, const AePlan *plan, int v, const AeRows *rows)
{
  bool whole = rows->begin < 0;
  for (int i = 0; i < s->n_values; i++)
    if (s->values[i].value == v && s->values[i].maker >= 0)
      return whole ? -2 : i;
  if (whole)
    return -1;
  return add_value (s, plan, v, -1);
}

/* Fills steps and values; false when a step cannot take part. */
static bool
open_steps (AeStrips *s, const AePlan *plan)
{
  int *next = s->lists;
  for (int i = 0; i < s->n_steps; i++) {
    const AeOpCall *call = call_of (plan, s, i);
    const AeNode *node = &plan->graph.nodes[plan->steps[s->first + i].node];
    AeStripStep *step = &s->steps[i];
    AeRows rows = { 0, 1 }, in[AE_MAX_ROW_IO];
    *step = (AeStripStep){ node->n_in, node->n_out, next,
      next + node->n_in };
    next += node->n_in + node->n_out;
    if (!call->op->rows || node->n_in > AE_MAX_ROW_IO
        || node->n_out > AE_MAX_ROW_IO || !ask (plan, s, i, &rows, in))
      return false;
    s->unit[i] = rows.end - rows.begin;
    for (int k = 0; k < node->n_in; k++) {
      step->in[k] = node->in[k] < 0
          ? -1
          : open_input (s, plan, node->in[k], &in[k]);
      if (step->in[k] == -2)
        return false;
    }
    for (int k = 0; k < node->n_out; k++) {
      step->out[k] = -1;
      if (node->out[k] < 0)
        continue;
      const AeTensor *t = &plan->tensors[node->out[k]];
      if (t->type != AE_F32 || t->shape.rank != 4
          || ae_shape_count (&t->shape) == 0)
        return false;
      step->out[k] = add_value (s, plan, node->out[k], i);
    }
  }
  return true;
}

/* Images and heights; false when the values' counts of images differ. */
static bool
open_images (AeStrips *s, const AePlan *plan, int chunk_rows)
{
  s->n_images = -1;
  for (int v = 0; v < s->n_values; v++) {
    AeStripValue *value = &s->values[v];
    int n = (int) plan->tensors[value->value].shape.dim[0];
    if (s->n_images >= 0 && n != s->n_images)
      return false;
    s->n_images = n;
    if (value->maker >= 0 && value->height > s->max_height)
      s->max_height = value->height;
    value->kind = value->maker < 0 ? AE_STRIP_READ
        : is_read_outside (plan, s, value->value)
        ? AE_STRIP_COPIED
        : AE_STRIP_HIDDEN;
  }
  s->chunk_rows = chunk_rows;
  s->n_chunks = (s->max_height + chunk_rows - 1) / chunk_rows;
  return s->n_images > 0;
}

static AeStatus
fill_tables (AeStrips *s, const AePlan *plan, AeError *err)
{
  size_t cells = (size_t) s->n_chunks * s->n_steps;
  AeRows *need = ae_calloc ((size_t) s->n_values, sizeof *need);
  int *list = ae_calloc ((size_t) s->n_values, sizeof *list);
  s->start = ae_calloc (cells, sizeof *s->start);
  s->done = ae_calloc (cells, sizeof *s->done);
  s->warm_up = ae_calloc ((size_t) s->n_chunks, sizeof *s->warm_up);
  AeStatus status = ae_fail (err, AE_ERROR_MEMORY, "out of memory for a plan");
  if (need && list && s->start && s->done && s->warm_up) {
    for (int chunk = 0; chunk < s->n_chunks; chunk++)
      fill_chunk (plan, s, chunk, need);
    start_for_all_later (s);
    for (int chunk = 0; chunk < s->n_chunks; chunk++)
      s->warm_up[chunk] = find_warm_up (s, chunk);
    find_direct (s);
    size_rings (plan, s, list);
    status = place_rings (s, list, err);
    s->restart = cost_of_start (plan, s);
  }
  ae_free (need);
  ae_free (list);
  return status;
}

static bool
allocate (AeStrips *s, const AePlan *plan)
{
  size_t entries = 0;
  for (int i = 0; i < s->n_steps; i++) {
    const AeOpCall *call = call_of (plan, s, i);
    entries += (size_t) (call->n_in + call->n_out);
  }
  s->steps = ae_calloc ((size_t) s->n_steps, sizeof *s->steps);
  s->unit = ae_calloc ((size_t) s->n_steps, sizeof *s->unit);
  s->values = ae_calloc (entries, sizeof *s->values);
  s->lists = ae_calloc (entries, sizeof *s->lists);
  return s->steps && s->unit && s->values && s->lists;
}

AeStatus
ae_strips_new (AeStrips **out, const AePlan *plan, int first, int n_steps,
    int chunk_rows, AeError *err)
{
  AeStrips *s = *out = ae_calloc (1, sizeof *s);
  if (s) {
    s->first = first;
    s->n_steps = n_steps;
  }
  if (!s || !allocate (s, plan)) {
    ae_strips_free (out);
    return ae_fail (err, AE_ERROR_MEMORY, "out of memory for a plan");
  }
  if (!open_steps (s, plan) || !open_images (s, plan, chunk_rows)) {
    ae_strips_free (out);
    return AE_OK;
  }
  for (int i = 0; i < n_steps; i++) {
    const AeOpCall *call = call_of (plan, s, i);
    size_t work = call->op->rows_work ? call->op->rows_work (call) : 0;
    s->work = work > s->work ? work : s->work;
  }
  s->work = ae_align_size (s->work);
  AeStatus status = fill_tables (s, plan, err);
  if (status != AE_OK)
    ae_strips_free (out);
  return status;
}

void
ae_strips_free (AeStrips **strips)
{
  AeStrips *s = *strips;
  *strips = NULL;
  if (!s)
    return;
  ae_free (s->steps);
  ae_free (s->unit);
  ae_free (s->values);
  ae_free (s->lists);
  ae_free (s->start);
  ae_free (s->done);
  ae_free (s->warm_up);
  ae_free (s);
}
