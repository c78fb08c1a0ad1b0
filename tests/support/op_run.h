/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef OP_RUN_H
#define OP_RUN_H

/* Runs one operator without a graph: builds the AeOpCall from texts and
 * tensors, does what the runtime does around it, and fails the running test
 * when something that cannot fail does.
 *
 * A tensor is written [type:]shape[=v,v,...]: "2x3x4" (f32, random numbers),
 * "i64:2=1,-1", "f32:s=0.5" (a scalar), "bool:3=0,1,1"; "_" is an absent one.
 * Attributes: "axis=1 alpha=0.5 mode=edge pads=[0,1] scales=[1.0,2.0]"; a
 * number with a point is a float, a list in which one has a point is floats,
 * "mode='1'" is a string. */

#include "ops/op.h"
#include "util/rng.h"

#define OP_RUN_MAX 64

typedef struct {
  AeOpCall call;
  AeAttrs attrs;
  AeTensor *in[OP_RUN_MAX], *out[OP_RUN_MAX]; /* owned, plain */
  AeTensor *dout[OP_RUN_MAX], *din[OP_RUN_MAX];
  const AeTensor *in_list[OP_RUN_MAX], *dout_list[OP_RUN_MAX];
  bool overwrite[OP_RUN_MAX];
} OpRun;

/* `op`: "Conv", or "ae:Name" of our own domain. */
OpRun *op_run_new (const char *op, int opset, const char *attrs);
void op_run_free (OpRun *run);

/* Appends an input (owned; NULL = absent). */
void op_run_add (OpRun *run, AeTensor *tensor);

/* Appends the tensors of a text; random ones are drawn without ties, in
 * lo .. hi, from `rng`. */
void op_run_add_text (
    OpRun *run, const char *text, AeRng *rng, double lo, double hi);

/* infer, then zeroed outputs; bit i of `absent`: output i is not wanted. */
AeStatus op_run_infer (
    OpRun *run, int n_out, unsigned absent, AeError *err);

/* prepare, forward (backward) with scratch of exactly the stated size that
 * holds garbage, release. Backward makes dout (zero) and din when they are
 * NULL; `wanted` has a bit for each input whose gradient is asked for. */
void op_run_forward (OpRun *run);
void op_run_backward (OpRun *run, unsigned wanted, bool overwrite);

/* One tensor of a text: *text is moved past it; NULL for "_". *random (may be
 * NULL) tells that it had no values. */
AeTensor *op_tensor_parse (
    const char **text, AeRng *rng, double lo, double hi, bool *random);

/* Copies of f32 tensors of rank 4 between the layouts; lanes past the last
 * channel are filled with large finite numbers. */
AeTensor *op_tensor_blocked (const AeTensor *plain);
AeTensor *op_tensor_plain (const AeTensor *blocked);

#endif
