/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_UTIL_POOL_H
#define AE_UTIL_POOL_H

/* Worker threads shared by every session of the process. The caller of
 * ae_pool_run works too; idle workers spin for some 30 us, then sleep. No
 * thread exists before the first parallel run. */

#include <stddef.h>

typedef struct AePool AePool;

/* A job: `index` in 0 .. n_jobs-1; `thread` in 0 .. n_threads-1 tells which
 * of the run's threads executes it, for per-thread scratch. Results must not
 * depend on `thread` or on the order of jobs. */
typedef void (*AeJob) (void *arg, size_t index, int thread);

/* The process's pool, with ae_cpu_count() - 1 workers; made at the first
 * call and kept. Where threads cannot be had, runs use the caller alone. */
AePool *ae_pool_shared (void);

/* Runs jobs 0 .. n_jobs-1 on at most n_threads threads and returns when all
 * are done. Called from inside a job it runs them all in the calling thread.
 * Concurrent calls from several threads are allowed and share the workers. */
void ae_pool_run (
    AePool *pool, int n_threads, size_t n_jobs, AeJob job, void *arg);

typedef void (*AeWork) (void *arg);

/* Does two things that have nothing to do with each other and returns when
 * both are done: `work` in the calling thread, `beside` in a worker that is
 * free, or after `work` where none was. Either may call ae_pool_run; on
 * no more than n_threads together. With n_threads 1, or from inside a job, they
 * follow each other. */
void ae_pool_run_beside (
    AePool *pool, int n_threads, AeWork beside, AeWork work, void *arg);

/* Threads that a session option of n_threads (0 = all cores) means; 1..64. */
int ae_pool_threads (int n_threads);

#endif
