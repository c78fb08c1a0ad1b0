/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Times steps of the training that a recipe says, on pictures of random numbers:
 *
 *   time_recipe RECIPE.ini THREADS STEPS [SECTION.KEY=VALUE]...
 *
 * Prints JSON: median_ms and min_ms of a step. */
#include <ae/recipe_trainer.h>

#include "util/rng.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WARM = 10, N_PICTURES = 2000, N_CLASSES = 10 };
enum { USUAL_SIDE = 28, MOST_SIDE = 512 }; /* pixels */

static double
now_ms (void)
{
  struct timespec t;
  clock_gettime (CLOCK_MONOTONIC, &t);
  return (double) t.tv_sec * 1e3 + (double) t.tv_nsec * 1e-6;
}

static AeStatus
set (AeRecipe *recipe, const char *text, AeError *err)
{
  char copy[300], *key, *value;
  snprintf (copy, sizeof copy, "%s", text);
  key = strchr (copy, '.');
  value = key ? strchr (key, '=') : NULL;
  if (!value) {
    snprintf (err->text, sizeof err->text,
        "found '%s', wanted SECTION.KEY=VALUE", text);
    return err->status = AE_ERROR_ARGUMENT;
  }
  *key++ = 0;
  *value++ = 0;
  return ae_recipe_set (recipe, copy, key, value, err);
}

static AeStatus
load (AeRecipe **out, const char *path, const char *threads, char **more,
    AeError *err)
{
  AeStatus status = ae_recipe_load (out, path, err);
  if (status == AE_OK)
    status = ae_recipe_set (*out, "training", "threads", threads, err);
  for (; status == AE_OK && *more; more++)
    status = set (*out, *more, err);
  return status;
}

/* Of the recipe's size where it names one. */
static AeImage
picture (const AeRecipe *recipe, const char *task, uint8_t *pixels)
{
  const char *size = ae_recipe_get (recipe, task, "size");
  int width = 0, height = 0;
  if (!size || sscanf (size, "%dx%d", &width, &height) != 2 || width < 1
      || height < 1 || width > MOST_SIDE || height > MOST_SIDE)
    width = height = USUAL_SIDE;
  return (AeImage){ .pixels = AE_PIXELS_GRAY8, .width = width,
    .height = height, .plane = { pixels }, .stride = { width } };
}

static AeStatus
add_pictures (AeRecipeTrainer *t, const AeRecipe *recipe, AeError *err)
{
  static uint8_t pixels[MOST_SIDE * MOST_SIDE];
  AeTrainingPlan plan;
  AeRng rng;
  ae_recipe_trainer_plan (t, &plan);
  AeImage image = picture (recipe, plan.task, pixels);
  AeStatus status = AE_OK;
  ae_rng_seed (&rng, 1);
  for (int i = 0; status == AE_OK && i < N_PICTURES; i++) {
    for (int k = 0; k < image.width * image.height; k++)
      pixels[k] = (uint8_t) ae_rng_below (&rng, 256);
    status
        = ae_recipe_trainer_add_labelled (t, &image, 0, i % N_CLASSES, err);
  }
  return status;
}

static int
compare (const void *a, const void *b)
{
  double x = *(const double *) a, y = *(const double *) b;
  return x < y ? -1 : x > y;
}

static AeStatus
time_steps (AeRecipeTrainer *t, int steps, AeError *err)
{
  double *ms = calloc ((size_t) steps, sizeof *ms);
  AeStatus status = ms ? AE_OK : AE_ERROR_MEMORY;
  for (int i = -WARM; status == AE_OK && i < steps; i++) {
    AeStepReport report;
    double start = now_ms ();
    status = ae_recipe_trainer_step (t, &report, err);
    if (i >= 0)
      ms[i] = now_ms () - start;
  }
  if (status == AE_OK) {
    qsort (ms, (size_t) steps, sizeof *ms, compare);
    printf ("{\"median_ms\": %.4f, \"min_ms\": %.4f}\n", ms[steps / 2], ms[0]);
  }
  free (ms);
  return status;
}

int
main (int argc, char **argv)
{
  int steps = argc > 3 ? atoi (argv[3]) : 0;
  if (steps < 1) {
    fprintf (stderr, "usage: time_recipe RECIPE.ini THREADS STEPS "
                     "[SECTION.KEY=VALUE]...\n");
    return 2;
  }
  AeRecipe *recipe = NULL;
  AeRecipeTrainer *trainer = NULL;
  AeError err = { 0 };
  AeStatus status = load (&recipe, argv[1], argv[2], argv + 4, &err);
  if (status == AE_OK)
    status = ae_recipe_trainer_new (&trainer, recipe, NULL, &err);
  if (status == AE_OK)
    status = add_pictures (trainer, recipe, &err);
  if (status == AE_OK)
    status = time_steps (trainer, steps, &err);
  if (status != AE_OK)
    fprintf (stderr, "time_recipe: %s\n", err.text);
  ae_recipe_trainer_free (&trainer);
  ae_recipe_free (&recipe);
  return status != AE_OK;
}
