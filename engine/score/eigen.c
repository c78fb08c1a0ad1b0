/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "score/eigen.h"

#include "util/mem.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#define ROUNDS 60 /* for a value, at most; two are usual */

typedef struct {
  size_t d;
  double *m;      /* in: the matrix; then row k holds reflection k, from k + 1 */
  double *factor; /* of the reflections: I - factor v v' */
  double *diagonal, *beside; /* of the tridiagonal matrix: d each */
  double *work;              /* d */
  double *rotated;           /* d x d; its vectors, as rows */
} Eigen;

static double
dot (const double *a, const double *b, size_t n)
{
  double sum = 0;
  for (size_t i = 0; i < n; i++)
    sum += a[i] * b[i];
  return sum;
}

static void
add (double *to, double factor, const double *from, size_t n)
{
  for (size_t i = 0; i < n; i++)
    to[i] += factor * from[i];
}

/* Makes v the reflection that turns it to its first axis; returns how long it
 * is there. */
static double
make_reflection (double *v, size_t n, double *factor)
{
  double length = copysign (sqrt (dot (v, v, n)), -v[0]);
  v[0] -= length;
  double square = dot (v, v, n);
  *factor = square > 0 ? 2 / square : 0;
  return length;
}

/* Row and column k become tridiagonal; what is below and to the right of them
 * becomes H A H = A - v w' - w v'. */
static void
reflect (Eigen *e, size_t k)
{
  size_t d = e->d, n = d - k - 1;
  double *v = e->m + k * d + k + 1, *w = e->work;
  e->diagonal[k] = e->m[k * d + k];
  e->beside[k] = make_reflection (v, n, &e->factor[k]);
  for (size_t i = 0; i < n; i++)
    w[i] = e->factor[k] * dot (e->m + (k + 1 + i) * d + k + 1, v, n);
  add (w, -e->factor[k] / 2 * dot (w, v, n), v, n);
  for (size_t i = 0; i < n; i++) {
    double *row = e->m + (k + 1 + i) * d + k + 1;
    add (row, -v[i], w, n);
    add (row, -w[i], v, n);
  }
}

static void
make_tridiagonal (Eigen *e)
{
  size_t d = e->d;
  for (size_t k = 0; k + 2 < d; k++)
    reflect (e, k);
  if (d > 1) {
    e->diagonal[d - 2] = e->m[(d - 2) * d + d - 2];
    e->beside[d - 2] = e->m[(d - 2) * d + d - 1];
  }
  e->diagonal[d - 1] = e->m[d * d - 1];
  e->beside[d - 1] = 0;
}

/* Vectors i and i + 1. */
static void
rotate (Eigen *e, size_t i, double c, double s)
{
  double *restrict a = e->rotated + i * e->d, *restrict b = a + e->d;
  for (size_t k = 0; k < e->d; k++) {
    double x = a[k], y = b[k];
    a[k] = c * x - s * y;
    b[k] = s * x + c * y;
  }
}

/* One round on rows first .. last, which nothing links to the others. */
static void
rotate_block (Eigen *e, size_t first, size_t last)
{
  double *diagonal = e->diagonal, *beside = e->beside;
  double g = (diagonal[first + 1] - diagonal[first]) / (2 * beside[first]);
  g = diagonal[last] - diagonal[first]
      + beside[first] / (g + copysign (hypot (g, 1), g));
  double s = 1, c = 1, shift = 0;
  for (size_t i = last; i-- > first;) {
    double f = s * beside[i], b = c * beside[i], r = hypot (f, g);
    beside[i + 1] = r;
    if (r == 0) { /* it falls in two here */
      diagonal[i + 1] -= shift;
      beside[last] = 0;
      return;
    }
    s = f / r;
    c = g / r;
    g = diagonal[i + 1] - shift;
    r = (diagonal[i] - g) * s + 2 * c * b;
    shift = s * r;
    diagonal[i + 1] = g + shift;
    g = c * r - b;
    rotate (e, i, c, s);
  }
  diagonal[first] -= shift;
  beside[first] = g;
  beside[last] = 0;
}

/* The last row that is linked to `first`. */
static size_t
end_of_block (const Eigen *e, size_t first, double small)
{
  size_t last = first;
  while (last + 1 < e->d && !(fabs (e->beside[last]) <= small))
    last++;
  return last;
}

static bool
make_diagonal (Eigen *e)
{
  size_t d = e->d;
  double norm = 0;
  memset (e->rotated, 0, d * d * sizeof *e->rotated);
  for (size_t i = 0; i < d; i++) {
    e->rotated[i * d + i] = 1;
    norm = fmax (norm, fabs (e->diagonal[i]) + fabs (e->beside[i]));
  }
  for (size_t first = 0; first < d; first++) {
    size_t last;
    for (int round = 0;
        (last = end_of_block (e, first, DBL_EPSILON * norm)) > first; round++) {
      if (round == ROUNDS)
        return false;
      rotate_block (e, first, last);
    }
  }
  return true;
}

static void
take_largest (Eigen *e, double *values, double *vectors, size_t n)
{
  size_t d = e->d;
  for (size_t a = 0; a < n; a++) {
    size_t best = 0;
    for (size_t i = 1; i < d; i++)
      if (e->diagonal[i] > e->diagonal[best])
        best = i;
    double *vector = vectors + a * d;
    memcpy (vector, e->rotated + best * d, d * sizeof *vector);
    for (size_t k = d > 2 ? d - 2 : 0; k-- > 0;) {
      const double *v = e->m + k * d + k + 1;
      size_t count = d - k - 1;
      add (vector + k + 1, -e->factor[k] * dot (v, vector + k + 1, count), v,
          count);
    }
    values[a] = e->diagonal[best];
    e->diagonal[best] = -HUGE_VAL;
  }
}

static bool
is_finite (const double *matrix, size_t n)
{
  for (size_t i = 0; i < n; i++)
    if (!isfinite (matrix[i]))
      return false;
  return true;
}

AeStatus
ae_eigen_largest (double *values, double *vectors, double *matrix, size_t d,
    size_t n, AeError *err)
{
  double *rows = ae_calloc (4 * d, sizeof *rows);
  Eigen e = { .d = d, .m = matrix, .factor = rows,
    .rotated = ae_calloc (d * d, sizeof *e.rotated) };
  AeStatus status = AE_OK;
  if (!rows || !e.rotated)
    status = ae_fail (err, AE_ERROR_MEMORY, "no memory for %zu values", d);
  else if (!is_finite (matrix, d * d))
    status = ae_fail (err, AE_ERROR_NUMERIC,
        "numbers of a matrix of %zux%zu are not finite", d, d);
  if (status == AE_OK) {
    e.diagonal = rows + d;
    e.beside = rows + 2 * d;
    e.work = rows + 3 * d;
    make_tridiagonal (&e);
    if (make_diagonal (&e))
      take_largest (&e, values, vectors, n);
    else
      status = ae_fail (err, AE_ERROR_NUMERIC,
          "no eigenvectors of a matrix of %zux%zu in %d rounds", d, d, ROUNDS);
  }
  ae_free (rows);
  ae_free (e.rotated);
  return status;
}
