/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Elementary functions of one tensor. Several are infinite or undefined for
 * some finite numbers: those do not run on padding lanes. */
#include "ops/fastmath.h"
#include "ops/unary.h"

#define FLOATS .types = AE_TYPES_FLOAT
#define TWO_OVER_SQRT_PI 1.1283791671f

AE_UNARY_LOOPS (exp, ae_fast_exp (x), y)
AE_UNARY_EXACT (exp, exp (x))
AE_UNARY_OP (exp, "Exp", 1, AE_GRAD_READS_OUT, FLOATS);

AE_UNARY_LOOPS (log, logf (x), 1.0f / x)
AE_UNARY_EXACT (log, log (x))
AE_UNARY_OP (log, "Log", 1, AE_GRAD_READS_IN, FLOATS);

AE_UNARY_LOOPS (sqrt, sqrtf (x), 0.5f / y)
AE_UNARY_EXACT (sqrt, sqrt (x))
AE_UNARY_OP (sqrt, "Sqrt", 1, AE_GRAD_READS_OUT, FLOATS);

AE_UNARY_LOOPS (reciprocal, 1.0f / x, -y *y)
AE_UNARY_EXACT (reciprocal, 1 / x)
AE_UNARY_OP (reciprocal, "Reciprocal", 1, AE_GRAD_READS_OUT, FLOATS);

AE_UNARY_LOOPS (erf, erff (x), TWO_OVER_SQRT_PI *ae_fast_exp (-x * x))
AE_UNARY_EXACT (erf, erf (x))
AE_UNARY_OP (erf, "Erf", 9, AE_OP_UNARY | AE_GRAD_READS_IN,
    .types = AE_TYPES_NUMBER);

AE_UNARY_LOOPS (abs, fabsf (x), (float) ((x > 0) - (x < 0)))
AE_UNARY_EXACT (abs, fabs (x))
static int64_t
abs_integer (int64_t x)
{
  return x < 0 ? (int64_t) (0 - (uint64_t) x) : x;
}
AE_UNARY_OP (abs, "Abs", 1, AE_OP_UNARY | AE_GRAD_READS_IN,
    .types = AE_TYPES_FLOAT | AE_TYPES_SIGNED, .integer = abs_integer);

AE_UNARY_LOOPS (neg, -x, -1.0f)
AE_UNARY_EXACT (neg, -x)
static int64_t
neg_integer (int64_t x)
{
  return (int64_t) (0 - (uint64_t) x);
}
AE_UNARY_OP (neg, "Neg", 1, AE_OP_UNARY,
    .types = AE_TYPES_FLOAT | AE_TYPES_SIGNED, .integer = neg_integer);

AE_UNARY_LOOPS (sign, (float) ((x > 0) - (x < 0)), 0.0f)
AE_UNARY_EXACT (sign, (x > 0) - (x < 0))
static int64_t
sign_integer (int64_t x)
{
  return (x > 0) - (x < 0);
}
AE_UNARY_OP (sign, "Sign", 9, AE_OP_UNARY,
    .types = AE_TYPES_FLOAT | AE_TYPES_SIGNED, .integer = sign_integer);

/* Rounding: the gradient is 0 almost everywhere. */
AE_UNARY_LOOPS (floor, floorf (x), 0.0f)
AE_UNARY_EXACT (floor, floor (x))
AE_UNARY_OP (floor, "Floor", 1, AE_OP_UNARY, FLOATS);

AE_UNARY_LOOPS (ceil, ceilf (x), 0.0f)
AE_UNARY_EXACT (ceil, ceil (x))
AE_UNARY_OP (ceil, "Ceil", 1, AE_OP_UNARY, FLOATS);

AE_UNARY_LOOPS (round, rintf (x), 0.0f) /* halves to even */
AE_UNARY_EXACT (round, rint (x))
AE_UNARY_OP (round, "Round", 11, AE_OP_UNARY, FLOATS);

AE_UNARY_LOOPS (sin, sinf (x), cosf (x))
AE_UNARY_EXACT (sin, sin (x))
AE_UNARY_OP (sin, "Sin", 7, AE_OP_UNARY | AE_GRAD_READS_IN, FLOATS);

AE_UNARY_LOOPS (cos, cosf (x), -sinf (x))
AE_UNARY_EXACT (cos, cos (x))
AE_UNARY_OP (cos, "Cos", 7, AE_OP_UNARY | AE_GRAD_READS_IN, FLOATS);

AE_UNARY_LOOPS (tan, tanf (x), 1.0f + y * y)
AE_UNARY_EXACT (tan, tan (x))
AE_UNARY_OP (tan, "Tan", 7, AE_GRAD_READS_OUT, FLOATS);

AE_UNARY_LOOPS (asin, asinf (x), 1.0f / sqrtf (1.0f - x * x))
AE_UNARY_EXACT (asin, asin (x))
AE_UNARY_OP (asin, "Asin", 7, AE_GRAD_READS_IN, FLOATS);

AE_UNARY_LOOPS (acos, acosf (x), -1.0f / sqrtf (1.0f - x * x))
AE_UNARY_EXACT (acos, acos (x))
AE_UNARY_OP (acos, "Acos", 7, AE_GRAD_READS_IN, FLOATS);

AE_UNARY_LOOPS (atan, atanf (x), 1.0f / (1.0f + x * x))
AE_UNARY_EXACT (atan, atan (x))
AE_UNARY_OP (atan, "Atan", 7, AE_OP_UNARY | AE_GRAD_READS_IN, FLOATS);

AE_UNARY_LOOPS (sinh, sinhf (x), coshf (x))
AE_UNARY_EXACT (sinh, sinh (x))
AE_UNARY_OP (sinh, "Sinh", 9, AE_GRAD_READS_IN, FLOATS);

AE_UNARY_LOOPS (cosh, coshf (x), sinhf (x))
AE_UNARY_EXACT (cosh, cosh (x))
AE_UNARY_OP (cosh, "Cosh", 9, AE_GRAD_READS_IN, FLOATS);

AE_UNARY_LOOPS (asinh, asinhf (x), 1.0f / sqrtf (1.0f + x * x))
AE_UNARY_EXACT (asinh, asinh (x))
AE_UNARY_OP (asinh, "Asinh", 9, AE_OP_UNARY | AE_GRAD_READS_IN, FLOATS);

AE_UNARY_LOOPS (acosh, acoshf (x), 1.0f / sqrtf (x * x - 1.0f))
AE_UNARY_EXACT (acosh, acosh (x))
AE_UNARY_OP (acosh, "Acosh", 9, AE_GRAD_READS_IN, FLOATS);

AE_UNARY_LOOPS (atanh, atanhf (x), 1.0f / (1.0f - x * x))
AE_UNARY_EXACT (atanh, atanh (x))
AE_UNARY_OP (atanh, "Atanh", 9, AE_GRAD_READS_IN, FLOATS);
