/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "method.h"

#include "aetool.h"

Pictures *
pictures_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) picture_free);
}

void
method_free (Method *method)
{
  ae_model_unref (&method->model);
  g_free (method->name);
  g_free (method);
}

static Pictures *
copy_pictures (Method *method, const Pictures *noisy, const double strength[2],
    GError **error)
{
  Pictures *out = pictures_new ();
  for (guint i = 0; i < noisy->len; i++)
    g_ptr_array_add (out, picture_copy (g_ptr_array_index (noisy, i)));
  return out;
}

Method *
method_noisy (void)
{
  Method *method = g_new0 (Method, 1);
  method->name = g_strdup ("noisy");
  method->run = copy_pictures;
  return method;
}

/* All frames through one denoiser, in order. */
static void
process_all (AeDenoiser *denoiser, const Method *method,
    const Pictures *noisy, double sigma, Pictures *out)
{
  AeDenoiseParams params = { .strength = 1,
    .noise_level = method->known ? sigma : -1, .temporal = method->fusion };
  for (guint i = 0; i < noisy->len; i++) {
    const Picture *from = g_ptr_array_index (noisy, i);
    Picture *to = picture_new (from->format, from->width, from->height);
    AeImage in = picture_image (from), image = picture_image (to);
    ae_denoiser_process (denoiser, &in, &image, &params);
    g_ptr_array_add (out, to);
  }
}

static Pictures *
run_model (Method *method, const Pictures *noisy, const double strength[2],
    GError **error)
{
  AeDenoiser *denoiser = NULL;
  AeError err;
  AeImage format = picture_image (g_ptr_array_index (noisy, 0));
  if (ae_denoiser_new (&denoiser, method->model, &method->options, &err) != AE_OK
      || ae_denoiser_bind (denoiser, &format, &err) != AE_OK) {
    ae_denoiser_free (&denoiser);
    aetool_set_error (error, &err);
    return NULL;
  }
  Pictures *out = pictures_new ();
  process_all (denoiser, method, noisy, strength[0], out);
  ae_denoiser_free (&denoiser);
  return out;
}

static void
model_strength (
    const Method *method, double sigma, double a, double b, double out[2])
{
  out[0] = sigma;
  out[1] = 0;
}

Method *
method_model (const char *name, AeModel *model, gboolean fusion,
    gboolean known, const AeDenoiserOptions *options)
{
  Method *method = g_new0 (Method, 1);
  method->name = g_strdup (name);
  method->temporal = TRUE;
  method->run = run_model;
  method->strength_for = model_strength;
  method->model = ae_model_ref (model);
  method->fusion = fusion;
  method->known = known;
  method->options = *options;
  return method;
}
