/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_OPS_UNARY_H
#define AE_OPS_UNARY_H

/* Operators y = f(x) with up to two parameters. A family file gives vector
 * loops for f32, an exact form for the other types, and AeOp entries that
 * share the functions below through AeOp.family. */

#include "ops/check.h"
#include "ops/rows.h"

typedef struct {
  unsigned types;   /* accepted element types */
  const char *a, *b; /* names of the attributes that are a and b; NULL */
  float a_default, b_default;
  void (*forward) (float *y, const float *x, size_t n, float a, float b);
  void (*backward) (float *dx, const float *dy, const float *x,
      const float *y, size_t n, float a, float b, bool overwrite);
  double (*exact) (double x, double a, double b);
  int64_t (*integer) (int64_t x); /* NULL: exact, then converted */
} AeUnary;

AeStatus ae_unary_infer (const AeOpCall *call, AeError *err);
void ae_unary_forward (const AeOpCall *call);
void ae_unary_backward (const AeOpCall *call);

/* Defines id_forward and id_backward: `value` is written in x, a, b; `slope`,
 * dy/dx, in x, y, a, b. In and out may be the same storage. */
#define AE_UNARY_LOOPS(id, value, slope) \
  static void id##_forward ( \
      float *out, const float *in, size_t n, float a, float b) \
  { \
    (void) a, (void) b; \
    _Pragma ("GCC ivdep") for (size_t i = 0; i < n; i++) \
    { \
      float x = in[i]; \
      out[i] = (value); \
    } \
  } \
  static void id##_backward (float *dx, const float *dy, const float *in, \
      const float *out, size_t n, float a, float b, bool overwrite) \
  { \
    (void) a, (void) b; \
    _Pragma ("GCC ivdep") for (size_t i = 0; i < n; i++) \
    { \
      float x = in[i], y = out[i]; \
      (void) x, (void) y; \
      float g = dy[i] * (slope); \
      dx[i] = overwrite ? g : dx[i] + g; \
    } \
  }

/* The exact form of the same. */
#define AE_UNARY_EXACT(id, value) \
  static double id##_exact (double x, double a, double b) \
  { \
    (void) a, (void) b; \
    return (value); \
  }

/* One entry of the operator table. */
#define AE_UNARY_OP(id, op_name, first, op_flags, ...) \
  static const AeUnary id##_unary = { .forward = id##_forward, \
    .backward = id##_backward, \
    .exact = id##_exact, \
    __VA_ARGS__ }; \
  const AeOp ae_op_##id = { \
    .name = op_name, \
    .domain = "", \
    .since = first, \
    .min_in = 1, \
    .max_in = 1, \
    .min_out = 1, \
    .max_out = 1, \
    .flags = AE_OP_IN_PLACE | (op_flags), \
    .infer = ae_unary_infer, \
    .forward = ae_unary_forward, \
    .backward = ae_unary_backward, \
    .rows = ae_elementwise_rows, \
    .forward_rows = ae_elementwise_forward_rows, \
    .family = &id##_unary, \
  }

#endif
