/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_SCORE_NEIGHBOURS_H
#define AE_SCORE_NEIGHBOURS_H

/* How far rows are from the nearest of a set of points: what is far from all
 * that was seen is unusual. */

#include <stdint.h>

#include "util/error.h"

/* Never changed once it is made: shared by threads freely. */
typedef struct AeNeighbours AeNeighbours;

/* The distance to the k nearest points, joined. */
typedef enum {
  AE_NEIGHBOURS_MEAN = 0, /* their mean */
  AE_NEIGHBOURS_FURTHEST  /* that of the k-th */
} AeNeighboursKind;

#define AE_NEIGHBOURS_MOST 65 /* largest k */

/* From `points` (n x d), which are copied. Errors: ARGUMENT (n or d 0), NUMERIC
 * (a value that is not finite), MEMORY. */
AeStatus ae_neighbours_new (AeNeighbours **out, const float *points, size_t n,
    size_t d, AeError *err);
void ae_neighbours_free (AeNeighbours **neighbours);

/* Floats of scratch that a query needs, for any number of rows. */
size_t ae_neighbours_scratch (const AeNeighbours *neighbours);

/* The distance of each of `rows` (n x d) to the k nearest points, or to all
 * when there are fewer; k is 1 to AE_NEIGHBOURS_MOST. Allocates nothing. A row
 * that is not finite, or too far for the squares of floats, is at infinity. */
void ae_neighbours_distances (const AeNeighbours *neighbours,
    const float *rows, size_t n, size_t k, AeNeighboursKind kind,
    float *distances, float *scratch);

/* Which they are: their numbers and distances (n x k each), the nearest first.
 * k is 1 to AE_NEIGHBOURS_MOST and no more than there are points. A row as above
 * has the number AE_NEIGHBOURS_NONE. */
#define AE_NEIGHBOURS_NONE UINT32_MAX
void ae_neighbours_find (const AeNeighbours *neighbours, const float *rows,
    size_t n, size_t k, uint32_t *found, float *distances, float *scratch);

#endif
