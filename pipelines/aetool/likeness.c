/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "likeness.h"

#include <ae/codes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "aetool.h"
#include "canvas.h"

#define MOST 1000 /* pictures whose nearest one is looked for */

enum { SHOWN = 16, ZOOM = 2, GAP = 2 };

static float *
values_of (const PictureSet *set, guint n)
{
  float *values = g_new (float, n * picture_set_values (set));
  picture_set_get (set, 0, n, values);
  return values;
}

static AeStatus
find (AeCodeSearch *search, const PictureSet *set, guint n, guint32 *nearest,
    float *distances, AeError *err)
{
  g_autofree float *values = values_of (set, n);
  AeCodes codes = { values, n, picture_set_values (set) };
  AeStatus status = ae_code_search_find (
      search, &codes, FALSE, 1, nearest, distances, err);
  for (guint i = 0; i < n && status == AE_OK; i++)
    distances[i] /= sqrtf ((float) codes.d);
  return status;
}

static int
compare (const void *a, const void *b)
{
  const float *p = a, *q = b;
  return (*p > *q) - (*p < *q);
}

/* Of sorted distances. */
static double
share_below (const float *sorted, guint n, float limit)
{
  guint below = 0;
  while (below < n && sorted[below] < limit)
    below++;
  return (double) below / n;
}

static void
measure (Likeness *l, float *held_out)
{
  g_autofree float *made
      = g_memdup2 (l->distances, l->n * sizeof *l->distances);
  qsort (made, l->n, sizeof *made, compare);
  qsort (held_out, l->n, sizeof *held_out, compare);
  l->made = made[l->n / 2];
  l->held_out = held_out[l->n / 2];
  l->closer = share_below (made, l->n, held_out[l->n / 100]);
}

gboolean
likeness_find (Likeness *l, const PictureSet *train,
    const PictureSet *held_out, const PictureSet *made, int threads,
    GError **error)
{
  AeError err;
  AeCodeSearch *search;
  g_autofree float *values = values_of (train, train->n);
  AeCodes codes = { values, train->n, picture_set_values (train) };
  l->n = MIN (MOST, MIN (made->n, held_out->n));
  l->nearest = g_new (guint32, l->n);
  l->distances = g_new (float, l->n);
  g_autofree guint32 *other = g_new (guint32, l->n);
  g_autofree float *distances = g_new (float, l->n);
  AeStatus status = ae_code_search_new (&search, &codes, threads, &err);
  if (status == AE_OK)
    status = find (search, held_out, l->n, other, distances, &err);
  if (status == AE_OK)
    status = find (search, made, l->n, l->nearest, l->distances, &err);
  ae_code_search_free (&search);
  if (status != AE_OK) {
    aetool_set_error (error, &err);
    return FALSE;
  }
  measure (l, distances);
  return TRUE;
}

void
likeness_clear (Likeness *l)
{
  g_clear_pointer (&l->nearest, g_free);
  g_clear_pointer (&l->distances, g_free);
}

static void
put (Canvas *sheet, const PictureSet *set, guint index, int column, int row)
{
  g_autoptr (Picture) p = picture_set_picture (set, index);
  canvas_picture (sheet, GAP + column * (ZOOM * set->width + GAP),
      GAP + row * (ZOOM * set->height + GAP), p, ZOOM);
}

/* The nearest of those that are left, of a class if there is one; l->n: none is
 * left. */
static guint
take_nearest (
    const Likeness *l, const int *said, int wanted, gboolean *taken)
{
  guint best = l->n;
  for (int any = 0; any < 2 && best == l->n; any++)
    for (guint i = 0; i < l->n; i++)
      if (!taken[i] && (any || said[i] == wanted)
          && (best == l->n || l->distances[i] < l->distances[best]))
        best = i;
  if (best < l->n)
    taken[best] = TRUE;
  return best;
}

Picture *
likeness_draw (const Likeness *l, const PictureSet *train,
    const PictureSet *made, const int *said, int classes)
{
  g_autofree gboolean *taken = g_new0 (gboolean, l->n);
  Canvas *sheet = canvas_new (GAP + SHOWN * (ZOOM * made->width + GAP),
      GAP + 2 * (ZOOM * made->height + GAP));
  for (int column = 0; column < SHOWN; column++) {
    guint i = take_nearest (l, said, column % classes, taken);
    if (i == l->n)
      break;
    put (sheet, made, i, column, 0);
    put (sheet, train, l->nearest[i], column, 1);
  }
  return sheet;
}
