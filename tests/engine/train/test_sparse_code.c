/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include <ae/recipe_trainer.h>
#include <ae/session.h>

#include "graph/build.h"
#include "train/sparse_code.h"
#include "util/mem.h"
#include "util/rng.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N 5
#define D 7

static AeSession *
open_session (AeBuilder *b, AeShape shape)
{
  AeModel *model;
  AeSession *session;
  AeError err;
  AeTensor in = { .type = AE_F32, .shape = shape };
  ck_assert_msg (ae_builder_end (b, &model, &err) == AE_OK, "%s", err.text);
  ck_assert_msg (ae_session_new (&session, model, NULL, &err) == AE_OK, "%s",
      err.text);
  ck_assert_msg (
      ae_session_bind (session, &in, 1, &err) == AE_OK, "%s", err.text);
  ae_model_unref (&model);
  return session;
}

/* How many of x[0], x[step], ... (D of them) are larger than `value`. */
static int
larger (const float *x, int step, float value)
{
  int n = 0;
  for (int i = 0; i < D; i++)
    n += x[i * step] > value;
  return n;
}

/* Of codes that are rows, and of maps at each of 6 places. */
START_TEST (test_the_largest_are_kept)
{
  int places = _i % 2 ? 6 : 1, k = _i / 2 + 1;
  AeShape shape
      = places > 1 ? ae_shape (4, N, D, 2, 3) : ae_shape (2, N, D);
  AeBuilder b;
  AeRng rng;
  ae_builder_start (&b, 1);
  int code = ae_build_input (&b, "code", shape);
  ae_build_output (&b, ae_build_largest (&b, code, k), "kept");
  AeSession *session = open_session (&b, shape);
  float *x = ae_session_input (session, 0)->data;
  ae_rng_seed (&rng, 2);
  for (int i = 0; i < N * D * places; i++)
    x[i] = ae_rng_uniform (&rng);
  ae_session_run (session);
  const float *y = ae_session_output (session, 0)->data;
  for (int n = 0; n < N; n++)
    for (int p = 0; p < places; p++)
      for (int d = 0; d < D; d++) {
        const float *line = x + n * D * places + p;
        float value = line[d * places];
        float wanted = larger (line, places, value) < k ? value : 0;
        ck_assert (y[(n * D + d) * places + p] == wanted);
      }
  ae_session_free (&session);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

/* |code| times the length of its column; columns that are not of the code do not
 * count. */
START_TEST (test_a_price_is_of_what_a_number_adds)
{
  static const float weights[] = { 3, 0, 9, 4, -2, 9 };
  AeBuilder b;
  AeShape shape = ae_shape (2, 1, 2);
  ae_builder_start (&b, 1);
  int code = ae_build_input (&b, "code", shape);
  int layer = ae_build_values (&b, ae_shape (2, 2, 3), weights, "d.weight");
  ck_assert_int_ge (layer, 0);
  ae_build_output (&b, ae_build_code_price (&b, code, "d.weight", 2), "price");
  AeSession *session = open_session (&b, shape);
  float *x = ae_session_input (session, 0)->data;
  x[0] = -0.5f;
  x[1] = 2;
  ae_session_run (session);
  const float *y = ae_session_output (session, 0)->data;
  ck_assert_float_eq_tol (y[0], 2.5f, 1e-6f);
  ck_assert_float_eq_tol (y[1], 4, 1e-6f);
  ae_session_free (&session);
}
END_TEST

/* Through recipes. */

#define LINEAR "net = linear\ncode = rectified\n"

enum { SIDE = 8, N_PICTURES = 64 };

static AeStatus
open_trainer (AeRecipeTrainer **t, const char *more, AeError *err)
{
  char text[600];
  AeRecipe *recipe;
  snprintf (text, sizeof text,
      "[model]\ntask = autoencoder\n[training]\nsteps = 200\nbatch = 16\n"
      "threads = 1\nwarmup_steps = 0\nprecision = f32\nema_decay = 0.9\n"
      "learning_rate = 0.01\nvalidation = 0\n[autoencoder]\nsize = 8x8\n"
      "latent = 32\n%s", more);
  AeStatus status = ae_recipe_parse (&recipe, text, err);
  if (status != AE_OK)
    return status;
  status = ae_recipe_trainer_new (t, recipe, NULL, err);
  ae_recipe_free (&recipe);
  return status;
}

/* One upright and one level bar. */
static void
draw_cross (uint8_t pixels[SIDE * SIDE], int number)
{
  memset (pixels, 0, SIDE * SIDE);
  for (int i = 0; i < SIDE; i++)
    pixels[i * SIDE + number % SIDE] = pixels[number / SIDE % SIDE * SIDE + i]
        = 255;
}

typedef struct {
  double error, active;
} Figures;

static Figures
train (const char *more)
{
  AeRecipeTrainer *t;
  AeError err;
  AeTrainingFigure figures[AE_TRAINING_FIGURES];
  ck_assert_msg (open_trainer (&t, more, &err) == AE_OK, "%s", err.text);
  for (int i = 0; i < N_PICTURES; i++) {
    uint8_t pixels[SIDE * SIDE];
    draw_cross (pixels, i);
    AeImage image = { .pixels = AE_PIXELS_GRAY8, .width = SIDE,
      .height = SIDE, .plane = { pixels }, .stride = { SIDE } };
    ck_assert_int_eq (ae_recipe_trainer_add (t, &image, 0, &err), AE_OK);
  }
  for (int i = 0; i < 200; i++)
    ck_assert_int_eq (ae_recipe_trainer_step (t, NULL, &err), AE_OK);
  ck_assert_uint_ge (ae_recipe_trainer_figures (t, figures), 2);
  ck_assert_str_eq (figures[1].name, "active");
  ae_recipe_trainer_free (&t);
  ck_assert_int_eq (ae_mem_live (), 0);
  return (Figures){ figures[0].value, figures[1].value };
}

/* A cross is two of sixteen bars; to know nothing of it costs 0.18. */
START_TEST (test_fewer_units_are_active)
{
  Figures any = train (LINEAR), priced = train (LINEAR "sparsity = 0.3\n");
  Figures kept = train (LINEAR "top_k = 4\n");
  ck_assert_msg (priced.active < 0.75 * any.active, "%g of %g active",
      priced.active, any.active);
  ck_assert_msg (kept.active <= 4.0001, "%g active", kept.active);
  ck_assert_msg (
      priced.error < 0.06 && kept.error < 0.06 && any.error < 0.06,
      "%g %g %g", priced.error, kept.error, any.error);
}
END_TEST

START_TEST (test_wrong_recipes_are_refused)
{
  static const struct {
    const char *more, *says;
  } wrong[] = {
    { LINEAR "top_k = 33\n", "top_k 33 of 32 numbers, wanted at most as many" },
    { "code = plain\ntop_k = 3\n", "top_k 3 of a code that is not rectified" },
    { "code = variational\ntop_k = 3\n", "not rectified, wanted 0" },
    { "code = variational\nsparsity = 0.1\n",
        "sparsity 0.1 of a variational code, wanted 0" },
    { "net = fully-conv\ncode = variational\n",
        "net fully-conv with a variational code, wanted a plain or rectified" },
    { "net = fully-conv\nclasses = 2\n", "net fully-conv with classes" },
    { "net = fully-conv\nprior_components = 2\n",
        "prior_components 2 of a fully-conv net" },
    { "net = fully-conv\nwidths = 8,8,8,8\n",
        "pictures of 8x8, wanted multiples of 16" },
  };
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    AeRecipeTrainer *t;
    AeError err;
    ck_assert_int_ne (open_trainer (&t, wrong[i].more, &err), AE_OK);
    ck_assert_msg (strstr (err.text, wrong[i].says) != NULL, "%s", err.text);
    ck_assert_int_eq (ae_mem_live (), 0);
  }
}
END_TEST

static Suite *
sparse_code_suite (void)
{
  Suite *suite = suite_create ("sparse_code");
  TCase *tcase = tcase_create ("sparse_code");
  tcase_add_loop_test (tcase, test_the_largest_are_kept, 0, 2 * D);
  tcase_add_test (tcase, test_a_price_is_of_what_a_number_adds);
  tcase_add_test (tcase, test_fewer_units_are_active);
  tcase_add_test (tcase, test_wrong_recipes_are_refused);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (sparse_code_suite)
