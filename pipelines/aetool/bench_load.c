/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "bench_load.h"

#include <ae/denoiser.h>
#include <math.h>
#include <stdio.h>

#include "aetool.h"
#include "noise.h"
#include "paths.h"

#define SHARERS 4
#define SHARE_SECONDS 4

static const char *const presets[] = { "fast", "balanced", "quality" };

static AeModel *
load_preset (const char *preset, char **path, GError **error)
{
  AeModel *model = NULL;
  AeError err;
  *path = paths_bundled_denoiser (preset, error);
  if (*path && ae_model_load (&model, *path, &err) != AE_OK)
    aetool_set_error (error, &err);
  return model;
}

static gpointer
compute (gpointer stop)
{
  volatile double sum = 0;
  while (!g_atomic_int_get ((gint *) stop))
    for (int i = 0; i < 10000; i++)
      sum += i;
  return NULL;
}

typedef struct {
  double own_ms, ort_ms;
} Times;

static gboolean
measure (AeModel *model, const char *path, int width, int height,
    const BenchOptions *options, gboolean busy, Times *times, GError **error)
{
  AeError err;
  BenchResult result;
  gint stop = 0;
  Bench *bench = bench_new (model, path, width, height, options, &err);
  if (!bench) {
    aetool_set_error (error, &err);
    return FALSE;
  }
  GThread *thread = busy ? g_thread_new ("busy", compute, &stop) : NULL;
  gboolean ok = bench_run (bench, &result, error);
  g_atomic_int_set (&stop, 1);
  if (thread)
    g_thread_join (thread);
  bench_free (bench);
  *times = (Times){ result.median_ms, result.ort.median_ms };
  return ok;
}

static void
print_row (const char *preset, const Times *alone, const Times *beside)
{
  printf ("| denoise-%s | %.2f | %.2f | %.2f |", preset, alone->own_ms,
      beside->own_ms, beside->own_ms / alone->own_ms);
  if (isnan (alone->ort_ms))
    printf (" - | - | - |\n");
  else
    printf (" %.2f | %.2f | %.2f |\n", alone->ort_ms, beside->ort_ms,
        beside->ort_ms / alone->ort_ms);
  fflush (stdout);
}

static gboolean
bench_beside (
    int width, int height, const BenchOptions *options, GError **error)
{
  printf ("%dx%d, threads: %d, medians, ms, alone and beside one thread that "
          "computes\n\n"
          "| network | alone | beside | times | onnxruntime alone | beside | "
          "times |\n"
          "| --- | --- | --- | --- | --- | --- | --- |\n",
      width, height, options->threads);
  for (gsize i = 0; i < G_N_ELEMENTS (presets); i++) {
    g_autofree char *path = NULL;
    Times alone, beside;
    AeModel *model = load_preset (presets[i], &path, error);
    gboolean ok = model
                  && measure (model, path, width, height, options, FALSE,
                      &alone, error)
                  && measure (model, path, width, height, options, TRUE,
                      &beside, error);
    ae_model_unref (&model);
    if (!ok)
      return FALSE;
    print_row (presets[i], &alone, &beside);
  }
  return TRUE;
}

/* One of several denoisers that run at the same time. */
typedef struct {
  AeDenoiser *denoiser;
  Picture *in, *out;
  gint *stop;
  int frames;
} Sharer;

static gpointer
share (gpointer data)
{
  Sharer *s = data;
  AeDenoiseParams params
      = { .strength = 1, .noise_level = -1, .temporal = true };
  AeImage from = picture_image (s->in), to = picture_image (s->out);
  for (; !g_atomic_int_get (s->stop); s->frames++)
    ae_denoiser_process (s->denoiser, &from, &to, &params);
  return NULL;
}

static gboolean
open_sharer (Sharer *s, AeModel *model, int width, int height,
    const BenchOptions *options, gint *stop, GError **error)
{
  AeError err;
  AeDenoiserOptions o
      = { .n_threads = options->threads, .precision = options->precision };
  g_autoptr (Picture) grey
      = picture_new (GST_VIDEO_FORMAT_I420, width, height);
  s->in = noise_add (grey, 15, FALSE, 1);
  s->out = picture_copy (s->in);
  s->stop = stop;
  AeImage format = picture_image (s->in);
  if (ae_denoiser_new (&s->denoiser, model, &o, &err) == AE_OK
      && ae_denoiser_bind (s->denoiser, &format, &err) == AE_OK)
    return TRUE;
  aetool_set_error (error, &err);
  return FALSE;
}

static void
close_sharer (Sharer *s)
{
  ae_denoiser_free (&s->denoiser);
  if (s->in)
    picture_free (s->in);
  if (s->out)
    picture_free (s->out);
}

static void
run_sharers (Sharer *sharers, gint *stop)
{
  GThread *threads[SHARERS];
  for (int i = 0; i < SHARERS; i++)
    threads[i] = g_thread_new ("share", share, &sharers[i]);
  g_usleep (SHARE_SECONDS * G_USEC_PER_SEC);
  g_atomic_int_set (stop, 1);
  for (int i = 0; i < SHARERS; i++)
    g_thread_join (threads[i]);
}

static gboolean
bench_sharing (
    int width, int height, const BenchOptions *options, GError **error)
{
  g_autofree char *path = NULL;
  AeModel *model = load_preset ("fast", &path, error);
  Sharer sharers[SHARERS] = { 0 };
  gint stop = 0;
  gboolean ok = model != NULL;
  for (int i = 0; ok && i < SHARERS; i++)
    ok = open_sharer (
        &sharers[i], model, width, height, options, &stop, error);
  if (ok) {
    int least = G_MAXINT, most = 0;
    run_sharers (sharers, &stop);
    printf ("\n%d denoisers of one process, frames per second:", SHARERS);
    for (int i = 0; i < SHARERS; i++) {
      printf (" %.1f", sharers[i].frames / (double) SHARE_SECONDS);
      least = MIN (least, sharers[i].frames);
      most = MAX (most, sharers[i].frames);
    }
    printf ("; the most is %.2f times the least.\n", most / (double) least);
  }
  for (int i = 0; i < SHARERS; i++)
    close_sharer (&sharers[i]);
  ae_model_unref (&model);
  return ok;
}

int
bench_load (int width, int height, const BenchOptions *options)
{
  GError *error = NULL;
  return bench_beside (width, height, options, &error)
                 && bench_sharing (width, height, options, &error)
             ? AETOOL_OK
             : aetool_g_error (error);
}
