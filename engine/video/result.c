/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "video/result.h"

#include "util/pool.h"

#include <stdatomic.h>
#include <stdint.h>
#include <string.h>

#define FLOATS_PER_JOB 16384

typedef struct {
  const float *values;
  size_t n;
  float limit;
  atomic_bool found;
} Look;

/* The bits of positive floats are in the order of their values, and above
 * those of infinity they are not a number. */
static bool
any_beyond (const float *values, size_t n, float limit)
{
  int32_t largest, bits, most = 0;
  memcpy (&largest, &limit, sizeof largest);
  for (size_t i = 0; i < n; i++) {
    memcpy (&bits, &values[i], sizeof bits);
    bits &= INT32_MAX;
    most = bits > most ? bits : most;
  }
  return most > largest;
}

static void
look_job (void *arg, size_t index, int thread)
{
  (void) thread;
  Look *l = arg;
  size_t at = index * FLOATS_PER_JOB;
  size_t n = l->n - at < FLOATS_PER_JOB ? l->n - at : FLOATS_PER_JOB;
  if (any_beyond (l->values + at, n, l->limit))
    atomic_store (&l->found, true);
}

bool
ae_any_beyond (const float *values, size_t n, float limit, int n_threads)
{
  Look l = { .values = values, .n = n, .limit = limit };
  ae_pool_run (ae_pool_shared (), n_threads,
      (n + FLOATS_PER_JOB - 1) / FLOATS_PER_JOB, look_job, &l);
  return l.found;
}
