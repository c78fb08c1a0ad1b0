/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef OP_CASES_H
#define OP_CASES_H

/* Cases of operators, one table per family, each ended by an entry whose `op`
 * is NULL. test_cases.c runs all of them: forward against `want`, threads,
 * layouts and in-place use against the plain run, gradients against finite
 * differences; it fails when an operator of the table has no case. */

#include <stdbool.h>
#include <stddef.h>

typedef struct {
  const char *op; /* "Conv", or "ae:Name" */
  int opset;
  const char *attrs; /* see op_run.h; NULL = none */
  const char *in;    /* f32 inputs without values are differentiated */
  const char *want;  /* outputs; NULL = not compared */
  double lo, hi;     /* of random inputs; both 0: -1 .. 1 */
  int n_out;         /* 0 = 1 */
  bool training;
  unsigned fixed;  /* bit i: input i is random, but has no gradient */
  unsigned silent; /* bit i: no gradient is sent into output i */
  unsigned absent; /* bit i: output i is not asked for */
  double turned;   /* what comes back is so many times the gradient; 0 = 1 */
} OpCase;

extern const OpCase op_cases_conv[];
extern const OpCase op_cases_math[];
extern const OpCase op_cases_shape[];

#endif
