/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_RECIPE_TRAINER_H
#define AE_RECIPE_TRAINER_H

/* Trains what a recipe says, whatever its task is, from pictures. */

#include <ae/image.h>
#include <ae/recipe.h>
#include <ae/trainer.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct AeRecipeTrainer AeRecipeTrainer;

/* What the caller has to know of a training; texts are constants. */
typedef struct {
  const char *task;
  int64_t steps; /* length of the training */
  int batch;     /* samples of a step */
  int64_t validate_every, checkpoint_every; /* steps */
  int64_t early_stop; /* validations without gain; 0 = never */
  const char *score, *score_unit; /* of a validation, more is better; NULL:
                                     this task has none */
  const char *model_work; /* what takes minutes when a model is asked for;
                             NULL: nothing does */
  bool sheets; /* it can show what it makes: see ae_recipe_trainer_sheet() */
  bool colours; /* pictures are best given as R, G, B: colour at half size is
                   not enough */
} AeTrainingPlan;

/* A number that goes with the loss: bits per pixel, ... */
typedef struct {
  const char *name, *unit;
  double value;
} AeTrainingFigure;

#define AE_TRAINING_FIGURES 7

/* `base` (may be NULL) gives weights to continue from; its structure must fit
 * the recipe. Errors: FORMAT (a key that the task does not use), ARGUMENT,
 * SHAPE, NOT_FOUND (base does not fit), UNSUPPORTED (precision), MEMORY. */
AE_API AeStatus ae_recipe_trainer_new (AeRecipeTrainer **out,
    const AeRecipe *recipe, AeModel *base, AeError *err);
AE_API void ae_recipe_trainer_free (AeRecipeTrainer **trainer);

AE_API void ae_recipe_trainer_plan (
    const AeRecipeTrainer *trainer, AeTrainingPlan *plan);

/* Copies a picture; what is kept is bounded by the recipe's `memory`: when that
 * is full, random ones make room. `seconds` after the picture before it (same
 * camera, same shot); 0: it does not follow that. May be called from another
 * thread while the trainer is at work. Errors: ARGUMENT (too small, or of other
 * proportions than the task takes), LIMIT (larger than the memory), MEMORY. */
AE_API AeStatus ae_recipe_trainer_add (AeRecipeTrainer *trainer,
    const AeImage *image, double seconds, AeError *err);

/* The same of a picture of which is known what it shows: 0 and up, or
 * AE_NO_LABEL. Tasks that have no use for it take no notice. ARGUMENT also for a
 * label that a task needs and that is missing or not one of the recipe's. */
#define AE_NO_LABEL -1
AE_API AeStatus ae_recipe_trainer_add_labelled (AeRecipeTrainer *trainer,
    const AeImage *image, double seconds, int label, AeError *err);

AE_API size_t ae_recipe_trainer_n_frames (const AeRecipeTrainer *trainer);

/* One step. NUMERIC when it was skipped, NEEDS_DATA when there is no picture to
 * train on. */
AE_API AeStatus ae_recipe_trainer_step (
    AeRecipeTrainer *trainer, AeStepReport *report, AeError *err);

/* Done so far, those of a restored checkpoint included. */
AE_API int64_t ae_recipe_trainer_steps (const AeRecipeTrainer *trainer);

/* Means over about the last 100 steps; their number, AE_TRAINING_FIGURES at
 * most. */
AE_API size_t ae_recipe_trainer_figures (const AeRecipeTrainer *trainer,
    AeTrainingFigure figures[AE_TRAINING_FIGURES]);

/* Says, once, what happened that a user should know of, as that a training which
 * went wrong came back to where it was before: `text` (of AE_TRAINING_NOTE bytes),
 * or false. To be asked after steps. */
#define AE_TRAINING_NOTE 200
AE_API bool ae_recipe_trainer_note (
    AeRecipeTrainer *trainer, char text[AE_TRAINING_NOTE]);

/* The plan's score of the held-out pictures (of those for training when none is
 * held out), the same at each call. Errors: UNSUPPORTED (the task has none),
 * NEEDS_DATA, CANCELLED. */
AE_API AeStatus ae_recipe_trainer_validate (
    AeRecipeTrainer *trainer, float *score, AeError *err);

/* A contact sheet: a picture of pictures in rows, on grey. */
typedef struct {
  int width, height, channels; /* 1: grey, 3: R, G, B of each pixel together */
  uint8_t *pixels; /* rows from the top, without anything between them; owned by
                      the caller of what made it */
} AeTrainingSheet;

AE_API void ae_training_sheet_clear (AeTrainingSheet *sheet);

/* Shows what the model makes now (averaged weights), in milliseconds: held-out
 * pictures (those for training when none is held out) with what it makes of each
 * below, then pictures of codes that are drawn, in columns of classes where it has
 * some; whatever of these the task has. The same ones each time. Errors:
 * UNSUPPORTED (nothing of it), NEEDS_DATA, MEMORY. */
AE_API AeStatus ae_recipe_trainer_sheet (
    AeRecipeTrainer *trainer, AeTrainingSheet *sheet, AeError *err);

/* Ends a validation or the making of a model that runs, and any later one, with
 * CANCELLED where they take long: for a program that shuts down. From any
 * thread. */
AE_API void ae_recipe_trainer_cancel (AeRecipeTrainer *trainer);

/* Remembers the weights as they are now, in place of those before. */
AE_API AeStatus ae_recipe_trainer_keep (
    AeRecipeTrainer *trainer, AeError *err);

/* The model so far (averaged weights), metadata filled in: from the weights that
 * were kept last if `kept` and there are some. See the plan's model_work. */
AE_API AeStatus ae_recipe_trainer_model (
    AeRecipeTrainer *trainer, bool kept, AeModel **out, AeError *err);

/* Atomic checkpoint; resuming gives the same training as going on when the
 * same pictures are added in the same order first. */
AE_API AeStatus ae_recipe_trainer_save (
    AeRecipeTrainer *trainer, const char *path, AeError *err);
AE_API AeStatus ae_recipe_trainer_restore (
    AeRecipeTrainer *trainer, const char *path, AeError *err);

#ifdef __cplusplus
}
#endif

#endif
