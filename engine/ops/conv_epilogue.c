/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/conv_epilogue.h"

#include "ops/check.h"

#include <math.h>
#include <string.h>

static const char *const act_names[]
    = { "none", "relu", "leaky_relu", "clip", "sigmoid", "tanh" };

AeActivation
ae_activation_of (const AeOpCall *call)
{
  AeActivation a = { AE_ACT_NONE, 0, 0 };
  if (call->op->domain[0] == '\0')
    return a;
  const char *name = ae_attrs_string (call->attrs, "activation", "none");
  while (a.act < AE_ACT_UNKNOWN && strcmp (name, act_names[a.act]) != 0)
    a.act++;
  a.alpha = ae_attrs_float (
      call->attrs, "alpha", a.act == AE_ACT_LEAKY_RELU ? 0.01f : 0);
  a.beta = ae_attrs_float (call->attrs, "beta", 0);
  return a;
}

bool
ae_activation_clamp (const AeActivation *a, AeClamp *clamp)
{
  *clamp = (AeClamp){ 1, -INFINITY, INFINITY };
  if (a->act == AE_ACT_RELU)
    clamp->lo = 0;
  if (a->act == AE_ACT_LEAKY_RELU)
    clamp->slope = a->alpha;
  if (a->act == AE_ACT_CLIP) {
    clamp->lo = a->alpha;
    clamp->hi = a->beta;
  }
  return a->act >= AE_ACT_RELU && a->act <= AE_ACT_CLIP;
}

AeStatus
ae_epilogue_check (const AeOpCall *call, const AeShape *out, AeError *err)
{
  AeActivation a = ae_activation_of (call);
  const AeTensor *residual = ae_input (call, 3);
  if (a.act == AE_ACT_UNKNOWN)
    return ae_fail (err, AE_ERROR_UNSUPPORTED, "activation is \"%s\"",
        ae_attrs_string (call->attrs, "activation", "none"));
  if (a.act == AE_ACT_LEAKY_RELU && !(a.alpha >= 0))
    return ae_fail (err, AE_ERROR_UNSUPPORTED,
        "the slope of leaky_relu is %g instead of at least 0", a.alpha);
  if (residual && !ae_shape_equal (&residual->shape, out)) {
    char found[100], wanted[100];
    return ae_fail (err, AE_ERROR_SHAPE, "the residual is %s instead of %s",
        ae_shape_text (&residual->shape, found, sizeof found),
        ae_shape_text (out, wanted, sizeof wanted));
  }
  return AE_OK;
}
