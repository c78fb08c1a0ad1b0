/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/pool.h"

#include "util/fpenv.h"

#include <ae/cpu.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

/* Threads that two things beside each other have together. */
typedef struct {
  int max_threads;
  atomic_int n_active;
} Group;

/* A run lives on its caller's stack and hangs in the pool's list while it has
 * jobs to give out. Workers join a run under the lock, take jobs with an atomic
 * counter, and leave under the lock; the caller returns when it has removed
 * the run and no worker is in it. */
typedef struct Run {
  struct Run *next;
  AeJob job;
  void *arg;
  size_t n_jobs;
  atomic_size_t next_job;
  int max_threads;
  int n_joined; /* threads that ever joined: hands out thread numbers */
  bool beside;  /* one long job: comes first, its own runs may be shared */
  Group *group; /* or NULL */
  atomic_int n_active; /* workers inside */
} Run;

struct AePool {
  pthread_mutex_t lock;
  pthread_cond_t work;
  Run *runs;
  atomic_uint generation; /* bumped when a run is added: spinners watch it */
  int n_sleeping;
  int n_workers;
};

#define SPIN_NS 30000

static _Thread_local bool inside_job;
static _Thread_local Group *own_group;

static long
now_ns (void)
{
  struct timespec t;
  clock_gettime (CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000L + t.tv_nsec;
}

static void
cpu_relax (void)
{
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause ();
#else
  atomic_thread_fence (memory_order_seq_cst);
#endif
}

static void
take_jobs (Run *run, int thread)
{
  for (;;) {
    size_t index = atomic_fetch_add_explicit (
        &run->next_job, 1, memory_order_relaxed);
    if (index >= run->n_jobs)
      return;
    run->job (run->arg, index, thread);
  }
}

static bool
wants_thread (Run *run)
{
  Group *group = run->group;
  return run->n_joined < run->max_threads
         && atomic_load (&run->next_job) < run->n_jobs
         && (!group || atomic_load (&group->n_active) < group->max_threads);
}

/* Under the lock: a run that can use one more thread, or NULL. */
static Run *
find_run (AePool *pool)
{
  Run *found = NULL;
  for (Run *run = pool->runs; run; run = run->next)
    if (wants_thread (run)) {
      if (run->beside)
        return run;
      found = found ? found : run;
    }
  return found;
}

static void
spin_for_work (AePool *pool, unsigned seen)
{
  long end = now_ns () + SPIN_NS;
  do {
    for (int i = 0; i < 64; i++) {
      if (atomic_load_explicit (&pool->generation, memory_order_acquire)
          != seen)
        return;
      cpu_relax ();
    }
  } while (now_ns () < end);
}

/* Under the lock. Returns the thread's number in the run. */
static int
join (Run *run)
{
  atomic_fetch_add (&run->n_active, 1);
  if (run->group)
    atomic_fetch_add (&run->group->n_active, 1);
  return run->n_joined++;
}

/* The run and its group may be gone afterwards. */
static void
leave (Run *run)
{
  if (run->group)
    atomic_fetch_sub (&run->group->n_active, 1);
  atomic_fetch_sub_explicit (&run->n_active, 1, memory_order_release);
}

static void *
worker_main (void *arg)
{
  AePool *pool = arg;
  ae_fpenv_enter ();
  pthread_mutex_lock (&pool->lock);
  for (;;) {
    Run *run = find_run (pool);
    if (run) {
      int thread = join (run);
      pthread_mutex_unlock (&pool->lock);
      inside_job = !run->beside;
      own_group = run->group;
      take_jobs (run, thread);
      leave (run);
      unsigned seen = atomic_load (&pool->generation);
      pthread_mutex_lock (&pool->lock);
      if (find_run (pool))
        continue;
      pthread_mutex_unlock (&pool->lock);
      spin_for_work (pool, seen);
      pthread_mutex_lock (&pool->lock);
      continue;
    }
    pool->n_sleeping++;
    pthread_cond_wait (&pool->work, &pool->lock);
    pool->n_sleeping--;
  }
  return NULL;
}

static AePool pool_storage;
static AePool *the_pool; /* NULL until the first use */
static pthread_mutex_t pool_lock = PTHREAD_MUTEX_INITIALIZER;

static void
forget_pool_in_child (void)
{
  /* Threads do not survive fork: the child makes its own pool when it needs
   * one. */
  the_pool = NULL;
  pthread_mutex_init (&pool_lock, NULL);
  inside_job = false;
}

static AePool *
make_pool (void)
{
  static bool fork_handler;
  AePool *pool = &pool_storage;
  memset (pool, 0, sizeof *pool);
  pthread_mutex_init (&pool->lock, NULL);
  pthread_cond_init (&pool->work, NULL);
  if (!fork_handler)
    pthread_atfork (NULL, NULL, forget_pool_in_child);
  fork_handler = true;
  pthread_attr_t attr;
  pthread_attr_init (&attr);
  pthread_attr_setdetachstate (&attr, PTHREAD_CREATE_DETACHED);
  int wanted = ae_cpu_count () - 1;
  for (int i = 0; i < wanted && i < 63; i++) {
    pthread_t thread;
    if (pthread_create (&thread, &attr, worker_main, pool) != 0)
      break;
    pool->n_workers++;
  }
  pthread_attr_destroy (&attr);
  return pool;
}

AePool *
ae_pool_shared (void)
{
  pthread_mutex_lock (&pool_lock);
  if (!the_pool)
    the_pool = make_pool ();
  AePool *pool = the_pool;
  pthread_mutex_unlock (&pool_lock);
  return pool;
}

int
ae_pool_threads (int n_threads)
{
  int n = n_threads > 0 ? n_threads : ae_cpu_count ();
  return n > 64 ? 64 : n;
}

static void
add_run (AePool *pool, Run *run)
{
  pthread_mutex_lock (&pool->lock);
  run->next = pool->runs;
  pool->runs = run;
  bool wake = pool->n_sleeping > 0;
  pthread_mutex_unlock (&pool->lock);
  atomic_fetch_add_explicit (&pool->generation, 1, memory_order_release);
  if (wake)
    pthread_cond_broadcast (&pool->work);
}

static void
remove_run (AePool *pool, Run *run)
{
  pthread_mutex_lock (&pool->lock);
  for (Run **p = &pool->runs; *p; p = &(*p)->next)
    if (*p == run) {
      *p = run->next;
      break;
    }
  pthread_mutex_unlock (&pool->lock);
}

/* No worker can join any more; waits for those inside. Jobs are short, so a
 * spin that yields after a while is enough. */
static void
wait_for_workers (Run *run)
{
  long end = now_ns () + 4 * SPIN_NS;
  while (atomic_load_explicit (&run->n_active, memory_order_acquire) > 0) {
    if (now_ns () < end)
      cpu_relax ();
    else
      nanosleep (&(struct timespec){ .tv_nsec = 50000 }, NULL);
  }
}

void
ae_pool_run (AePool *pool, int n_threads, size_t n_jobs, AeJob job, void *arg)
{
  if (!pool || n_threads <= 1 || n_jobs <= 1 || inside_job
      || pool->n_workers == 0) {
    for (size_t i = 0; i < n_jobs; i++)
      job (arg, i, 0);
    return;
  }
  Run run = { .job = job,
    .arg = arg,
    .n_jobs = n_jobs,
    .max_threads = n_threads,
    .n_joined = 1,
    .group = own_group };
  add_run (pool, &run);
  inside_job = true;
  take_jobs (&run, 0);
  inside_job = false;
  remove_run (pool, &run);
  wait_for_workers (&run);
}

typedef struct {
  AeWork work;
  void *arg;
} Beside;

static void
beside_job (void *arg, size_t index, int thread)
{
  (void) index, (void) thread;
  const Beside *both = arg;
  both->work (both->arg);
}

void
ae_pool_run_beside (
    AePool *pool, int n_threads, AeWork beside, AeWork work, void *arg)
{
  if (!pool || n_threads <= 1 || inside_job || pool->n_workers == 0) {
    beside (arg);
    work (arg);
    return;
  }
  Beside both = { beside, arg };
  Group group = { .max_threads = n_threads, .n_active = 1 };
  Group *outer = own_group;
  Run run = { .job = beside_job,
    .arg = &both,
    .n_jobs = 1,
    .max_threads = 1,
    .beside = true,
    .group = &group };
  own_group = &group;
  add_run (pool, &run);
  work (arg);
  take_jobs (&run, 0); /* no worker has */
  own_group = outer;
  remove_run (pool, &run);
  wait_for_workers (&run);
}
