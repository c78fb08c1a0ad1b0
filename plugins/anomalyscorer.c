/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "anomalyscorer.h"

#include "aeerror.h"
#include "aeframe.h"
#include "framestats.h"
#include "recalibration.h"
#include "scorejob.h"

#include <string.h>

/* A live frame waits for its score for half its duration, and no longer than
 * this: less than what sinks allow for processing (20 ms). */
#define MAX_PATIENCE (15 * GST_MSECOND)

struct _GstAeAnomalyScorer {
  GstElement *element;

  GMutex lock; /* of what any thread may use */
  GstAeSetupLoader *loader; /* not NULL while started */
  guint wanted_seconds;     /* of a recalibration; 0 = not asked for */
  GstAeFrameStats stats;
  guint64 unusable; /* frames that are no pictures */
  AeModel *model;   /* in use; NULL while stopped */
  AeCalibration calibration[AE_N_CHANNELS]; /* in use */

  GstAeDiscriminateSetup *setup; /* the job's while that is busy */
  GstAeScoreJob *job;
  GstAeRecalibration *recalibration; /* NULL = none runs */
  guint recalibration_seconds;
  GstClockTime scored_running; /* of the frame given to the model last */
  gdouble waited;      /* s; to that, from the last one that it looked at */
  gboolean reset;      /* the next frame does not follow that */
  guint until_next;    /* frames to pass before the next is scored */
  gboolean bad_buffer; /* the last one was no picture */
  GstAeFinding finding;
};

GstAeAnomalyScorer *
gst_ae_anomaly_scorer_new (GstElement *element)
{
  GstAeAnomalyScorer *s = g_new0 (GstAeAnomalyScorer, 1);

  s->element = element;
  g_mutex_init (&s->lock);
  return s;
}

void
gst_ae_anomaly_scorer_free (GstAeAnomalyScorer **scorer)
{
  if (*scorer == NULL)
    return;
  gst_ae_anomaly_scorer_stop (*scorer);
  g_mutex_clear (&(*scorer)->lock);
  g_clear_pointer (scorer, g_free);
}

/* Life cycle. */

/* From the loader's thread. */
static void
on_load_failed (gpointer user, const AeError *error)
{
  GST_AE_WARNING (user, GST_AE_READING, error);
}

void
gst_ae_anomaly_scorer_start (GstAeAnomalyScorer *s)
{
  g_mutex_lock (&s->lock);
  s->stats = (GstAeFrameStats){ 0 };
  s->unusable = 0;
  s->wanted_seconds = 0;
  s->loader = gst_ae_setup_loader_new (
      &gst_ae_discriminate_setup_type, on_load_failed, s->element);
  g_mutex_unlock (&s->lock);
  s->job = gst_ae_score_job_new ();
  s->scored_running = 0;
  s->bad_buffer = FALSE;
  gst_ae_finding_clear (&s->finding);
  gst_ae_anomaly_scorer_forget (s);
}

/* What gst_ae_anomaly_scorer_save() writes is what the setup has now. */
static void
note_setup (GstAeAnomalyScorer *s)
{
  g_mutex_lock (&s->lock);
  ae_model_unref (&s->model);
  if (s->setup != NULL) {
    s->model = ae_model_ref (gst_ae_model_get (s->setup->model));
    memcpy (s->calibration, s->setup->calibration, sizeof s->calibration);
  }
  g_mutex_unlock (&s->lock);
}

gboolean
gst_ae_anomaly_scorer_load (GstAeAnomalyScorer *s,
    const GstAeDiscriminateRequest *request, AeError *error)
{
  s->setup = gst_ae_discriminate_setup_new (request, error);
  note_setup (s);
  return s->setup != NULL;
}

