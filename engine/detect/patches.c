/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "detect/patches.h"

#include "detect/plane.h"
#include "kernels/sgemm.h"
#include "util/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LEAST_TOP 4 /* places */
#define MOST_SCORE 1e6f

struct AePatches {
  const AePatchFacts *facts;
  int n_threads;
  AePrepare *prepare;
  float *rows;    /* patches of a row of places */
  float *packed;  /* axes, as products want them */
  float *offset;  /* code: the mean's */
  float *row;     /* codes of a row of places, without the contrast */
  float *codes, *distances;
  uint8_t *looked_at; /* places */
  float *scratch; /* of the bank */
};

static size_t
places_of (const AePatchFacts *f)
{
  return (size_t) f->columns * (size_t) f->rows;
}

/* Of a row of patches. */
static AeGemm
product (const AePatchFacts *f)
{
  return (AeGemm){ .tb = true, .m = (size_t) f->columns,
    .n = (size_t) f->code, .k = (size_t) (f->window * f->window),
    .alpha = 1 };
}

static void
pack_axes (AePatches *p)
{
  const AePatchFacts *f = p->facts;
  AeGemm g = product (f);
  ae_sgemm_pack_b (
      ae_kernels (), &g, f->axes, 0, ae_sgemm_b_blocks (&g), p->packed);
  for (size_t i = 0; i < g.n; i++) {
    double sum = 0;
    for (size_t k = 0; k < g.k; k++)
      sum += (double) f->axes[i * g.k + k] * f->mean[k];
    p->offset[i] = (float) sum;
  }
}

AeStatus
ae_patches_new (AePatches **out, const AePatchFacts *facts, int n_threads,
    AeError *err)
{
  AeGemm g = product (facts);
  AePatches *p = *out = ae_calloc (1, sizeof *p);
  if (!p)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for patches");
  p->facts = facts;
  p->n_threads = n_threads;
  p->prepare = ae_prepare_new (&facts->preparation);
  p->rows = ae_calloc (g.m * g.k, sizeof (float));
  p->packed = ae_calloc (ae_sgemm_b_floats (&g), sizeof (float));
  p->offset = ae_calloc (g.n, sizeof (float));
  p->row = ae_calloc (g.m * g.n, sizeof (float));
  p->codes = ae_calloc (
      places_of (facts), (size_t) facts->shape.d * sizeof (float));
  p->distances = ae_calloc (places_of (facts), sizeof (float));
  p->looked_at = ae_calloc (places_of (facts), 1);
  size_t scratch
      = facts->bank ? ae_local_bank_scratch (facts->bank, n_threads) : 0;
  p->scratch = ae_alloc (scratch * sizeof (float));
  if (p->prepare && p->rows && p->packed && p->offset && p->row && p->codes
      && p->distances && p->looked_at && p->scratch) {
    pack_axes (p);
    return AE_OK;
  }
  ae_patches_free (out);
  return ae_fail (err, AE_ERROR_MEMORY, "no memory for %zu patches",
      places_of (facts));
}

void
ae_patches_free (AePatches **patches)
{
  AePatches *p = *patches;
  *patches = NULL;
  if (!p)
    return;
  ae_prepare_free (&p->prepare);
  ae_free (p->rows);
  ae_free (p->packed);
  ae_free (p->offset);
  ae_free (p->row);
  ae_free (p->codes);
  ae_free (p->distances);
  ae_free (p->looked_at);
  ae_free (p->scratch);
  ae_free (p);
}

void
ae_patch_cut (const AePatchFacts *f, const float *plane, int column, int row,
    float *to)
{
  int w = f->preparation.plane_width, h = f->preparation.plane_height;
  int x = column * AE_PATCH_STEP + AE_PATCH_STEP / 2 - f->window / 2;
  int y = row * AE_PATCH_STEP + AE_PATCH_STEP / 2 - f->window / 2;
  bool inside = x >= 0 && x + f->window <= w;
  for (int j = 0; j < f->window; j++, to += f->window) {
    const float *from = plane + (ptrdiff_t) ae_plane_mirror (y + j, h) * w;
    if (inside)
      memcpy (to, from + x, (size_t) f->window * sizeof *to);
    else
      for (int i = 0; i < f->window; i++)
        to[i] = from[ae_plane_mirror (x + i, w)];
  }
}

/* The codes of a row of places from p->row and the contrast. */
static void
finish_row (AePatches *p, int row)
{
  const AePatchFacts *f = p->facts;
  size_t n = (size_t) f->code;
  float *to = p->codes
              + (size_t) row * (size_t) f->columns * (size_t) f->shape.d;
  const float *contrast
      = ae_prepare_contrast (p->prepare)
        + (row * AE_PATCH_STEP + AE_PATCH_STEP / 2)
              * f->preparation.plane_width
        + AE_PATCH_STEP / 2;
  for (int c = 0; c < f->columns; c++) {
    for (size_t k = 0; k < n; k++)
      *to++ = p->row[(size_t) c * n + k] - p->offset[k];
    *to++ = contrast[c * AE_PATCH_STEP];
  }
}

