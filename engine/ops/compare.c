/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Comparisons and logic: results are bool, without a gradient. */
#include "ops/binary.h"

#include "ops/loop.h"

#include <math.h>

#define COMPARE(id, op_name, first, accepted, test, wide_test) \
  static double id##_exact (double a, double b) \
  { \
    return test; \
  } \
  static int64_t id##_integer (int64_t a, int64_t b, bool wide) \
  { \
    uint64_t ua = (uint64_t) a, ub = (uint64_t) b; \
    return wide ? wide_test : test; \
  } \
  AE_BINARY_OP (id, op_name, first, 0, NULL, .types = accepted, \
      .truth = true, .exact = id##_exact, .integer = id##_integer)

COMPARE (equal, "Equal", 1, AE_TYPES_NUMBER | AE_TYPES_BOOL, a == b,
    ua == ub);
COMPARE (less, "Less", 1, AE_TYPES_NUMBER, a < b, ua < ub);
COMPARE (greater, "Greater", 1, AE_TYPES_NUMBER, a > b, ua > ub);
COMPARE (less_or_equal, "LessOrEqual", 12, AE_TYPES_NUMBER, a <= b,
    ua <= ub);
COMPARE (greater_or_equal, "GreaterOrEqual", 12, AE_TYPES_NUMBER, a >= b,
    ua >= ub);
COMPARE (and, "And", 1, AE_TYPES_BOOL, a != 0 && b != 0, ua && ub);
COMPARE (or, "Or", 1, AE_TYPES_BOOL, a != 0 || b != 0, ua || ub);
COMPARE (xor, "Xor", 1, AE_TYPES_BOOL, (a != 0) != (b != 0), !ua != !ub);

/* bool from one tensor */
typedef struct {
  unsigned types;
  bool (*test) (const AeOpCall *call, double x);
} Predicate;

static AeStatus
infer (const AeOpCall *call, AeError *err)
{
  const Predicate *p = call->op->family;
  AeStatus status = ae_check_type (call, 0, p->types, err);
  if (status == AE_OK)
    ae_set_output (call->out[0], AE_BOOL, &call->in[0]->shape);
  return status;
}

static void
forward (const AeOpCall *call)
{
  const Predicate *p = call->op->family;
  uint8_t *y = call->out[0]->data;
  size_t n = ae_shape_count (&call->in[0]->shape);
  for (size_t i = 0; i < n; i++)
    y[i] = p->test (call, ae_tensor_get (call->in[0], i));
}

static bool
is_false (const AeOpCall *call, double x)
{
  (void) call;
  return x == 0;
}

static bool
is_nan (const AeOpCall *call, double x)
{
  (void) call;
  return isnan (x);
}

static bool
is_infinite (const AeOpCall *call, double x)
{
  const char *which = x > 0 ? "detect_positive" : "detect_negative";
  return isinf (x) && ae_attrs_int (call->attrs, which, 1);
}

#define PREDICATE(id, op_name, first, accepted, fn) \
  static const Predicate id##_predicate = { accepted, fn }; \
  const AeOp ae_op_##id = { \
    .name = op_name, \
    .domain = "", \
    .since = first, \
    .min_in = 1, \
    .max_in = 1, \
    .min_out = 1, \
    .max_out = 1, \
    .infer = infer, \
    .forward = forward, \
    .family = &id##_predicate, \
  }

PREDICATE (not, "Not", 1, AE_TYPES_BOOL, is_false);
PREDICATE (is_nan, "IsNaN", 9, AE_TYPES_FLOAT, is_nan);
PREDICATE (is_inf, "IsInf", 10, AE_TYPES_FLOAT, is_infinite);
