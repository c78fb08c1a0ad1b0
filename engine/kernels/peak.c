/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernels/kernels.h"
#include "util/pool.h"

#include <time.h>

#define MAX_THREADS 64
#define MEASURE_S 0.012
#define REPEATS 3

static double
seconds (void)
{
  struct timespec t;
  clock_gettime (CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}

typedef struct {
  double rate[MAX_THREADS]; /* multiply-adds per second */
  float sink[MAX_THREADS * 16];
} Measure;

static void
measure (void *arg, size_t index, int thread)
{
  Measure *m = arg;
  (void) thread;
  double start = seconds (), now = start, done = 0;
  while (now - start < MEASURE_S) {
    done += ae_kernels ()->peak (20000, &m->sink[index * 16]);
    now = seconds ();
  }
  m->rate[index] = done / (now - start);
}

/* The best of a few measurements: what disturbs them only slows them. */
double
ae_cpu_measure_peak (int n_threads)
{
  int n = ae_pool_threads (n_threads);
  double best = 0;
  for (int i = 0; i < REPEATS; i++) {
    Measure m = { 0 };
    ae_pool_run (ae_pool_shared (), n, n, measure, &m);
    double sum = 0;
    for (int t = 0; t < n; t++)
      sum += m.rate[t];
    best = sum > best ? sum : best;
  }
  return best * 2e-9;
}
