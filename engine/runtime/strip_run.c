/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Executing a run of steps: threads with a share of the chunks each. A thread
 * that is done takes half of what another one has left. */
#include "runtime/strips.h"
#include "util/clock.h"
#include "util/mem.h"

#include <stdatomic.h>
#include <string.h>

#define MAX_THREADS 64

/* Chunks of all images that are not taken yet: first and end in one word.
 * Each has a cache line of its own. */
typedef struct {
  _Alignas (64) _Atomic uint64_t range;
} Share;

typedef struct {
  const AePlan *plan;
  const AeStrips *strips;
  Share *shares;
  int n_shares;
  char *work;
  double *ms; /* or NULL */
} Run;

/* What a thread is at. */
typedef struct {
  const Run *run;
  char *memory; /* rings, then scratch */
  int image, first; /* the chunk it started with */
  int next;         /* the chunk it can go on with */
  double *ms;
} Thread;

static uint64_t
pack (uint32_t first, uint32_t end)
{
  return (uint64_t) first << 32 | end;
}

/* The first chunk of the share; -1 when it is empty. */
static long
take_chunk (Share *share)
{
  uint64_t range = atomic_load (&share->range);
  for (;;) {
    uint32_t first = (uint32_t) (range >> 32), end = (uint32_t) range;
    if (first >= end)
      return -1;
    if (atomic_compare_exchange_weak (
            &share->range, &range, pack (first + 1, end)))
      return first;
  }
}

static uint32_t
left_in (uint64_t range)
{
  uint32_t first = (uint32_t) (range >> 32), end = (uint32_t) range;
  return first < end ? end - first : 0;
}

/* Moves the second half of the fullest share, when it is worth starting anew
 * for, to the empty share `own`. */
static bool
steal (const Run *run, Share *own)
{
  for (;;) {
    Share *from = NULL;
    uint64_t range = 0;
    for (int i = 0; i < run->n_shares; i++) {
      uint64_t other = atomic_load (&run->shares[i].range);
      if (left_in (other) > left_in (range)) {
        range = other;
        from = &run->shares[i];
      }
    }
    uint32_t n = left_in (range), first = (uint32_t) (range >> 32);
    if (!from || n <= (uint32_t) (2 * run->strips->restart))
      return false;
    uint32_t middle = first + n / 2, end = first + n;
    if (atomic_compare_exchange_strong (
            &from->range, &range, pack (first, middle))) {
      atomic_store (&own->range, pack (middle, end));
      return true;
    }
  }
}

static AeRowBuffer
buffer_of (const Thread *t, int index)
{
  const AeStripValue *v = &t->run->strips->values[index];
  const AeTensor *whole = &t->run->plan->tensors[v->value];
  bool ring = v->kind == AE_STRIP_HIDDEN || v->kind == AE_STRIP_COPIED;
  int height = ring ? v->ring : v->height;
  size_t plane = v->row * (size_t) height;
  float *data = ring
      ? (float *) (t->memory + v->offset)
      : (float *) whole->data + (size_t) t->image * v->planes * plane;
  return (AeRowBuffer){ data, height, plane };
}

/* The chunk's own rows from the ring to the whole tensor. */
static void
copy_out (const Thread *t, int index, int chunk)
{
  const AeStrips *s = t->run->strips;
  const AeStripValue *v = &s->values[index];
  AeRowBuffer ring = buffer_of (t, index);
  size_t plane = v->row * (size_t) v->height;
  float *to = (float *) t->run->plan->tensors[v->value].data
      + (size_t) t->image * v->planes * plane;
  int end = ae_strips_own (s, v, chunk + 1);
  for (int y = ae_strips_own (s, v, chunk); y < end; y++)
    for (size_t p = 0; p < v->planes; p++)
      memcpy (to + p * plane + (size_t) y * v->row,
          ring.data + p * ring.plane + (size_t) (y % ring.ring) * v->row,
          v->row * sizeof (float));
}

