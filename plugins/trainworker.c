/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "trainworker.h"

#include <math.h>

/* Training starts with this many frames, or with fewer when no more come: the
 * first steps should not all see one picture. */
#define FRAMES_TO_START 16

/* So many steps in a row without a number for a loss: it will not recover. */
#define MAX_SKIPPED_IN_A_ROW 50

struct _GstAeTrainWorker {
  GstAeTrainCallbacks callbacks;
  gpointer user;
  gchar *model_file, *checkpoint_file;
  gdouble epochs;
  GstClockTime duration;
  gint64 report_interval;
  gboolean sheets;

  AeRecipeTrainer *trainer;
  AeTrainingPlan plan;
  GThread *thread;

  GMutex lock;
  GCond cond;
  gboolean end_of_input, save, stop, quit, unblocked, ended;

  /* The worker's thread. */
  GstAeTrainProgress now;
  gdouble best_score;
  guint validations_without_gain, skipped_in_a_row;
  gint64 start, last_report; /* monotonic time, us */
  gdouble loss_sum;
  guint steps_since_report, steps_done;
};

static void
set_state (GstAeTrainWorker *w, GstAeTrainState state)
{
  w->callbacks.state (w->user, state);
}

static void
post (GstAeTrainWorker *w, GstMessageType type, GstAeActivity activity,
    const AeError *error)
{
  w->callbacks.trouble (w->user, type, activity, error);
}

static gboolean
in_a_hurry (GstAeTrainWorker *w)
{
  g_mutex_lock (&w->lock);
  gboolean hurry = w->quit;
  g_mutex_unlock (&w->lock);
  return hurry;
}

static gboolean
asked_to_end (GstAeTrainWorker *w)
{
  g_mutex_lock (&w->lock);
  gboolean end = w->stop || w->quit;
  g_mutex_unlock (&w->lock);
  return end;
}

/* Waits for `wanted` frames. FALSE: no more will come, or asked to end. */
static gboolean
wait_for_frames (GstAeTrainWorker *w, size_t wanted)
{
  g_mutex_lock (&w->lock);
  while (!w->stop && !w->quit && !w->end_of_input
      && ae_recipe_trainer_n_frames (w->trainer) < wanted)
    g_cond_wait (&w->cond, &w->lock);
  gboolean more = !w->stop && !w->quit && !w->end_of_input;
  g_mutex_unlock (&w->lock);
  return more;
}

/* Saving. */

/* Not an error: the element goes down while a model is made that takes long. */
static void
say_not_written (GstAeTrainWorker *w)
{
  AeError error = { 0 };

  gst_ae_error_set (&error, AE_ERROR_CANCELLED,
      "%s is not written: %s takes minutes; end the stream to wait for it%s",
      w->model_file, w->plan.model_work,
      w->checkpoint_file != NULL ? ", or go on from the checkpoint" : "");
  post (w, GST_MESSAGE_WARNING, GST_AE_RUNNING, &error);
}

/* kept: of the best validation, where there is an early stop. */
static gboolean
save_model (GstAeTrainWorker *w, gboolean kept)
{
  AeError error = { 0 };
  AeModel *model = NULL;
  GstAeActivity activity = GST_AE_RUNNING;
  AeStatus status;

  if (w->plan.model_work != NULL && in_a_hurry (w)) {
    say_not_written (w);
    return TRUE;
  }
  status = ae_recipe_trainer_model (w->trainer, kept, &model, &error);
  if (status == AE_ERROR_CANCELLED && in_a_hurry (w)) {
    say_not_written (w);
    return TRUE;
  }
  if (status == AE_OK) {
    activity = GST_AE_WRITING;
    status = ae_model_save (model, w->model_file, &error);
    ae_model_unref (&model);
    if (status != AE_OK)
      gst_ae_error_prefix (&error, w->model_file);
  }
  if (status != AE_OK)
    post (w, GST_MESSAGE_ERROR, activity, &error);
  return status == AE_OK;
}

static gboolean
save_checkpoint (GstAeTrainWorker *w)
{
  AeError error = { 0 };

  if (w->checkpoint_file == NULL
      || ae_recipe_trainer_save (w->trainer, w->checkpoint_file, &error)
          == AE_OK)
    return TRUE;
  gst_ae_error_prefix (&error, w->checkpoint_file);
  post (w, GST_MESSAGE_ERROR, GST_AE_WRITING, &error);
  return FALSE;
}

/* Progress. */

static void
show_sheet (GstAeTrainWorker *w)
{
  AeError error = { 0 };
  AeTrainingSheet sheet;

  if (!w->sheets || w->steps_done == 0)
    return;
  if (ae_recipe_trainer_sheet (w->trainer, &sheet, &error) != AE_OK) {
    post (w, GST_MESSAGE_WARNING, GST_AE_RUNNING, &error);
    w->sheets = FALSE;
    return;
  }
  w->callbacks.sheet (w->user, &sheet);
  ae_training_sheet_clear (&sheet);
}

