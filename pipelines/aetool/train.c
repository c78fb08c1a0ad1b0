/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "train.h"

#include <math.h>
#include <stdio.h>

#include "aetool.h"
#include "training_sheet.h"

volatile int train_interrupted;

/* Steps in a row that may be skipped before training is given up. */
#define MAX_SKIPPED 100

static void
add_row (TrainRun *run, double score)
{
  if (run->loss_count == 0 && isnan (score))
    return;
  HistoryRow row = { .step = run->step,
    .seconds = run->seconds_before + progress_elapsed (&run->progress),
    .loss = run->loss_count ? run->loss_sum / run->loss_count : NAN,
    .score = score,
    .rate = run->rate };
  g_array_append_val (run->history, row);
  run->loss_sum = 0;
  run->loss_count = 0;
}

/* " psnr 30.12 dB quality 31.1 dB rate 0.512 bits per pixel" */
static char *
figures_text (const TrainRun *run)
{
  AeTrainingFigure figures[AE_TRAINING_FIGURES];
  GString *text = g_string_new (NULL);
  if (!isnan (run->score))
    g_string_append_printf (text, " %s %.2f %s", run->plan.score, run->score,
        run->plan.score_unit);
  size_t n = ae_recipe_trainer_figures (run->trainer, figures);
  for (size_t i = 0; i < n; i++)
    g_string_append_printf (text, " %s %.4g %s", figures[i].name,
        figures[i].value, figures[i].unit);
  return g_string_free (text, FALSE);
}

static void
show (TrainRun *run)
{
  if (run->step == run->first_step)
    return;
  double elapsed = progress_elapsed (&run->progress);
  double speed = (run->step - run->first_step) / MAX (elapsed, 1e-6);
  double left = speed > 0 ? (run->plan.steps - run->step) / speed : -1;
  if (run->time_limit > 0 && left >= 0)
    left = MIN (left, MAX (run->time_limit - elapsed, 0));
  g_autofree char *eta = progress_time_text (left);
  g_autofree char *figures = figures_text (run);
  g_autofree char *text = g_strdup_printf (
      "step %" G_GINT64_FORMAT "/%" G_GINT64_FORMAT
      " %.2f/s loss %.4g%s lr %.2g eta %s",
      run->step, (gint64) run->plan.steps, speed, run->smooth_loss, figures,
      run->rate, eta);
  progress_show (&run->progress, (double) run->step / run->plan.steps, text);
}

/* Pictures for those who watch: training goes on without. */
static void
show_pictures (TrainRun *run)
{
  g_autoptr (GError) error = NULL;
  if (run->plan.sheets
      && !training_sheet_write (
          run->trainer, run->files->sheet, run->files->sheets, &error))
    progress_line (&run->progress, "no contact sheet: %s", error->message);
}

/* Held-out pictures, where the task has a score; decides about the early
 * stop. */
static gboolean
validate (TrainRun *run, GError **error)
{
  if (!run->plan.score || run->validated_at == run->step)
    return TRUE;
  run->validated_at = run->step;
  AeError err;
  float score;
  if (ae_recipe_trainer_validate (run->trainer, &score, &err) != AE_OK) {
    aetool_set_error (error, &err);
    return FALSE;
  }
  run->score = score;
  add_row (run, score);
  show_pictures (run);
  run->since_best++;
  if (!(score > run->best_score))
    return TRUE;
  run->best_score = score;
  run->since_best = 0;
  if (run->plan.early_stop > 0
      && ae_recipe_trainer_keep (run->trainer, &err) != AE_OK) {
    aetool_set_error (error, &err);
    return FALSE;
  }
  return TRUE;
}

/* The best model when there is an early stop, otherwise the last. */
static gboolean
save_model (TrainRun *run, GError **error)
{
  AeError err;
  AeModel *model = NULL;
  if (run->plan.model_work)
    progress_line (&run->progress, "%s: takes minutes; %s is saved",
        run->plan.model_work, run->files->checkpoint);
  AeStatus status
      = ae_recipe_trainer_model (run->trainer, true, &model, &err);
  if (status == AE_OK)
    status = ae_model_save (model, run->files->model, &err);
  ae_model_unref (&model);
  if (status != AE_OK)
    aetool_set_error (error, &err);
  return status == AE_OK;
}

/* A model that takes minutes is only made at the end. */
static gboolean
save (TrainRun *run, gboolean end, GError **error)
{
  AeError err;
  run->saved_at = g_get_monotonic_time ();
  if (ae_recipe_trainer_save (run->trainer, run->files->checkpoint, &err)
      != AE_OK) {
    aetool_set_error (error, &err);
    return FALSE;
  }
  if (!history_write (run->history, run->plan.score, run->files->csv, error))
    return FALSE;
  return (run->plan.model_work && !end) || save_model (run, error);
}