void
gst_ae_anomaly_scorer_stop (GstAeAnomalyScorer *s)
{
  gst_ae_score_job_free (&s->job);
  g_mutex_lock (&s->lock);
  GstAeSetupLoader *loader = g_steal_pointer (&s->loader);
  g_mutex_unlock (&s->lock);
  gst_ae_setup_loader_free (&loader);
  gst_ae_recalibration_free (&s->recalibration);
  gst_ae_discriminate_setup_free (&s->setup);
  note_setup (s);
  gst_ae_finding_clear (&s->finding);
}

/* What any thread may call. */

gboolean
gst_ae_anomaly_scorer_request (
    GstAeAnomalyScorer *s, GstAeDiscriminateRequest *request)
{
  gboolean good = TRUE;

  g_mutex_lock (&s->lock);
  if (s->loader != NULL)
    good = gst_ae_setup_loader_request (s->loader, request);
  else
    gst_ae_discriminate_request_free (request);
  g_mutex_unlock (&s->lock);
  return good;
}

gboolean
gst_ae_anomaly_scorer_recalibrate (GstAeAnomalyScorer *s, guint seconds)
{
  g_mutex_lock (&s->lock);
  gboolean running = s->loader != NULL;
  if (running)
    s->wanted_seconds = seconds;
  g_mutex_unlock (&s->lock);
  return running;
}

gboolean
gst_ae_anomaly_scorer_save (
    GstAeAnomalyScorer *s, const gchar *path, AeError *error)
{
  AeCalibration calibration[AE_N_CHANNELS];
  AeModel *copy = NULL;

  g_mutex_lock (&s->lock);
  AeModel *model = s->model != NULL ? ae_model_ref (s->model) : NULL;
  memcpy (calibration, s->calibration, sizeof calibration);
  g_mutex_unlock (&s->lock);
  if (model == NULL || path == NULL || path[0] == '\0') {
    gst_ae_error_set (error, AE_ERROR_ARGUMENT,
        "save-calibration: expected %s, found none",
        model == NULL ? "an element that is started" : "a path");
    ae_model_unref (&model);
    return FALSE;
  }
  gboolean good
      = ae_detector_calibrated_model (&copy, model, calibration, error) == AE_OK
      && ae_model_save (copy, path, error) == AE_OK;
  ae_model_unref (&copy);
  ae_model_unref (&model);
  return good;
}

GstStructure *
gst_ae_anomaly_scorer_stats (GstAeAnomalyScorer *s, const gchar *name)
{
  g_mutex_lock (&s->lock);
  GstStructure *stats = gst_ae_frame_stats_structure (&s->stats, name);
  gst_structure_set (stats, "unusable", G_TYPE_UINT64, s->unusable, NULL);
  g_mutex_unlock (&s->lock);
  return stats;
}

/* Recalibration. */

static void
update_recalibration (GstAeAnomalyScorer *s)
{
  g_mutex_lock (&s->lock);
  guint seconds = s->wanted_seconds;
  s->wanted_seconds = 0;
  g_mutex_unlock (&s->lock);
  if (seconds == 0)
    return;
  gst_ae_recalibration_free (&s->recalibration);
  s->recalibration = gst_ae_recalibration_new (seconds);
  s->recalibration_seconds = seconds;
}

static void
tell_calibration (
    GstAeAnomalyScorer *s, guint n, const GstAeDiscriminateSettings *now)
{
  const AeCalibration *calibration = &s->setup->calibration[now->score];
  GstStructure *told = gst_structure_new ("gandiscriminate-calibration",
      "seconds", G_TYPE_DOUBLE, (gdouble) s->recalibration_seconds,
      "scores", G_TYPE_UINT, n,
      "raw-threshold", G_TYPE_DOUBLE,
      ae_calibration_threshold (calibration, now->false_alarms_per_hour),
      NULL);

  gst_element_post_message (s->element,
      gst_message_new_element (GST_OBJECT (s->element), told));
}

