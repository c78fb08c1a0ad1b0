/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Gelu (Hendrycks and Gimpel, 2016): x Phi(x), or its tanh approximation. */
#include "ops/fastmath.h"
#include "ops/unary.h"

#include <string.h>

#define SQRT_HALF 0.70710678118654752
#define SQRT_2_PI 0.79788456080286536 /* sqrt (2 / pi) */
#define CUBIC 0.044715

/* x erfcf form: keeps the relative error small on the negative side. */
AE_UNARY_LOOPS (gelu, 0.5f * x * erfcf (-(float) SQRT_HALF * x),
    0.5f * erfcf (-(float) SQRT_HALF * x)
        + x * 0.5f * (float) SQRT_2_PI
            * ae_fast_exp (-0.5f * x * x))
AE_UNARY_EXACT (gelu, 0.5 * x * erfc (-SQRT_HALF * x))

static inline float
tanh_gate (float x)
{
  return ae_fast_tanh (
      (float) SQRT_2_PI * (x + (float) CUBIC * x * x * x));
}

AE_UNARY_LOOPS (gelu_tanh, 0.5f * x * (1.0f + tanh_gate (x)),
    0.5f * (1.0f + tanh_gate (x))
        + 0.5f * x * (1.0f - tanh_gate (x) * tanh_gate (x))
            * (float) SQRT_2_PI * (1.0f + 3.0f * (float) CUBIC * x * x))
AE_UNARY_EXACT (gelu_tanh,
    0.5 * x * (1 + tanh (SQRT_2_PI * (x + CUBIC * x * x * x))))

static const AeUnary exact_form = { .types = AE_TYPES_FLOAT,
  .forward = gelu_forward,
  .backward = gelu_backward,
  .exact = gelu_exact };
static const AeUnary tanh_form = { .types = AE_TYPES_FLOAT,
  .forward = gelu_tanh_forward,
  .backward = gelu_tanh_backward,
  .exact = gelu_tanh_exact };

static bool
approximate (const AeOpCall *call)
{
  return strcmp (ae_attrs_string (call->attrs, "approximate", "none"),
             "tanh")
      == 0;
}

static AeStatus
infer (const AeOpCall *call, AeError *err)
{
  const char *mode = ae_attrs_string (call->attrs, "approximate", "none");
  if (strcmp (mode, "none") != 0 && strcmp (mode, "tanh") != 0)
    return ae_fail (err, AE_ERROR_UNSUPPORTED,
        "approximate is '%s', wanted 'none' or 'tanh'", mode);
  return ae_unary_infer (call, err);
}

/* The shared functions with the form that the attribute asks for. */
static void
with_form (const AeOpCall *call, void (*fn) (const AeOpCall *))
{
  AeOp op = *call->op;
  AeOpCall copy = *call;
  op.family = approximate (call) ? &tanh_form : &exact_form;
  copy.op = &op;
  fn (&copy);
}

static void
forward (const AeOpCall *call)
{
  with_form (call, ae_unary_forward);
}

static void
backward (const AeOpCall *call)
{
  with_form (call, ae_unary_backward);
}

const AeOp ae_op_gelu = {
  .name = "Gelu",
  .domain = "",
  .since = 20,
  .min_in = 1,
  .max_in = 1,
  .min_out = 1,
  .max_out = 1,
  .flags = AE_OP_IN_PLACE | AE_OP_UNARY | AE_GRAD_READS_IN,
  .infer = infer,
  .forward = forward,
  .backward = backward,
  .family = &exact_form,
};
