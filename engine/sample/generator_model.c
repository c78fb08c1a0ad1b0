/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sample/generator_model.h"

#include "tensor/tensor.h"

#include <stdlib.h>
#include <string.h>

#define LARGEST_SIDE 4096

static const char frame[] = "frame", class_name[] = "class",
                  latent[] = "latent", deviation[] = "deviation";

/* Tasks whose models tell of themselves. */
static const struct {
  const char *task, *latent, *classes, *clusters, *code, *picture;
} known[] = {
  { "autoencoder", "ae.autoencoder.latent", "ae.autoencoder.classes", NULL,
      "ae.autoencoder.code", "reconstruction" },
  { "gan", "ae.gan.latent", "ae.gan.classes", "ae.gan.clusters", NULL,
      "generated" },
};

static AeStatus
read_count (const AeModel *model, const char *key, int least, int most,
    int *to, AeError *err)
{
  const char *text = ae_model_meta (model, key);
  char *end = NULL;
  long n = text ? strtol (text, &end, 10) : least - 1;
  if (text && end != text && !*end && n >= least && n <= most) {
    *to = (int) n;
    return AE_OK;
  }
  return ae_fail (err, AE_ERROR_FORMAT,
      "metadata %s is %s%.40s%s, wanted %d to %d", key, text ? "\"" : "",
      text ? text : "missing", text ? "\"" : "", least, most);
}

/* Clusters, where there are some, are told as labels are. */
static AeStatus
learn_classes (
    AeGeneratorModel *m, const AeModel *model, size_t i, AeError *err)
{
  int clusters = 0;
  const char *key = known[i].clusters;
  AeStatus status = read_count (model, known[i].classes, 0,
      AE_GENERATOR_MOST_CLASSES, &m->classes, err);
  if (status == AE_OK && key && ae_model_meta (model, key))
    status = read_count (
        model, key, 0, AE_GENERATOR_MOST_CLASSES, &clusters, err);
  m->clusters = clusters > 0;
  m->classes = clusters > 0 ? clusters : m->classes;
  m->class_name = m->classes > 0 ? class_name : NULL;
  return status;
}

static AeStatus
learn_known (AeGeneratorModel *m, const AeModel *model, size_t i, AeError *err)
{
  m->code = latent;
  m->picture = known[i].picture;
  AeStatus status = read_count (
      model, known[i].latent, 1, AE_GENERATOR_MOST_LATENT, &m->latent, err);
  if (status == AE_OK)
    status = learn_classes (m, model, i, err);
  if (!known[i].code)
    return status;
  const char *net = ae_model_meta (model, "ae.autoencoder.net");
  if (status == AE_OK && net && strcmp (net, "fully-conv") == 0)
    return ae_fail (err, AE_ERROR_UNSUPPORTED,
        "found an autoencoder with net = fully-conv, whose codes are maps, "
        "wanted one whose codes are numbers");
  const char *kind = ae_model_meta (model, known[i].code);
  m->encodes = true;
  m->variational = kind && strcmp (kind, "variational") == 0;
  return status;
}

/* The second dimension of an input that is (N,n) or (N,n,1,1). */
static AeStatus
learn_input (const AeModel *model, size_t i, int most, bool *square, int *n,
    AeError *err)
{
  char text[96];
  AeShape s = ae_model_input_shape (model, i);
  *square = s.rank == 4 && s.dim[2] == 1 && s.dim[3] == 1;
  if (ae_model_input_type (model, i) != AE_F32)
    return ae_fail (err, AE_ERROR_UNSUPPORTED,
        "input \"%s\" is of type %s, wanted codes of %s",
        ae_model_input_name (model, i),
        ae_type_name (ae_model_input_type (model, i)), ae_type_name (AE_F32));
  if ((s.rank != 2 && !*square) || s.dim[1] < 1 || s.dim[1] > most)
    return ae_fail (err, AE_ERROR_SHAPE,
        "input \"%s\" has shape %s, wanted (N,L) or (N,L,1,1) with L of 1 to "
        "%d: codes of pictures",
        ae_model_input_name (model, i), ae_shape_text (&s, text, sizeof text),
        most);
  *n = (int) s.dim[1];
  return AE_OK;
}

static AeStatus
learn_range (AeGeneratorModel *m, const AeModel *model, AeError *err)
{
  const char *text = ae_model_meta (model, "ae.output_range");
  if (!text || strcmp (text, "0-1") == 0)
    return AE_OK;
  if (strcmp (text, "0-255") == 0)
    m->gain = 255;
  else if (strcmp (text, "-1-1") == 0) {
    m->gain = 2;
    m->offset = -1;
  } else
    return ae_fail (err, AE_ERROR_FORMAT,
        "metadata ae.output_range is \"%.40s\", wanted 0-1, -1-1 or 0-255",
        text);
  return AE_OK;
}

