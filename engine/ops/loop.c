/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/loop.h"

typedef struct {
  size_t count, grain;
  AeRange fn;
  void *arg;
} RangeRun;

static void
run_range (void *arg, size_t index, int thread)
{
  const RangeRun *run = arg;
  size_t begin = index * run->grain;
  size_t end = begin + run->grain;
  run->fn (run->arg, begin, end < run->count ? end : run->count, thread);
}

void
ae_for_range (
    const AeOpCall *call, size_t count, size_t grain, AeRange fn, void *arg)
{
  if (count == 0)
    return;
  RangeRun run = { count, grain ? grain : 1, fn, arg };
  size_t jobs = (count + run.grain - 1) / run.grain;
  ae_pool_run (call->pool, call->n_threads, jobs, run_range, &run);
}
