/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "score/neighbours.h"

#include "kernels/sgemm.h"
#include "score/distance.h"
#include "util/mem.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* Squared distances to points c are |x|^2 + |c|^2 - 2 x c: which are least is
 * told by the product of (-2 c, |c|^2) and (x, 1), for a block of rows whose
 * products stay in the cache. All is relative to the points' mean, so that
 * little cancels; the distances to those that were chosen are then computed as
 * such. Products are [point][row], so that rows lie in the lanes of a vector:
 * for all rows at once the least of each group of points is found, and the k-th
 * of those. None of the k least of all is above it, and little else is not. */
#define ROWS 32
#define GROUP 16 /* points */

struct AeNeighbours {
  size_t n, d, n_groups;
  float *mean;   /* d */
  float *points; /* n x d, from the mean */
  float *factor; /* n x (d + 1) */
};

/* Of the points and a block of rows. */
static AeGemm
product (const AeNeighbours *nb)
{
  return (AeGemm) { .tb = true, .m = nb->n, .n = ROWS, .k = nb->d + 1,
    .alpha = 1 };
}

static void
centre_points (AeNeighbours *nb, const float *points)
{
  for (size_t k = 0; k < nb->d; k++) {
    double sum = 0;
    for (size_t i = 0; i < nb->n; i++)
      sum += points[i * nb->d + k];
    nb->mean[k] = (float) (sum / (double) nb->n);
    for (size_t i = 0; i < nb->n; i++)
      nb->points[i * nb->d + k] = points[i * nb->d + k] - nb->mean[k];
  }
}

static void
make_factor (AeNeighbours *nb)
{
  float *factor = nb->factor;
  for (size_t i = 0; i < nb->n; i++, factor += nb->d + 1) {
    double square = 0;
    for (size_t k = 0; k < nb->d; k++) {
      float value = nb->points[i * nb->d + k];
      factor[k] = -2 * value;
      square += (double) value * value;
    }
    factor[nb->d] = (float) square;
  }
}

static AeStatus
check (const float *points, size_t n, size_t d, AeError *err)
{
  size_t bytes;
  if (n == 0 || d == 0)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "%zu points of %zu values to be near to, wanted 1 or more of each",
        n, d);
  if (!ae_mul_size (n, d + 1, &bytes)
      || !ae_mul_size (bytes, sizeof (float), &bytes))
    return ae_fail (err, AE_ERROR_MEMORY,
        "%zu points of %zu values are too many", n, d);
  for (size_t i = 0; i < n * d; i++)
    if (!isfinite (points[i]))
      return ae_fail (err, AE_ERROR_NUMERIC,
          "value %zu of point %zu is %g, wanted a finite one", i % d, i / d,
          (double) points[i]);
  return AE_OK;
}

AeStatus
ae_neighbours_new (AeNeighbours **out, const float *points, size_t n,
    size_t d, AeError *err)
{
  *out = NULL;
  AeStatus status = check (points, n, d, err);
  if (status != AE_OK)
    return status;
  AeNeighbours *nb = ae_calloc (1, sizeof *nb);
  if (!nb)
    goto fail;
  nb->n = n;
  nb->d = d;
  nb->n_groups = (n + GROUP - 1) / GROUP;
  nb->mean = ae_calloc (d, sizeof *nb->mean);
  nb->points = ae_calloc (n * d, sizeof *nb->points);
  nb->factor = ae_calloc (n * (d + 1), sizeof *nb->factor);
  if (!nb->mean || !nb->points || !nb->factor)
    goto fail;
  centre_points (nb, points);
  make_factor (nb);
  *out = nb;
  return AE_OK;
fail:
  ae_neighbours_free (&nb);
  return ae_fail (err, AE_ERROR_MEMORY,
      "no memory for %zu points of %zu values", n, d);
}

void
ae_neighbours_free (AeNeighbours **neighbours)
{
  AeNeighbours *nb = *neighbours;
  if (!nb)
    return;
  ae_free (nb->mean);
  ae_free (nb->points);
  ae_free (nb->factor);
  ae_free (nb);
  *neighbours = NULL;
}

/* Parts of the scratch. */
typedef struct {
  float *rows;     /* ROWS x (d + 1): from the mean, and 1 */
  float *packed;   /* the same as the product wants it */
  float *products; /* n x ROWS */
  float *least;    /* n_groups x ROWS */
} Block;

