/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "sidejob.h"

struct _GstAeSideJob {
  GThread *thread;
  GMutex lock;
  GCond cond;
  gboolean quit;
  GstAeSideJobFunction function; /* NULL = nothing to do */
  gpointer data;
};

static gpointer
job_main (gpointer user)
{
  GstAeSideJob *job = user;

  g_mutex_lock (&job->lock);
  while (!job->quit || job->function != NULL) {
    if (job->function == NULL) {
      g_cond_wait (&job->cond, &job->lock);
      continue;
    }
    g_mutex_unlock (&job->lock);
    job->function (job->data);
    g_mutex_lock (&job->lock);
    job->function = NULL;
    g_cond_broadcast (&job->cond);
  }
  g_mutex_unlock (&job->lock);
  return NULL;
}

GstAeSideJob *
gst_ae_side_job_new (void)
{
  GstAeSideJob *job = g_new0 (GstAeSideJob, 1);

  g_mutex_init (&job->lock);
  g_cond_init (&job->cond);
  return job;
}

void
gst_ae_side_job_free (GstAeSideJob **place)
{
  GstAeSideJob *job = *place;

  *place = NULL;
  if (job == NULL)
    return;
  g_mutex_lock (&job->lock);
  job->quit = TRUE;
  g_cond_broadcast (&job->cond);
  g_mutex_unlock (&job->lock);
  if (job->thread != NULL)
    g_thread_join (job->thread);
  g_cond_clear (&job->cond);
  g_mutex_clear (&job->lock);
  g_free (job);
}

void
gst_ae_side_job_start (
    GstAeSideJob *job, GstAeSideJobFunction function, gpointer data)
{
  g_mutex_lock (&job->lock);
  g_assert (job->function == NULL);
  if (job->thread == NULL)
    job->thread = g_thread_try_new ("side-job", job_main, job, NULL);
  gboolean threaded = job->thread != NULL;
  if (threaded) {
    job->data = data;
    job->function = function;
    g_cond_broadcast (&job->cond);
  }
  g_mutex_unlock (&job->lock);
  if (!threaded)
    function (data);
}

gboolean
gst_ae_side_job_wait (GstAeSideJob *job, gint64 until)
{
  gboolean in_time = until != 0;

  g_mutex_lock (&job->lock);
  while (job->function != NULL && in_time) {
    if (until < 0)
      g_cond_wait (&job->cond, &job->lock);
    else
      in_time = g_cond_wait_until (&job->cond, &job->lock, until);
  }
  gboolean idle = job->function == NULL;
  g_mutex_unlock (&job->lock);
  return idle;
}
