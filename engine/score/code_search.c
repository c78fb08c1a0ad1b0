/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <stdatomic.h>

#include "score/code_parts.h"
#include "score/neighbours.h"
#include "util/mem.h"
#include "util/pool.h"

#define ROWS 64 /* queries of a job */

struct AeCodeSearch {
  AeNeighbours *neighbours;
  size_t n, d;
  int n_threads;
  float *scratch; /* of each thread that was needed so far */
  size_t scratch_threads;
};

AeStatus
ae_codes_check (const AeCodes *codes, const char *what, AeError *err)
{
  if (codes->n == 0 || codes->d == 0 || codes->n >= UINT32_MAX)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "%s: %zu rows of %zu numbers, wanted 1 and more of each", what,
        codes->n, codes->d);
  for (size_t i = 0; i < codes->n * codes->d; i++)
    if (!isfinite (codes->values[i]))
      return ae_fail (err, AE_ERROR_NUMERIC,
          "%s: number %zu of row %zu is %g, wanted a finite one", what,
          i % codes->d, i / codes->d, (double) codes->values[i]);
  return AE_OK;
}

AeStatus
ae_code_search_new (AeCodeSearch **out, const AeCodes *codes, int n_threads,
    AeError *err)
{
  *out = NULL;
  AeStatus status = ae_codes_check (codes, "codes to be near to", err);
  if (status != AE_OK)
    return status;
  AeCodeSearch *s = ae_calloc (1, sizeof *s);
  if (!s)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for a search");
  s->n = codes->n;
  s->d = codes->d;
  s->n_threads = ae_pool_threads (n_threads);
  status = ae_neighbours_new (
      &s->neighbours, codes->values, codes->n, codes->d, err);
  if (status == AE_OK)
    *out = s;
  else
    ae_free (s);
  return status;
}

void
ae_code_search_free (AeCodeSearch **search)
{
  AeCodeSearch *s = *search;
  *search = NULL;
  if (!s)
    return;
  ae_neighbours_free (&s->neighbours);
  ae_free (s->scratch);
  ae_free (s);
}

/* A run over all queries. */
typedef struct {
  const AeCodeSearch *search;
  const AeCodes *queries;
  bool same;
  size_t k; /* that are wanted */
  uint32_t *found;
  float *distances; /* may be NULL */
  size_t n_scratch; /* of a thread */
  atomic_bool failed;
} Run;

/* What is wanted of the k, or with `same` k + 1, nearest ones of a query. */
static void
keep (Run *run, size_t query, const uint32_t *found, const float *distances)
{
  size_t from = 0, k = run->k;
  for (size_t i = 0; i < k; i++, from++) {
    if (run->same && from == i && found[from] == query)
      from++;
    run->found[query * k + i] = found[from];
    if (run->distances)
      run->distances[query * k + i] = distances[from];
    if (found[from] == AE_NEIGHBOURS_NONE)
      atomic_store (&run->failed, true);
  }
}

static void
find_rows (void *arg, size_t index, int thread)
{
  Run *run = arg;
  const AeCodes *q = run->queries;
  size_t k = run->k + run->same, first = index * ROWS;
  size_t n = q->n - first < ROWS ? q->n - first : ROWS;
  uint32_t found[ROWS * (AE_CODE_SEARCH_MOST + 1)];
  float distances[ROWS * (AE_CODE_SEARCH_MOST + 1)];
  ae_neighbours_find (run->search->neighbours, q->values + first * q->d, n, k,
      found, distances,
      run->search->scratch + run->n_scratch * (size_t) thread);
  for (size_t i = 0; i < n; i++)
    keep (run, first + i, found + i * k, distances + i * k);
}

static AeStatus
check_query (const AeCodeSearch *s, const AeCodes *queries, bool same,
    size_t k, AeError *err)
{
  size_t most = s->n - (same && s->n > 0);
  most = most < AE_CODE_SEARCH_MOST ? most : AE_CODE_SEARCH_MOST;
  if (queries->d != s->d || (same && queries->n != s->n))
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "%zu queries of %zu numbers, wanted %s%zu", queries->n, queries->d,
        same ? "the same codes, of " : "", s->d);
  if (k < 1 || k > most)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "%zu neighbours asked for, wanted 1 to %zu", k, most);
  return AE_OK;
}

static AeStatus
make_scratch (AeCodeSearch *s, size_t threads, AeError *err)
{
  if (threads <= s->scratch_threads)
    return AE_OK;
  ae_free (s->scratch);
  s->scratch_threads = 0;
  s->scratch = ae_calloc (
      threads * ae_neighbours_scratch (s->neighbours), sizeof *s->scratch);
  if (!s->scratch)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for a search");
  s->scratch_threads = threads;
  return AE_OK;
}

AeStatus
ae_code_search_find (AeCodeSearch *s, const AeCodes *queries, bool same,
    size_t k, uint32_t *found, float *distances, AeError *err)
{
  AeStatus status = check_query (s, queries, same, k, err);
  if (status != AE_OK)
    return status;
  size_t jobs = (queries->n + ROWS - 1) / ROWS;
  size_t threads = (size_t) s->n_threads < jobs ? (size_t) s->n_threads : jobs;
  Run run = { .search = s, .queries = queries, .same = same, .k = k,
    .found = found, .distances = distances,
    .n_scratch = ae_neighbours_scratch (s->neighbours) };
  if (jobs == 0)
    return AE_OK;
  status = make_scratch (s, threads, err);
  if (status != AE_OK)
    return status;
  ae_pool_run (
      ae_pool_shared (), (int) threads, jobs, find_rows, &run);
  return atomic_load (&run.failed)
      ? ae_fail (err, AE_ERROR_NUMERIC, "a query that is not finite")
      : AE_OK;
}
