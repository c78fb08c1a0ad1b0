/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <math.h>

#include "score/code_parts.h"
#include "score/eigen.h"
#include "score/principal.h"
#include "util/mem.h"

#define DEPENDENT 1e-5 /* left of a row by those before it, of its length */

AeStatus
ae_codes_principal_axes (float *mean, float *axes, const AeCodes *codes,
    size_t n_axes, AeError *err)
{
  AeStatus status = ae_codes_check (codes, "codes", err);
  return status == AE_OK ? ae_principal_fit (
             mean, axes, codes->values, codes->n, codes->d, n_axes, err)
                         : status;
}

/* Orthogonal unit vectors (n x d) that span what rows do. */
typedef struct {
  double *rows;
  size_t n, d;
} Space;

static double
dot (const double *a, const double *b, size_t d)
{
  double sum = 0;
  for (size_t k = 0; k < d; k++)
    sum += a[k] * b[k];
  return sum;
}

/* Leaves of `row` what is at right angles to the space; returns its length. */
static double
take_off (double *row, const Space *space)
{
  size_t d = space->d;
  for (size_t i = 0; i < space->n; i++) {
    const double *axis = space->rows + i * d;
    double along = dot (row, axis, d);
    for (size_t k = 0; k < d; k++)
      row[k] -= along * axis[k];
  }
  return sqrt (dot (row, row, d));
}

/* By Gram and Schmidt, twice, for the sake of precision. */
static AeStatus
find_space (Space *space, const AeCodes *codes, AeError *err)
{
  size_t d = codes->d;
  *space = (Space){ ae_calloc (codes->n, d * sizeof *space->rows), 0, d };
  if (!space->rows)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for %zu axes", codes->n);
  for (size_t i = 0; i < codes->n && space->n < d; i++) {
    double *row = space->rows + space->n * d;
    for (size_t k = 0; k < d; k++)
      row[k] = codes->values[i * d + k];
    double length = sqrt (dot (row, row, d));
    if (!(take_off (row, space) > DEPENDENT * length))
      continue;
    double left = take_off (row, space);
    for (size_t k = 0; k < d; k++)
      row[k] /= left;
    space->n++;
  }
  return AE_OK;
}

/* The largest sine of the angles between directions of `from`, which is
 * overwritten, and `to`: of small angles it says more than the cosine does
 * (Bjorck and Golub, "Numerical methods for computing angles between linear
 * subspaces", 1973). */
static AeStatus
find_sine (double *sine, Space *from, const Space *to, AeError *err)
{
  size_t n = from->n, d = from->d;
  double square = 0, *products = ae_calloc (n, n * sizeof *products);
  double *vector = ae_calloc (n, sizeof *vector);
  AeStatus status = AE_OK;
  if (!products || !vector)
    status = ae_fail (err, AE_ERROR_MEMORY, "no memory for %zu axes", n);
  for (size_t i = 0; status == AE_OK && i < n; i++) {
    take_off (from->rows + i * d, to);
    for (size_t k = 0; k <= i; k++)
      products[i * n + k] = products[k * n + i]
          = dot (from->rows + i * d, from->rows + k * d, d);
  }
  if (status == AE_OK)
    status = ae_eigen_largest (&square, vector, products, n, 1, err);
  *sine = sqrt (fmin (fmax (square, 0), 1));
  ae_free (products);
  ae_free (vector);
  return status;
}

static AeStatus
check (const AeCodes *a, const AeCodes *b, AeError *err)
{
  AeStatus status = ae_codes_check (a, "rows", err);
  if (status == AE_OK)
    status = ae_codes_check (b, "rows", err);
  if (status != AE_OK)
    return status;
  if (a->d != b->d)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "rows of %zu numbers and of %zu, wanted as many", a->d, b->d);
  if (a->n > AE_CODE_AXES_MOST_NUMBERS || b->n > AE_CODE_AXES_MOST_NUMBERS)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "%zu and %zu rows, wanted at most %d", a->n, b->n,
        AE_CODE_AXES_MOST_NUMBERS);
  return AE_OK;
}

AeStatus
ae_codes_largest_angle (
    double *degrees, const AeCodes *a, const AeCodes *b, AeError *err)
{
  Space spaces[2] = { { 0 } };
  double sine = 0;
  *degrees = 0;
  AeStatus status = check (a, b, err);
  if (status == AE_OK)
    status = find_space (&spaces[0], a, err);
  if (status == AE_OK)
    status = find_space (&spaces[1], b, err);
  int larger = spaces[1].n > spaces[0].n;
  if (status == AE_OK && spaces[larger].n > 0)
    status = find_sine (&sine, &spaces[larger], &spaces[!larger], err);
  if (status == AE_OK)
    *degrees = asin (sine) * (180 / 3.14159265358979323846);
  ae_free (spaces[0].rows);
  ae_free (spaces[1].rows);
  return status;
}
