/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "score/code_parts.h"
#include "score/distance.h"
#include "util/mem.h"
#include "util/pool.h"

#define ROWS 64 /* made ones of a job */

/* radii[i]: squared distance of a code to the k-th of the others. */
static AeStatus
find_radii (float *radii, const AeCodes *codes, size_t k, int n_threads,
    AeError *err)
{
  AeCodeSearch *search;
  AeStatus status = ae_code_search_new (&search, codes, n_threads, err);
  uint32_t *found = ae_calloc (codes->n * k, sizeof *found);
  float *distances = ae_calloc (codes->n * k, sizeof *distances);
  if (status == AE_OK && (!found || !distances))
    status = ae_fail (err, AE_ERROR_MEMORY, "no memory for neighbours");
  if (status == AE_OK)
    status = ae_code_search_find (
        search, codes, true, k, found, distances, err);
  for (size_t i = 0; status == AE_OK && i < codes->n; i++) {
    float radius = distances[i * k + k - 1];
    radii[i] = radius * radius;
  }
  ae_code_search_free (&search);
  ae_free (found);
  ae_free (distances);
  return status;
}

/* Each job looks at some made ones, and counts for itself. */
typedef struct {
  const AeCodes *real, *made;
  const float *real_radii, *made_radii;
  uint32_t *in_real; /* of each made one: spheres that it lies in */
  uint8_t *covered;  /* jobs x real: by a made one */
  uint8_t *recalled; /* jobs x real: within a made one's sphere */
} Count;

static void
count_rows (void *arg, size_t index, int thread)
{
  (void) thread;
  Count *c = arg;
  size_t d = c->real->d, end = (index + 1) * ROWS;
  uint8_t *covered = c->covered + index * c->real->n;
  uint8_t *recalled = c->recalled + index * c->real->n;
  end = end < c->made->n ? end : c->made->n;
  for (size_t i = 0; i < c->real->n; i++)
    for (size_t m = index * ROWS; m < end; m++) {
      float square = ae_distance_square (
          c->real->values + i * d, c->made->values + m * d, d);
      bool inside = square <= c->real_radii[i];
      c->in_real[m] += inside;
      covered[i] |= inside;
      recalled[i] |= square <= c->made_radii[m];
    }
}

static bool
any (const uint8_t *flags, size_t n, size_t stride)
{
  for (size_t i = 0; i < n; i++)
    if (flags[i * stride])
      return true;
  return false;
}

static void
sum_up (AeManifold *out, const Count *c, size_t jobs, size_t k)
{
  double made = (double) c->made->n, real = (double) c->real->n;
  *out = (AeManifold){ 0 };
  for (size_t m = 0; m < c->made->n; m++) {
    out->precision += (c->in_real[m] > 0) / made;
    out->density += c->in_real[m] / (made * (double) k);
  }
  for (size_t i = 0; i < c->real->n; i++) {
    out->coverage += any (c->covered + i, jobs, c->real->n) / real;
    out->recall += any (c->recalled + i, jobs, c->real->n) / real;
  }
}

static AeStatus
check (const AeCodes *real, const AeCodes *made, size_t k, AeError *err)
{
  size_t least = real->n < made->n ? real->n : made->n;
  if (real->d != made->d)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "real ones of %zu numbers and made ones of %zu, wanted as many",
        real->d, made->d);
  if (k < 1 || k > AE_CODE_SEARCH_MOST || k >= least)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "%zu neighbours of %zu codes asked for, wanted 1 to %d and fewer than "
        "codes",
        k, least, AE_CODE_SEARCH_MOST);
  return AE_OK;
}

AeStatus
ae_codes_manifold (AeManifold *out, const AeCodes *real, const AeCodes *made,
    size_t k, int n_threads, AeError *err)
{
  AeStatus status = check (real, made, k, err);
  if (status != AE_OK)
    return status;
  size_t jobs = (made->n + ROWS - 1) / ROWS;
  float *radii = ae_calloc (real->n + made->n, sizeof *radii);
  uint32_t *in_real = ae_calloc (made->n, sizeof *in_real);
  uint8_t *flags = ae_calloc (2 * jobs * real->n, 1);
  Count c = { real, made, radii, radii + real->n, in_real, flags,
    flags + jobs * real->n };
  if (!radii || !in_real || !flags)
    status = ae_fail (err, AE_ERROR_MEMORY, "no memory for %zu codes",
        real->n + made->n);
  if (status == AE_OK)
    status = find_radii (radii, real, k, n_threads, err);
  if (status == AE_OK)
    status = find_radii (radii + real->n, made, k, n_threads, err);
  if (status == AE_OK) {
    ae_pool_run (ae_pool_shared (), ae_pool_threads (n_threads), jobs,
        count_rows, &c);
    sum_up (out, &c, jobs, k);
  }
  ae_free (radii);
  ae_free (in_real);
  ae_free (flags);
  return status;
}