static void
report (GstAeTrainWorker *w)
{
  gint64 time = g_get_monotonic_time ();
  gdouble seconds = (time - w->last_report) / (gdouble) G_USEC_PER_SEC;

  if (w->steps_since_report > 0) {
    w->now.loss = w->loss_sum / w->steps_since_report;
    w->now.samples_per_second
        = w->steps_since_report * w->plan.batch / MAX (seconds, 1e-6);
  }
  if (w->steps_done > 0 && w->now.steps >= w->now.step) {
    gdouble per_step = (time - w->start) / (gdouble) w->steps_done;
    w->now.eta = (w->now.steps - w->now.step) * per_step * GST_USECOND;
  }
  w->now.frames = ae_recipe_trainer_n_frames (w->trainer);
  w->now.n_figures
      = ae_recipe_trainer_figures (w->trainer, w->now.figures);
  show_sheet (w);
  w->callbacks.progress (w->user, &w->now);

  w->last_report = time;
  w->loss_sum = 0;
  w->steps_since_report = 0;
}

/* A model that takes minutes is announced. */
static void
set_saving (GstAeTrainWorker *w)
{
  set_state (w, GST_AE_TRAIN_SAVING);
  if (w->plan.model_work != NULL) {
    GST_INFO ("%s", w->plan.model_work);
    report (w);
  }
}

/* The checkpoint is quick: first. */
static gboolean
save_at_end (GstAeTrainWorker *w)
{
  set_saving (w);
  return save_checkpoint (w) && save_model (w, TRUE);
}

/* Counts validations without gain, and keeps the best model when the training
 * may stop early. */
static void
validate (GstAeTrainWorker *w)
{
  AeError error = { 0 };
  float score;

  if (w->plan.score == NULL)
    return;
  if (ae_recipe_trainer_validate (w->trainer, &score, &error) != AE_OK) {
    GST_INFO ("no validation: %s", error.text);
    return;
  }
  w->now.score = score;
  if (isfinite (score)
      && (isnan (w->best_score) || score > w->best_score)) {
    w->best_score = score;
    w->validations_without_gain = 0;
    if (w->plan.early_stop > 0
        && ae_recipe_trainer_keep (w->trainer, &error) != AE_OK)
      GST_WARNING ("best model not kept: %s", error.text);
  } else {
    w->validations_without_gain++;
  }
}

/* Training. */

static gboolean
finished (GstAeTrainWorker *w)
{
  if (asked_to_end (w) || w->now.step >= w->now.steps)
    return TRUE;
  if (w->epochs > 0 && w->now.epoch >= w->epochs)
    return TRUE;
  if (w->duration > 0
      && (GstClockTime) (g_get_monotonic_time () - w->start) * GST_USECOND
          >= w->duration)
    return TRUE;
  return w->plan.early_stop > 0
      && w->validations_without_gain >= w->plan.early_stop;
}

static void
count_step (GstAeTrainWorker *w, const AeStepReport *step)
{
  size_t frames = ae_recipe_trainer_n_frames (w->trainer);

  w->now.step = step->step;
  w->now.learning_rate = step->learning_rate;
  w->now.epoch += w->plan.batch / (gdouble) MAX (frames, 1);
  w->loss_sum += step->loss;
  w->steps_since_report++;
  w->steps_done++;
  w->skipped_in_a_row = 0;
}

/* FALSE: give up. The first skipped step is said, all are counted. */
static gboolean
count_skipped (GstAeTrainWorker *w, AeError *error)
{
  w->now.skipped++;
  w->skipped_in_a_row++;
  if (w->skipped_in_a_row >= MAX_SKIPPED_IN_A_ROW) {
    gst_ae_error_set (error, AE_ERROR_NUMERIC, "training diverged: %u steps "
        "in a row without a finite loss; lower learning_rate in the recipe",
        w->skipped_in_a_row);
    post (w, GST_MESSAGE_ERROR, GST_AE_RUNNING, error);
    return FALSE;
  }
  if (w->now.skipped == 1)
    post (w, GST_MESSAGE_WARNING, GST_AE_RUNNING, error);
  return TRUE;
}

/* What a user should know of, as that the training came back to where it went
 * well. */
static void
say_note (GstAeTrainWorker *w)
{
  char note[AE_TRAINING_NOTE];
  AeError error = { 0 };

  if (!ae_recipe_trainer_note (w->trainer, note))
    return;
  gst_ae_error_set (&error, AE_ERROR_NUMERIC, "after %" G_GUINT64_FORMAT
      " steps: %s", (guint64) ae_recipe_trainer_steps (w->trainer), note);
  post (w, GST_MESSAGE_WARNING, GST_AE_RUNNING, &error);
}

