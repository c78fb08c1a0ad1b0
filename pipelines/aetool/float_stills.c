/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "float_stills.h"

#include <ae/session.h>
#include <math.h>
#include <string.h>

#include "aetool.h"
#include "noise.h"
#include "quality.h"

/* Rows and columns of the half-size planes are multiples of it. */
#define MULTIPLE 4

/* Distance from the border mirrored into 0 .. n-1. */
static int
mirror (int i, int n)
{
  if (i < n)
    return i;
  return MAX (2 * n - 2 - i, 0);
}

/* Noisy luma (0..1) of the picture, mirrored up to 2h x 2w. */
static float *
noisy_luma (const Picture *clean, double sigma, guint64 seed, int h, int w)
{
  int width = clean->width, height = clean->height;
  g_autofree float *picture = g_new (float, (gsize) width * height);
  float *luma = g_new (float, (gsize) 4 * h * w);
  Noise noise;
  noise_init (&noise, seed);
  for (gsize i = 0; i < (gsize) width * height; i++)
    picture[i] = (clean->data[i] + sigma * noise_gauss (&noise)) / 255;
  for (int y = 0; y < 2 * h; y++)
    for (int x = 0; x < 2 * w; x++)
      luma[(gsize) y * 2 * w + x]
          = picture[(gsize) mirror (y, height) * width + mirror (x, width)];
  return luma;
}

/* Phase (i / 2, i % 2) of the luma -> channel i; U and V are neutral. */
static void
fill_frame (float *frame, const float *luma, int h, int w)
{
  for (int i = 0; i < 6; i++)
    for (int y = 0; y < h; y++)
      for (int x = 0; x < w; x++)
        *frame++ = i < 4 ? luma[(gsize) (2 * y + i / 2) * 2 * w + 2 * x + i % 2]
                         : 0.5f;
}

static void
fill (AeTensor *tensor, float value, gsize from, gsize to)
{
  for (gsize i = from; i < to; i++)
    ((float *) tensor->data)[i] = value;
}

static double
clipped_mse (const float *clean_out, const Picture *clean, int h, int w)
{
  double sum = 0;
  for (int y = 0; y < clean->height; y++)
    for (int x = 0; x < clean->width; x++) {
      int channel = y % 2 * 2 + x % 2;
      double v = 255.0
                 * clean_out[((gsize) channel * h + y / 2) * w + x / 2];
      double d = CLAMP (v, 0, 255) - clean->data[(gsize) y * clean->width + x];
      sum += d * d;
    }
  return sum / ((double) clean->width * clean->height);
}

static AeTensor *
input (AeSession *session, const char *name)
{
  int index = ae_session_find_input (session, name);
  return index < 0 ? NULL : ae_session_input (session, index);
}

static AeStatus
bind (AeSession *session, int h, int w, AeError *err)
{
  static const struct {
    const char *name;
    int channels;
  } inputs[] = { { "frame", 6 }, { "fused", 6 }, { "count", 1 },
    { "noise", 2 } };
  AeTensor shapes[G_N_ELEMENTS (inputs)];
  memset (shapes, 0, sizeof shapes);
  if (ae_session_n_inputs (session) != G_N_ELEMENTS (inputs)) {
    err->status = AE_ERROR_SHAPE;
    g_snprintf (err->text, sizeof err->text,
        "model has %zu inputs, wanted frame, fused, count and noise",
        ae_session_n_inputs (session));
    return AE_ERROR_SHAPE;
  }
  for (gsize i = 0; i < G_N_ELEMENTS (inputs); i++) {
    int at = ae_session_find_input (session, inputs[i].name);
    if (at < 0) {
      err->status = AE_ERROR_NOT_FOUND;
      g_snprintf (err->text, sizeof err->text, "model has no input '%s'",
          inputs[i].name);
      return AE_ERROR_NOT_FOUND;
    }
    shapes[at].type = AE_F32;
    shapes[at].shape = ae_shape (4, 1, inputs[i].channels, h, w);
  }
  return ae_session_bind (session, shapes, G_N_ELEMENTS (inputs), err);
}

/* Luma PSNR of one picture. */
static AeStatus
run_one (AeSession *session, const Picture *clean, double sigma, guint64 seed,
    double *psnr, AeError *err)
{
  int h = ((clean->height + 1) / 2 + MULTIPLE - 1) / MULTIPLE * MULTIPLE;
  int w = ((clean->width + 1) / 2 + MULTIPLE - 1) / MULTIPLE * MULTIPLE;
  gsize n = (gsize) h * w;
  AeStatus status = bind (session, h, w, err);
  if (status != AE_OK)
    return status;
  g_autofree float *luma = noisy_luma (clean, sigma, seed, h, w);
  fill_frame (input (session, "frame")->data, luma, h, w);
  fill (input (session, "fused"), 0, 0, 6 * n);
  fill (input (session, "count"), 0, 0, n);
  fill (input (session, "noise"), sigma / 255, 0, n);
  fill (input (session, "noise"), 0, n, 2 * n);
  ae_session_run (session);
  int out = ae_session_find_output (session, "clean");
  *psnr = quality_psnr (clipped_mse (
      ae_session_output (session, MAX (out, 0))->data, clean, h, w));
  return AE_OK;
}

gboolean
float_stills_psnr (AeModel *model, const GPtrArray *items, double sigma,
    const AeDenoiserOptions *denoiser, double *psnr, GError **error)
{
  AeSession *session = NULL;
  AeSessionOptions options = { .n_threads = denoiser->n_threads,
    .precision = denoiser->precision };
  AeError err;
  AeStatus status = ae_session_new (&session, model, &options, &err);
  double sum = 0;
  for (guint i = 0; status == AE_OK && i < items->len; i++) {
    const EvalItem *item = g_ptr_array_index (items, i);
    double one;
    status = run_one (session, g_ptr_array_index (item->clean, 0), sigma,
        eval_noise_seed (sigma, i), &one, &err);
    sum += one;
  }
  ae_session_free (&session);
  if (status != AE_OK)
    aetool_set_error (error, &err);
  *psnr = sum / items->len;
  return status == AE_OK;
}
