/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "runtime/arena.h"

#include "util/mem.h"

#include <stdint.h>
#include <stdlib.h>

static int
by_size (const void *a, const void *b)
{
  const AeBuffer *x = *(AeBuffer *const *) a, *y = *(AeBuffer *const *) b;
  if (x->size != y->size)
    return x->size < y->size ? 1 : -1;
  if (x->first != y->first)
    return x->first < y->first ? -1 : 1;
  return x < y ? -1 : x > y;
}

static int
by_offset (const void *a, const void *b)
{
  const AeBuffer *x = *(AeBuffer *const *) a, *y = *(AeBuffer *const *) b;
  return x->offset < y->offset ? -1 : x->offset > y->offset;
}

/* The smallest gap between the n placed buffers that are alive with b (sorted
 * by offset in `alive`). */
static size_t
find_gap (AeBuffer *const *alive, int n, size_t size)
{
  size_t best = SIZE_MAX, best_gap = SIZE_MAX, end = 0;
  for (int i = 0; i < n; i++) {
    size_t start = alive[i]->offset;
    if (start > end && start - end >= size && start - end < best_gap) {
      best = end;
      best_gap = start - end;
    }
    size_t stop = start + ae_align_size (alive[i]->size);
    end = stop > end ? stop : end;
  }
  return best == SIZE_MAX ? end : best;
}

AeStatus
ae_arena_plan (AeBuffer *buffers, int n, size_t *total, AeError *err)
{
  AeBuffer **order = ae_calloc ((size_t) n, sizeof *order);
  AeBuffer **alive = ae_calloc ((size_t) n, sizeof *alive);
  if (!order || !alive) {
    ae_free (order);
    ae_free (alive);
    return ae_fail (err, AE_ERROR_MEMORY, "out of memory for a memory plan");
  }
  size_t sum = 0;
  bool fits = true;
  for (int i = 0; i < n; i++) {
    order[i] = &buffers[i];
    fits = fits && buffers[i].size < SIZE_MAX / 2
        && ae_add_size (sum, ae_align_size (buffers[i].size), &sum);
  }
  qsort (order, (size_t) n, sizeof *order, by_size);
  *total = 0;
  for (int i = 0; fits && i < n && order[i]->size > 0; i++) {
    int n_alive = 0;
    for (int k = 0; k < i; k++)
      if (order[k]->first <= order[i]->last
          && order[i]->first <= order[k]->last)
        alive[n_alive++] = order[k];
    qsort (alive, (size_t) n_alive, sizeof *alive, by_offset);
    size_t size = ae_align_size (order[i]->size);
    order[i]->offset = find_gap (alive, n_alive, size);
    if (order[i]->offset + size > *total)
      *total = order[i]->offset + size;
  }
  ae_free (order);
  ae_free (alive);
  return fits ? AE_OK
              : ae_fail (err, AE_ERROR_MEMORY,
                    "the model's tensors do not fit into memory");
}