/* FALSE: give up; the error is posted. */
static gboolean
one_step (GstAeTrainWorker *w)
{
  AeError error = { 0 };
  AeStepReport step = { 0 };
  size_t frames = ae_recipe_trainer_n_frames (w->trainer);

  switch (ae_recipe_trainer_step (w->trainer, &step, &error)) {
    case AE_OK:
      count_step (w, &step);
      return TRUE;
    case AE_ERROR_NUMERIC:
      return count_skipped (w, &error);
    case AE_ERROR_NEEDS_DATA: /* all frames so far are held out */
      if (wait_for_frames (w, frames + 1) || asked_to_end (w)
          || ae_recipe_trainer_n_frames (w->trainer) > frames)
        return TRUE;
      break;
    default:
      break;
  }
  post (w, GST_MESSAGE_ERROR, GST_AE_RUNNING, &error);
  return FALSE;
}

static gboolean
save_when_asked (GstAeTrainWorker *w)
{
  g_mutex_lock (&w->lock);
  gboolean save = w->save && w->steps_done > 0;
  if (save)
    w->save = FALSE;
  g_mutex_unlock (&w->lock);
  if (!save)
    return TRUE;

  set_saving (w);
  if (!save_checkpoint (w) || !save_model (w, FALSE))
    return FALSE;
  set_state (w, GST_AE_TRAIN_TRAINING);
  return TRUE;
}

/* FALSE: gave up; the error is posted. */
static gboolean
train (GstAeTrainWorker *w)
{
  w->start = w->last_report = g_get_monotonic_time ();
  set_state (w, GST_AE_TRAIN_TRAINING);

  while (!finished (w)) {
    guint done = w->steps_done;
    if (!one_step (w) || !save_when_asked (w))
      return FALSE;
    say_note (w);
    gboolean stepped = w->steps_done > done;
    if (stepped && w->now.step % w->plan.validate_every == 0)
      validate (w);
    if (stepped && w->now.step % w->plan.checkpoint_every == 0
        && !save_checkpoint (w))
      return FALSE;
    if (g_get_monotonic_time () - w->last_report >= w->report_interval)
      report (w);
  }
  return TRUE;
}

/* Validation takes a while: not when the element goes down. */
static void
validate_at_end (GstAeTrainWorker *w)
{
  if (!in_a_hurry (w) && w->now.step % w->plan.validate_every != 0)
    validate (w);
}

/* FALSE: gave up; the error is posted. */
static gboolean
work (GstAeTrainWorker *w)
{
  AeError error = { 0 };

  set_state (w, GST_AE_TRAIN_COLLECTING);
  wait_for_frames (w, FRAMES_TO_START);
  if (ae_recipe_trainer_n_frames (w->trainer) > 0 && !asked_to_end (w)
      && !train (w))
    return FALSE;
  if (ae_recipe_trainer_steps (w->trainer) > 0
      && ae_recipe_trainer_n_frames (w->trainer) > 0) {
    validate_at_end (w);
    return save_at_end (w);
  }
  gst_ae_error_set (&error, AE_ERROR_NOT_FOUND,
      "no training step was done with %u frames: %s is not written",
      (guint) ae_recipe_trainer_n_frames (w->trainer), w->model_file);
  post (w, GST_MESSAGE_WARNING, GST_AE_RUNNING, &error);
  return TRUE;
}

static gpointer
worker_main (gpointer data)
{
  GstAeTrainWorker *w = data;
  gboolean good = work (w);

  set_state (w, good ? GST_AE_TRAIN_DONE : GST_AE_TRAIN_ERROR);
  report (w);
  g_mutex_lock (&w->lock);
  w->ended = TRUE;
  g_cond_broadcast (&w->cond);
  g_mutex_unlock (&w->lock);
  return NULL;
}

/* The rest. */

/* What the trainer knows of the training. */
static void
take_plan (GstAeTrainWorker *w)
{
  ae_recipe_trainer_plan (w->trainer, &w->plan);
  w->now.steps = w->plan.steps;
  w->now.step = ae_recipe_trainer_steps (w->trainer);
  w->now.score_name = w->plan.score;
}

static gboolean
make_trainer (
    GstAeTrainWorker *w, const GstAeTrainConfig *config, AeError *error)
{
  if (ae_recipe_trainer_new (&w->trainer, config->recipe, config->base, error)
      != AE_OK)
    return FALSE;
  if (w->checkpoint_file == NULL
      || !g_file_test (w->checkpoint_file, G_FILE_TEST_EXISTS))
    return TRUE;
  if (ae_recipe_trainer_restore (w->trainer, w->checkpoint_file, error)
      == AE_OK)
    return TRUE;
  gst_ae_error_prefix (error, w->checkpoint_file);
  return FALSE;
}