static void
end_recalibration (
    GstAeAnomalyScorer *s, const GstAeDiscriminateSettings *now)
{
  AeError error = { 0 };
  guint n = gst_ae_recalibration_count (s->recalibration);
  gboolean good = gst_ae_recalibration_fit (
      s->recalibration, s->setup->calibration, &error);

  gst_ae_recalibration_free (&s->recalibration);
  if (good) {
    note_setup (s);
    tell_calibration (s, n, now);
  } else
    GST_AE_WARNING (s->element, GST_AE_RUNNING, &error);
}

/* Setups. */

/* A place that was calibrated stays so when only zones or mask change. */
static void
keep_calibration (GstAeAnomalyScorer *s, GstAeDiscriminateSetup *newer)
{
  if (strcmp (gst_ae_discriminate_setup_id (newer),
          gst_ae_discriminate_setup_id (s->setup))
      == 0)
    memcpy (newer->calibration, s->setup->calibration,
        sizeof newer->calibration);
  else if (s->recalibration != NULL) {
    gst_ae_recalibration_free (&s->recalibration);
    GST_ELEMENT_WARNING (s->element, RESOURCE, SETTINGS,
        ("recalibration given up: another model took over"), (NULL));
  }
}

/* Takes over what the loader left, if anything; nothing may be scored. What
 * cannot be planned for these pictures leaves the old one in place. */
static void
adopt_loaded (GstAeAnomalyScorer *s, const AeImage *format)
{
  AeError error = { 0 };
  GstAeDiscriminateSetup *setup = gst_ae_setup_loader_take (s->loader);

  if (setup == NULL)
    return;
  gboolean good = gst_ae_discriminate_setup_bind (setup, format, &error);
  if (good) {
    keep_calibration (s, setup);
    GstAeDiscriminateSetup *older = s->setup;
    s->setup = setup;
    setup = older;
    note_setup (s);
    s->reset = TRUE;
    s->finding.known = FALSE;
  }
  gst_ae_discriminate_setup_free (&setup);
  if (!good)
    GST_AE_WARNING (s->element, GST_AE_READING, &error);
}

gboolean
gst_ae_anomaly_scorer_set_format (
    GstAeAnomalyScorer *s, const AeImage *format, AeError *error)
{
  gst_ae_score_job_cancel (s->job);
  gst_ae_setup_loader_set_format (s->loader, format);
  adopt_loaded (s, format);
  return gst_ae_discriminate_setup_bind (s->setup, format, error);
}

/* Scores. */

/* FALSE: there is no score yet. */
static gboolean
use_scores (GstAeAnomalyScorer *s, const GstAeScores *scores,
    const GstAeDiscriminateSettings *now)
{
  gdouble seconds = scores->seconds > 0 ? s->waited : 0;

  s->waited = 0;
  gst_ae_finding_set (&s->finding, scores, s->setup, now);
  if (!s->finding.known)
    return FALSE;
  if (s->recalibration != NULL
      && gst_ae_recalibration_add (
          s->recalibration, scores->detection.score, seconds))
    end_recalibration (s, now);
  return TRUE;
}

/* TRUE: there is a new score. */
static gboolean
take_scores (GstAeAnomalyScorer *s, gint64 until,
    const GstAeDiscriminateSettings *now)
{
  GstAeScores scores;

  if (!gst_ae_score_job_take (s->job, until, &scores))
    return FALSE;
  s->waited += scores.seconds;
  if (!scores.detection.fresh) /* too soon for the model's frame rate */
    return FALSE;
  g_mutex_lock (&s->lock);
  gst_ae_frame_stats_add (&s->stats, scores.start, scores.end);
  g_mutex_unlock (&s->lock);
  gboolean known = use_scores (s, &scores, now);
  gst_ae_scores_clear (&scores);
  return known;
}

static gboolean
is_wanted (GstAeAnomalyScorer *s, const GstAeScorerFrame *frame,
    const GstAeDiscriminateSettings *now)
{
  if (now->inference_interval == 0)
    return frame->live || !frame->late;
  if (s->until_next > 0) {
    s->until_next = MIN (s->until_next, now->inference_interval) - 1;
    return FALSE;
  }
  s->until_next = now->inference_interval - 1;
  return TRUE;
}

