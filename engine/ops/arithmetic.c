/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Add, Sub, Mul, Div, Pow, Mod and PRelu. */
#include "ops/binary.h"

#include <math.h>

#define NUMBERS .types = AE_TYPES_NUMBER

AE_BINARY_ROW (add, x + z)
AE_BINARY_GRAD (add_grad, g)
static double
add_exact (double a, double b)
{
  return a + b;
}
static int64_t
add_integer (int64_t a, int64_t b, bool wide)
{
  (void) wide;
  return (int64_t) ((uint64_t) a + (uint64_t) b);
}
AE_BINARY_OP (add, "Add", 1, 0, ae_binary_backward, NUMBERS,
    .lane_safe = true, .row = add_row, .grad = { add_grad, add_grad },
    .exact = add_exact, .integer = add_integer);

AE_BINARY_ROW (sub, x - z)
AE_BINARY_GRAD (sub_grad, -g)
static double
sub_exact (double a, double b)
{
  return a - b;
}
static int64_t
sub_integer (int64_t a, int64_t b, bool wide)
{
  (void) wide;
  return (int64_t) ((uint64_t) a - (uint64_t) b);
}
AE_BINARY_OP (sub, "Sub", 1, 0, ae_binary_backward, NUMBERS,
    .lane_safe = true, .row = sub_row, .grad = { add_grad, sub_grad },
    .exact = sub_exact, .integer = sub_integer);

AE_BINARY_ROW (mul, x *z)
AE_BINARY_GRAD (mul_grad_a, g *z)
AE_BINARY_GRAD (mul_grad_b, g *x)
static double
mul_exact (double a, double b)
{
  return a * b;
}
static int64_t
mul_integer (int64_t a, int64_t b, bool wide)
{
  (void) wide;
  return (int64_t) ((uint64_t) a * (uint64_t) b);
}
AE_BINARY_OP (mul, "Mul", 1, AE_GRAD_READS_IN, ae_binary_backward, NUMBERS,
    .lane_safe = true, .row = mul_row, .grad = { mul_grad_a, mul_grad_b },
    .exact = mul_exact, .integer = mul_integer);

AE_BINARY_ROW (div, x / z)
AE_BINARY_GRAD (div_grad_a, g / z)
AE_BINARY_GRAD (div_grad_b, -g * x / (z * z))
static double
div_exact (double a, double b)
{
  return a / b;
}
/* Towards zero; 0 where the divisor is 0, for which ONNX states nothing. */
static int64_t
div_integer (int64_t a, int64_t b, bool wide)
{
  if (b == 0)
    return 0;
  if (wide)
    return (int64_t) ((uint64_t) a / (uint64_t) b);
  return b == -1 ? (int64_t) (0 - (uint64_t) a) : a / b;
}
AE_BINARY_OP (div, "Div", 1, AE_GRAD_READS_IN, ae_binary_backward, NUMBERS,
    .row = div_row, .grad = { div_grad_a, div_grad_b }, .exact = div_exact,
    .integer = div_integer);

