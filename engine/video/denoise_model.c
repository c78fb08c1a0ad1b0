/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "video/denoise_model.h"

#include "util/error.h"

#include <string.h>

typedef struct {
  const char *name;
  int channels;
} Port;

static const Port inputs[AE_DENOISE_N_INPUTS] = {
  [AE_DENOISE_FRAME] = { "frame", 6 },
  [AE_DENOISE_FUSED] = { "fused", 6 },
  [AE_DENOISE_COUNT] = { "count", 1 },
  [AE_DENOISE_NOISE] = { "noise", 2 },
};

static const Port outputs[AE_DENOISE_N_OUTPUTS] = {
  [AE_DENOISE_CLEAN] = { "clean", 6 },
  [AE_DENOISE_FUSED_OUT] = { "fused_out", 6 },
  [AE_DENOISE_COUNT_OUT] = { "count_out", 1 },
};

static AeStatus
check_meta (
    const AeModel *model, const char *key, const char *wanted, AeError *err)
{
  const char *found = ae_model_meta (model, key);
  if (found && strcmp (found, wanted) == 0)
    return AE_OK;
  return ae_fail (err, AE_ERROR_FORMAT,
      "not a denoising model: metadata %s is %s%s%s, wanted \"%s\"", key,
      found ? "\"" : "", found ? found : "missing", found ? "\"" : "", wanted);
}

/* A dimension fits when the model leaves it open. */
static bool
fits (const AeShape *shape, int channels)
{
  return shape->rank < 0
         || (shape->rank == 4
             && (shape->dim[1] == channels || shape->dim[1] < 0));
}

static AeStatus
check_shape (const char *kind, const Port *port, AeShape shape, AeError *err)
{
  char text[96];
  if (fits (&shape, port->channels))
    return AE_OK;
  return ae_fail (err, AE_ERROR_SHAPE,
      "not a denoising model: %s \"%s\" has shape %s, wanted ?x%dx?x?", kind,
      port->name, ae_shape_text (&shape, text, sizeof text), port->channels);
}

static AeStatus
check_input (const AeModel *model, const Port *port, AeError *err)
{
  for (size_t i = 0; i < ae_model_n_inputs (model); i++) {
    if (strcmp (ae_model_input_name (model, i), port->name) != 0)
      continue;
    if (ae_model_input_type (model, i) != AE_F32)
      return ae_fail (err, AE_ERROR_SHAPE,
          "not a denoising model: input \"%s\" is %s, wanted f32", port->name,
          ae_type_name (ae_model_input_type (model, i)));
    return check_shape ("input", port, ae_model_input_shape (model, i), err);
  }
  return ae_fail (err, AE_ERROR_FORMAT,
      "not a denoising model: no input \"%s\", wanted frame, fused, count, "
      "noise",
      port->name);
}

static AeStatus
check_output (const AeModel *model, const Port *port, AeError *err)
{
  for (size_t i = 0; i < ae_model_n_outputs (model); i++)
    if (strcmp (ae_model_output_name (model, i), port->name) == 0)
      return check_shape (
          "output", port, ae_model_output_shape (model, i), err);
  return ae_fail (err, AE_ERROR_FORMAT,
      "not a denoising model: no output \"%s\", wanted clean, fused_out, "
      "count_out",
      port->name);
}

AeStatus
ae_denoise_check_model (const AeModel *model, AeError *err)
{
  AeStatus status = check_meta (model, "ae.task", "denoise", err);
  if (status == AE_OK)
    status = check_meta (model, "ae.format", "yuv420-s2d", err);
  for (int i = 0; status == AE_OK && i < AE_DENOISE_N_INPUTS; i++)
    status = check_input (model, &inputs[i], err);
  if (status == AE_OK && ae_model_n_inputs (model) != AE_DENOISE_N_INPUTS)
    status = ae_fail (err, AE_ERROR_FORMAT,
        "not a denoising model: %zu inputs, wanted %d",
        ae_model_n_inputs (model), AE_DENOISE_N_INPUTS);
  for (int i = 0; status == AE_OK && i < AE_DENOISE_N_OUTPUTS; i++)
    status = check_output (model, &outputs[i], err);
  return status;
}

static AeStatus
check_bound_output (
    const AeSession *session, const Port *port, int h, int w, AeError *err)
{
  int at = ae_session_find_output (session, port->name);
  const AeTensor *tensor = ae_session_output (session, (size_t) at);
  AeShape wanted = ae_shape (4, 1, port->channels, h, w);
  char found[96], text[96];
  if (tensor->type == AE_F32 && ae_shape_equal (&tensor->shape, &wanted))
    return AE_OK;
  return ae_fail (err, AE_ERROR_SHAPE,
      "not a denoising model: output \"%s\" comes as %s %s, wanted f32 %s",
      port->name, ae_type_name (tensor->type),
      ae_shape_text (&tensor->shape, found, sizeof found),
      ae_shape_text (&wanted, text, sizeof text));
}

AeStatus
ae_denoise_bind (AeSession *session, int h, int w, AeError *err)
{
  AeTensor tensors[AE_DENOISE_N_INPUTS];
  for (int i = 0; i < AE_DENOISE_N_INPUTS; i++) {
    int at = ae_session_find_input (session, inputs[i].name);
    tensors[at] = (AeTensor) { .type = AE_F32,
      .layout = AE_LAYOUT_PLAIN,
      .shape = ae_shape (4, 1, inputs[i].channels, h, w) };
  }
  AeStatus status
      = ae_session_bind (session, tensors, AE_DENOISE_N_INPUTS, err);
  for (int i = 0; status == AE_OK && i < AE_DENOISE_N_OUTPUTS; i++)
    status = check_bound_output (session, &outputs[i], h, w, err);
  return status;
}

float *
ae_denoise_input (AeSession *session, AeDenoiseInput which)
{
  int at = ae_session_find_input (session, inputs[which].name);
  return ae_session_input (session, (size_t) at)->data;
}

const float *
ae_denoise_output (const AeSession *session, AeDenoiseOutput which)
{
  int at = ae_session_find_output (session, outputs[which].name);
  return ae_session_output (session, (size_t) at)->data;
}

float *
ae_denoise_state_count (AeSession *session)
{
  return (float *) ae_denoise_output (session, AE_DENOISE_COUNT_OUT);
}
