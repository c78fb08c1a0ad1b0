/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "scorejob.h"

#include "aeframe.h"
#include "sidejob.h"

struct _GstAeScoreJob {
  GstAeSideJob *side;
  gboolean busy;

  /* While busy; the side job's until it is done. */
  GstAeScoreTask task; /* owns a reference to its buffer */
  GstVideoFrame frame;
  GstAeScores scores;
};

void
gst_ae_scores_clear (GstAeScores *scores)
{
  g_free (scores->grid);
  *scores = (GstAeScores){ 0 };
}

GstAeScoreJob *
gst_ae_score_job_new (void)
{
  GstAeScoreJob *job = g_new0 (GstAeScoreJob, 1);

  job->side = gst_ae_side_job_new ();
  return job;
}

void
gst_ae_score_job_free (GstAeScoreJob **job)
{
  if (*job == NULL)
    return;
  gst_ae_score_job_cancel (*job);
  gst_ae_side_job_free (&(*job)->side);
  g_clear_pointer (job, g_free);
}

/* From here on scores are what the calibrations are of. */
static void
count_less_while_unsure (GstAeScores *s)
{
  gsize n = (gsize) s->columns * (gsize) s->rows;

  for (int i = 0; i < AE_N_CHANNELS; i++)
    s->detection.score[i]
        = ae_detection_sure_score (&s->detection, (AeChannel) i);
  for (gsize i = 0; i < n; i++)
    s->grid[i] *= s->detection.sure;
}

static void
run (gpointer data)
{
  GstAeScoreJob *job = data;
  const GstAeScoreTask *task = &job->task;
  AeDetector *detector = task->setup->detector;
  GstAeScores *s = &job->scores;
  AeImage image;

  s->start = g_get_monotonic_time ();
  s->seconds = task->seconds;
  if (task->reset)
    ae_detector_reset (detector);
  gst_ae_image_from_frame (&image, &job->frame);
  ae_detector_process (detector, &image, task->seconds, &s->detection);
  if (s->detection.ready && s->detection.fresh) {
    ae_detector_peak (detector, task->channel, &s->peak);
    ae_detector_grid_size (detector, &s->columns, &s->rows);
    s->grid = g_memdup2 (ae_detector_grid (detector, task->channel),
        sizeof (gfloat) * (gsize) s->columns * (gsize) s->rows);
    count_less_while_unsure (s);
  }
  s->end = g_get_monotonic_time ();
}

gboolean
gst_ae_score_job_start (
    GstAeScoreJob *job, const GstAeScoreTask *task, gboolean beside)
{
  g_assert (!job->busy);
  if (!gst_ae_frame_map (&job->frame, task->info, task->buffer, GST_MAP_READ))
    return FALSE;
  job->busy = TRUE;
  job->task = *task;
  if (beside) {
    gst_buffer_ref (task->buffer);
    gst_ae_side_job_start (job->side, run, job);
  } else {
    job->task.buffer = NULL; /* unmapped before the call returns */
    run (job);
    gst_video_frame_unmap (&job->frame);
  }
  return TRUE;
}

gboolean
gst_ae_score_job_busy (const GstAeScoreJob *job)
{
  return job->busy;
}

gboolean
gst_ae_score_job_take (
    GstAeScoreJob *job, gint64 until, GstAeScores *scores)
{
  if (!job->busy || !gst_ae_side_job_wait (job->side, until))
    return FALSE;
  if (job->task.buffer != NULL) {
    gst_video_frame_unmap (&job->frame);
    gst_clear_buffer (&job->task.buffer);
  }
  job->busy = FALSE;
  *scores = job->scores;
  job->scores = (GstAeScores){ 0 };
  return TRUE;
}

void
gst_ae_score_job_cancel (GstAeScoreJob *job)
{
  GstAeScores scores;

  if (gst_ae_score_job_take (job, -1, &scores))
    gst_ae_scores_clear (&scores);
}
