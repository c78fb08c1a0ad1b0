/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_AE_SCORE_JOB_H
#define GST_AE_SCORE_JOB_H

/* Scores one frame at a time, at once or beside the stream. All calls from one
 * thread; while a job runs, its setup belongs to it. */

#include "discriminatesetup.h"

#include <gst/video/video.h>

G_BEGIN_DECLS

typedef struct {
  AeDetection detection;
  AeRegion peak;       /* of the channel that was asked for; this and the grid
                          only if the detection is ready and fresh */
  gint columns, rows;
  gfloat *grid;        /* raw scores of that channel; owned */
  gdouble seconds;     /* as given */
  gint64 start, end;   /* monotonic time, us */
} GstAeScores;

void gst_ae_scores_clear (GstAeScores *scores);

/* What to score: a buffer with a picture as `info` says. */
typedef struct {
  GstAeDiscriminateSetup *setup; /* planned for such pictures */
  const GstVideoInfo *info;
  GstBuffer *buffer;
  AeChannel channel; /* of the peak and the grid */
  gdouble seconds;   /* since the frame scored before; 0 = does not follow */
  gboolean reset;    /* forget earlier frames first */
} GstAeScoreTask;

typedef struct _GstAeScoreJob GstAeScoreJob;

GstAeScoreJob *gst_ae_score_job_new (void);

/* Waits for what runs. Sets *job to NULL; NULL is accepted. */
void gst_ae_score_job_free (GstAeScoreJob **job);

/* Nothing may run, or be left to take. FALSE: the buffer holds no such picture.
 * beside: in a thread, which keeps the buffer until the result is taken or the
 * job is cleared; pixels are only read. */
gboolean gst_ae_score_job_start (
    GstAeScoreJob *job, const GstAeScoreTask *task, gboolean beside);

/* Whether something runs, or is left to take. */
gboolean gst_ae_score_job_busy (const GstAeScoreJob *job);

/* The result, if it is there by monotonic time `until` in us (0: does not
 * wait, -1: for as long as it takes). To be cleared. */
gboolean gst_ae_score_job_take (
    GstAeScoreJob *job, gint64 until, GstAeScores *scores);

/* Waits for what runs and lets its result go. */
void gst_ae_score_job_cancel (GstAeScoreJob *job);

G_END_DECLS

#endif
