/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "score/coreset.h"

#include "score/distance.h"
#include "util/mem.h"

#include <math.h>

typedef struct {
  const float *rows;
  size_t n, d;
  float *square;   /* n: squared distance to the nearest chosen row */
  size_t *nearest; /* n: which of the chosen */
  float *between;  /* from the newest of the chosen to each, squared */
} Cover;

static void
free_cover (Cover *c)
{
  ae_free (c->square);
  ae_free (c->nearest);
  ae_free (c->between);
}

static bool
allocate (Cover *c, size_t wanted)
{
  c->square = ae_calloc (c->n, sizeof *c->square);
  c->nearest = ae_calloc (c->n, sizeof *c->nearest);
  c->between = ae_calloc (wanted, sizeof *c->between);
  return c->square && c->nearest && c->between;
}

static bool
nearest_to_mean (const Cover *c, size_t *row)
{
  float *mean = ae_calloc (c->d, sizeof *mean);
  if (!mean)
    return false;
  for (size_t k = 0; k < c->d; k++) {
    double sum = 0;
    for (size_t i = 0; i < c->n; i++)
      sum += c->rows[i * c->d + k];
    mean[k] = (float) (sum / (double) c->n);
  }
  *row = 0;
  float least = HUGE_VALF;
  for (size_t i = 0; i < c->n; i++) {
    float square = ae_distance_square (c->rows + i * c->d, mean, c->d);
    if (square < least) {
      least = square;
      *row = i;
    }
  }
  ae_free (mean);
  return true;
}

/* Makes row `centre` number m of the chosen; returns the row that is furthest
 * from all. A row whose centre is at least twice as far from the new one as
 * from itself cannot be nearer to the new one. */
static size_t
add_centre (Cover *c, const size_t *chosen, size_t m)
{
  size_t d = c->d, centre = chosen[m], furthest = centre;
  const float *at = c->rows + centre * d;
  for (size_t k = 0; k < m; k++)
    c->between[k]
        = 0.999f * ae_distance_square (at, c->rows + chosen[k] * d, d);
  c->square[centre] = 0;
  c->nearest[centre] = m;
  float most = 0;
  for (size_t i = 0; i < c->n; i++) {
    if (m == 0 || c->between[c->nearest[i]] <= 4 * c->square[i]) {
      float square = ae_distance_square (at, c->rows + i * d, d);
      if (m == 0 || square < c->square[i]) {
        c->square[i] = square;
        c->nearest[i] = m;
      }
    }
    if (c->square[i] > most) {
      most = c->square[i];
      furthest = i;
    }
  }
  return furthest;
}

static AeStatus
check (const float *rows, size_t n, size_t d, size_t wanted, AeError *err)
{
  if (n == 0 || d == 0 || wanted == 0)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "%zu of %zu rows of %zu values asked for, wanted 1 or more of each",
        wanted, n, d);
  for (size_t i = 0; i < n * d; i++)
    if (!isfinite (rows[i]))
      return ae_fail (err, AE_ERROR_NUMERIC,
          "value %zu of row %zu is %g, wanted a finite one", i % d, i / d,
          (double) rows[i]);
  return AE_OK;
}

AeStatus
ae_coreset_choose (size_t *chosen, size_t *n_chosen, const float *rows,
    size_t n, size_t d, size_t wanted, AeError *err)
{
  AeStatus status = check (rows, n, d, wanted, err);
  if (status != AE_OK)
    return status;
  Cover cover = { .rows = rows, .n = n, .d = d };
  size_t next, m = 0;
  if (!allocate (&cover, wanted < n ? wanted : n)
      || !nearest_to_mean (&cover, &next)) {
    free_cover (&cover);
    return ae_fail (err, AE_ERROR_MEMORY,
        "no memory to choose %zu of %zu rows", wanted, n);
  }
  do {
    chosen[m] = next;
    next = add_centre (&cover, chosen, m++);
  } while (m < wanted && next != chosen[m - 1]);
  *n_chosen = m;
  free_cover (&cover);
  return AE_OK;
}
