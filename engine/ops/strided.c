/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/strided.h"

#include "ops/loop.h"

#include <assert.h>
#include <string.h>

/* Bytes that one range moves at least: some 10 us of work. */
#define GRAIN_BYTES 65536
/* Side of the square in which rows and columns change places; a side of f32
 * is two cache lines. */
#define TILE 32

/* A copy made ready: strides in bytes; the two innermost dimensions `a` and
 * `b` are done by one kernel call, `a` in chunks so that a single large plane
 * is spread over the threads too. */
typedef struct {
  int rank; /* dimensions outside of a and b */
  int64_t dim[AE_STRIDED_RANK], to[AE_STRIDED_RANK], from[AE_STRIDED_RANK];
  int64_t na, nb, a_to, a_from, b_to, b_from;
  int64_t chunk, chunks; /* of a */
  size_t unit;           /* bytes moved at once */
  bool tiled;            /* a is contiguous in `from`, b in `to` */
  char *dst;
  const char *src;
} Plan;

void
ae_strided_push (AeStrided *s, int64_t dim, int64_t to, int64_t from)
{
  assert (s->rank < AE_STRIDED_RANK);
  int i = s->rank++;
  s->dim[i] = dim;
  s->to[i] = to;
  s->from[i] = from;
}

AeStrided
ae_strided_swap (const AeStrided *s)
{
  AeStrided back = *s;
  memcpy (back.to, s->from, sizeof back.to);
  memcpy (back.from, s->to, sizeof back.from);
  return back;
}

/* Drops dimensions of 1 and merges neighbours that lie as one dimension in
 * both views. False when there is nothing to move. */
static bool
merge (AeStrided *s)
{
  int rank = 0;
  for (int i = 0; i < s->rank; i++) {
    if (s->dim[i] == 0)
      return false;
    if (s->dim[i] == 1)
      continue;
    int last = rank - 1;
    if (rank > 0 && s->to[last] == s->to[i] * s->dim[i]
        && s->from[last] == s->from[i] * s->dim[i]) {
      s->dim[last] *= s->dim[i];
    } else {
      last = rank++;
      s->dim[last] = s->dim[i];
    }
    s->to[last] = s->to[i];
    s->from[last] = s->from[i];
  }
  s->rank = rank;
  return true;
}

static void
move_dim_last (AeStrided *s, int index)
{
  int64_t dim = s->dim[index], to = s->to[index], from = s->from[index];
  for (int i = index; i + 1 < s->rank; i++) {
    s->dim[i] = s->dim[i + 1];
    s->to[i] = s->to[i + 1];
    s->from[i] = s->from[i + 1];
  }
  s->dim[s->rank - 1] = dim;
  s->to[s->rank - 1] = to;
  s->from[s->rank - 1] = from;
}

/* For an innermost dimension that is contiguous in `to` only: brings the one
 * that is contiguous in `from` next to it. */
static bool
pair_tile (AeStrided *s)
{
  int last = s->rank - 1;
  for (int i = 0; i < last; i++)
    if (s->from[i] == 1 && s->to[last] == 1) {
      move_dim_last (s, i);
      move_dim_last (s, s->rank - 2);
      return true;
    }
  return false;
}

static int64_t
clamp_chunk (int64_t chunk, int64_t limit)
{
  return chunk < 1 ? 1 : chunk > limit ? limit : chunk;
}

static void
make_plan (Plan *p, AeStrided *s, size_t size)
{
  int64_t unit = (int64_t) size;
  bool run = s->rank > 0 && s->to[s->rank - 1] == 1
      && s->from[s->rank - 1] == 1;
  p->unit = size;
  if (run)
    p->unit *= (size_t) s->dim[--s->rank];
  else
    p->tiled = pair_tile (s);
  int inner = run && p->unit >= 64 && p->unit != 64 ? 1 : 2;
  p->na = p->nb = 1;
  if (inner == 2 && s->rank >= 2) {
    int b = --s->rank;
    p->nb = s->dim[b];
    p->b_to = s->to[b] * unit;
    p->b_from = s->from[b] * unit;
  }
  if (s->rank > 0) {
    int a = --s->rank;
    p->na = s->dim[a];
    p->a_to = s->to[a] * unit;
    p->a_from = s->from[a] * unit;
  }
  p->rank = s->rank;
  for (int i = 0; i < s->rank; i++) {
    p->dim[i] = s->dim[i];
    p->to[i] = s->to[i] * unit;
    p->from[i] = s->from[i] * unit;
  }
  int64_t row = p->nb * (int64_t) p->unit;
  int64_t chunk = GRAIN_BYTES / (row ? row : 1);
  p->chunk = clamp_chunk (p->tiled && chunk < TILE ? TILE : chunk, p->na);
  p->chunks = (p->na + p->chunk - 1) / p->chunk;
}

