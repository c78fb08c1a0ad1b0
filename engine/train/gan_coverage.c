/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/gan_coverage.h"

#include "score/neighbours.h"
#include "util/mem.h"

#define MOST_SIDE 16

/* Pixels of a side that become one. */
static int
factor (int side)
{
  return (side + MOST_SIDE - 1) / MOST_SIDE;
}

/* Sides of the small picture; the last pixels may be of a smaller part. */
static int
reduced (int side)
{
  int by = factor (side);
  return (side + by - 1) / by;
}

size_t
ae_coverage_values (const AeThumbnailSize *s)
{
  return (size_t) s->channels * (size_t) reduced (s->width)
      * (size_t) reduced (s->height);
}

static float
mean_of (const AeThumbnailSize *s, const float *plane, int x, int y)
{
  int fx = factor (s->width), fy = factor (s->height), n = 0;
  double sum = 0;
  for (int j = y * fy; j < (y + 1) * fy && j < s->height; j++)
    for (int i = x * fx; i < (x + 1) * fx && i < s->width; i++, n++)
      sum += plane[j * s->width + i];
  return (float) (sum / n);
}

void
ae_coverage_reduce (const AeThumbnailSize *s, const float *pictures,
    size_t n, float *to)
{
  size_t plane = (size_t) s->width * (size_t) s->height;
  for (size_t i = 0; i < n * (size_t) s->channels; i++)
    for (int y = 0; y < reduced (s->height); y++)
      for (int x = 0; x < reduced (s->width); x++)
        *to++ = mean_of (s, pictures + i * plane, x, y);
}

/* The distance of each of n rows to the k-th nearest of the points. */
static AeStatus
distances (const float *points, size_t n_points, const float *rows, size_t n,
    size_t d, size_t k, float *to, AeError *err)
{
  AeNeighbours *nearest;
  AeStatus status = ae_neighbours_new (&nearest, points, n_points, d, err);
  if (status != AE_OK)
    return status;
  float *scratch
      = ae_calloc (ae_neighbours_scratch (nearest), sizeof *scratch);
  if (scratch)
    ae_neighbours_distances (
        nearest, rows, n, k, AE_NEIGHBOURS_FURTHEST, to, scratch);
  else
    status = ae_fail (err, AE_ERROR_MEMORY, "no memory to find neighbours");
  ae_free (scratch);
  ae_neighbours_free (&nearest);
  return status;
}

AeStatus
ae_coverage (const float *real, size_t n_real, const float *made,
    size_t n_made, size_t d, float *coverage, AeError *err)
{
  size_t covered = 0;
  *coverage = 0;
  if (n_real < 2 || n_made < 1)
    return ae_fail (err, AE_ERROR_NEEDS_DATA,
        "%zu real pictures and %zu made ones, wanted 2 and 1 at least", n_real,
        n_made);
  float *within = ae_calloc (2 * n_real, sizeof *within);
  if (!within)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory to find neighbours");
  float *found = within + n_real;
  /* each is its own nearest */
  AeStatus status = distances (real, n_real, real, n_real, d,
      AE_COVERAGE_NEAREST + 1, within, err);
  if (status == AE_OK)
    status = distances (made, n_made, real, n_real, d, 1, found, err);
  for (size_t i = 0; status == AE_OK && i < n_real; i++)
    covered += found[i] <= within[i];
  *coverage = (float) covered / (float) n_real;
  ae_free (within);
  return status;
}
