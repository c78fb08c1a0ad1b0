/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "detect/cells.h"

#include "util/mem.h"

#include <math.h>
#include <string.h>

#define REACH 2 /* cells of the window to each side */

static const float window[2 * REACH + 1]
    = { 1 / 12.0f, 3 / 12.0f, 4 / 12.0f, 3 / 12.0f, 1 / 12.0f };

struct AeCellAverage {
  int columns, rows, values;
  float *ring; /* AE_CELL_PICTURES x rows x columns x values */
  float *mean, *wide;
  int n, next; /* pictures in the ring; where the next one goes */
};

static size_t
floats_of (const AeCellAverage *a)
{
  return (size_t) a->columns * (size_t) a->rows * (size_t) a->values;
}

AeCellAverage *
ae_cell_average_new (int columns, int rows, int values)
{
  AeCellAverage *a = ae_calloc (1, sizeof *a);
  if (!a)
    return NULL;
  a->columns = columns;
  a->rows = rows;
  a->values = values;
  size_t n = floats_of (a);
  a->ring = ae_calloc (n, AE_CELL_PICTURES * sizeof (float));
  a->mean = ae_calloc (n, sizeof (float));
  a->wide = ae_calloc (n, sizeof (float));
  if (!a->ring || !a->mean || !a->wide)
    ae_cell_average_free (&a);
  return a;
}

void
ae_cell_average_free (AeCellAverage **average)
{
  AeCellAverage *a = *average;
  *average = NULL;
  if (!a)
    return;
  ae_free (a->ring);
  ae_free (a->mean);
  ae_free (a->wide);
  ae_free (a);
}

void
ae_cell_average_reset (AeCellAverage *a)
{
  a->n = a->next = 0;
}

float *
ae_cell_average_next (AeCellAverage *a)
{
  return a->ring + (size_t) a->next * floats_of (a);
}

/* The later a picture the more it counts: the last AE_CELL_PICTURES times as
 * much as the first. Less noise than of half as many pictures, and as fast. */
static float
weight_of (int back)
{
  return (float) (AE_CELL_PICTURES - back);
}

static float
sum_of_weights (int n)
{
  float sum = 0;
  for (int back = 0; back < n; back++)
    sum += weight_of (back);
  return sum;
}

/* The last picture first. */
static void
average_pictures (AeCellAverage *a)
{
  size_t n = floats_of (a);
  float sum = sum_of_weights (a->n);
  memset (a->mean, 0, n * sizeof (float));
  for (int back = 0; back < a->n; back++) {
    int place = (a->next + AE_CELL_PICTURES - 1 - back) % AE_CELL_PICTURES;
    const float *from = a->ring + (size_t) place * n;
    float weight = weight_of (back) / sum;
    for (size_t i = 0; i < n; i++)
      a->mean[i] += weight * from[i];
  }
}

static int
inside (int at, int n)
{
  return at < 0 ? 0 : at < n ? at : n - 1;
}

/* mean to wide along rows, and back along columns. */
static void
widen (AeCellAverage *a)
{
  const int values = a->values, stride = a->columns * values;
  memset (a->wide, 0, floats_of (a) * sizeof (float));
  for (int y = 0; y < a->rows; y++)
    for (int x = 0; x < a->columns; x++)
      for (int k = -REACH; k <= REACH; k++) {
        const float *from
            = a->mean + y * stride + inside (x + k, a->columns) * values;
        float *to = a->wide + y * stride + x * values;
        for (int i = 0; i < values; i++)
          to[i] += window[k + REACH] * from[i];
      }
  memset (a->mean, 0, floats_of (a) * sizeof (float));
  for (int y = 0; y < a->rows; y++)
    for (int k = -REACH; k <= REACH; k++) {
      const float *from = a->wide + inside (y + k, a->rows) * stride;
      float *to = a->mean + y * stride;
      for (int i = 0; i < stride; i++)
        to[i] += window[k + REACH] * from[i];
    }
}

const float *
ae_cell_average_add (AeCellAverage *a)
{
  a->next = (a->next + 1) % AE_CELL_PICTURES;
  if (a->n < AE_CELL_PICTURES)
    a->n++;
  average_pictures (a);
  widen (a);
  return a->mean;
}

/* Independent pictures that so many weighted ones are worth. */
static float
worth_of (int n)
{
  float sum = sum_of_weights (n), squares = 0;
  for (int back = 0; back < n; back++)
    squares += weight_of (back) * weight_of (back);
  return squares > 0 ? sum * sum / squares : 0;
}

float
ae_cell_average_sure (const AeCellAverage *a)
{
  return sqrtf (worth_of (a->n) / worth_of (AE_CELL_PICTURES));
}

/* Keeps top[0] the smallest of n numbers that are a heap. */
static void
sift_down (float *top, int n)
{
  int at = 0;
  for (;;) {
    int least = at, left = 2 * at + 1;
    for (int child = left; child < left + 2 && child < n; child++)
      if (top[child] < top[least])
        least = child;
    if (least == at)
      return;
    float value = top[at];
    top[at] = top[least];
    top[least] = value;
    at = least;
  }
}

static void
sift_up (float *top, int at)
{
  while (at > 0 && top[at] < top[(at - 1) / 2]) {
    float value = top[at];
    top[at] = top[(at - 1) / 2];
    at = (at - 1) / 2;
    top[at] = value;
  }
}

float
ae_cells_top (const float *values, const uint8_t *mask, size_t cells, int n)
{
  float top[AE_CELL_MOST];
  int kept = 0;
  for (size_t i = 0; i < cells; i++) {
    if (mask && !mask[i])
      continue;
    if (kept < n) {
      top[kept] = values[i];
      sift_up (top, kept++);
    } else if (values[i] > top[0]) {
      top[0] = values[i];
      sift_down (top, n);
    }
  }
  double sum = 0;
  for (int i = 0; i < kept; i++)
    sum += top[i];
  return kept ? (float) (sum / kept) : 0;
}

/* Hoare's selection. */
float
ae_cells_nth (float *values, size_t n, size_t nth)
{
  ptrdiff_t low = 0, high = (ptrdiff_t) n - 1, wanted = (ptrdiff_t) nth;
  while (low < high) {
    float pivot = values[low + (high - low) / 2];
    ptrdiff_t i = low, j = high;
    while (i <= j) {
      while (values[i] < pivot)
        i++;
      while (pivot < values[j])
        j--;
      if (i > j)
        break;
      float value = values[i];
      values[i++] = values[j];
      values[j--] = value;
    }
    if (wanted <= j)
      high = j;
    else if (wanted >= i)
      low = i;
    else
      break;
  }
  return values[wanted];
}