/* n units along one dimension. */
static void
copy_line (char *to, const char *from, int64_t n, int64_t t, int64_t f,
    size_t unit)
{
  switch (unit) {
    case 1:
      for (int64_t i = 0; i < n; i++)
        to[i * t] = from[i * f];
      break;
    case 2:
      for (int64_t i = 0; i < n; i++)
        memcpy (to + i * t, from + i * f, 2);
      break;
    case 4:
      for (int64_t i = 0; i < n; i++)
        memcpy (to + i * t, from + i * f, 4);
      break;
    case 8:
      for (int64_t i = 0; i < n; i++)
        memcpy (to + i * t, from + i * f, 8);
      break;
    case 64: /* one pixel of the blocked layout */
      for (int64_t i = 0; i < n; i++)
        memcpy (to + i * t, from + i * f, 64);
      break;
    default:
      for (int64_t i = 0; i < n; i++)
        memcpy (to + i * t, from + i * f, unit);
  }
}

static void
copy_tiled (const Plan *p, char *to, const char *from, int64_t na)
{
  for (int64_t b = 0; b < p->nb; b += TILE)
    for (int64_t a = 0; a < na; a += TILE) {
      int64_t wa = na - a < TILE ? na - a : TILE;
      int64_t wb = p->nb - b < TILE ? p->nb - b : TILE;
      char *t = to + a * p->a_to + b * p->b_to;
      const char *f = from + a * p->a_from + b * p->b_from;
      if (wb < wa)
        for (int64_t i = 0; i < wb; i++)
          copy_line (t + i * p->b_to, f + i * p->b_from, wa, p->a_to,
              p->a_from, p->unit);
      else
        for (int64_t i = 0; i < wa; i++)
          copy_line (t + i * p->a_to, f + i * p->a_from, wb, p->b_to,
              p->b_from, p->unit);
    }
}

static void
copy_plane (const Plan *p, char *to, const char *from, int64_t na)
{
  if (p->tiled)
    copy_tiled (p, to, from, na);
  else if (p->nb == 1)
    copy_line (to, from, na, p->a_to, p->a_from, p->unit);
  else
    for (int64_t a = 0; a < na; a++)
      copy_line (to + a * p->a_to, from + a * p->a_from, p->nb, p->b_to,
          p->b_from, p->unit);
}

/* Where one index of the outer dimensions lies. */
typedef struct {
  int64_t at[AE_STRIDED_RANK];
  int64_t to, from;
} Walk;

static void
walk_start (Walk *w, int rank, const int64_t *dim, const int64_t *to,
    const int64_t *from, int64_t index)
{
  w->to = w->from = 0;
  for (int i = rank - 1; i >= 0; i--) {
    w->at[i] = index % dim[i];
    index /= dim[i];
    w->to += w->at[i] * to[i];
    w->from += w->at[i] * from[i];
  }
}

static void
walk_next (Walk *w, int rank, const int64_t *dim, const int64_t *to,
    const int64_t *from)
{
  for (int i = rank - 1; i >= 0; i--) {
    w->to += to[i];
    w->from += from[i];
    if (++w->at[i] < dim[i])
      return;
    w->to -= to[i] * dim[i];
    w->from -= from[i] * dim[i];
    w->at[i] = 0;
  }
}

static void
copy_range (void *arg, size_t begin, size_t end, int thread)
{
  const Plan *p = arg;
  Walk w;
  int64_t chunk = (int64_t) begin % p->chunks;
  walk_start (&w, p->rank, p->dim, p->to, p->from,
      (int64_t) begin / p->chunks);
  for (size_t i = begin; i < end; i++) {
    int64_t a = chunk * p->chunk;
    int64_t na = p->na - a < p->chunk ? p->na - a : p->chunk;
    copy_plane (p, p->dst + w.to + a * p->a_to,
        p->src + w.from + a * p->a_from, na);
    if (++chunk == p->chunks) {
      chunk = 0;
      walk_next (&w, p->rank, p->dim, p->to, p->from);
    }
  }
}

static void
copy_bytes (void *arg, size_t begin, size_t end, int thread)
{
  const Plan *p = arg;
  memcpy (p->dst + begin, p->src + begin, end - begin);
}

