/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "gan_train.h"

#include <ae/recipe_trainer.h>

#include "aetool.h"
#include "paths.h"
#include "picture_net.h"

static AeStatus
set_number (AeRecipe *recipe, const char *key, guint64 value, AeError *err)
{
  g_autofree char *text = g_strdup_printf ("%" G_GUINT64_FORMAT, value);
  return ae_recipe_set (recipe, "training", key, text, err);
}

static AeRecipeTrainer *
open_trainer (const char *recipe_path, gint64 steps, guint64 seed,
    int threads, GError **error)
{
  AeError err;
  AeRecipe *recipe = NULL;
  AeRecipeTrainer *trainer = NULL;
  g_autofree char *path = paths_find (recipe_path, ".ini", error);
  if (!path)
    return NULL;
  AeStatus status = ae_recipe_load (&recipe, path, &err);
  if (status == AE_OK && steps > 0)
    status = set_number (recipe, "steps", (guint64) steps, &err);
  if (status == AE_OK)
    status = set_number (recipe, "seed", seed, &err);
  if (status == AE_OK)
    status = set_number (recipe, "threads", (guint64) threads, &err);
  if (status == AE_OK)
    status = ae_recipe_trainer_new (&trainer, recipe, NULL, &err);
  ae_recipe_free (&recipe);
  if (status != AE_OK)
    aetool_set_error (error, &err);
  return trainer;
}

static AeStatus
feed (AeRecipeTrainer *trainer, const PictureSet *made, AeError *err)
{
  AeStatus status = AE_OK;
  for (guint i = 0; i < made->n && status == AE_OK; i++) {
    g_autoptr (Picture) p = picture_set_picture (made, i);
    AeImage image = picture_image (p);
    status = ae_recipe_trainer_add_labelled (
        trainer, &image, 0, picture_set_label (made, i), err);
  }
  return status;
}

/* A step that was skipped is one that is missing. */
static AeStatus
learn (AeRecipeTrainer *trainer, AeError *err)
{
  AeTrainingPlan plan;
  AeStatus status = AE_OK;
  ae_recipe_trainer_plan (trainer, &plan);
  for (gint64 i = 0; i < plan.steps; i++) {
    status = ae_recipe_trainer_step (trainer, NULL, err);
    if (status != AE_OK && status != AE_ERROR_NUMERIC)
      return status;
  }
  return AE_OK;
}

static Confusion *
tell (AeModel *model, const PictureSet *test, int threads, GError **error)
{
  static const char *const outputs[] = { "logits" };
  g_autoptr (PictureNet) net = picture_net_of_model (
      model, "the recipe", "classifier", outputs, 1, threads, error);
  if (!net || !picture_net_takes (net, test, error)
      || !picture_set_check_labels (test, picture_net_classes (net), error))
    return NULL;
  gsize classes = picture_net_values (net, 0);
  g_autofree float *logits = g_new (float, test->n * classes);
  Confusion *confusion = confusion_new ((int) classes);
  picture_net_run (net, test, &logits);
  for (guint i = 0; i < test->n; i++)
    confusion_add (confusion, picture_set_label (test, i),
        confusion_largest (logits + i * classes, (int) classes));
  return confusion;
}

Confusion *
gan_train (const char *recipe, const PictureSet *made, const PictureSet *test,
    gint64 steps, guint64 seed, int threads, GError **error)
{
  AeError err;
  AeModel *model = NULL;
  Confusion *confusion = NULL;
  AeRecipeTrainer *trainer
      = open_trainer (recipe, steps, seed, threads, error);
  if (!trainer)
    return NULL;
  AeStatus status = feed (trainer, made, &err);
  if (status == AE_OK)
    status = learn (trainer, &err);
  if (status == AE_OK)
    status = ae_recipe_trainer_model (trainer, FALSE, &model, &err);
  ae_recipe_trainer_free (&trainer);
  if (status == AE_OK)
    confusion = tell (model, test, threads, error);
  else
    aetool_set_error (error, &err);
  ae_model_unref (&model);
  return confusion;
}
