/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"
#include "ae_tmp.h"

#include <ae/session.h>

#include "tensor/tensor.h"
#include "train/anomaly_batch.h"
#include "train/anomaly_fit.h"
#include "train/anomaly_nets.h"
#include "train/anomaly_trainer.h"
#include "util/mem.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { WIDTH = 96, HEIGHT = 64 };

#define SMALL \
  "[anomaly]\npast = 2\nwidths = 8,16,16\nlatent = 8\n" \
  "discriminator_rate = 0.002\n" \
  "[training]\nsteps = 120\nbatch = 4\npatch = 64\nthreads = 2\n" \
  "warmup_steps = 0\nlearning_rate = 0.004\nema_decay = 0\nprecision = f32\n"
#define VIDEO "[model]\ntask = anomaly\n" SMALL
#define PICTURES "[model]\ntask = anomaly\n[anomaly]\nkind = pictures\n" SMALL

static AeAnomalyTrainer *
try_open (const char *text, AeModel *base, AeError *err)
{
  AeRecipe *recipe;
  AeAnomalyTrainer *t;
  ck_assert_msg (
      ae_recipe_parse (&recipe, text, err) == AE_OK, "%s", err->text);
  ae_anomaly_trainer_new (&t, recipe, base, err);
  ae_recipe_free (&recipe);
  return t;
}

static AeAnomalyTrainer *
open_trainer (const char *text, AeModel *base)
{
  AeError err = { 0 };
  AeAnomalyTrainer *t = try_open (text, base, &err);
  ck_assert_msg (t != NULL, "%s", err.text);
  return t;
}

/* A bright square that walks over a textured ground. */
static void
draw (uint8_t *bytes, int time)
{
  for (int y = 0; y < HEIGHT; y++)
    for (int x = 0; x < WIDTH; x++)
      bytes[y * WIDTH + x]
          = (uint8_t) (90 + 40 * sin (x * 0.2) + 30 * cos (y * 0.15));
  for (int y = 24; y < 36; y++)
    for (int x = 0; x < 12; x++)
      bytes[y * WIDTH + (x + 2 * time) % WIDTH] = 240;
}

static void
add (AeAnomalyTrainer *t, int n)
{
  uint8_t bytes[WIDTH * HEIGHT];
  AeError err;
  AeImage image = { .pixels = AE_PIXELS_GRAY8, .width = WIDTH,
    .height = HEIGHT, .plane = { bytes }, .stride = { WIDTH } };
  for (int i = 0; i < n; i++) {
    draw (bytes, i);
    ck_assert_msg (
        ae_anomaly_trainer_add (t, &image, i % 20 ? 0.1 : 0, &err) == AE_OK,
        "%s", err.text);
  }
}

static AeAdversarialReport
train (AeAnomalyTrainer *t, int steps)
{
  AeError err;
  AeAdversarialReport r, sum = { 0 };
  for (int i = 0; i < steps; i++) {
    ck_assert_msg (
        ae_anomaly_trainer_step (t, &r, &err) == AE_OK, "%s", err.text);
    sum.reconstruction += r.reconstruction / (float) steps;
    sum.real_mean += r.real_mean / (float) steps;
    sum.extra_mean += r.extra_mean / (float) steps;
  }
  sum.step = r.step;
  return sum;
}

static const char *const kinds[] = { VIDEO, PICTURES };

