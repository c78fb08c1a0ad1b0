/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_AE_TRAIN_WORKER_H
#define GST_AE_TRAIN_WORKER_H

/* A thread that trains what a recipe says from the frames it is given, and saves
 * the model.
 * Frames come from a streaming thread, which never waits for a step. */

#include "aeerror.h"

#include <ae/recipe_trainer.h>

G_BEGIN_DECLS

typedef enum {
  GST_AE_TRAIN_IDLE,
  GST_AE_TRAIN_COLLECTING,
  GST_AE_TRAIN_TRAINING,
  GST_AE_TRAIN_SAVING,
  GST_AE_TRAIN_DONE,
  GST_AE_TRAIN_ERROR
} GstAeTrainState;

/* Strings are copied. Limits of 0 do not limit. */
typedef struct {
  const AeRecipe *recipe; /* read while the worker is made, not kept */
  AeModel *base;          /* may be NULL */
  const gchar *model_file;
  const gchar *checkpoint_file; /* may be NULL */
  gdouble epochs;
  GstClockTime duration;  /* of training, by the clock on the wall */
  gint64 report_interval; /* us; 0 = every step */
  gboolean sheets; /* make one with each report, where the task has them */
} GstAeTrainConfig;

typedef struct {
  guint64 step, steps; /* done, and to do in all */
  guint64 skipped;     /* steps whose loss or gradient was not a number */
  gdouble epoch;       /* samples drawn per frame in memory */
  gdouble loss;        /* mean since the last report; NaN = no step yet */
  const gchar *score_name; /* NULL: this task has none */
  gdouble score;       /* of the held-out frames; NaN = not yet known */
  gdouble learning_rate;
  gdouble samples_per_second;
  GstClockTime eta; /* GST_CLOCK_TIME_NONE = not yet known */
  guint frames;     /* in memory */
  AeTrainingFigure figures[AE_TRAINING_FIGURES]; /* that go with the loss */
  guint n_figures;
} GstAeTrainProgress;

/* Called by the worker's thread, with no lock held. */
typedef struct {
  void (*state) (gpointer user, GstAeTrainState state);
  void (*progress) (gpointer user, const GstAeTrainProgress *progress);
  /* The sheet is the caller's. */
  void (*sheet) (gpointer user, const AeTrainingSheet *sheet);
  /* type is error (the worker has given up) or warning. */
  void (*trouble) (gpointer user, GstMessageType type, GstAeActivity activity,
      const AeError *error);
} GstAeTrainCallbacks;

typedef struct _GstAeTrainWorker GstAeTrainWorker;

/* Makes the trainer, resumes from the checkpoint file when that exists and
 * starts the thread. NULL on failure. */
GstAeTrainWorker *gst_ae_train_worker_new (const GstAeTrainConfig *config,
    const GstAeTrainCallbacks *callbacks, gpointer user, AeError *error);

/* Ends the training after the step that runs, saves, joins the thread. Sets
 * *worker to NULL; NULL is accepted. */
void gst_ae_train_worker_free (GstAeTrainWorker **worker);

/* Copies a frame; see ae_recipe_trainer_add_labelled(). */
AeStatus gst_ae_train_worker_add (GstAeTrainWorker *worker,
    const AeImage *image, gdouble seconds, gint label, AeError *error);

/* No frame will come any more: go on with those in memory. */
void gst_ae_train_worker_end_of_input (GstAeTrainWorker *worker);

/* Requests, taken after the step that runs: write the model now; end the
 * training and save; the same in a hurry, because the element goes down: a model
 * that takes minutes to make is then not written. */
void gst_ae_train_worker_save (GstAeTrainWorker *worker);
void gst_ae_train_worker_stop (GstAeTrainWorker *worker);
void gst_ae_train_worker_quit (GstAeTrainWorker *worker);

/* Waits until the training has ended. FALSE when woken before by
 * gst_ae_train_worker_unblock(): while that is on, nothing waits. */
gboolean gst_ae_train_worker_wait (GstAeTrainWorker *worker);
void gst_ae_train_worker_unblock (GstAeTrainWorker *worker, gboolean on);

/* TRUE once the state is done or error. */
gboolean gst_ae_train_worker_ended (GstAeTrainWorker *worker);

G_END_DECLS

#endif
