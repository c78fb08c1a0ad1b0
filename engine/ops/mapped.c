/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/mapped.h"

#include "ops/loop.h"
#include "util/mem.h"

#include <string.h>

static int64_t
blocks (int64_t channels)
{
  return (channels + AE_BLOCK - 1) / AE_BLOCK;
}

AeMap
ae_map_new (const AeShape *in, const AeShape *out, AeLayout layout)
{
  AeMap map = { .rank = in->rank };
  if (layout == AE_LAYOUT_BLOCKED) {
    const int64_t *i = in->dim, *o = out->dim;
    return (AeMap) { .rank = 5,
      .in = { i[0], i[2], blocks (i[1]), i[3], AE_BLOCK },
      .out = { o[0], o[2], blocks (o[1]), o[3], AE_BLOCK } };
  }
  memcpy (map.in, in->dim, sizeof map.in);
  memcpy (map.out, out->dim, sizeof map.out);
  return map;
}

int
ae_map_axis (AeLayout layout, int axis)
{
  static const int place[4] = { 0, 2, 1, 3 };
  return layout == AE_LAYOUT_BLOCKED ? place[axis] : axis;
}

int32_t *
ae_map_list (AeMap *map, int axis)
{
  return map->index[axis]
      = ae_calloc ((size_t) map->out[axis], sizeof (int32_t));
}

void
ae_map_simplify (AeMap *map)
{
  for (int a = 0; a < map->rank; a++) {
    bool same = map->index[a] && map->in[a] == map->out[a];
    for (int64_t i = 0; i < map->out[a] && same; i++)
      same = map->index[a][i] == i;
    if (same) {
      ae_free (map->index[a]);
      map->index[a] = NULL;
    }
  }
}

void
ae_map_clear (AeMap *map)
{
  for (int a = 0; a < AE_MAX_RANK; a++) {
    ae_free (map->index[a]);
    map->index[a] = NULL;
  }
}

/* A map made ready: axes [0, last) are walked, axis `last` is one row, what
 * is inside it moves as units. */
typedef struct {
  const AeMap *map;
  int last;
  size_t unit;    /* elements */
  size_t bytes;   /* of a unit */
  size_t size;    /* of an element */
  int64_t stride[AE_MAX_RANK]; /* of the input, in units of the last axis */
  bool runs;      /* neighbours mostly stay neighbours */
  bool holes;     /* the last axis has -1 */
  char *to;
  const char *from;
  const char *fill;
  float *sum;       /* ae_map_add */
  const float *add;
} Move;

static void
look_at_row (Move *m)
{
  const int32_t *index = m->map->index[m->last];
  int64_t n = m->map->out[m->last], breaks = 0;
  m->runs = true;
  for (int64_t i = 0; i < n && index; i++) {
    m->holes = m->holes || index[i] < 0;
    breaks += i > 0 && index[i] >= 0 && index[i] != index[i - 1] + 1;
  }
  m->runs = breaks * 8 <= n;
}

static Move
make_move (const AeMap *map, size_t size)
{
  Move m = { .map = map, .size = size };
  int last = map->rank - 1;
  while (last > 0 && !map->index[last])
    last--;
  m.last = last < 0 ? 0 : last;
  m.unit = 1;
  for (int a = m.last + 1; a < map->rank; a++)
    m.unit *= (size_t) map->in[a];
  m.bytes = m.unit * size;
  int64_t step = map->rank ? map->in[m.last] : 1;
  for (int a = m.last - 1; a >= 0; a--) {
    m.stride[a] = step;
    step *= map->in[a];
  }
  look_at_row (&m);
  return m;
}

static int64_t
row_length (const Move *m)
{
  return m->map->rank ? m->map->out[m->last] : 1;
}

/* The input row of an output row, in units; -1 for none. */
static int64_t
row_source (const Move *m, size_t row)
{
  const AeMap *map = m->map;
  int64_t source = 0, left = (int64_t) row;
  bool hole = false;
  for (int a = m->last - 1; a >= 0; a--) {
    int64_t i = left % map->out[a];
    left /= map->out[a];
    if (map->index[a])
      i = map->index[a][i];
    hole = hole || i < 0;
    source += i * m->stride[a];
  }
  return hole ? -1 : source;
}

static void
fill_units (const Move *m, char *to, int64_t n)
{
  size_t count = (size_t) n * m->unit;
  for (size_t i = 0; i < count; i++)
    memcpy (to + i * m->size, m->fill, m->size);
}

