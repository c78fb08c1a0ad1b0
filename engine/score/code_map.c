/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "score/code_parts.h"
#include "score/distance.h"
#include "score/principal.h"
#include "util/mem.h"
#include "util/pool.h"

AeStatus
ae_codes_principal_map (
    float *map, const AeCodes *codes, size_t axes, AeError *err)
{
  size_t d = codes->d;
  float *mean = ae_calloc (d + 1, sizeof *mean);
  float *directions = ae_calloc (axes * d + 1, sizeof *directions);
  AeStatus status = mean && directions
      ? ae_principal_fit (
          mean, directions, codes->values, codes->n, d, axes, err)
      : ae_fail (err, AE_ERROR_MEMORY, "no memory for a map");
  for (size_t i = 0; status == AE_OK && i < codes->n; i++)
    for (size_t a = 0; a < axes; a++) {
      double sum = 0;
      for (size_t k = 0; k < d; k++)
        sum += (codes->values[i * d + k] - mean[k])
            * (double) directions[a * d + k];
      map[i * axes + a] = (float) sum;
    }
  ae_free (mean);
  ae_free (directions);
  return status;
}

typedef struct {
  const AeCodes *codes, *map;
  size_t k;
  const uint32_t *near; /* on the map: n x k */
  float *squares;       /* of each thread: to all codes */
  double *penalty;      /* of each code */
} Job;

/* How far beyond the k nearest codes a code's neighbours on the map lie. */
static void
find_penalty (void *arg, size_t index, int thread)
{
  Job *j = arg;
  size_t n = j->codes->n, d = j->codes->d;
  float *squares = j->squares + (size_t) thread * n;
  const float *own = j->codes->values + index * d;
  double penalty = 0;
  for (size_t i = 0; i < n; i++)
    squares[i] = ae_distance_square (own, j->codes->values + i * d, d);
  for (size_t i = 0; i < j->k; i++) {
    size_t other = j->near[index * j->k + i], rank = 1;
    for (size_t o = 0; o < n; o++)
      rank += o != index
          && (squares[o] < squares[other]
              || (squares[o] == squares[other] && o < other));
    penalty += rank > j->k ? (double) (rank - j->k) : 0;
  }
  j->penalty[index] = penalty;
}

static AeStatus
check (const AeCodes *codes, const AeCodes *map, size_t k, AeError *err)
{
  AeStatus status = ae_codes_check (codes, "codes", err);
  if (status != AE_OK)
    return status;
  if (codes->n != map->n)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "a map of %zu places for %zu codes, wanted as many", map->n, codes->n);
  if (k < 1 || k > AE_CODE_SEARCH_MOST || 2 * k >= codes->n)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "%zu neighbours of %zu codes asked for, wanted 1 to %d and less than "
        "half of them",
        k, codes->n, AE_CODE_SEARCH_MOST);
  return AE_OK;
}

static AeStatus
find_on_map (
    uint32_t *near, const AeCodes *map, size_t k, int n_threads, AeError *err)
{
  AeCodeSearch *search;
  AeStatus status = ae_code_search_new (&search, map, n_threads, err);
  if (status == AE_OK)
    status = ae_code_search_find (search, map, true, k, near, NULL, err);
  ae_code_search_free (&search);
  return status;
}

AeStatus
ae_codes_trustworthiness (double *out, const AeCodes *codes,
    const AeCodes *map, size_t k, int n_threads, AeError *err)
{
  AeStatus status = check (codes, map, k, err);
  if (status != AE_OK)
    return status;
  size_t n = codes->n;
  int threads = ae_pool_threads (n_threads);
  uint32_t *near = ae_calloc (n * k, sizeof *near);
  float *squares = ae_calloc ((size_t) threads * n, sizeof *squares);
  double *penalty = ae_calloc (n, sizeof *penalty), sum = 0;
  Job job = { codes, map, k, near, squares, penalty };
  if (!near || !squares || !penalty)
    status = ae_fail (err, AE_ERROR_MEMORY, "no memory for %zu codes", n);
  if (status == AE_OK)
    status = find_on_map (near, map, k, n_threads, err);
  if (status == AE_OK) {
    ae_pool_run (ae_pool_shared (), threads, n, find_penalty, &job);
    for (size_t i = 0; i < n; i++)
      sum += penalty[i];
    *out = 1 - sum * 2
        / ((double) n * (double) k * (2 * (double) n - 3 * (double) k - 1));
  }
  ae_free (near);
  ae_free (squares);
  ae_free (penalty);
  return status;
}
