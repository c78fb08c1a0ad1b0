/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_OPS_CONV_FORM_H
#define AE_OPS_CONV_FORM_H

/* What Conv and ConvTranspose share. Both are described as a convolution from
 * `in` to `out`: Conv runs it forward; ConvTranspose runs it transposed, its
 * input being the `out` side. Weights are (out channels, in channels / group,
 * kernel...) either way. */

#include "kernels/conv.h"
#include "kernels/conv_plain.h"
#include "ops/op.h"

typedef struct {
  AeConvPlain plain; /* geometry; always valid */
  int rank;          /* spatial axes, 1 to 3 */
  bool fast;         /* the kernels of kernels/conv.h apply */
  bool fast_weights; /* for the gradient of weights, too */
  AeConvGeo geo;     /* then */
} AeConvForm;

/* Reads and checks an operator's attributes, types and shapes; *out is the
 * output's shape. */
AeStatus ae_conv_form (const AeOpCall *call, bool transposed, AeConvForm *form,
    AeShape *out, AeError *err);

/* A convolution whose weights and bias are constant and have been packed, in
 * one block of memory. */
typedef struct {
  AeConvPlan plan;
  float *floats; /* plan.packed, behind the struct */
} AeConvPacked;

/* One convolution of a call. dst = clamp (conv (src) + bias + residual);
 * bias, residual, clamp may be NULL. add: dst += instead (then without the
 * three). Tensors of any layout; all 2-D fast forms convert what they do not
 * take as it is. `packed`: weights and bias packed before, or NULL. */
typedef struct {
  AeConvKind kind; /* AE_CONV_FORWARD, AE_CONV_TRANSPOSED */
  const AeTensor *src, *weights, *bias, *residual;
  const AeClamp *clamp;
  bool add;
  AeTensor *dst;
  const AeConvPacked *packed;
} AeConvApply;

/* Runs in `work`; with work == NULL only tells the bytes it needs. */
size_t ae_conv_apply (const AeOpCall *call, const AeConvForm *form,
    const AeConvApply *apply, void *work);

/* The same for dw (= or +=) from in and the gradient of out, and for the bias
 * gradient from `dy` (in or out side, by its channels). */
size_t ae_conv_apply_weights (const AeOpCall *call, const AeConvForm *form,
    const AeTensor *in, const AeTensor *dout, bool add, AeTensor *dw,
    void *work);
size_t ae_conv_apply_bias (const AeOpCall *call, const AeConvForm *form,
    const AeTensor *dy, bool add, AeTensor *db, void *work);

/* AeOp.backward and its scratch for an operator whose forward is of `kind`. */
void ae_conv_backward (
    const AeOpCall *call, const AeConvForm *form, AeConvKind kind);
size_t ae_conv_backward_work (
    const AeOpCall *call, const AeConvForm *form, AeConvKind kind);

/* Packs constant weights: *state is an AeConvPacked, NULL where nothing is to
 * be packed. */
AeStatus ae_conv_prepare (const AeOpCall *call, const AeConvForm *form,
    AeConvKind kind, void **state, AeError *err);

/* AeOp.rows and its company for a call whose state is an AeConvPacked, with an
 * activation that is a clamp; rows of other calls are refused. */
bool ae_conv_rows (const AeOpCall *call, AeRows *out, AeRows *in);
void ae_conv_forward_rows (const AeOpCall *call, const AeRowCall *r);
size_t ae_conv_rows_work (const AeOpCall *call);

/* Whether x and y of this call should be blocked, and whether a plain x does
 * as well; false: all plain. */
bool ae_conv_layout (const AeOpCall *call, const AeConvForm *form,
    AeConvKind kind, bool *x, bool *either, bool *y);

/* AeOp.pixels. */
void ae_conv_pixels (const AeOpCall *call, const AeConvForm *form,
    AeConvKind kind, AeOpPixels *can);

double ae_conv_mac (const AeConvForm *form);

#endif