static size_t
block_of (const AeNeighbours *nb, float *scratch, Block *block)
{
  AeGemm g = product (nb);
  size_t rows = ROWS * (nb->d + 1), packed = ae_sgemm_b_floats (&g);
  size_t products = ROWS * nb->n, least = ROWS * nb->n_groups;
  if (scratch)
    *block = (Block) { scratch, scratch + rows, scratch + rows + packed,
      scratch + rows + packed + products };
  return rows + packed + products + least;
}

size_t
ae_neighbours_scratch (const AeNeighbours *neighbours)
{
  return block_of (neighbours, NULL, NULL);
}

static void
find_group_least (const AeNeighbours *nb, const Block *b)
{
  for (size_t group = 0; group < nb->n_groups; group++) {
    size_t point = group * GROUP, end = point + GROUP;
    float *restrict least = b->least + group * ROWS;
    memcpy (least, b->products + point * ROWS, ROWS * sizeof *least);
    for (end = end < nb->n ? end : nb->n; point < end; point++) {
      const float *restrict values = b->products + point * ROWS;
      for (int r = 0; r < ROWS; r++)
        least[r] = values[r] < least[r] ? values[r] : least[r];
    }
  }
}

/* The lesser of each row's two values goes to `first`, the other to `second`:
 * in loops of one selection each, which compilers make vectors of. */
static void
put_in_order (float *restrict first, float *restrict second)
{
  float lesser[ROWS];
  for (int r = 0; r < ROWS; r++)
    lesser[r] = second[r] < first[r] ? second[r] : first[r];
  for (int r = 0; r < ROWS; r++)
    second[r] = first[r] > second[r] ? first[r] : second[r];
  memcpy (first, lesser, sizeof lesser);
}

/* The k-th least group's of each row: every value is passed along the k least
 * so far, of which it takes the place of the first that it is below. Finite:
 * what is not is never chosen. */
static void
find_bounds (
    const AeNeighbours *nb, const Block *b, size_t k, float bound[ROWS])
{
  float sorted[AE_NEIGHBOURS_MOST][ROWS], value[ROWS];
  for (size_t i = 0; i < k; i++)
    for (int r = 0; r < ROWS; r++)
      sorted[i][r] = FLT_MAX;
  for (size_t group = 0; group < nb->n_groups; group++) {
    memcpy (value, b->least + group * ROWS, sizeof value);
    for (size_t i = 0; i < k; i++)
      put_in_order (sorted[i], value);
  }
  memcpy (bound, sorted[k - 1], sizeof sorted[0]);
}

typedef struct {
  float value;
  size_t point;
} Candidate;

/* Sorts, and keeps up to k. */
static size_t
keep_least (Candidate *c, size_t n, size_t k)
{
  for (size_t i = 1; i < n; i++) {
    Candidate new = c[i];
    size_t at = i;
    for (; at > 0 && c[at - 1].value > new.value; at--)
      c[at] = c[at - 1];
    c[at] = new;
  }
  return n < k ? n : k;
}

#define CANDIDATES (AE_NEIGHBOURS_MOST + 8 * GROUP)

/* The k least of a row; fewer when others are not finite. */
static size_t
find_least (const AeNeighbours *nb, const Block *b, size_t row, float bound,
    size_t k, Candidate least[CANDIDATES])
{
  size_t n = 0;
  for (size_t group = 0; group < nb->n_groups; group++) {
    if (!(b->least[group * ROWS + row] <= bound))
      continue;
    size_t point = group * GROUP, end = point + GROUP;
    for (end = end < nb->n ? end : nb->n; point < end; point++) {
      float value = b->products[point * ROWS + row];
      least[n] = (Candidate) { value, point };
      n += value <= bound;
    }
    if (n + GROUP > CANDIDATES)
      n = keep_least (least, n, k);
  }
  return keep_least (least, n, k);
}

static float
join (const AeNeighbours *nb, const float *row, const Candidate *least,
    size_t k, AeNeighboursKind kind)
{
  float sum = 0, most = 0;
  for (size_t i = 0; i < k; i++) {
    const float *point = nb->points + least[i].point * nb->d;
    float distance = sqrtf (ae_distance_square (row, point, nb->d));
    sum += distance;
    most = distance > most ? distance : most;
  }
  return kind == AE_NEIGHBOURS_MEAN ? sum / (float) k : most;
}

