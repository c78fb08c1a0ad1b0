/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "setuploader.h"

struct _GstAeSetupLoader {
  const GstAeSetupType *type;
  GstAeSetupLoaderFailed failed;
  gpointer user;
  GThread *thread;

  GMutex lock;
  GCond cond;
  gboolean quit;
  gpointer request; /* NULL = none waits */
  AeImage format;   /* width 0 = not known */
  gpointer result;
};

static void
free_setup (GstAeSetupLoader *l, gpointer setup)
{
  if (setup != NULL)
    l->type->free_setup (setup);
}

static void
free_request (GstAeSetupLoader *l, gpointer request)
{
  if (request != NULL)
    l->type->free_request (request);
}

/* Neither takes nor holds the lock. */
static void
load (GstAeSetupLoader *l, gconstpointer request, const AeImage *format)
{
  AeError error = { 0 };
  gpointer setup = l->type->load (request, &error);

  if (setup != NULL && format->width > 0
      && !l->type->bind (setup, format, &error)) {
    free_setup (l, setup);
    setup = NULL;
  }
  if (setup == NULL) {
    l->failed (l->user, &error);
    return;
  }
  g_mutex_lock (&l->lock);
  gpointer older = l->result;
  l->result = setup;
  g_mutex_unlock (&l->lock);
  free_setup (l, older);
}

static gpointer
loader_main (gpointer data)
{
  GstAeSetupLoader *l = data;

  g_mutex_lock (&l->lock);
  while (!l->quit) {
    if (l->request == NULL) {
      g_cond_wait (&l->cond, &l->lock);
      continue;
    }
    gpointer request = g_steal_pointer (&l->request);
    AeImage format = l->format;
    g_mutex_unlock (&l->lock);
    load (l, request, &format);
    free_request (l, request);
    g_mutex_lock (&l->lock);
  }
  g_mutex_unlock (&l->lock);
  return NULL;
}

GstAeSetupLoader *
gst_ae_setup_loader_new (const GstAeSetupType *type,
    GstAeSetupLoaderFailed failed, gpointer user)
{
  GstAeSetupLoader *l = g_new0 (GstAeSetupLoader, 1);

  l->type = type;
  l->failed = failed;
  l->user = user;
  g_mutex_init (&l->lock);
  g_cond_init (&l->cond);
  return l;
}

void
gst_ae_setup_loader_free (GstAeSetupLoader **loader)
{
  GstAeSetupLoader *l = *loader;

  *loader = NULL;
  if (l == NULL)
    return;
  g_mutex_lock (&l->lock);
  l->quit = TRUE;
  g_cond_signal (&l->cond);
  g_mutex_unlock (&l->lock);
  if (l->thread != NULL)
    g_thread_join (l->thread);
  free_setup (l, l->result);
  free_request (l, l->request);
  g_cond_clear (&l->cond);
  g_mutex_clear (&l->lock);
  g_free (l);
}

gboolean
gst_ae_setup_loader_request (GstAeSetupLoader *l, gpointer request)
{
  g_mutex_lock (&l->lock);
  gpointer older = l->request;
  l->request = request;
  if (l->thread == NULL)
    l->thread = g_thread_try_new ("setup-loader", loader_main, l, NULL);
  gboolean good = l->thread != NULL;
  g_cond_signal (&l->cond);
  g_mutex_unlock (&l->lock);
  free_request (l, older);
  return good;
}

void
gst_ae_setup_loader_set_format (GstAeSetupLoader *l, const AeImage *format)
{
  g_mutex_lock (&l->lock);
  l->format = *format;
  g_mutex_unlock (&l->lock);
}

gpointer
gst_ae_setup_loader_take (GstAeSetupLoader *l)
{
  g_mutex_lock (&l->lock);
  gpointer result = g_steal_pointer (&l->result);
  g_mutex_unlock (&l->lock);
  return result;
}
