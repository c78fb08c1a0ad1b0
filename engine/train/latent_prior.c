/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/latent_prior.h"

#include <ae/session.h>

#include "tensor/tensor.h"
#include "util/mem.h"
#include "util/rng.h"

#include <string.h>

#define BATCH 100
#define MOST 20000 /* pictures */
#define ROUNDS 40

typedef struct {
  const AeAutoencoderShape *shape;
  const AeLatentPriorOptions *options;
  AePictureStore *store;
  AeSession *session;
  AeRng rng;
  int labels[BATCH];
} Work;

static AeStatus
open_session (Work *w, AeModel *model, AeError *err)
{
  static const char *const inputs[] = { "frame", "class" };
  static const char *const outputs[] = { "latent", "deviation" };
  const AeAutoencoderShape *s = w->shape;
  AeSessionOptions options = { .n_threads = w->options->n_threads,
    .inputs = inputs,
    .n_inputs = s->classes > 0 ? 2 : 1,
    .outputs = outputs,
    .n_outputs = s->code == AE_CODE_VARIATIONAL ? 2 : 1 };
  AeTensor in[2] = {
    { .type = AE_F32,
        .shape = ae_autoencoder_input_shape (s, AE_AUTOENCODER_FRAME, BATCH) },
    { .type = AE_F32,
        .shape = ae_autoencoder_input_shape (s, AE_AUTOENCODER_CLASS, BATCH) },
  };
  AeStatus status = ae_session_new (&w->session, model, &options, err);
  return status == AE_OK
      ? ae_session_bind (w->session, in, options.n_inputs, err)
      : status;
}

/* Pictures from `first` on, and their classes. */
static bool
fill (Work *w, bool held_out, size_t first)
{
  AeTensor *frames = ae_session_input (w->session, 0);
  float *x = frames->data;
  if (!ae_picture_store_take (
          w->store, held_out, first, BATCH, x, w->labels))
    return false;
  size_t n = ae_shape_count (&frames->shape);
  for (size_t i = 0; w->options->binarise && i < n; i++)
    x[i] = ae_rng_uniform (&w->rng) < x[i] ? 1 : 0;
  if (w->shape->classes == 0)
    return true;
  AeTensor *classes = ae_session_input (w->session, 1);
  float *one = classes->data;
  memset (one, 0, ae_tensor_bytes (classes));
  for (int i = 0; i < BATCH; i++)
    one[i * w->shape->classes + w->labels[i]] = 1;
  return true;
}

static void
read_codes (Work *w, size_t n, float *rows)
{
  const float *mean = ae_session_output (w->session, 0)->data;
  n *= (size_t) w->shape->latent;
  memcpy (rows, mean, n * sizeof *rows);
  if (w->shape->code != AE_CODE_VARIATIONAL)
    return;
  const float *deviation = ae_session_output (w->session, 1)->data;
  for (size_t i = 0; i < n; i++)
    rows[i] += deviation[i] * ae_rng_normal (&w->rng);
}

static AeStatus
encode (Work *w, bool held_out, size_t n, float *rows, AeError *err)
{
  for (size_t first = 0; first < n; first += BATCH) {
    if (w->options->cancel && atomic_load (w->options->cancel))
      return ae_fail (
          err, AE_ERROR_CANCELLED, "fitting a prior was cancelled");
    if (!fill (w, held_out, first))
      return ae_fail (
          err, AE_ERROR_NEEDS_DATA, "no pictures to fit a prior to");
    ae_session_run (w->session);
    read_codes (w, n - first < BATCH ? n - first : BATCH,
        rows + first * (size_t) w->shape->latent);
  }
  return AE_OK;
}

static AeStatus
fit (Work *w, AeMixture **out, AeError *err)
{
  bool held_out = ae_picture_store_count (w->store, false) == 0;
  size_t n = ae_picture_store_count (w->store, held_out);
  n = n < MOST ? n : MOST;
  if (n == 0)
    return ae_fail (
        err, AE_ERROR_NEEDS_DATA, "no pictures to fit a prior to");
  size_t d = (size_t) w->shape->latent, k = w->options->components;
  float *rows = ae_calloc (n * d, sizeof *rows);
  if (!rows)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for %zu codes", n);
  AeMixtureOptions options = { .components = k > 0 ? k : 1,
    .full = k > 0,
    .rounds = ROUNDS,
    .seed = w->options->seed };
  AeStatus status = encode (w, held_out, n, rows, err);
  if (status == AE_OK)
    status = ae_mixture_fit (out, rows, n, d, &options, err);
  ae_free (rows);
  return status;
}

AeStatus
ae_latent_prior_fit (AeMixture **out, AeModel *model,
    const AeAutoencoderShape *shape, AePictureStore *store,
    const AeLatentPriorOptions *options, AeError *err)
{
  Work w = { .shape = shape, .options = options, .store = store };
  *out = NULL;
  if (shape->latent > AE_MIXTURE_MOST_VALUES)
    return ae_fail (err, AE_ERROR_LIMIT,
        "codes of %d numbers, wanted %d at most for a prior", shape->latent,
        AE_MIXTURE_MOST_VALUES);
  ae_rng_seed (&w.rng, options->seed);
  AeStatus status = open_session (&w, model, err);
  if (status == AE_OK)
    status = fit (&w, out, err);
  ae_session_free (&w.session);
  return status;
}