/* Up to ROWS rows into the block; its others are zeros. */
static void
fill_rows (const AeNeighbours *nb, const Block *b, const float *rows, size_t n)
{
  size_t d = nb->d;
  memset (b->rows, 0, ROWS * (d + 1) * sizeof *b->rows);
  for (size_t r = 0; r < n; r++) {
    float *row = b->rows + r * (d + 1);
    for (size_t i = 0; i < d; i++)
      row[i] = rows[r * d + i] - nb->mean[i];
    row[d] = 1;
  }
}

/* The block's products with all points, and what none of a row's k least is
 * above. */
static void
multiply (
    const AeNeighbours *nb, const Block *b, size_t k, float bound[ROWS])
{
  AeGemm g = product (nb);
  size_t blocks = ae_sgemm_b_blocks (&g);
  ae_sgemm_pack_b (ae_kernels (), &g, b->rows, 0, blocks, b->packed);
  ae_sgemm_part (ae_kernels (), &g, nb->factor, b->packed, b->products, 0,
      nb->n, 0, blocks);
  find_group_least (nb, b);
  find_bounds (nb, b, k, bound);
}

void
ae_neighbours_distances (const AeNeighbours *nb, const float *rows, size_t n,
    size_t k, AeNeighboursKind kind, float *distances, float *scratch)
{
  Block b;
  float bound[ROWS];
  Candidate least[CANDIDATES];
  block_of (nb, scratch, &b);
  k = k < nb->n ? k : nb->n;
  for (size_t first = 0; first < n; first += ROWS) {
    size_t end = n - first < ROWS ? n : first + ROWS;
    fill_rows (nb, &b, rows + first * nb->d, end - first);
    multiply (nb, &b, k, bound);
    for (size_t r = first; r < end; r++) {
      size_t found
          = find_least (nb, &b, r - first, bound[r - first], k, least);
      distances[r] = found < k
          ? HUGE_VALF
          : join (nb, b.rows + (r - first) * (nb->d + 1), least, k, kind);
    }
  }
}

/* The k of `least` by their distances, which the products only come near to. */
static void
write_found (const AeNeighbours *nb, const float *row, Candidate *least,
    size_t k, uint32_t *found, float *distances)
{
  for (size_t i = 0; i < k; i++)
    least[i].value = sqrtf (ae_distance_square (
        row, nb->points + least[i].point * nb->d, nb->d));
  keep_least (least, k, k);
  for (size_t i = 0; i < k; i++) {
    found[i] = (uint32_t) least[i].point;
    distances[i] = least[i].value;
  }
}

/* Squared distances to all points, for a few rows: less work than a block. */
static size_t
find_alone (const AeNeighbours *nb, const float *row, size_t k,
    Candidate least[CANDIDATES])
{
  float bound = FLT_MAX;
  size_t n = 0;
  for (size_t i = 0; i < nb->n; i++) {
    float square = ae_distance_square (row, nb->points + i * nb->d, nb->d);
    if (!(square < bound))
      continue;
    least[n++] = (Candidate) { square, i };
    if (n < CANDIDATES)
      continue;
    n = keep_least (least, n, k);
    bound = least[n - 1].value;
  }
  return keep_least (least, n, k);
}

#define ALONE 2 /* rows */

void
ae_neighbours_find (const AeNeighbours *nb, const float *rows, size_t n,
    size_t k, uint32_t *found, float *distances, float *scratch)
{
  Block b;
  float bound[ROWS];
  Candidate least[CANDIDATES];
  block_of (nb, scratch, &b);
  for (size_t first = 0; first < n; first += ROWS) {
    size_t end = n - first < ROWS ? n : first + ROWS;
    fill_rows (nb, &b, rows + first * nb->d, end - first);
    if (n > ALONE)
      multiply (nb, &b, k, bound);
    for (size_t r = first; r < end; r++) {
      const float *row = b.rows + (r - first) * (nb->d + 1);
      size_t there = n > ALONE
          ? find_least (nb, &b, r - first, bound[r - first], k, least)
          : find_alone (nb, row, k, least);
      if (there == k)
        write_found (nb, row, least, k, found + r * k, distances + r * k);
      for (size_t i = 0; there < k && i < k; i++) {
        found[r * k + i] = AE_NEIGHBOURS_NONE;
        distances[r * k + i] = HUGE_VALF;
      }
    }
  }
}
