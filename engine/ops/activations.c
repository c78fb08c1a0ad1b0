/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Activation functions of one tensor. The formulas are those of the ONNX
 * operator specification; all stay finite on finite input, so they run on the
 * blocked layout's padding lanes too. */
#include "ops/fastmath.h"
#include "ops/unary.h"

#define FLOATS .types = AE_TYPES_FLOAT
#define BLOCKED_IN (AE_OP_UNARY | AE_GRAD_READS_IN)
#define BLOCKED_OUT (AE_OP_UNARY | AE_GRAD_READS_OUT)

static inline float
min0 (float x)
{
  return x > 0 ? 0 : x;
}

AE_UNARY_LOOPS (relu, x < 0 ? 0 : x, y > 0 ? 1.0f : 0.0f)
AE_UNARY_EXACT (relu, x < 0 ? 0 : x)
static int64_t
relu_integer (int64_t x)
{
  return x < 0 ? 0 : x;
}
AE_UNARY_OP (relu, "Relu", 1, BLOCKED_OUT,
    .types = AE_TYPES_FLOAT | AE_TYPES_SIGNED, .integer = relu_integer);

AE_UNARY_LOOPS (leaky_relu, x < 0 ? a * x : x, x < 0 ? a : 1.0f)
AE_UNARY_EXACT (leaky_relu, x < 0 ? a * x : x)
AE_UNARY_OP (leaky_relu, "LeakyRelu", 1, BLOCKED_IN, FLOATS, .a = "alpha",
    .a_default = 0.01f);

AE_UNARY_LOOPS (elu, x < 0 ? a * (ae_fast_exp (min0 (x)) - 1.0f) : x,
    x < 0 ? a * ae_fast_exp (min0 (x)) : 1.0f)
AE_UNARY_EXACT (elu, x < 0 ? a * expm1 (x) : x)
AE_UNARY_OP (elu, "Elu", 1, BLOCKED_IN, FLOATS, .a = "alpha",
    .a_default = 1.0f);

AE_UNARY_LOOPS (selu,
    b *(x < 0 ? a * (ae_fast_exp (min0 (x)) - 1.0f) : x),
    b *(x < 0 ? a * ae_fast_exp (min0 (x)) : 1.0f))
AE_UNARY_EXACT (selu, b *(x < 0 ? a * expm1 (x) : x))
AE_UNARY_OP (selu, "Selu", 1, BLOCKED_IN, FLOATS, .a = "alpha",
    .a_default = 1.67326319f, .b = "gamma", .b_default = 1.05070102f);

AE_UNARY_LOOPS (celu,
    x < 0 ? a * (ae_fast_exp (min0 (x) / a) - 1.0f) : x,
    x < 0 ? ae_fast_exp (min0 (x) / a) : 1.0f)
AE_UNARY_EXACT (celu, x < 0 ? a * expm1 (x / a) : x)
AE_UNARY_OP (celu, "Celu", 12, BLOCKED_IN, FLOATS, .a = "alpha",
    .a_default = 1.0f);

AE_UNARY_LOOPS (thresholded_relu, x > a ? x : 0, x > a ? 1.0f : 0.0f)
AE_UNARY_EXACT (thresholded_relu, x > a ? x : 0)
AE_UNARY_OP (thresholded_relu, "ThresholdedRelu", 10, BLOCKED_IN, FLOATS,
    .a = "alpha", .a_default = 1.0f);

AE_UNARY_LOOPS (sigmoid, ae_fast_sigmoid (x), y *(1.0f - y))
AE_UNARY_EXACT (sigmoid, 1 / (1 + exp (-x)))
AE_UNARY_OP (sigmoid, "Sigmoid", 1, BLOCKED_OUT, FLOATS);

static inline float
clamp01 (float x)
{
  x = x < 0 ? 0 : x;
  return x > 1 ? 1 : x;
}

AE_UNARY_LOOPS (hard_sigmoid, clamp01 (a *x + b),
    (a * x + b > 0) & (a * x + b < 1) ? a : 0.0f)
AE_UNARY_EXACT (hard_sigmoid, fmin (fmax (a * x + b, 0), 1))
AE_UNARY_OP (hard_sigmoid, "HardSigmoid", 1, BLOCKED_IN, FLOATS,
    .a = "alpha", .a_default = 0.2f, .b = "beta", .b_default = 0.5f);

AE_UNARY_LOOPS (tanh, ae_fast_tanh (x), 1.0f - y * y)
AE_UNARY_EXACT (tanh, tanh (x))
AE_UNARY_OP (tanh, "Tanh", 1, BLOCKED_OUT, FLOATS);

/* log(1 + e^x) without overflow. */
AE_UNARY_LOOPS (softplus,
    (x > 0 ? x : 0) + ae_fast_log1p_unit (ae_fast_exp (-fabsf (x))),
    ae_fast_sigmoid (x))
AE_UNARY_EXACT (softplus, fmax (x, 0) + log1p (exp (-fabs (x))))
AE_UNARY_OP (softplus, "Softplus", 1, BLOCKED_IN, FLOATS);

AE_UNARY_LOOPS (softsign, x / (1.0f + fabsf (x)),
    1.0f / ((1.0f + fabsf (x)) * (1.0f + fabsf (x))))
AE_UNARY_EXACT (softsign, x / (1 + fabs (x)))
AE_UNARY_OP (softsign, "Softsign", 1, BLOCKED_IN, FLOATS);

AE_UNARY_LOOPS (hard_swish, x *clamp01 (x * (1.0f / 6) + 0.5f),
    x <= -3 ? 0.0f : (x >= 3 ? 1.0f : x * (1.0f / 3) + 0.5f))
AE_UNARY_EXACT (hard_swish, x *fmin (fmax (x / 6 + 0.5, 0), 1))
AE_UNARY_OP (hard_swish, "HardSwish", 14, BLOCKED_IN, FLOATS);

/* tanh(log(1 + e)) = (e^2 + 2e) / (e^2 + 2e + 2); 1 in f32 from x = 20 on. */
static inline float
mish_gate (float x)
{
  float e = ae_fast_exp (x > 20 ? 20 : x);
  float t = e * (e + 2.0f);
  return t / (t + 2.0f);
}

AE_UNARY_LOOPS (mish, x *mish_gate (x),
    mish_gate (x)
        + x * ae_fast_sigmoid (x)
            * (1.0f - mish_gate (x) * mish_gate (x)))
AE_UNARY_EXACT (
    mish, x *tanh (fmax (x, 0) + log1p (exp (-fabs (x)))))
AE_UNARY_OP (mish, "Mish", 18, BLOCKED_IN, FLOATS);

AE_UNARY_LOOPS (shrink, x < -a ? x + b : (x > a ? x - b : 0),
    (x < -a) | (x > a) ? 1.0f : 0.0f)
AE_UNARY_EXACT (shrink, x < -a ? x + b : (x > a ? x - b : 0))
AE_UNARY_OP (shrink, "Shrink", 9, BLOCKED_IN, .types = AE_TYPES_NUMBER,
    .a = "lambd", .a_default = 0.5f, .b = "bias", .b_default = 0.0f);