/* One message, not one for each when all are bad. */
static void
complain (GstAeAnomalyScorer *s, const GstAeScorerFrame *frame)
{
  g_mutex_lock (&s->lock);
  s->unusable++;
  g_mutex_unlock (&s->lock);
  if (s->bad_buffer)
    return;
  s->bad_buffer = TRUE;
  GST_ELEMENT_WARNING (s->element, STREAM, FORMAT,
      ("buffer of %" G_GSIZE_FORMAT " bytes not scored: it does not hold a "
       "picture of %d x %d as the caps say",
          gst_buffer_get_size (frame->buffer),
          GST_VIDEO_INFO_WIDTH (frame->info),
          GST_VIDEO_INFO_HEIGHT (frame->info)),
      (NULL));
}

static gboolean
start_scoring (GstAeAnomalyScorer *s, const GstAeScorerFrame *frame,
    gboolean beside, const GstAeDiscriminateSettings *now)
{
  gdouble seconds = (gdouble) (frame->running - s->scored_running)
      / (gdouble) GST_SECOND;
  const GstAeScoreTask task = {
    .setup = s->setup,
    .info = frame->info,
    .buffer = frame->buffer,
    .channel = (AeChannel) now->score,
    .seconds = s->reset || seconds <= 0 ? 0 : seconds,
    .reset = s->reset,
  };

  if (!gst_ae_score_job_start (s->job, &task, beside)) {
    complain (s, frame);
    return FALSE;
  }
  s->bad_buffer = FALSE;
  s->reset = FALSE;
  s->scored_running = frame->running;
  return TRUE;
}

/* Monotonic time until which a live frame waits for its score. */
static gint64
patience (const GstAeScorerFrame *frame)
{
  GstClockTime time = MIN (frame->duration / 2, MAX_PATIENCE);

  return g_get_monotonic_time () + (gint64) GST_TIME_AS_USECONDS (time);
}

static gboolean
try_score (GstAeAnomalyScorer *s, const GstAeScorerFrame *frame,
    const GstAeDiscriminateSettings *now)
{
  gboolean beside = now->inference_interval == 0 && frame->live;
  AeImage format;

  if (s->reset) /* what runs is of before */
    gst_ae_score_job_cancel (s->job);
  gboolean fresh = take_scores (s, beside ? 0 : -1, now);
  if (gst_ae_score_job_busy (s->job))
    return fresh;
  gst_ae_image_format (&format, frame->info);
  adopt_loaded (s, &format);
  if (!is_wanted (s, frame, now) || !start_scoring (s, frame, beside, now))
    return fresh;
  return take_scores (s, beside ? patience (frame) : -1, now) || fresh;
}

gboolean
gst_ae_anomaly_scorer_score (GstAeAnomalyScorer *s,
    const GstAeScorerFrame *frame, const GstAeDiscriminateSettings *now)
{
  update_recalibration (s);
  gboolean fresh = try_score (s, frame, now);
  if (!fresh) {
    g_mutex_lock (&s->lock);
    s->stats.skipped++;
    g_mutex_unlock (&s->lock);
  }
  return fresh;
}

void
gst_ae_anomaly_scorer_forget (GstAeAnomalyScorer *s)
{
  s->reset = TRUE;
  s->finding.known = FALSE;
  s->until_next = 0;
}

void
gst_ae_anomaly_scorer_finish (
    GstAeAnomalyScorer *s, const GstAeDiscriminateSettings *now)
{
  if (s->job != NULL)
    gst_ae_score_job_cancel (s->job);
  if (s->recalibration != NULL)
    end_recalibration (s, now);
}

const GstAeFinding *
gst_ae_anomaly_scorer_finding (const GstAeAnomalyScorer *s)
{
  return &s->finding;
}

const GstAeDiscriminateSetup *
gst_ae_anomaly_scorer_setup (const GstAeAnomalyScorer *s)
{
  return s->setup;
}
