/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libFuzzer target: any bytes are loaded as a model. What is accepted must
 * save and load again as the same model, and bind and run with small inputs
 * or be refused. */
#include <ae/session.h>

#include "onnx/writer.h"
#include "util/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_INPUTS 16
#define MAX_INPUT_ELEMENTS 4096
#define MAX_MEMORY ((size_t) 32 << 20)
#define MAX_MAC 1e7

int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t size);

static void
require (bool ok, const char *what, const AeError *err)
{
  if (ok)
    return;
  fprintf (stderr, "%s: %s\n", what, err->text);
  abort ();
}

static void
save_and_load (const AeModel *model)
{
  AeError err = { 0 };
  void *bytes;
  size_t size;
  AeModel *back;
  AeStatus status = ae_model_serialize (model, &bytes, &size, &err);
  if (status == AE_ERROR_NUMERIC)
    return;
  require (status == AE_OK, "an accepted model is not written", &err);
  status = ae_model_parse (&back, bytes, size, &err);
  require (status == AE_OK, "a written model is not read", &err);
  require (strcmp (ae_model_id (model), ae_model_id (back)) == 0,
      "a written model reads back different", &err);
  ae_model_unref (&back);
  ae_free (bytes);
}

/* Open dimensions become 3; false when the inputs are too large to try. */
static bool
choose_inputs (const AeModel *model, AeTensor *in)
{
  static int64_t zeros[MAX_INPUT_ELEMENTS];
  size_t n = ae_model_n_inputs (model);
  if (n > MAX_INPUTS)
    return false;
  for (size_t i = 0; i < n; i++) {
    in[i] = (AeTensor){ .type = ae_model_input_type (model, i),
      .shape = ae_model_input_shape (model, i) };
    if (in[i].shape.rank < 0)
      in[i].shape = ae_shape (4, 1, 1, 4, 4);
    int64_t count = 1;
    for (int k = 0; k < in[i].shape.rank; k++) {
      int64_t *dim = &in[i].shape.dim[k];
      *dim = *dim < 0 ? 3 : *dim;
      if (*dim > MAX_INPUT_ELEMENTS
          || (count *= *dim) > MAX_INPUT_ELEMENTS)
        return false;
    }
    if (in[i].type == AE_I64 || in[i].type == AE_BOOL)
      in[i].data = zeros;
  }
  return true;
}

static void
bind_and_run (AeModel *model)
{
  AeTensor in[MAX_INPUTS];
  AeSessionOptions options = { .n_threads = 1, .max_memory = MAX_MEMORY };
  AeSession *session = NULL;
  if (!choose_inputs (model, in)
      || ae_session_new (&session, model, &options, NULL) != AE_OK)
    return;
  if (ae_session_n_inputs (session) == ae_model_n_inputs (model)
      && ae_session_bind (session, in, ae_model_n_inputs (model), NULL)
          == AE_OK
      && ae_session_info (session).mac < MAX_MAC) {
    for (size_t i = 0; i < ae_session_n_inputs (session); i++) {
      AeTensor *input = ae_session_input (session, i);
      if (!in[i].data)
        memset (input->data, 0,
            ae_shape_count (&input->shape) * ae_type_size (input->type));
    }
    ae_session_run (session);
  }
  ae_session_free (&session);
}

int
LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t size)
{
  AeModel *model;
  AeError err = { 0 };
  AeStatus status = ae_model_parse (&model, bytes, size, &err);
  require ((status == AE_OK) == (model != NULL), "status and model", &err);
  require ((status == AE_OK) == !err.text[0], "status and text", &err);
  if (model) {
    save_and_load (model);
    bind_and_run (model);
  }
  ae_model_unref (&model);
  return 0;
}
