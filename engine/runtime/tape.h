/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_RUNTIME_TAPE_H
#define AE_RUNTIME_TAPE_H

/* A model run forward and backward: the same graph and planner as a session,
 * with parameters and their gradients each in one flat block of f32. */

#include <ae/session.h>

#include "graph/model.h"

typedef struct AeTape AeTape;

typedef struct {
  const char *name;
  AeShape shape;
  size_t offset; /* in elements, into params and grads; multiple of 16 */
} AeParam;

/* Keeps a reference to `model`. Trainable values become parameters, starting
 * at the model's values. */
AeStatus ae_tape_new (AeTape **out, AeModel *model, int n_threads,
    AePrecision precision, AeError *err);
void ae_tape_free (AeTape **tape);

/* Plans for these shapes, in the order of the model's inputs. Fails with
 * UNSUPPORTED when an operator between a parameter and an output has no
 * gradient. */
AeStatus ae_tape_bind (
    AeTape *tape, const AeTensor *inputs, size_t n_inputs, AeError *err);

/* Storage of inputs (to be filled before forward; kept until backward),
 * outputs, and the gradients of outputs (to be filled before backward; zeroed
 * by forward). Plain layout, owned by the tape, valid until the next bind. */
AeTensor *ae_tape_input (AeTape *tape, size_t index);
const AeTensor *ae_tape_output (const AeTape *tape, size_t index);
AeTensor *ae_tape_output_grad (AeTape *tape, size_t index);

/* Asks for the gradient with respect to input `index` (f32) from the next bind
 * on: what lies between it and the outputs must have gradients then too. */
void ae_tape_want_input_grad (AeTape *tape, size_t index);

/* That gradient, overwritten by each backward: 0 where no output depends on
 * the input; NULL when it was not asked for. */
const AeTensor *ae_tape_input_grad (const AeTape *tape, size_t index);
size_t ae_tape_n_inputs (const AeTape *tape);
size_t ae_tape_n_outputs (const AeTape *tape);

/* `training` false runs operators as in inference. `seed` feeds dropout. */
void ae_tape_forward (AeTape *tape, bool training, uint64_t seed);

/* Adds the gradients of this batch to ae_tape_grads. */
void ae_tape_backward (AeTape *tape);

/* Only the gradients of inputs: for a model that passes a gradient on and does
 * not learn from it, at two thirds of the work. */
void ae_tape_backward_inputs (AeTape *tape);

size_t ae_tape_n_params (const AeTape *tape); /* list entries */
const AeParam *ae_tape_param (const AeTape *tape, size_t index);
size_t ae_tape_n_elements (const AeTape *tape); /* of the flat blocks */
float *ae_tape_params (AeTape *tape);
float *ae_tape_grads (AeTape *tape);
size_t ae_tape_bytes (const AeTape *tape); /* arena */

/* A sealed model with the graph and metadata of the tape's model plus
 * `meta_key/value` pairs, and parameters from `params` (NULL = the current
 * ones). */
AeStatus ae_tape_export (const AeTape *tape, const float *params,
    const char *const *meta, size_t n_meta, AeModel **out, AeError *err);

#endif
