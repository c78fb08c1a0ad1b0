/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "score/principal.h"

#include "kernels/sgemm.h"
#include "score/eigen.h"
#include "util/mem.h"

#include <math.h>
#include <string.h>

#define ROWS 256 /* of which the products are summed in single precision */

static AeStatus
check (const float *rows, size_t n, size_t d, size_t n_axes, AeError *err)
{
  if (n == 0 || d == 0 || d > AE_PRINCIPAL_MOST_VALUES || n_axes == 0
      || n_axes > d)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "%zu axes of %zu rows of %zu values asked for, wanted 1 or more rows "
        "of 1 to %d values and at most as many axes as values",
        n_axes, n, d, AE_PRINCIPAL_MOST_VALUES);
  for (size_t i = 0; i < n * d; i++)
    if (!isfinite (rows[i]))
      return ae_fail (err, AE_ERROR_NUMERIC,
          "value %zu of row %zu is %g, wanted a finite one", i % d, i / d,
          (double) rows[i]);
  return AE_OK;
}

static void
find_mean (float *mean, const float *rows, size_t n, size_t d)
{
  for (size_t k = 0; k < d; k++) {
    double sum = 0;
    for (size_t i = 0; i < n; i++)
      sum += rows[i * d + k];
    mean[k] = (float) (sum / (double) n);
  }
}

/* Adds the products of all pairs of values, from their means, to `matrix`
 * (d x d). */
static AeStatus
add_products (double *matrix, const float *mean, const float *rows, size_t n,
    size_t d, AeError *err)
{
  AeGemm g = { .ta = true, .m = d, .n = d, .k = ROWS, .alpha = 1 };
  float *part = ae_alloc (ROWS * d * sizeof *part);
  float *sum = ae_alloc (d * d * sizeof *sum);
  float *scratch = ae_alloc (
      (ae_sgemm_a_floats (&g) + ae_sgemm_b_floats (&g)) * sizeof *scratch);
  bool ok = part && sum && scratch;
  for (size_t first = 0; ok && first < n; first += ROWS) {
    memset (part, 0, ROWS * d * sizeof *part);
    for (size_t i = first; i < n && i < first + ROWS; i++)
      for (size_t k = 0; k < d; k++)
        part[(i - first) * d + k] = rows[i * d + k] - mean[k];
    ae_sgemm (ae_kernels (), &g, part, part, sum, scratch);
    for (size_t i = 0; i < d * d; i++)
      matrix[i] += sum[i];
  }
  ae_free (part);
  ae_free (sum);
  ae_free (scratch);
  return ok ? AE_OK
            : ae_fail (err, AE_ERROR_MEMORY, "no memory for %zu values", d);
}

/* The largest eigenvectors of `matrix` (d x d, overwritten). */
static AeStatus
find_axes (float *axes, double *matrix, size_t d, size_t n_axes, AeError *err)
{
  double *values = ae_calloc (n_axes, sizeof *values);
  double *vectors = ae_calloc (n_axes * d, sizeof *vectors);
  AeStatus status = values && vectors
      ? ae_eigen_largest (values, vectors, matrix, d, n_axes, err)
      : ae_fail (err, AE_ERROR_MEMORY, "no memory for %zu axes", n_axes);
  for (size_t i = 0; status == AE_OK && i < n_axes * d; i++)
    axes[i] = (float) vectors[i];
  ae_free (values);
  ae_free (vectors);
  return status;
}

AeStatus
ae_principal_fit (float *mean, float *axes, const float *rows, size_t n,
    size_t d, size_t n_axes, AeError *err)
{
  AeStatus status = check (rows, n, d, n_axes, err);
  if (status != AE_OK)
    return status;
  double *matrix = ae_calloc (d * d, sizeof *matrix);
  find_mean (mean, rows, n, d);
  status = matrix
      ? add_products (matrix, mean, rows, n, d, err)
      : ae_fail (err, AE_ERROR_MEMORY, "no memory for %zu values", d);
  if (status == AE_OK)
    status = find_axes (axes, matrix, d, n_axes, err);
  ae_free (matrix);
  return status;
}
