/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_OPS_BROADCAST_H
#define AE_OPS_BROADCAST_H

/* Loops over the elements of an output whose operands are broadcast to it
 * (numpy's rules), without index arithmetic per element: neighbouring axes
 * that all operands walk alike are merged, and the work is handed out in rows
 * in which every operand either advances by 1 or stands still. */

#include "ops/op.h"

#define AE_BROADCAST_MAX 3

typedef struct {
  int n;    /* operands */
  int rank; /* after merging, at least 1 */
  int64_t dim[AE_MAX_RANK];
  int64_t out_stride[AE_MAX_RANK];
  int64_t stride[AE_BROADCAST_MAX][AE_MAX_RANK];
  /* of the last axis: 0 or 1 */
  int step[AE_BROADCAST_MAX];
  size_t count; /* elements of the output */
} AeBroadcast;

/* *acc becomes the shape that `acc` and `b` broadcast to; AE_ERROR_SHAPE. */
AeStatus ae_broadcast_join (AeShape *acc, const AeShape *b, AeError *err);

/* True when `from` broadcasts to exactly `to`. */
bool ae_broadcast_fits (const AeShape *from, const AeShape *to);

void ae_broadcast_plan (AeBroadcast *plan, const AeShape *out,
    const AeShape *const *in, int n);

/* `out` and `at[k]`: first element of the row in the output and in operand k;
 * n: its length. */
typedef void (*AeRow) (void *arg, size_t out, const size_t *at, size_t n);

/* Rows that cover the whole output, on the pool. */
void ae_broadcast_run (
    const AeOpCall *call, const AeBroadcast *plan, AeRow fn, void *arg);

/* Writes n terms of a gradient, one per element of the row, to `terms`. */
typedef void (*AeRowGrad) (
    void *arg, float *terms, size_t out, const size_t *at, size_t n);

/* din of operand k: the terms summed (in double) over the axes on which it
 * was broadcast. */
void ae_broadcast_reduce (const AeOpCall *call, const AeBroadcast *plan,
    int k, AeRowGrad fn, void *arg, float *din, bool overwrite);

/* The same with another way to fold terms; without terms the result is the
 * neutral element. Products and sums are kept in double. */
typedef enum {
  AE_FOLD_SUM,
  AE_FOLD_PROD,
  AE_FOLD_MAX, /* NaN wins */
  AE_FOLD_MIN
} AeFold;
void ae_broadcast_fold (const AeOpCall *call, const AeBroadcast *plan, int k,
    AeFold fold, AeRowGrad fn, void *arg, float *dst, bool overwrite);

double ae_fold_neutral (AeFold fold);
static inline double
ae_fold_pair (AeFold fold, double acc, double x)
{
  switch (fold) {
    case AE_FOLD_SUM:
      return acc + x;
    case AE_FOLD_PROD:
      return acc * x;
    case AE_FOLD_MAX:
      return acc > x || acc != acc ? acc : x;
    case AE_FOLD_MIN:
      return acc < x || acc != acc ? acc : x;
  }
  return acc;
}

/* Sum of n numbers in a fixed order that the compiler can vectorise. */
double ae_sum_f32 (const float *x, size_t n);

#endif