/* Runs of neighbours by one memcpy each. */
static void
copy_runs (const Move *m, char *to, const char *from)
{
  const int32_t *index = m->map->rank ? m->map->index[m->last] : NULL;
  int64_t n = row_length (m);
  if (!index) {
    memcpy (to, from, (size_t) n * m->bytes);
    return;
  }
  for (int64_t i = 0, end; i < n; i = end) {
    bool hole = index[i] < 0;
    for (end = i + 1; end < n; end++)
      if (hole ? index[end] >= 0 : index[end] != index[end - 1] + 1)
        break;
    char *at = to + (size_t) i * m->bytes;
    if (hole)
      fill_units (m, at, end - i);
    else
      memcpy (at, from + (size_t) index[i] * m->bytes,
          (size_t) (end - i) * m->bytes);
  }
}

static void
copy_units (const Move *m, char *to, const char *from)
{
  const int32_t *index = m->map->index[m->last];
  int64_t n = row_length (m);
  switch (m->bytes) {
    case 4:
      for (int64_t i = 0; i < n; i++)
        memcpy (to + i * 4, from + (int64_t) index[i] * 4, 4);
      break;
    case 64:
      for (int64_t i = 0; i < n; i++)
        memcpy (to + i * 64, from + (int64_t) index[i] * 64, 64);
      break;
    default:
      for (int64_t i = 0; i < n; i++)
        memcpy (to + (size_t) i * m->bytes,
            from + (size_t) index[i] * m->bytes, m->bytes);
  }
}

static void
copy_rows (void *arg, size_t begin, size_t end, int thread)
{
  const Move *m = arg;
  size_t row_bytes = (size_t) row_length (m) * m->bytes;
  int64_t before = -1;
  for (size_t row = begin; row < end; row++) {
    int64_t source = row_source (m, row);
    char *to = m->to + row * row_bytes;
    const char *from = m->from + source * (int64_t) m->bytes;
    if (source < 0)
      fill_units (m, to, row_length (m));
    else if (source == before)
      memcpy (to, to - row_bytes, row_bytes); /* the same row again */
    else if (m->runs || m->holes)
      copy_runs (m, to, from);
    else
      copy_units (m, to, from);
    before = source;
  }
}

void
ae_map_copy (const AeOpCall *call, const AeMap *map, size_t size, void *to,
    const void *from, const void *fill)
{
  Move m = make_move (map, size);
  m.to = to;
  m.from = from;
  m.fill = fill;
  size_t rows = 1, bytes = (size_t) row_length (&m) * m.bytes;
  for (int a = 0; a < m.last; a++)
    rows *= (size_t) map->out[a];
  if (bytes > 0)
    ae_for_range (call, rows, 65536 / bytes + 1, copy_rows, &m);
}

static void
add_row (const Move *m, float *to, const float *from)
{
  const int32_t *index = m->map->rank ? m->map->index[m->last] : NULL;
  int64_t n = row_length (m);
  for (int64_t i = 0; i < n; i++, from += m->unit) {
    int64_t at = index ? index[i] : i;
    if (at < 0)
      continue;
    float *unit = to + (size_t) at * m->unit;
    for (size_t k = 0; k < m->unit; k++)
      unit[k] += from[k];
  }
}

/* One job: one index of the axes that stay, all indices of the mapped ones;
 * no other job adds to the same rows. */
static void
add_job (const Move *m, size_t job)
{
  const AeMap *map = m->map;
  int64_t at[AE_MAX_RANK] = { 0 };
  size_t inner = 1;
  for (int a = m->last - 1; a >= 0; a--) {
    if (map->index[a]) {
      inner *= (size_t) map->out[a];
    } else {
      at[a] = (int64_t) (job % (size_t) map->out[a]);
      job /= (size_t) map->out[a];
    }
  }
  for (size_t i = 0; i < inner; i++) {
    size_t left = i, row = 0;
    for (int a = m->last - 1; a >= 0; a--)
      if (map->index[a]) {
        at[a] = (int64_t) (left % (size_t) map->out[a]);
        left /= (size_t) map->out[a];
      }
    for (int a = 0; a < m->last; a++)
      row = row * (size_t) map->out[a] + (size_t) at[a];
    int64_t source = row_source (m, row);
    if (source >= 0)
      add_row (m, m->sum + (size_t) source * m->unit,
          m->add + row * (size_t) row_length (m) * m->unit);
  }
}

static void
add_jobs (void *arg, size_t begin, size_t end, int thread)
{
  for (size_t job = begin; job < end; job++)
    add_job (arg, job);
}

void
ae_map_add (
    const AeOpCall *call, const AeMap *map, float *to, const float *from)
{
  Move m = make_move (map, sizeof *to);
  m.sum = to;
  m.add = from;
  size_t jobs = 1, total = m.unit * (size_t) row_length (&m);
  for (int a = 0; a < m.last; a++) {
    total *= (size_t) map->out[a];
    if (!map->index[a])
      jobs *= (size_t) map->out[a];
  }
  if (total > 0)
    ae_for_range (call, jobs, 1, add_jobs, &m);
}
