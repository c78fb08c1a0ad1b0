/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "rate_distortion.h"

#include <math.h>

#define MAX_POINTS 64
#define STEPS 400 /* of the integral */

/* Log rate over quality, rising in both. */
typedef struct {
  int n;
  double x[MAX_POINTS], y[MAX_POINTS], slope[MAX_POINTS];
} Curve;

static gint
by_rate (gconstpointer a, gconstpointer b)
{
  const RdPoint *p = a, *q = b;
  return p->rate < q->rate ? -1 : p->rate > q->rate;
}

/* A point with more rate and no more quality than another is left out. */
static void
set_points (Curve *c, const GArray *points)
{
  g_autoptr (GArray) sorted = g_array_new (FALSE, FALSE, sizeof (RdPoint));
  g_array_append_vals (sorted, points->data, points->len);
  g_array_sort (sorted, by_rate);
  c->n = 0;
  for (guint i = 0; i < sorted->len && c->n < MAX_POINTS; i++) {
    const RdPoint *p = &g_array_index (sorted, RdPoint, i);
    if (p->rate <= 0 || (c->n > 0 && p->quality <= c->x[c->n - 1]))
      continue;
    c->x[c->n] = p->quality;
    c->y[c->n++] = log (p->rate);
  }
}

static double
chord (const Curve *c, int i)
{
  return (c->y[i + 1] - c->y[i]) / (c->x[i + 1] - c->x[i]);
}

/* The weighted harmonic mean of both chords: between them is no overshoot. */
static void
set_slopes (Curve *c)
{
  for (int i = 0; i < c->n; i++) {
    if (i == 0 || i == c->n - 1) {
      c->slope[i] = chord (c, i == 0 ? 0 : i - 1);
      continue;
    }
    double before = c->x[i] - c->x[i - 1], after = c->x[i + 1] - c->x[i];
    double w0 = 2 * after + before, w1 = after + 2 * before;
    double a = chord (c, i - 1), b = chord (c, i);
    c->slope[i] = a * b <= 0 ? 0 : (w0 + w1) / (w0 / a + w1 / b);
  }
}

static double
value_at (const Curve *c, double x)
{
  int i = 0;
  while (i < c->n - 2 && x > c->x[i + 1])
    i++;
  double h = c->x[i + 1] - c->x[i], t = (x - c->x[i]) / h;
  double t2 = t * t, t3 = t2 * t;
  return (2 * t3 - 3 * t2 + 1) * c->y[i] + (3 * t2 - 2 * t3) * c->y[i + 1]
      + h * (t3 - 2 * t2 + t) * c->slope[i] + h * (t3 - t2) * c->slope[i + 1];
}

double
rd_difference (const GArray *anchor, const GArray *test)
{
  Curve a, b;
  set_points (&a, anchor);
  set_points (&b, test);
  if (a.n < 2 || b.n < 2)
    return NAN;
  double low = MAX (a.x[0], b.x[0]);
  double high = MIN (a.x[a.n - 1], b.x[b.n - 1]), sum = 0;
  if (low >= high)
    return NAN;
  set_slopes (&a);
  set_slopes (&b);
  for (int i = 0; i < STEPS; i++) {
    double x = low + (high - low) * (i + 0.5) / STEPS;
    sum += value_at (&b, x) - value_at (&a, x);
  }
  return 100 * (exp (sum / STEPS) - 1);
}