static AeStatus
learn_other (AeGeneratorModel *m, const AeModel *model, AeError *err)
{
  bool square;
  size_t n = ae_model_n_inputs (model);
  const char *task = ae_model_meta (model, "ae.task");
  if (task)
    return ae_fail (err, AE_ERROR_FORMAT,
        "found a model of task \"%.40s\", wanted one that makes pictures: of "
        "task autoencoder or gan",
        task);
  if (n < 1 || n > 2 || ae_model_n_outputs (model) < 1)
    return ae_fail (err, AE_ERROR_SHAPE,
        "found %zu inputs, wanted a code, and a class where there are any", n);
  m->code = ae_model_input_name (model, 0);
  m->picture = ae_model_output_name (model, 0);
  AeStatus status = learn_input (
      model, 0, AE_GENERATOR_MOST_LATENT, &m->square, &m->latent, err);
  if (status == AE_OK && n == 2) {
    m->class_name = ae_model_input_name (model, 1);
    status = learn_input (
        model, 1, AE_GENERATOR_MOST_CLASSES, &square, &m->classes, err);
  }
  return status == AE_OK ? learn_range (m, model, err) : status;
}

AeStatus
ae_generator_model_learn (
    AeGeneratorModel *m, const AeModel *model, AeError *err)
{
  const char *task = ae_model_meta (model, "ae.task");
  *m = (AeGeneratorModel){ .gain = 1 };
  for (size_t i = 0; task && i < sizeof known / sizeof *known; i++)
    if (strcmp (known[i].task, task) == 0)
      return learn_known (m, model, i, err);
  return learn_other (m, model, err);
}

static AeStatus
open_part (AeSession **out, AeModel *model, const char *const *inputs,
    const char *const *outputs, size_t n_outputs, const AeTensor *shapes,
    size_t n, const AeSessionOptions *wanted, AeError *err)
{
  AeSessionOptions options = *wanted;
  options.inputs = inputs;
  options.n_inputs = n;
  options.outputs = outputs;
  options.n_outputs = n_outputs;
  AeStatus status = ae_session_new (out, model, &options, err);
  if (status == AE_OK)
    status = ae_session_bind (*out, shapes, n, err);
  if (status != AE_OK)
    ae_session_free (out);
  return status;
}

static AeStatus
check_picture (const AeSession *session, int batch, AeError *err)
{
  char text[96];
  const AeTensor *x = ae_session_output (session, 0);
  const int64_t *dim = x->shape.dim;
  if (x->type == AE_F32 && x->shape.rank == 4 && dim[0] == batch
      && (dim[1] == 1 || dim[1] == 3) && dim[2] >= 1 && dim[2] <= LARGEST_SIDE
      && dim[3] >= 1 && dim[3] <= LARGEST_SIDE)
    return AE_OK;
  return ae_fail (err, AE_ERROR_SHAPE,
      "output \"%s\" is %s of type %s, wanted pictures (%d,1 or 3,height,width) "
      "of %s, of 1 to %d a side",
      ae_session_output_name (session, 0),
      ae_shape_text (&x->shape, text, sizeof text), ae_type_name (x->type),
      batch, ae_type_name (AE_F32), LARGEST_SIDE);
}

AeStatus
ae_generator_model_decoder (AeSession **out, const AeGeneratorModel *m,
    AeModel *model, int batch, const AeSessionOptions *options, AeError *err)
{
  const char *inputs[] = { m->code, m->class_name };
  AeTensor shapes[2] = {
    { .type = AE_F32,
        .shape = m->square ? ae_shape (4, batch, m->latent, 1, 1)
                           : ae_shape (2, batch, m->latent) },
    { .type = AE_F32, .shape = ae_shape (2, batch, m->classes) },
  };
  AeStatus status = open_part (out, model, inputs, &m->picture, 1, shapes,
      m->class_name ? 2 : 1, options, err);
  if (status == AE_OK)
    status = check_picture (*out, batch, err);
  if (status != AE_OK)
    ae_session_free (out);
  return status;
}

AeStatus
ae_generator_model_encoder (AeSession **out, const AeGeneratorModel *m,
    AeModel *model, AeShape picture, const AeSessionOptions *options,
    AeError *err)
{
  static const char *const inputs[] = { frame, class_name };
  static const char *const outputs[] = { latent, deviation };
  size_t n_outputs = m->variational ? 2 : 1;
  AeTensor shapes[2] = { { .type = AE_F32, .shape = picture },
    { .type = AE_F32, .shape = ae_shape (2, 1, m->classes) } };
  AeStatus status = open_part (out, model, inputs, outputs, n_outputs, shapes,
      m->class_name ? 2 : 1, options, err);
  for (size_t i = 0; status == AE_OK && i < n_outputs; i++) {
    const AeTensor *x = ae_session_output (*out, i);
    if (x->type != AE_F32
        || ae_shape_count (&x->shape) != (size_t) m->latent)
      status = ae_fail (err, AE_ERROR_SHAPE,
          "\"%s\" has %zu numbers, wanted the %d of a code", outputs[i],
          ae_shape_count (&x->shape), m->latent);
  }
  if (status != AE_OK)
    ae_session_free (out);
  return status;
}