/* A disk that is full now may have room later: training goes on. */
static void
save_or_warn (TrainRun *run)
{
  g_autoptr (GError) error = NULL;
  if (!save (run, FALSE, &error))
    progress_line (&run->progress, "not saved: %s", error->message);
}

/* Training goes on where the trainer is: what the table knows beyond that was
 * done after the checkpoint was written, and is done again. */
static void
start (TrainRun *run)
{
  run->step = run->first_step = ae_recipe_trainer_steps (run->trainer);
  run->score = NAN;
  run->best_score = -INFINITY;
  guint keep = run->history->len;
  while (keep > 0 && history_row (run->history, keep - 1).step > run->step)
    keep--;
  g_array_set_size (run->history, keep);
}

/* One step; FALSE when training cannot go on. */
static gboolean
step (TrainRun *run, gint64 *skipped_in_row, GError **error)
{
  AeStepReport report = { 0 };
  AeError err;
  AeStatus status = ae_recipe_trainer_step (run->trainer, &report, &err);
  if (status != AE_OK && status != AE_ERROR_NUMERIC) {
    aetool_set_error (error, &err);
    return FALSE;
  }
  char note[AE_TRAINING_NOTE];
  if (ae_recipe_trainer_note (run->trainer, note))
    progress_line (&run->progress, "step %" G_GINT64_FORMAT ": %s",
        (gint64) report.step, note);
  run->step = report.step;
  run->rate = report.learning_rate;
  if (status == AE_OK) {
    run->loss_sum += report.loss;
    run->loss_count++;
    /* For the eye: a mean over about the last 100 steps. */
    double part = MAX (0.01, 1.0 / ++run->good_steps);
    run->smooth_loss += part * (report.loss - run->smooth_loss);
    *skipped_in_row = 0;
    return TRUE;
  }
  run->skipped++;
  if (*skipped_in_row == 0)
    progress_line (&run->progress, "step skipped: %s", err.text);
  if (++*skipped_in_row < MAX_SKIPPED)
    return TRUE;
  g_set_error (error, AETOOL_DOMAIN, AE_ERROR_NUMERIC,
      "%d steps in a row gave no finite loss: a lower learning_rate or a "
      "lower clip_norm in the recipe may help",
      MAX_SKIPPED);
  return FALSE;
}

/* Why to stop now, NULL to go on. */
static const char *
stop_reason (const TrainRun *run)
{
  const AeTrainingPlan *plan = &run->plan;
  if (run->step >= plan->steps)
    return "all steps are done";
  if (train_interrupted)
    return "interrupted";
  if (run->time_limit > 0
      && progress_elapsed (&run->progress) >= run->time_limit)
    return "time limit";
  if (plan->early_stop > 0 && run->since_best >= plan->early_stop)
    return "no gain on the held-out pictures";
  return NULL;
}

/* What is due between two steps. */
static gboolean
housekeeping (TrainRun *run, gint64 before, GError **error)
{
  const AeTrainingPlan *plan = &run->plan;
  if (run->step / plan->validate_every != before / plan->validate_every
      && !validate (run, error))
    return FALSE;
  double since_saved = (g_get_monotonic_time () - run->saved_at) / 1e6;
  if (run->step / plan->checkpoint_every != before / plan->checkpoint_every
      || (run->save_every > 0 && since_saved >= run->save_every))
    save_or_warn (run);
  if (progress_due (&run->progress)) {
    show (run);
    if (run->loss_count >= 20)
      add_row (run, NAN);
  }
  return TRUE;
}

static gboolean
loop (TrainRun *run, GError **error)
{
  const char *reason;
  gint64 skipped_in_row = 0;
  while (!(reason = stop_reason (run))) {
    gint64 before = run->step;
    if (!step (run, &skipped_in_row, error)
        || !housekeeping (run, before, error))
      return FALSE;
  }
  show (run);
  progress_line (&run->progress, "Stopped: %s.", reason);
  return TRUE;
}

/* Last validation (not after an interrupt: the user waits) and all files. */
static gboolean
finish (TrainRun *run, GError **error)
{
  if (!train_interrupted && !validate (run, error))
    return FALSE;
  add_row (run, NAN);
  g_autofree char *title
      = run->plan.score
            ? g_strdup_printf ("%s %s", run->plan.score, run->plan.score_unit)
            : NULL;
  return save (run, TRUE, error)
         && history_plot (run->history, title, run->files->curve, error);
}

gboolean
train_run (TrainRun *run, GError **error)
{
  progress_start (&run->progress, 10);
  run->saved_at = g_get_monotonic_time ();
  start (run);
  gboolean ok = loop (run, error);
  if (!ok) {
    /* without a step there is nothing that is worth replacing a file */
    if (run->step > run->first_step)
      save_or_warn (run);
    return FALSE;
  }
  return finish (run, error);
}