/* Rows of step i in this chunk, for a thread that started with t->first. */
static AeRows
rows_of (const Thread *t, int chunk, int i)
{
  const AeStrips *s = t->run->strips;
  int start = s->start[t->first * s->n_steps + i];
  int before = chunk > 0 ? s->done[(chunk - 1) * s->n_steps + i] : 0;
  return (AeRows){ before > start ? before : start,
    s->done[chunk * s->n_steps + i] };
}

static void
make_rows (const Thread *t, int i, AeRows rows)
{
  const AeStrips *s = t->run->strips;
  const AeStripStep *step = &s->steps[i];
  const AeOpCall *call = &t->run->plan->steps[s->first + i].call;
  AeRowBuffer in[AE_MAX_ROW_IO], out[AE_MAX_ROW_IO];
  for (int k = 0; k < step->n_in; k++)
    if (step->in[k] >= 0)
      in[k] = buffer_of (t, step->in[k]);
  for (int k = 0; k < step->n_out; k++)
    if (step->out[k] >= 0)
      out[k] = buffer_of (t, step->out[k]);
  AeRowCall r = { rows, in, out, t->memory + s->arena };
  call->op->forward_rows (call, &r);
}

/* own: the chunk is the thread's, and not only on the way to it. */
static void
run_chunk (const Thread *t, int chunk, bool own)
{
  const AeStrips *s = t->run->strips;
  double last = t->ms ? ae_now_ms () : 0;
  for (int i = 0; i < s->n_steps; i++) {
    AeRows rows = rows_of (t, chunk, i);
    if (rows.end > rows.begin)
      make_rows (t, i, rows);
    for (int k = 0; own && k < s->steps[i].n_out; k++) {
      int v = s->steps[i].out[k];
      if (v >= 0 && s->values[v].kind == AE_STRIP_COPIED)
        copy_out (t, v, chunk);
    }
    if (!t->ms)
      continue;
    double now = ae_now_ms ();
    t->ms[s->first + i] += now - last;
    last = now;
  }
}

static void
reach_chunk (Thread *t, int image, int chunk)
{
  const AeStrips *s = t->run->strips;
  if (image != t->image || chunk != t->next) {
    t->image = image;
    t->first = chunk;
    for (int c = s->warm_up[chunk]; c < chunk; c++)
      run_chunk (t, c, false);
  }
  run_chunk (t, chunk, true);
  t->next = chunk + 1;
}

static void
run_share (void *arg, size_t index, int thread)
{
  const Run *run = arg;
  const AeStrips *s = run->strips;
  Thread t = { .run = run,
    .memory = run->work + (size_t) thread * (s->arena + s->work),
    .next = -1, .ms = thread == 0 ? run->ms : NULL };
  Share *own = &run->shares[index];
  for (;;) {
    long chunk = take_chunk (own);
    if (chunk >= 0)
      reach_chunk (&t, (int) (chunk / s->n_chunks),
          (int) (chunk % s->n_chunks));
    else if (!steal (run, own))
      return;
  }
}

size_t
ae_strips_scratch (const AeStrips *s, int n_threads)
{
  return (size_t) n_threads * (s->arena + s->work);
}

void
ae_strips_run (const AePlan *plan, const AeStrips *s, double *ms)
{
  const AeOpCall *call = &plan->steps[s->first].call;
  Share shares[MAX_THREADS];
  Run run = { .plan = plan, .strips = s, .shares = shares,
    .n_shares = call->n_threads, .work = call->work, .ms = ms };
  uint64_t n = (uint64_t) s->n_images * (uint64_t) s->n_chunks;
  for (int i = 0; i < run.n_shares; i++)
    atomic_init (&shares[i].range,
        pack ((uint32_t) (n * (uint64_t) i / (uint64_t) run.n_shares),
            (uint32_t) (n * ((uint64_t) i + 1) / (uint64_t) run.n_shares)));
  ae_pool_run (
      call->pool, call->n_threads, (size_t) run.n_shares, run_share, &run);
}