/* FALSE: sheets are asked for, and there are none. */
static gboolean
check_sheets (const GstAeTrainWorker *w, AeError *error)
{
  if (!w->sheets || w->plan.sheets)
    return TRUE;
  gst_ae_error_set (error, AE_ERROR_UNSUPPORTED,
      "sheet-file or post-sheets is set, but a recipe of task '%s' has no "
      "contact sheets: wanted one of autoencoder, gan or rbm",
      w->plan.task);
  return FALSE;
}

static void
take_config (GstAeTrainWorker *w, const GstAeTrainConfig *config)
{
  w->model_file = g_strdup (config->model_file);
  w->checkpoint_file = g_strdup (config->checkpoint_file);
  w->epochs = config->epochs;
  w->duration = config->duration;
  w->report_interval = config->report_interval;
  w->sheets = config->sheets;
  w->now.loss = w->now.score = w->best_score = NAN;
  w->now.eta = GST_CLOCK_TIME_NONE;
}

GstAeTrainWorker *
gst_ae_train_worker_new (const GstAeTrainConfig *config,
    const GstAeTrainCallbacks *callbacks, gpointer user, AeError *error)
{
  GstAeTrainWorker *w = g_new0 (GstAeTrainWorker, 1);

  w->callbacks = *callbacks;
  w->user = user;
  take_config (w, config);
  g_mutex_init (&w->lock);
  g_cond_init (&w->cond);
  if (!make_trainer (w, config, error))
    goto fail;
  take_plan (w);
  if (!check_sheets (w, error))
    goto fail;
  w->thread = g_thread_try_new ("aetrain", worker_main, w, NULL);
  if (w->thread == NULL) {
    gst_ae_error_set (error, AE_ERROR_MEMORY, "no thread to train with");
    goto fail;
  }
  return w;

fail:
  gst_ae_train_worker_free (&w);
  return NULL;
}

void
gst_ae_train_worker_free (GstAeTrainWorker **worker)
{
  GstAeTrainWorker *w = *worker;

  *worker = NULL;
  if (w == NULL)
    return;
  gst_ae_train_worker_quit (w);
  if (w->thread != NULL)
    g_thread_join (w->thread);
  ae_recipe_trainer_free (&w->trainer);
  g_cond_clear (&w->cond);
  g_mutex_clear (&w->lock);
  g_free (w->model_file);
  g_free (w->checkpoint_file);
  g_free (w);
}

AeStatus
gst_ae_train_worker_add (GstAeTrainWorker *w, const AeImage *image,
    gdouble seconds, gint label, AeError *error)
{
  AeStatus status = ae_recipe_trainer_add_labelled (
      w->trainer, image, seconds, label, error);

  /* Under the lock, or a worker about to wait would miss it. */
  g_mutex_lock (&w->lock);
  g_cond_broadcast (&w->cond);
  g_mutex_unlock (&w->lock);
  return status;
}

static void
set_flag (GstAeTrainWorker *w, gboolean *flag, gboolean value)
{
  g_mutex_lock (&w->lock);
  *flag = value;
  g_cond_broadcast (&w->cond);
  g_mutex_unlock (&w->lock);
}

void
gst_ae_train_worker_end_of_input (GstAeTrainWorker *w)
{
  set_flag (w, &w->end_of_input, TRUE);
}

void
gst_ae_train_worker_save (GstAeTrainWorker *w)
{
  set_flag (w, &w->save, TRUE);
}

void
gst_ae_train_worker_stop (GstAeTrainWorker *w)
{
  set_flag (w, &w->stop, TRUE);
}

void
gst_ae_train_worker_quit (GstAeTrainWorker *w)
{
  set_flag (w, &w->quit, TRUE);
  if (w->trainer != NULL)
    ae_recipe_trainer_cancel (w->trainer);
}

gboolean
gst_ae_train_worker_wait (GstAeTrainWorker *w)
{
  g_mutex_lock (&w->lock);
  while (!w->ended && !w->unblocked)
    g_cond_wait (&w->cond, &w->lock);
  gboolean ended = w->ended && !w->unblocked;
  g_mutex_unlock (&w->lock);
  return ended;
}

void
gst_ae_train_worker_unblock (GstAeTrainWorker *w, gboolean on)
{
  set_flag (w, &w->unblocked, on);
}

gboolean
gst_ae_train_worker_ended (GstAeTrainWorker *w)
{
  g_mutex_lock (&w->lock);
  gboolean ended = w->ended;
  g_mutex_unlock (&w->lock);
  return ended;
}