void
ae_strided_copy (const AeOpCall *call, const AeStrided *strided, size_t size,
    void *to, const void *from)
{
  AeStrided s = *strided;
  if (!merge (&s))
    return;
  Plan p = { .dst = to, .src = from };
  make_plan (&p, &s, size);
  if (p.rank == 0 && p.na == 1 && p.nb == 1) {
    ae_for_range (call, p.unit, 4 * GRAIN_BYTES, copy_bytes, &p);
    return;
  }
  size_t jobs = (size_t) p.chunks;
  for (int i = 0; i < p.rank; i++)
    jobs *= (size_t) p.dim[i];
  size_t bytes = (size_t) p.chunk * (size_t) p.nb * p.unit;
  ae_for_range (call, jobs, GRAIN_BYTES / bytes + 1, copy_range, &p);
}

/* An addition made ready: dimensions [0, kept) have a place of their own in
 * `to`, the rest is summed; the innermost is done by one loop. */
typedef struct {
  AeStrided s;
  int outer, kept;
  int64_t inner_jobs; /* outer indices per kept index */
  float *dst;
  const float *src;
} Sum;

static void
add_line (float *to, const float *from, int64_t n, int64_t t, int64_t f)
{
  if (t == 0) {
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
      sum += from[i * f];
    *to += (float) sum;
  } else if (t == 1 && f == 1) {
    for (int64_t i = 0; i < n; i++)
      to[i] += from[i];
  } else {
    for (int64_t i = 0; i < n; i++)
      to[i * t] += from[i * f];
  }
}

static void
add_range (void *arg, size_t begin, size_t end, int thread)
{
  const Sum *p = arg;
  const AeStrided *s = &p->s;
  size_t first = begin * (size_t) p->inner_jobs;
  size_t last = end * (size_t) p->inner_jobs;
  Walk w;
  walk_start (&w, p->outer, s->dim, s->to, s->from, (int64_t) first);
  for (size_t i = first; i < last; i++) {
    add_line (p->dst + w.to, p->src + w.from, s->dim[p->outer],
        s->to[p->outer], s->from[p->outer]);
    walk_next (&w, p->outer, s->dim, s->to, s->from);
  }
}

void
ae_strided_add (const AeOpCall *call, const AeStrided *strided, float *to,
    const float *from)
{
  Sum p = { .s = *strided, .dst = to, .src = from };
  if (!merge (&p.s))
    return;
  if (p.s.rank == 0)
    ae_strided_push (&p.s, 1, 1, 1);
  /* Summed dimensions go inside, so that no two ranges add to one place. */
  int left = p.s.rank;
  for (int i = 0; left > 0; left--) {
    if (p.s.to[i] == 0)
      move_dim_last (&p.s, i);
    else
      i++;
  }
  for (int i = 0; i < p.s.rank; i++)
    p.kept += p.s.to[i] != 0;
  p.outer = p.s.rank - 1;
  size_t jobs = 1, work = (size_t) p.s.dim[p.outer];
  p.inner_jobs = 1;
  for (int i = 0; i < p.outer; i++) {
    if (i < p.kept) {
      jobs *= (size_t) p.s.dim[i];
    } else {
      p.inner_jobs *= p.s.dim[i];
      work *= (size_t) p.s.dim[i];
    }
  }
  ae_for_range (call, jobs, GRAIN_BYTES / 4 / work + 1, add_range, &p);
}

/* Does the view name each of `count` elements of `to` once? */
static bool
covers (const AeStrided *s, size_t count)
{
  size_t named = 1;
  for (int i = 0; i < s->rank; i++) {
    if (s->to[i] == 0 && s->dim[i] > 1)
      return false;
    named *= (size_t) s->dim[i];
  }
  return named == count;
}

void
ae_strided_grad (const AeOpCall *call, const AeStrided *s, float *to,
    size_t count, bool overwrite, const float *from)
{
  if (overwrite && covers (s, count)) {
    ae_strided_copy (call, s, sizeof *to, to, from);
    return;
  }
  if (overwrite)
    memset (to, 0, count * sizeof *to);
  ae_strided_add (call, s, to, from);
}

void
ae_strided_forward (const AeOpCall *call, const AeStrided *view)
{
  ae_strided_copy (call, view, ae_type_size (call->in[0]->type),
      call->out[0]->data, call->in[0]->data);
}

void
ae_strided_backward (const AeOpCall *call, const AeStrided *view)
{
  AeTensor *dx = call->din[0];
  if (!dx)
    return;
  AeStrided s = ae_strided_swap (view);
  ae_strided_grad (call, &s, dx->data, ae_shape_count (&dx->shape),
      call->overwrite[0], call->dout[0]->data);
}
