/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "denoiseloader.h"

struct _GstAeDenoiseLoader {
  GstAeDenoiseLoaderFailed failed;
  gpointer user;
  GThread *thread;

  GMutex lock;
  GCond cond;
  gboolean quit;
  gboolean requested;
  GstAeDenoiseRequest request; /* while `requested` */
  AeImage format;              /* width 0 = not known */
  GstAeDenoiseSetup *result;
};

GstAeDenoiseSetup *
gst_ae_denoise_request_load (
    const GstAeDenoiseRequest *request, AeError *error)
{
  const gchar *file = request->model_file;
  gchar *path = file != NULL && file[0] != '\0'
      ? g_strdup (file)
      : gst_ae_models_find (request->bundled, error);

  if (path == NULL)
    return NULL;
  GstAeDenoiseSetup *setup
      = gst_ae_denoise_setup_new (path, &request->options, error);
  g_free (path);
  return setup;
}

/* Neither takes nor holds the lock. */
static void
load (GstAeDenoiseLoader *l, const GstAeDenoiseRequest *request,
    const AeImage *format)
{
  AeError error = { 0 };
  GstAeDenoiseSetup *setup = gst_ae_denoise_request_load (request, &error);

  if (setup != NULL && format->width > 0
      && !gst_ae_denoise_setup_bind (setup, format, &error))
    gst_ae_denoise_setup_free (&setup);
  if (setup == NULL) {
    l->failed (l->user, &error);
    return;
  }
  g_mutex_lock (&l->lock);
  GstAeDenoiseSetup *older = l->result;
  l->result = setup;
  g_mutex_unlock (&l->lock);
  gst_ae_denoise_setup_free (&older);
}

static gpointer
loader_main (gpointer data)
{
  GstAeDenoiseLoader *l = data;

  g_mutex_lock (&l->lock);
  while (!l->quit) {
    if (!l->requested) {
      g_cond_wait (&l->cond, &l->lock);
      continue;
    }
    GstAeDenoiseRequest request = l->request;
    AeImage format = l->format;
    l->request.model_file = NULL;
    l->requested = FALSE;
    g_mutex_unlock (&l->lock);
    load (l, &request, &format);
    g_free (request.model_file);
    g_mutex_lock (&l->lock);
  }
  g_mutex_unlock (&l->lock);
  return NULL;
}

GstAeDenoiseLoader *
gst_ae_denoise_loader_new (GstAeDenoiseLoaderFailed failed, gpointer user)
{
  GstAeDenoiseLoader *l = g_new0 (GstAeDenoiseLoader, 1);

  l->failed = failed;
  l->user = user;
  g_mutex_init (&l->lock);
  g_cond_init (&l->cond);
  return l;
}

void
gst_ae_denoise_loader_free (GstAeDenoiseLoader **loader)
{
  GstAeDenoiseLoader *l = *loader;

  *loader = NULL;
  if (l == NULL)
    return;
  g_mutex_lock (&l->lock);
  l->quit = TRUE;
  g_cond_signal (&l->cond);
  g_mutex_unlock (&l->lock);
  if (l->thread != NULL)
    g_thread_join (l->thread);
  gst_ae_denoise_setup_free (&l->result);
  g_free (l->request.model_file);
  g_cond_clear (&l->cond);
  g_mutex_clear (&l->lock);
  g_free (l);
}

gboolean
gst_ae_denoise_loader_request (
    GstAeDenoiseLoader *l, const GstAeDenoiseRequest *request)
{
  g_mutex_lock (&l->lock);
  g_free (l->request.model_file);
  l->request = *request;
  l->request.model_file = g_strdup (request->model_file);
  l->requested = TRUE;
  if (l->thread == NULL)
    l->thread = g_thread_try_new ("denoise-loader", loader_main, l, NULL);
  gboolean good = l->thread != NULL;
  g_cond_signal (&l->cond);
  g_mutex_unlock (&l->lock);
  return good;
}

void
gst_ae_denoise_loader_set_format (
    GstAeDenoiseLoader *l, const AeImage *format)
{
  g_mutex_lock (&l->lock);
  l->format = *format;
  g_mutex_unlock (&l->lock);
}

GstAeDenoiseSetup *
gst_ae_denoise_loader_take (GstAeDenoiseLoader *l)
{
  g_mutex_lock (&l->lock);
  GstAeDenoiseSetup *result = g_steal_pointer (&l->result);
  g_mutex_unlock (&l->lock);
  return result;
}
