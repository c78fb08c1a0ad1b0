/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "shapes.h"

#include <string.h>

gboolean
shapes_is_denoiser (const AeModel *model)
{
  const char *task = ae_model_meta (model, "ae.task");
  return task && !strcmp (task, "denoise");
}

AeShape
shapes_input (const AeModel *model, size_t index, int width, int height)
{
  AeShape shape = ae_model_input_shape (model, index);
  if (shapes_is_denoiser (model)) {
    /* Half size, in multiples of 4 for the network's own scales. */
    width = (width + 7) / 8 * 4;
    height = (height + 7) / 8 * 4;
  }
  for (int i = 0; i < shape.rank; i++) {
    if (shape.dim[i] >= 0)
      continue;
    shape.dim[i] = 1;
    if (shape.rank == 4 && i >= 2)
      shape.dim[i] = i == 2 ? height : width;
  }
  return shape;
}

AeStatus
shapes_bind (AeSession *session, const AeModel *model, int width, int height,
    AeError *err)
{
  size_t n = ae_model_n_inputs (model);
  g_autofree AeTensor *inputs = g_new0 (AeTensor, n + 1);
  for (size_t i = 0; i < n; i++) {
    inputs[i].type = ae_model_input_type (model, i);
    inputs[i].shape = shapes_input (model, i, width, height);
    if (inputs[i].shape.rank < 0) {
      if (err) {
        err->status = AE_ERROR_SHAPE;
        g_snprintf (err->text, sizeof err->text,
            "input '%s' has no rank in the file, wanted a shape",
            ae_model_input_name (model, i));
      }
      return AE_ERROR_SHAPE;
    }
  }
  return ae_session_bind (session, inputs, n, err);
}

double
shapes_pixels (const AeModel *model, int width, int height)
{
  if (shapes_is_denoiser (model) || ae_model_n_inputs (model) == 0)
    return (double) width * height;
  AeShape shape = shapes_input (model, 0, width, height);
  return shape.rank == 4 ? (double) shape.dim[2] * shape.dim[3] : 1;
}

char *
shapes_text (const AeShape *shape)
{
  char text[AE_MAX_RANK * 21 + 16];
  if (shape->rank < 0)
    return g_strdup ("any");
  return g_strdup (ae_shape_text (shape, text, sizeof text));
}

typedef const char *(*DimName) (const AeModel *, size_t, int);

static char *
named_text (const AeModel *model, size_t index, AeShape shape, DimName name)
{
  gboolean named = FALSE;
  for (int i = 0; i < shape.rank; i++)
    named |= name (model, index, i)[0] != '\0';
  if (!named)
    return shapes_text (&shape);
  GString *list = g_string_new ("[");
  for (int i = 0; i < shape.rank; i++) {
    const char *dim = name (model, index, i);
    g_string_append (list, i ? ", " : "");
    if (shape.dim[i] >= 0)
      g_string_append_printf (list, "%" G_GINT64_FORMAT, shape.dim[i]);
    else
      g_string_append (list, dim[0] ? dim : "?");
  }
  g_string_append (list, "]");
  return g_string_free (list, FALSE);
}

char *
shapes_text_input (const AeModel *model, size_t index)
{
  return named_text (model, index, ae_model_input_shape (model, index),
      ae_model_input_dim_name);
}

char *
shapes_text_output (const AeModel *model, size_t index)
{
  return named_text (model, index, ae_model_output_shape (model, index),
      ae_model_output_dim_name);
}