START_TEST (test_prediction_gets_better_and_fakes_are_found)
{
  AeAnomalyTrainer *t = open_trainer (kinds[_i], NULL);
  AeError err;
  float before, after;
  add (t, 60);
  ck_assert_uint_eq (ae_anomaly_trainer_n_frames (t), 60);
  AeAdversarialReport first = train (t, 4);
  ck_assert_int_eq (ae_anomaly_trainer_validate (t, &before, &err), AE_OK);
  train (t, 106);
  AeAdversarialReport last = train (t, 10);
  ck_assert_int_eq (ae_anomaly_trainer_validate (t, &after, &err), AE_OK);
  ck_assert_int_eq (last.step, 120);
  ck_assert_msg (last.reconstruction < 0.4f * first.reconstruction,
      "%g after %g", last.reconstruction, first.reconstruction);
  ck_assert_msg (after > before + 2, "%g dB after %g", after, before);
  ck_assert_msg (last.extra_mean < last.real_mean - 0.3f, "%g pasted, %g real",
      last.extra_mean, last.real_mean);
  ae_anomaly_trainer_free (&t);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_resumes_with_the_same_bits)
{
  AeAnomalyTrainer *t[2];
  AeModel *net[2];
  AeError err;
  char folder[64];
  ae_tmp_make (folder);
  const char *path = ae_tmp_path (folder, "training.ckpt");
  for (int i = 0; i < 2; i++) {
    t[i] = open_trainer (VIDEO, NULL);
    add (t[i], 30);
  }
  train (t[0], 5);
  ck_assert_int_eq (ae_anomaly_trainer_save (t[0], path, &err), AE_OK);
  train (t[1], 2);
  ck_assert_int_eq (ae_anomaly_trainer_restore (t[1], path, &err), AE_OK);
  for (int i = 0; i < 2; i++) {
    train (t[i], 5);
    ck_assert_msg (ae_anomaly_trainer_net (t[i], &net[i], &err) == AE_OK,
        "%s", err.text);
  }
  ck_assert_str_eq (ae_model_id (net[0]), ae_model_id (net[1]));
  for (int i = 0; i < 2; i++) {
    ae_model_unref (&net[i]);
    ae_anomaly_trainer_free (&t[i]);
  }
  ae_tmp_remove (folder);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_the_model_says_what_it_is)
{
  AeAnomalyTrainer *t = open_trainer (kinds[_i], NULL);
  AeModel *net, *model;
  AeError err;
  add (t, 30);
  train (t, 2);
  ck_assert_int_eq (ae_anomaly_trainer_net (t, &net, &err), AE_OK);
  ck_assert_msg (ae_anomaly_trainer_fit (t, net, &model, &err) == AE_OK, "%s",
      err.text);
  const char *const wanted[][2] = { { "ae.task", "anomaly" },
    { "ae.anomaly.kind", _i ? "pictures" : "video" },
    { "ae.anomaly.size", "96x64" }, { "ae.anomaly.past", _i ? "0" : "2" },
    { "ae.anomaly.frame_rate", "10" }, { "ae.name", "anomaly" },
    { "ae.train.steps", "2" }, { "ae.train.frames", "30" } };
  for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
    ck_assert_str_eq (ae_model_meta (model, wanted[i][0]), wanted[i][1]);
  size_t n = ae_model_n_inputs (model);
  ck_assert_uint_eq (n, _i ? 1 : 2);
  ck_assert_str_eq (ae_model_input_name (model, n - 1), "frame");
  ck_assert_str_eq (ae_model_output_name (model, 0), "prediction");
  ck_assert_str_eq (ae_model_output_name (model, 1), "latent");
  ck_assert_str_eq (ae_model_output_name (model, 2), "realness");
  ae_model_unref (&model);
  ae_anomaly_trainer_cancel (t);
  ck_assert_int_eq (
      ae_anomaly_trainer_fit (t, net, &model, &err), AE_ERROR_CANCELLED);
  ck_assert_ptr_null (model);
  ae_model_unref (&net);
  ae_anomaly_trainer_free (&t);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

/* Through a file. */
START_TEST (test_a_net_keeps_its_constants)
{
  AeAnomalyShape shape = { 4, { 8, 8, 8 }, 6 };
  AeModel *g, *d, *net, *read;
  AeSession *session;
  AeError err;
  AeAnomalyFit fit = { 0 };
  char folder[64];
  float values[6] = { 1, -2, 3.5f, 0, 1e-9f, 6 };
  ae_tmp_make (folder);
  const char *path = ae_tmp_path (folder, "net.onnx");
  ck_assert (ae_anomaly_fit_add (
      &fit, "density", AE_F32, ae_shape (2, 2, 3), values));
  ck_assert (ae_anomaly_fit_say (&fit, "ae.mine", "yes"));
  AeAnomalyConstant constant = { fit.constants[0].name,
    fit.constants[0].type, fit.constants[0].shape, fit.constants[0].values };
  const char *const meta[] = { fit.meta[0], fit.meta[1], "ae.none", NULL };
  AeAnomalyFacts facts = { &constant, 1, meta, 2 };
  ck_assert_int_eq (ae_build_anomaly_generator (&g, &shape, 1, &err), AE_OK);
  ck_assert_int_eq (
      ae_build_anomaly_discriminator (&d, &shape, 2, &err), AE_OK);
  ck_assert_msg (
      ae_build_anomaly_net (&net, &shape, g, d, &facts, &err) == AE_OK, "%s",
      err.text);
  ck_assert_int_eq (ae_model_save (net, path, &err), AE_OK);
  ck_assert_msg (ae_model_load (&read, path, &err) == AE_OK, "%s", err.text);
  ck_assert_str_eq (ae_model_meta (read, "ae.mine"), "yes");
  ck_assert_ptr_null (ae_model_meta (read, "ae.none"));
  ck_assert_int_eq (ae_session_new (&session, read, NULL, &err), AE_OK);
  AeTensor in[] = { { .type = AE_F32, .shape = ae_shape (4, 1, 4, 24, 32) },
    { .type = AE_F32, .shape = ae_shape (4, 1, 1, 24, 32) } };
  ck_assert_msg (
      ae_session_bind (session, in, 2, &err) == AE_OK, "%s", err.text);
  for (size_t i = 0; i < 2; i++) {
    AeTensor *x = ae_session_input (session, i);
    memset (x->data, 0, ae_tensor_bytes (x));
  }
  ae_session_run (session);
  const int wanted[4][4]
      = { { 1, 1, 24, 32 }, { 1, 6, 3, 4 }, { 1, 1, 3, 4 } };
  for (size_t i = 0; i < 3; i++)
    for (int k = 0; k < 4; k++)
      ck_assert_int_eq (
          ae_session_output (session, i)->shape.dim[k], wanted[i][k]);
  const AeTensor *density = ae_session_output (session, 3);
  ck_assert_mem_eq (density->data, values, sizeof values);
  /* a net of another shape has other parameters */
  AeModel *other;
  shape.latent = 7;
  ck_assert_int_eq (
      ae_build_anomaly_net (&other, &shape, g, d, &facts, &err),
      AE_ERROR_NOT_FOUND);
  ck_assert_msg (strstr (err.text, "g.latent") != NULL, "%s", err.text);
  ae_session_free (&session);
  ae_anomaly_fit_clear (&fit);
  ae_model_unref (&g);
  ae_model_unref (&d);
  ae_model_unref (&net);
  ae_model_unref (&read);
  ae_tmp_remove (folder);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_only_changed_places_are_fake)
{
  enum { N = 64, PLACES = 8 };
  static uint8_t frame[N * N];
  static float real[N * N], fake[N * N], changed[PLACES * PLACES];
  AeRng rng;
  ae_rng_seed (&rng, 3);
  for (int i = 0; i < N * N; i++)
    frame[i] = (uint8_t) ae_rng_below (&rng, 256);
  AeAnomalyCrop crop = { 0, 0, N, N, 1, 0 };
  ae_anomaly_cut (frame, N, &crop, real);
  for (int round = 0; round < 50; round++) {
    AeAnomalySource source = { frame, N, N, true };
    ae_anomaly_fake (real, &crop, &source, &rng, fake);
    ae_anomaly_changes (real, fake, &crop, changed);
    int n = 0;
    for (int p = 0; p < PLACES * PLACES; p++) {
      float sum = 0;
      for (int i = 0; i < 64; i++) {
        int at = (p / 8 * 8 + i / 8) * N + p % 8 * 8 + i % 8;
        sum += fabsf (real[at] - fake[at]);
      }
      ck_assert (changed[p] == 0 || sum > 0);
      ck_assert (changed[p] == 1 || sum < 0.2f * 64);
      n += changed[p] == 1;
    }
    ck_assert_int_gt (n, 0);
    ck_assert_int_lt (n, PLACES * PLACES);
  }
  /* the same frame of another time is none */
  AeAnomalySource same = { frame, N, N, false };
  ae_anomaly_fake (real, &crop, &same, &rng, fake);
  ae_anomaly_changes (real, fake, &crop, changed);
  for (int p = 0; p < PLACES * PLACES; p++)
    ck_assert (changed[p] == 0);
}
END_TEST

START_TEST (test_says_what_it_lacks)
{
  AeError err = { 0 };
  AeAdversarialReport r;
  AeModel *net;
  float psnr;
  AeAnomalyTrainer *t = open_trainer (VIDEO, NULL);
  ck_assert_int_eq (
      ae_anomaly_trainer_step (t, &r, &err), AE_ERROR_NEEDS_DATA);
  ck_assert_int_eq (
      ae_anomaly_trainer_net (t, &net, &err), AE_ERROR_NEEDS_DATA);
  add (t, 2); /* three are a window */
  ck_assert_int_eq (
      ae_anomaly_trainer_step (t, &r, &err), AE_ERROR_NEEDS_DATA);
  ck_assert_msg (strstr (err.text, "without 3") != NULL, "%s", err.text);
  ck_assert_int_eq (
      ae_anomaly_trainer_validate (t, &psnr, &err), AE_ERROR_NEEDS_DATA);
  ck_assert_int_eq (ae_anomaly_trainer_net (t, &net, &err), AE_OK);
  ae_anomaly_trainer_free (&t);
  /* weights of another shape */
  t = try_open ("[model]\ntask = anomaly\n[anomaly]\nlatent = 5\n", net, &err);
  ck_assert_ptr_null (t);
  ck_assert_int_eq (err.status, AE_ERROR_NOT_FOUND);
  ae_model_unref (&net);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

static Suite *
anomaly_trainer_suite (void)
{
  Suite *suite = suite_create ("anomaly_trainer");
  TCase *tcase = tcase_create ("anomaly_trainer");
  tcase_set_timeout (tcase, 60);
  suite_add_tcase (suite, tcase);
  tcase_add_loop_test (
      tcase, test_prediction_gets_better_and_fakes_are_found, 0, 2);
  tcase_add_test (tcase, test_resumes_with_the_same_bits);
  tcase_add_loop_test (tcase, test_the_model_says_what_it_is, 0, 2);
  tcase_add_test (tcase, test_a_net_keeps_its_constants);
  tcase_add_test (tcase, test_only_changed_places_are_fake);
  tcase_add_test (tcase, test_says_what_it_lacks);
  return suite;
}

AE_TEST_MAIN (anomaly_trainer_suite)