const float *
ae_patches_encode (AePatches *p, const uint8_t *picture)
{
  const AePatchFacts *f = p->facts;
  const float *plane = ae_prepare_run (p->prepare, picture);
  if (!plane)
    return NULL;
  AeGemm g = product (f);
  for (int r = 0; r < f->rows; r++) {
    for (int c = 0; c < f->columns; c++)
      ae_patch_cut (f, plane, c, r, p->rows + (size_t) c * g.k);
    ae_sgemm_part (ae_kernels (), &g, p->rows, p->packed, p->row, 0, g.m, 0,
        ae_sgemm_b_blocks (&g));
    finish_row (p, r);
  }
  return p->codes;
}

float *
ae_patches_measure (AePatches *p, const uint8_t *skip, uint16_t *owners)
{
  const AePatchFacts *f = p->facts;
  for (size_t i = 0; i < places_of (f); i++)
    p->looked_at[i] = f->usual[i].deviation > 0;
  AeLocalQuery query = { p->codes, p->looked_at, skip, p->n_threads };
  ae_local_bank_distances (f->bank, &query, p->distances, owners, p->scratch);
  return p->distances;
}

void
ae_patches_standardise (const AePatchFacts *f, float *distances)
{
  for (size_t i = 0; i < places_of (f); i++) {
    AeUsual u = f->usual[i];
    float score = u.deviation > 0 && isfinite (distances[i])
                      ? (distances[i] - u.mean) / u.deviation
                      : 0;
    distances[i] = fminf (fmaxf (score, -MOST_SCORE), MOST_SCORE);
  }
}

static int
downward (const void *a, const void *b)
{
  float x = *(const float *) a, y = *(const float *) b;
  return (x < y) - (x > y);
}

float
ae_patches_picture (const AePatchFacts *f, float *map)
{
  size_t n = 0;
  for (size_t i = 0; i < places_of (f); i++)
    if (f->usual[i].deviation > 0 && map[i] > -HUGE_VALF)
      map[n++] = map[i];
  size_t top = (size_t) (AE_PATCH_TOP_SHARE * (double) n);
  top = top > LEAST_TOP ? top : LEAST_TOP;
  top = top < n ? top : n;
  qsort (map, n, sizeof *map, downward);
  double sum = 0;
  for (size_t i = 0; i < top; i++)
    sum += map[i];
  return top ? (float) (sum / (double) top) : 0;
}

/* The cell of the picture that a place lies in; -1: none. */
static int
cell_of (const AePatches *p, size_t place, int columns, int rows)
{
  const AePatchFacts *f = p->facts;
  float x, y;
  int column = (int) (place % (size_t) f->columns);
  int row = (int) (place / (size_t) f->columns);
  const float middle = 0.5f * (AE_PATCH_STEP - 1);
  ae_prepare_place (p->prepare, (float) (column * AE_PATCH_STEP) + middle,
      (float) (row * AE_PATCH_STEP) + middle, &x, &y);
  int cx = (int) floorf (
      (x + 0.5f) * (float) columns / (float) f->preparation.width);
  int cy = (int) floorf (
      (y + 0.5f) * (float) rows / (float) f->preparation.height);
  bool inside = cx >= 0 && cy >= 0 && cx < columns && cy < rows;
  return inside ? cy * columns + cx : -1;
}

/* Takes the largest place of each cell; places that the mask leaves out do not
 * count any more. */
static void
fill_cells (AePatches *p, float *map, int columns, int rows,
    const uint8_t *mask, float *cells)
{
  const AePatchFacts *f = p->facts;
  int n = columns * rows;
  for (int i = 0; i < n; i++)
    cells[i] = -HUGE_VALF;
  for (size_t i = 0; i < places_of (f); i++) {
    if (!(f->usual[i].deviation > 0))
      continue;
    int cell = cell_of (p, i, columns, rows);
    if (cell >= 0)
      cells[cell] = fmaxf (cells[cell], map[i]);
    if (mask && (cell < 0 || !mask[cell]))
      map[i] = -HUGE_VALF;
  }
  for (int i = 0; i < n; i++)
    cells[i] = cells[i] == -HUGE_VALF ? 0 : cells[i];
}

float
ae_patches_score (AePatches *p, const uint8_t *picture, int columns, int rows,
    const uint8_t *mask, float *cells)
{
  memset (cells, 0, (size_t) columns * (size_t) rows * sizeof *cells);
  if (!ae_patches_encode (p, picture))
    return AE_PATCH_NOTHING;
  float *map = ae_patches_measure (p, NULL, NULL);
  ae_patches_standardise (p->facts, map);
  fill_cells (p, map, columns, rows, mask, cells);
  return ae_patches_picture (p->facts, map);
}
