/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "score/lbfgs.h"

#include "util/mem.h"

#include <math.h>
#include <string.h>

#define MEMORY 10
#define ENOUGH 1e-4 /* of the fall that the slope promises (Armijo, 1966) */
#define HALVINGS 30
#define LEAST_CURVATURE 1e-12

typedef struct {
  size_t n;
  double *gradient, *next, *next_gradient, *direction;
  double *step, *change; /* MEMORY x n: of x and of the gradient, in a ring */
  double scale[MEMORY];  /* 1 / step . change */
  int kept, newest;
} State;

static double
dot (const double *a, const double *b, size_t n)
{
  double sum = 0;
  for (size_t i = 0; i < n; i++)
    sum += a[i] * b[i];
  return sum;
}

static void
add (double *to, double factor, const double *x, size_t n)
{
  for (size_t i = 0; i < n; i++)
    to[i] += factor * x[i];
}

static int
slot (const State *s, int age)
{
  return (s->newest - age + MEMORY) % MEMORY;
}

/* The two loops of the paper: direction = - H gradient. */
static void
find_direction (State *s)
{
  double alpha[MEMORY];
  size_t n = s->n;
  for (size_t i = 0; i < n; i++)
    s->direction[i] = -s->gradient[i];
  for (int age = 0; age < s->kept; age++) {
    size_t at = (size_t) slot (s, age);
    alpha[age] = s->scale[at] * dot (s->step + at * n, s->direction, n);
    add (s->direction, -alpha[age], s->change + at * n, n);
  }
  if (s->kept > 0) {
    const double *y = s->change + (size_t) s->newest * n;
    double first = 1 / (s->scale[s->newest] * dot (y, y, n));
    for (size_t i = 0; i < n; i++)
      s->direction[i] *= first;
  }
  for (int age = s->kept; age-- > 0;) {
    size_t at = (size_t) slot (s, age);
    double beta = s->scale[at] * dot (s->change + at * n, s->direction, n);
    add (s->direction, alpha[age] - beta, s->step + at * n, n);
  }
}

/* Remembers the step from x to next, where it bends upward. */
static void
remember (State *s, const double *x)
{
  size_t n = s->n;
  int at = s->kept ? (s->newest + 1) % MEMORY : 0;
  double *step = s->step + (size_t) at * n;
  double *change = s->change + (size_t) at * n;
  for (size_t i = 0; i < n; i++) {
    step[i] = s->next[i] - x[i];
    change[i] = s->next_gradient[i] - s->gradient[i];
  }
  double curvature = dot (step, change, n);
  if (!(curvature > LEAST_CURVATURE * dot (change, change, n)))
    return;
  s->scale[at] = 1 / curvature;
  s->newest = at;
  s->kept += s->kept < MEMORY;
}

/* Along the direction to where the function has fallen enough; false: nowhere.
 * The place is in s->next. */
static bool
search (State *s, const double *x, double *value, AeLbfgsFunction function,
    void *arg)
{
  double slope = dot (s->gradient, s->direction, s->n);
  double length = s->kept ? 1
                          : 1 / (1 + sqrt (dot (s->gradient, s->gradient,
                                    s->n)));
  for (int i = 0; slope < 0 && i < HALVINGS; i++, length /= 2) {
    memcpy (s->next, x, s->n * sizeof *x);
    add (s->next, length, s->direction, s->n);
    double there = function (arg, s->next, s->next_gradient);
    if (there <= *value + ENOUGH * length * slope) {
      *value = there;
      return true;
    }
  }
  return false;
}

static double
largest (const double *x, size_t n)
{
  double most = 0;
  for (size_t i = 0; i < n; i++)
    most = fmax (most, fabs (x[i]));
  return most;
}

AeStatus
ae_lbfgs (double *x, size_t n, AeLbfgsFunction function, void *arg,
    int rounds, double flat, AeError *err)
{
  double *block = ae_calloc ((4 + 2 * MEMORY) * n, sizeof *block);
  if (!block)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for %zu numbers", n);
  State s = { .n = n, .gradient = block, .next = block + n,
    .next_gradient = block + 2 * n, .direction = block + 3 * n,
    .step = block + 4 * n, .change = block + (4 + MEMORY) * n };
  double value = function (arg, x, s.gradient);
  AeStatus status = isfinite (value)
      ? AE_OK
      : ae_fail (err, AE_ERROR_NUMERIC,
            "%g where the search begins, wanted a finite number", value);
  for (int i = 0;
       status == AE_OK && i < rounds && largest (s.gradient, n) >= flat; i++) {
    find_direction (&s);
    if (!search (&s, x, &value, function, arg))
      break;
    remember (&s, x);
    memcpy (x, s.next, n * sizeof *x);
    memcpy (s.gradient, s.next_gradient, n * sizeof *x);
  }
  ae_free (block);
  return status;
}
