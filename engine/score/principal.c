/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "score/principal.h"

#include "kernels/sgemm.h"
#include "util/mem.h"

#include <math.h>
#include <string.h>

#define ROWS 256 /* of which the products are summed in single precision */
#define SWEEPS 30 /* at most; ten are enough for any real matrix */
#define SMALL 1e-9 /* off the diagonal, of what is on it */

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

/* Turns rows p and q of `m`. */
static void
turn_rows (double *m, size_t d, size_t p, size_t q, double c, double s)
{
  double *restrict a = m + p * d, *restrict b = m + q * d;
  for (size_t k = 0; k < d; k++) {
    double x = a[k], y = b[k];
    a[k] = c * x - s * y;
    b[k] = s * x + c * y;
  }
}

static void
turn_columns (double *m, size_t d, size_t p, size_t q, double c, double s)
{
  for (size_t k = 0; k < d; k++) {
    double x = m[k * d + p], y = m[k * d + q];
    m[k * d + p] = c * x - s * y;
    m[k * d + q] = s * x + c * y;
  }
}

/* Sets m[p][q] to 0. */
static void
turn_pair (double *m, double *vectors, size_t d, size_t p, size_t q)
{
  double theta = (m[q * d + q] - m[p * d + p]) / (2 * m[p * d + q]);
  double t = 1 / (fabs (theta) + sqrt (theta * theta + 1));
  t = theta < 0 ? -t : t;
  double c = 1 / sqrt (t * t + 1), s = t * c;
  turn_rows (m, d, p, q, c, s);
  turn_columns (m, d, p, q, c, s);
  turn_rows (vectors, d, p, q, c, s);
}

/* Eigenvectors of the symmetric m, as rows; eigenvalues are left on its
 * diagonal. Cyclic rotations (Jacobi, 1846). */
static void
find_vectors (double *m, double *vectors, size_t d)
{
  double trace = 0;
  memset (vectors, 0, d * d * sizeof *vectors);
  for (size_t i = 0; i < d; i++) {
    vectors[i * d + i] = 1;
    trace += m[i * d + i];
  }
  double small = SMALL * trace / (double) d;
  for (int sweep = 0, turned = 1; turned && sweep < SWEEPS; sweep++) {
    turned = 0;
    for (size_t p = 0; p < d; p++)
      for (size_t q = p + 1; q < d; q++)
        if (fabs (m[p * d + q]) > small) {
          turn_pair (m, vectors, d, p, q);
          turned = 1;
        }
  }
}

/* Moves the n_axes of the largest eigenvalues to `axes`. */
static void
take_largest (
    float *axes, double *m, const double *vectors, size_t d, size_t n_axes)
{
  for (size_t a = 0; a < n_axes; a++) {
    size_t best = 0;
    for (size_t i = 1; i < d; i++)
      if (m[i * d + i] > m[best * d + best])
        best = i;
    for (size_t k = 0; k < d; k++)
      axes[a * d + k] = (float) vectors[best * d + k];
    m[best * d + best] = -HUGE_VAL;
  }
}

AeStatus
ae_principal_fit (float *mean, float *axes, const float *rows, size_t n,
    size_t d, size_t n_axes, AeError *err)
{
  AeStatus status = check (rows, n, d, n_axes, err);
  if (status != AE_OK)
    return status;
  double *matrix = ae_calloc (d * d, sizeof *matrix);
  double *vectors = ae_calloc (d * d, sizeof *vectors);
  find_mean (mean, rows, n, d);
  status = matrix && vectors
               ? add_products (matrix, mean, rows, n, d, err)
               : ae_fail (err, AE_ERROR_MEMORY, "no memory for %zu values", d);
  if (status == AE_OK) {
    find_vectors (matrix, vectors, d);
    take_largest (axes, matrix, vectors, d, n_axes);
  }
  ae_free (matrix);
  ae_free (vectors);
  return status;
}
