/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* make_anomaly WIDTH HEIGHT FILE: writes a small anomaly detector for pictures
 * of these proportions, trained for some steps from footage that is made up:
 * squares that walk slowly over the ground of anomaly_scene.h. */
#include "anomaly_scene.h"

#include <ae/model.h>
#include <ae/recipe_trainer.h>

#include <stdio.h>
#include <stdlib.h>

#define FRAMES 240
#define RUN 120 /* frames that follow each other: of two runs one is held out */
#define STEPS 30
#define SIDE 10 /* of a square */
#define NOISE 2 /* grey levels up and down */

/* Each picture has a score but the first. */
static const char recipe_text[]
    = "[model]\ntask = anomaly\nname = anomaly-test\n"
      "[anomaly]\nframe_rate = 30\npast = 1\nwidths = 8,8,8\nlatent = 4\n"
      "[training]\nsteps = 30\nbatch = 2\npatch = 64\nseed = 1\n"
      "warmup_steps = 0\nlearning_rate = 0.004\nema_decay = 0\n"
      "threads = 2\nprecision = f32\n";

typedef struct {
  int width, height;
  uint8_t *pixels;
  uint32_t random;
} Scene;

static void
must (AeStatus status, const AeError *err)
{
  if (status == AE_OK)
    return;
  fprintf (stderr, "make_anomaly: %s\n", err->text);
  exit (1);
}

static int
noise (Scene *s)
{
  s->random = s->random * 1664525u + 1013904223u;
  return (int) (s->random >> 16) % (2 * NOISE + 1) - NOISE;
}

static void
draw_ground (Scene *s)
{
  for (int y = 0; y < s->height; y++)
    for (int x = 0; x < s->width; x++)
      s->pixels[y * s->width + x] = (uint8_t) (ANOMALY_SCENE_LEVEL
          + anomaly_scene_ground (
              (double) x / s->width, (double) y / s->height)
          + noise (s));
}

/* There and back in `turn` frames. */
static int
walk (int frame, int turn, int most)
{
  int at = frame % turn;
  return (at < turn / 2 ? at : turn - at) * 2 * most / turn;
}

static void
draw_square (Scene *s, int left, int top, int level)
{
  for (int y = top; y < top + SIDE; y++)
    for (int x = left; x < left + SIDE; x++)
      s->pixels[y * s->width + x] = (uint8_t) (level + noise (s));
}

static void
draw (Scene *s, int frame)
{
  int right = s->width - SIDE, bottom = s->height - SIDE;
  draw_ground (s);
  draw_square (s, walk (frame, 120, right), bottom / 4, 120);
  draw_square (s, right / 2, walk (frame, 100, bottom), 40);
}

static AeRecipeTrainer *
open_trainer (void)
{
  AeError err = { 0 };
  AeRecipe *recipe;
  AeRecipeTrainer *trainer;
  must (ae_recipe_parse (&recipe, recipe_text, &err), &err);
  must (ae_recipe_trainer_new (&trainer, recipe, NULL, &err), &err);
  ae_recipe_free (&recipe);
  return trainer;
}

static void
add_footage (AeRecipeTrainer *trainer, Scene *s)
{
  AeError err = { 0 };
  AeImage image = { .pixels = AE_PIXELS_GRAY8,
    .width = s->width,
    .height = s->height,
    .plane = { s->pixels },
    .stride = { s->width } };
  for (int i = 0; i < FRAMES; i++) {
    draw (s, i);
    must (ae_recipe_trainer_add (
              trainer, &image, i % RUN ? 1 / 30.0 : 0, &err),
        &err);
  }
}

static void
train (AeRecipeTrainer *trainer, const char *path)
{
  AeError err = { 0 };
  AeStepReport report;
  AeModel *model;
  for (int i = 0; i < STEPS; i++)
    must (ae_recipe_trainer_step (trainer, &report, &err), &err);
  must (ae_recipe_trainer_model (trainer, false, &model, &err), &err);
  must (ae_model_save (model, path, &err), &err);
  ae_model_unref (&model);
}

int
main (int argc, char **argv)
{
  if (argc != 4)
    return 2;
  Scene s = { .width = atoi (argv[1]), .height = atoi (argv[2]), .random = 1 };
  s.pixels = malloc ((size_t) s.width * (size_t) s.height);
  if (!s.pixels)
    return 1;
  AeRecipeTrainer *trainer = open_trainer ();
  add_footage (trainer, &s);
  train (trainer, argv[3]);
  ae_recipe_trainer_free (&trainer);
  free (s.pixels);
  return 0;
}
