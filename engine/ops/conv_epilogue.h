/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_OPS_CONV_EPILOGUE_H
#define AE_OPS_CONV_EPILOGUE_H

/* What the internal Conv and ConvTranspose (domain "ae") do to every result:
 * a residual (input 3, of the output's shape) is added, then an activation is
 * applied (attributes `activation`, `alpha`, `beta`). */

#include "kernels/kernels.h"
#include "ops/op.h"

typedef enum {
  AE_ACT_NONE,
  AE_ACT_RELU,
  AE_ACT_LEAKY_RELU, /* alpha: slope below 0 */
  AE_ACT_CLIP,       /* to alpha .. beta */
  AE_ACT_SIGMOID,
  AE_ACT_TANH,
  AE_ACT_UNKNOWN
} AeAct;

typedef struct {
  AeAct act;
  float alpha, beta;
} AeActivation;

/* None for operators of other domains. */
AeActivation ae_activation_of (const AeOpCall *call);

/* The activation as a clamp; false for those that are none. */
bool ae_activation_clamp (const AeActivation *a, AeClamp *clamp);

/* Checks activation and residual; `out`: the output's shape. */
AeStatus ae_epilogue_check (
    const AeOpCall *call, const AeShape *out, AeError *err);

#endif