/* A square, a root and a cube are what models use Pow for. */
static void
pow_row (
    float *y, const float *a, const float *b, size_t n, int sa, int sb)
{
  bool constant = n > 0 && sa && !sb;
  if (constant && *b == 2) {
    for (size_t i = 0; i < n; i++)
      y[i] = a[i] * a[i];
  } else if (constant && *b == 3) {
    for (size_t i = 0; i < n; i++)
      y[i] = a[i] * a[i] * a[i];
  } else if (constant && *b == 0.5f) {
    for (size_t i = 0; i < n; i++)
      y[i] = sqrtf (a[i]);
  } else {
    AE_BINARY_CASES (y[i] = powf (x, z))
  }
}
AE_BINARY_GRAD (pow_grad_a, z == 0 ? 0 : g * z * powf (x, z - 1.0f))
/* d/dz x^z = x^z ln x; 0 where the base is 0, as in other frameworks. */
AE_BINARY_GRAD (pow_grad_b, x == 0 ? 0 : g * powf (x, z) * logf (x))
static int64_t
pow_integer (int64_t base, int64_t exponent, bool wide)
{
  uint64_t power = 1, square = (uint64_t) base;
  if (exponent < 0 && !wide)
    return base == 1 ? 1 : base == -1 ? (exponent & 1 ? -1 : 1) : 0;
  for (uint64_t e = (uint64_t) exponent; e; e >>= 1) {
    power *= e & 1 ? square : 1;
    square *= square;
  }
  return (int64_t) power;
}
static double
pow_exact (double a, double b)
{
  return pow (a, b);
}
AE_BINARY_OP (pow, "Pow", 1, AE_GRAD_READS_IN, ae_binary_backward, NUMBERS,
    .mixed = true, .row = pow_row, .grad = { pow_grad_a, pow_grad_b },
    .exact = pow_exact, .integer = pow_integer);

AE_BINARY_ROW (prelu, x < 0 ? x * z : x)
AE_BINARY_GRAD (prelu_grad_a, x < 0 ? g * z : g)
AE_BINARY_GRAD (prelu_grad_b, x < 0 ? g * x : 0)
static double
prelu_exact (double a, double b)
{
  return a < 0 ? a * b : a;
}
static int64_t
prelu_integer (int64_t a, int64_t b, bool wide)
{
  return !wide && a < 0 ? mul_integer (a, b, wide) : a;
}
AE_BINARY_OP (prelu, "PRelu", 7, AE_GRAD_READS_IN, ae_binary_backward,
    NUMBERS, .one_way = true, .lane_safe = true, .row = prelu_row,
    .grad = { prelu_grad_a, prelu_grad_b }, .exact = prelu_exact,
    .integer = prelu_integer);

/* fmod = 0: integers, the sign of the divisor (Python's %); fmod = 1: the
 * sign of the dividend (C's fmod). */
static int64_t
mod_floor (int64_t a, int64_t b, bool wide)
{
  if (b == 0 || (b == -1 && !wide))
    return 0;
  if (wide)
    return (int64_t) ((uint64_t) a % (uint64_t) b);
  int64_t rest = a % b;
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}
static int64_t
mod_truncate (int64_t a, int64_t b, bool wide)
{
  if (b == 0 || (b == -1 && !wide))
    return 0;
  return wide ? (int64_t) ((uint64_t) a % (uint64_t) b) : a % b;
}
static double
mod_exact (double a, double b)
{
  return fmod (a, b);
}
static const AeBinary mod_c = { NUMBERS, .exact = mod_exact,
  .integer = mod_truncate };
static const AeBinary mod_python = { NUMBERS, .exact = mod_exact,
  .integer = mod_floor };

static AeStatus
mod_infer (const AeOpCall *call, AeError *err)
{
  bool c = ae_attrs_int (call->attrs, "fmod", 0) != 0;
  if (!c && ae_input (call, 0)
      && ae_type_in (call->in[0]->type, AE_TYPES_FLOAT))
    return ae_fail (err, AE_ERROR_UNSUPPORTED,
        "fmod is 0 with type %s, wanted 1 for floating point",
        ae_type_name (call->in[0]->type));
  return ae_binary_infer (call, err);
}

static void
mod_forward (const AeOpCall *call)
{
  AeOp op = *call->op;
  AeOpCall copy = *call;
  op.family = ae_attrs_int (call->attrs, "fmod", 0) ? &mod_c : &mod_python;
  copy.op = &op;
  ae_binary_forward (&copy);
}

const AeOp ae_op_mod = {
  .name = "Mod",
  .domain = "",
  .since = 10,
  .min_in = 2,
  .max_in = 2,
  .min_out = 1,
  .max_out = 1,
  .infer = mod_infer,
  .forward = mod_forward,
  .family = &mod_python,
};
