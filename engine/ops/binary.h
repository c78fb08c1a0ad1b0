/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_OPS_BINARY_H
#define AE_OPS_BINARY_H

/* Operators y = f(a, b) with broadcasting (opset 7 on: numpy's rules; before:
 * b is laid along a from `axis` when `broadcast` is set). A family file gives
 * row loops for f32 and exact forms for the other types. */

#include "ops/broadcast.h"
#include "ops/check.h"
#include "ops/rows.h"

/* sa, sb: 1 = the operand advances, 0 = its first element is used for all. */
typedef struct {
  unsigned types;
  bool truth;     /* the result is bool: only `exact` and `integer` count */
  bool mixed;     /* b may have another type than a */
  bool one_way;   /* only b is broadcast */
  bool lane_safe; /* finite for finite operands: may run on padding lanes */
  void (*row) (float *y, const float *a, const float *b, size_t n, int sa,
      int sb);
  /* dy * df/da and dy * df/db of a row; NULL = no gradient */
  void (*grad[2]) (float *d, const float *dy, const float *a, const float *b,
      size_t n, int sa, int sb);
  double (*exact) (double a, double b);
  /* `wide`: the operands are u64 */
  int64_t (*integer) (int64_t a, int64_t b, bool wide);
} AeBinary;

AeStatus ae_binary_infer (const AeOpCall *call, AeError *err);
void ae_binary_forward (const AeOpCall *call);
void ae_binary_backward (const AeOpCall *call);
bool ae_binary_layout (const AeOpCall *call, AeOpLayout *want);
bool ae_binary_rows (const AeOpCall *call, AeRows *out, AeRows *in);

/* A row loop for each way the operands advance; `value` in x and z (elements
 * of a and b), and g (of dy) in gradients. */
#define AE_BINARY_LOOP(ia, ib, store) \
  for (size_t i = 0; i < n; i++) { \
    float x = a[ia], z = b[ib]; \
    (void) x, (void) z; \
    store; \
  }
#define AE_BINARY_CASES(store) \
  if (sa && sb) { \
    AE_BINARY_LOOP (i, i, store) \
  } else if (sa) { \
    AE_BINARY_LOOP (i, 0, store) \
  } else if (sb) { \
    AE_BINARY_LOOP (0, i, store) \
  } else { \
    AE_BINARY_LOOP (0, 0, store) \
  }
#define AE_BINARY_ROW(id, value) \
  static void id##_row (float *y, const float *a, const float *b, size_t n, \
      int sa, int sb) \
  { \
    AE_BINARY_CASES (y[i] = (value)) \
  }
#define AE_BINARY_GRAD(name, value) \
  static void name (float *d, const float *dy, const float *a, \
      const float *b, size_t n, int sa, int sb) \
  { \
    AE_BINARY_CASES (float g = dy[i]; d[i] = (value)) \
  }

#define AE_BINARY_OP(id, op_name, first, op_flags, grad_fn, ...) \
  static const AeBinary id##_binary = { __VA_ARGS__ }; \
  const AeOp ae_op_##id = { \
    .name = op_name, \
    .domain = "", \
    .since = first, \
    .min_in = 2, \
    .max_in = 2, \
    .min_out = 1, \
    .max_out = 1, \
    .flags = op_flags, \
    .infer = ae_binary_infer, \
    .forward = ae_binary_forward, \
    .backward = grad_fn, \
    .layout = ae_binary_layout, \
    .rows = ae_binary_rows, \
    .forward_rows = ae_elementwise_forward_rows, \
    .family = &id##_binary, \
  }

#endif
