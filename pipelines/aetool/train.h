/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_TRAIN_H
#define AETOOL_TRAIN_H

/* One run of `aetool train`: where things are written, and what happens step
 * by step. */

#include <ae/recipe_trainer.h>
#include <glib.h>

#include "history.h"
#include "progress.h"

G_BEGIN_DECLS

typedef struct {
  char *model;      /* file to write */
  char *checkpoint;
  char *csv;
  char *curve; /* PNG */
  char *sheet; /* PNG of what the model makes, where its task has sheets */
  char *sheets; /* folder that keeps each of them; NULL: none does */
} TrainFiles;

typedef struct {
  const TrainFiles *files;
  AeRecipeTrainer *trainer;
  AeTrainingPlan plan;
  double time_limit; /* seconds; 0 = none */
  double save_every; /* seconds between two savings at most; 0 = no limit */
  History *history;
  Progress progress;
  gint64 step, first_step;
  double seconds_before; /* of the runs that this one resumes */
  double loss_sum;       /* since the last row */
  gint64 loss_count;
  float rate, score, best_score; /* NaN: not known */
  double smooth_loss;
  gint64 good_steps; /* of this run */
  gint64 since_best; /* validations */
  gint64 validated_at; /* step of the last validation */
  gint64 skipped;
  gint64 saved_at; /* monotonic, microseconds */
} TrainRun;

/* Set by the first interrupt signal: save and stop. */
extern volatile int train_interrupted;

/* Goes on from a restored trainer with the table of what was done before, then
 * steps until the end, a limit or an interrupt, then writes model,
 * checkpoint, table and picture. FALSE and an error when something could not
 * be done; what could be saved is. */
gboolean train_run (TrainRun *run, GError **error);

G_END_DECLS

#endif
