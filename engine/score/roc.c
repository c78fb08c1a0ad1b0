/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <ae/roc.h>

#include "util/error.h"
#include "util/mem.h"

#include <math.h>
#include <stdlib.h>

typedef struct {
  float score;
  bool unusual;
} Item;

/* From the highest score on. */
static int
compare (const void *a, const void *b)
{
  float x = ((const Item *) a)->score, y = ((const Item *) b)->score;
  return (x < y) - (x > y);
}

/* What was found so far, of all. */
typedef struct {
  const Item *items;
  size_t n, next;
  size_t unusual, usual; /* found */
  size_t n_unusual, n_usual;
} Walk;

static AeRocPoint
point_of (const Walk *w, double threshold)
{
  size_t found = w->unusual + w->usual;
  AeRocPoint p = { .threshold = threshold };
  p.false_positive = (double) w->usual / (double) w->n_usual;
  p.true_positive = (double) w->unusual / (double) w->n_unusual;
  p.precision = found ? (double) w->unusual / (double) found : 1;
  p.f1 = 2 * (double) w->unusual / (double) (found + w->n_unusual);
  return p;
}

/* Lowers the threshold to the next score; false after the last. */
static bool
step (Walk *w, AeRocPoint *point)
{
  if (w->next == w->n)
    return false;
  float score = w->items[w->next].score;
  for (; w->next < w->n && w->items[w->next].score == score; w->next++) {
    w->unusual += w->items[w->next].unusual;
    w->usual += !w->items[w->next].unusual;
  }
  *point = point_of (w, score);
  return true;
}

static AeStatus
check (const float *scores, const uint8_t *labels, size_t n,
    size_t *n_unusual, AeError *err)
{
  *n_unusual = 0;
  for (size_t i = 0; i < n; i++) {
    if (isnan (scores[i]))
      return ae_fail (err, AE_ERROR_ARGUMENT,
          "score %zu of %zu is not a number", i, n);
    *n_unusual += labels[i] != 0;
  }
  if (*n_unusual == 0 || *n_unusual == n)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "%zu of %zu scores are of something unusual, wanted some and not all",
        *n_unusual, n);
  return AE_OK;
}

/* Begins above the highest score; *items is freed by the caller. */
static AeStatus
begin (Walk *w, Item **items, const float *scores, const uint8_t *labels,
    size_t n, AeError *err)
{
  size_t n_unusual;
  AeStatus status = check (scores, labels, n, &n_unusual, err);
  if (status != AE_OK)
    return status;
  *items = ae_calloc (n, sizeof **items);
  if (!*items)
    return ae_fail (
        err, AE_ERROR_MEMORY, "no memory to compare %zu scores", n);
  for (size_t i = 0; i < n; i++)
    (*items)[i] = (Item) { scores[i], labels[i] != 0 };
  qsort (*items, n, sizeof **items, compare);
  *w = (Walk) { .items = *items, .n = n, .n_unusual = n_unusual,
    .n_usual = n - n_unusual };
  return AE_OK;
}

/* Where the false positives meet the misses on the line from a to b; they do
 * once, since the former rise and the latter fall. */
static bool
crosses (const AeRocPoint *a, const AeRocPoint *b, double *equal_error)
{
  double before = a->false_positive - (1 - a->true_positive);
  double after = b->false_positive - (1 - b->true_positive);
  if (!(before < 0 && after >= 0))
    return false;
  double part = before / (before - after);
  *equal_error
      = a->false_positive + part * (b->false_positive - a->false_positive);
  return true;
}

AeStatus
ae_roc_measure (AeRoc *roc, const float *scores, const uint8_t *labels,
    size_t n, AeError *err)
{
  Walk w;
  Item *items;
  AeStatus status = begin (&w, &items, scores, labels, n, err);
  if (status != AE_OK)
    return status;
  AeRocPoint last = point_of (&w, HUGE_VAL), p;
  *roc = (AeRoc) { .n_unusual = w.n_unusual, .n_usual = w.n_usual,
    .best_f1 = last };
  while (step (&w, &p)) {
    roc->area += (p.false_positive - last.false_positive)
        * (p.true_positive + last.true_positive) / 2;
    roc->average_precision
        += (p.true_positive - last.true_positive) * p.precision;
    crosses (&last, &p, &roc->equal_error);
    if (p.f1 > roc->best_f1.f1)
      roc->best_f1 = p;
    last = p;
  }
  ae_free (items);
  return AE_OK;
}

AeStatus
ae_roc_curve (AeRocPoint *points, size_t *n_points, const float *scores,
    const uint8_t *labels, size_t n, AeError *err)
{
  Walk w;
  Item *items;
  AeStatus status = begin (&w, &items, scores, labels, n, err);
  if (status != AE_OK)
    return status;
  points[0] = point_of (&w, HUGE_VAL);
  *n_points = 1;
  while (step (&w, &points[*n_points]))
    ++*n_points;
  ae_free (items);
  return AE_OK;
}
