/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include "graph/build.h"
#include "tensor/tensor.h"
#include "train/trainer.h"
#include "util/mem.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define N 32
#define FEATURES 8

/* Features -> 2 -> features, linear: learns the data's two directions. */
static AeModel *
linear_autoencoder (void)
{
  AeBuilder b;
  AeModel *model;
  ae_builder_start (&b, 1);
  int x = ae_build_input (&b, "x", ae_shape (2, -1, FEATURES));
  x = ae_build_dense (&b, x, FEATURES, 2, 0.5f, "enc");
  x = ae_build_dense (&b, x, 2, FEATURES, 0.5f, "dec");
  ae_build_output (&b, x, "y");
  AeError err;
  ck_assert_msg (ae_builder_end (&b, &model, &err) == AE_OK, "%s", err.text);
  return model;
}

/* 2 -> 16 -> classes. */
static AeModel *
mlp (int n_classes)
{
  AeBuilder b;
  AeModel *model;
  ae_builder_start (&b, 2);
  int x = ae_build_input (&b, "x", ae_shape (2, -1, 2));
  x = ae_build_dense (&b, x, 2, 16, 1, "hidden");
  x = ae_build_unary (&b, "Relu", x);
  x = ae_build_dense (&b, x, 16, n_classes, 1, "out");
  ae_build_output (&b, x, "y");
  AeError err;
  ck_assert_msg (ae_builder_end (&b, &model, &err) == AE_OK, "%s", err.text);
  return model;
}

static AeTrainer *
new_trainer (AeModel *model, const AeTrainerOptions *options, int features)
{
  AeTrainer *trainer;
  AeError err;
  AeTensor input
      = { AE_F32, AE_LAYOUT_PLAIN, ae_shape (2, N, features), NULL };
  ck_assert_msg (
      ae_trainer_new (&trainer, model, options, &err) == AE_OK, "%s",
      err.text);
  ck_assert_msg (
      ae_trainer_bind (trainer, &input, 1, &err) == AE_OK, "%s", err.text);
  return trainer;
}

/* Points of a plane in eight dimensions. */
static void
fill_plane (AeTrainer *trainer, AeRng *rng)
{
  float *x = ae_trainer_input (trainer, 0)->data;
  for (int n = 0; n < N; n++) {
    float a = ae_rng_normal (rng), b = ae_rng_normal (rng);
    for (int i = 0; i < FEATURES; i++)
      x[n * FEATURES + i] = a * sinf ((float) i) + b * cosf (2.0f * i);
  }
  memcpy (ae_trainer_target (trainer, 0)->data, x, sizeof (float) * N * FEATURES);
}

START_TEST (test_linear_autoencoder_finds_the_plane)
{
  static const AeTrainerOptions options[] = {
    { .learning_rate = 0.01f },
    { .learning_rate = 0.01f, .optimiser = AE_OPTIMISER_ADAMW,
        .loss = AE_LOSS_CHARBONNIER, .schedule = AE_SCHEDULE_COSINE,
        .total_steps = 1500, .clip_norm = 1 },
    { .learning_rate = 0.05f, .optimiser = AE_OPTIMISER_SGD,
        .momentum = 0.9f, .ema_decay = 0.9f },
    { .learning_rate = 0.02f, .optimiser = AE_OPTIMISER_MUON,
        .schedule = AE_SCHEDULE_COSINE, .total_steps = 1500 },
  };
  AeModel *model = linear_autoencoder ();
  AeTrainer *trainer = new_trainer (model, &options[_i], FEATURES);
  AeRng rng;
  ae_rng_seed (&rng, 5);
  AeStepReport first, report;
  for (int i = 0; i < 1500; i++) {
    fill_plane (trainer, &rng);
    ck_assert_int_eq (ae_trainer_step (trainer, &report, NULL), AE_OK);
    if (i == 0)
      first = report;
  }
  ck_assert_int_eq (ae_trainer_steps (trainer), 1500);
  ck_assert_float_lt (report.loss, 0.02f * first.loss);
  ck_assert_float_lt (ae_trainer_evaluate (trainer), 0.02f * first.loss);
  ae_trainer_free (&trainer);
  ae_model_unref (&model);
}
END_TEST

#define WIDE 20

/* A matrix large enough for Muon learns to turn the features around. */
START_TEST (test_muon_learns_a_matrix)
{
  AeBuilder b;
  AeModel *model;
  ae_builder_start (&b, 3);
  int x = ae_build_input (&b, "x", ae_shape (2, -1, WIDE));
  ae_build_output (&b, ae_build_dense (&b, x, WIDE, WIDE, 0.5f, "turn"), "y");
  ck_assert_int_eq (ae_builder_end (&b, &model, NULL), AE_OK);
  AeTrainerOptions options = { .learning_rate = 0.05f,
    .optimiser = AE_OPTIMISER_MUON,
    .schedule = AE_SCHEDULE_COSINE,
    .total_steps = 400 };
  AeTrainer *trainer = new_trainer (model, &options, WIDE);
  AeRng rng;
  ae_rng_seed (&rng, 5);
  AeStepReport first, report;
  for (int i = 0; i < 400; i++) {
    float *in = ae_trainer_input (trainer, 0)->data;
    float *target = ae_trainer_target (trainer, 0)->data;
    for (int k = 0; k < N * WIDE; k++)
      in[k] = ae_rng_normal (&rng);
    for (int k = 0; k < N * WIDE; k++)
      target[k] = in[k / WIDE * WIDE + WIDE - 1 - k % WIDE];
    ck_assert_int_eq (ae_trainer_step (trainer, &report, NULL), AE_OK);
    if (i == 0)
      first = report;
  }
  ck_assert_float_lt (report.loss, 0.02f * first.loss);
  ae_trainer_free (&trainer);
  ae_model_unref (&model);
}
END_TEST

/* Class 1 where x y > 0: no straight line parts them. */
static void
fill_quadrants (AeTrainer *trainer, AeRng *rng, int n_classes)
{
  float *x = ae_trainer_input (trainer, 0)->data;
  float *t = ae_trainer_target (trainer, 0)->data;
  for (int n = 0; n < N; n++) {
    x[2 * n] = 2 * ae_rng_uniform (rng) - 1;
    x[2 * n + 1] = 2 * ae_rng_uniform (rng) - 1;
    int class = x[2 * n] * x[2 * n + 1] > 0;
    for (int c = 0; c < n_classes; c++)
      t[n_classes * n + c] = (float) (c == class);
  }
}

START_TEST (test_mlp_learns_quadrants)
{
  AeModel *model = mlp (2);
  AeTrainerOptions options
      = { .loss = AE_LOSS_CROSS_ENTROPY, .learning_rate = 0.01f };
  AeTrainer *trainer = new_trainer (model, &options, 2);
  AeRng rng;
  ae_rng_seed (&rng, 5);
  for (int i = 0; i < 2000; i++) {
    fill_quadrants (trainer, &rng, 2);
    ck_assert_int_eq (ae_trainer_step (trainer, NULL, NULL), AE_OK);
  }
  int right = 0;
  const float *y = ae_trainer_output (trainer, 0)->data;
  const float *t = ae_trainer_target (trainer, 0)->data;
  for (int n = 0; n < N; n++)
    right += (y[2 * n] > y[2 * n + 1]) == (t[2 * n] > t[2 * n + 1]);
  ck_assert_int_ge (right, 29);
  ae_trainer_free (&trainer);
  ae_model_unref (&model);
}
END_TEST

static char path[] = "/tmp/ae-trainer-XXXXXX";

static void
temporary_path (void)
{
  strcpy (path + sizeof path - 7, "XXXXXX");
  int fd = mkstemp (path);
  ck_assert_int_ge (fd, 0);
  close (fd);
}

/* All parameters, read from an exported model. */
static size_t
read_params (AeTrainer *trainer, bool averaged, float *to)
{
  AeModel *model;
  size_t n = 0;
  ck_assert_int_eq (
      ae_trainer_model (trainer, averaged, NULL, 0, &model, NULL), AE_OK);
  const AeGraph *graph = ae_model_graph (model);
  for (int i = 0; i < graph->n_values; i++) {
    const AeValue *v = &graph->values[i];
    if (!v->trainable)
      continue;
    size_t count = ae_shape_count (&v->constant->shape);
    memcpy (to + n, v->constant->data, count * sizeof *to);
    n += count;
  }
  ae_model_unref (&model);
  return n;
}

static void
train (AeTrainer *trainer, AeRng *rng, int n_steps)
{
  for (int i = 0; i < n_steps; i++) {
    fill_plane (trainer, rng);
    ck_assert_int_eq (ae_trainer_step (trainer, NULL, NULL), AE_OK);
  }
}

static const AeTrainerOptions full_options = { .ema_decay = 0.99f,
  .schedule = AE_SCHEDULE_COSINE,
  .total_steps = 100,
  .warmup_steps = 5,
  .seed = 3 };

START_TEST (test_resuming_gives_the_same_bits)
{
  temporary_path ();
  AeModel *model = linear_autoencoder ();
  AeTrainer *a = new_trainer (model, &full_options, FEATURES);
  AeTrainer *b = new_trainer (model, &full_options, FEATURES);
  AeRng rng, rng_read;
  ae_rng_seed (&rng, 5);
  train (a, &rng, 20);
  ck_assert_int_eq (
      ae_trainer_save (a, path, &rng, sizeof rng, NULL), AE_OK);
  train (a, &rng, 20);
  ck_assert_int_eq (
      ae_trainer_restore (b, path, &rng_read, sizeof rng_read, NULL), AE_OK);
  ck_assert_int_eq (ae_trainer_steps (b), 20);
  train (b, &rng_read, 20);
  for (int averaged = 0; averaged < 2; averaged++) {
    float of_a[200], of_b[200];
    size_t n = read_params (a, averaged, of_a);
    ck_assert_uint_eq (n, 2 * 8 + 2 + 8 * 2 + 8);
    ck_assert_uint_eq (read_params (b, averaged, of_b), n);
    ck_assert (memcmp (of_a, of_b, n * sizeof *of_a) == 0);
  }
  unlink (path);
  ae_trainer_free (&a);
  ae_trainer_free (&b);
  ae_model_unref (&model);
}
END_TEST

START_TEST (test_other_structure_is_not_restored)
{
  temporary_path ();
  AeModel *model = linear_autoencoder (), *other = mlp (2);
  AeTrainer *a = new_trainer (model, &full_options, FEATURES);
  AeTrainer *b = new_trainer (other, &full_options, 2);
  float before[200], after[200];
  size_t n = read_params (b, false, before);
  ck_assert_int_eq (ae_trainer_save (a, path, NULL, 0, NULL), AE_OK);
  ck_assert_int_eq (
      ae_trainer_restore (b, path, NULL, 0, NULL), AE_ERROR_SHAPE);
  /* the same model with another optimiser */
  AeTrainerOptions sgd = full_options;
  sgd.optimiser = AE_OPTIMISER_SGD;
  AeTrainer *c = new_trainer (model, &sgd, FEATURES);
  ck_assert_int_eq (
      ae_trainer_restore (c, path, NULL, 0, NULL), AE_ERROR_SHAPE);
  read_params (b, false, after);
  ck_assert (memcmp (before, after, n * sizeof *before) == 0);
  unlink (path);
  ae_trainer_free (&a);
  ae_trainer_free (&b);
  ae_trainer_free (&c);
  ae_model_unref (&model);
  ae_model_unref (&other);
}
END_TEST

START_TEST (test_not_a_number_changes_nothing)
{
  static const float bad[] = { NAN, INFINITY, 1e38f };
  AeModel *model = linear_autoencoder ();
  AeTrainer *trainer = new_trainer (model, &full_options, FEATURES);
  AeRng rng;
  ae_rng_seed (&rng, 5);
  train (trainer, &rng, 3);
  float before[2][200], after[200];
  size_t n = read_params (trainer, false, before[0]);
  read_params (trainer, true, before[1]);
  fill_plane (trainer, &rng);
  ((float *) ae_trainer_input (trainer, 0)->data)[17] = bad[_i];
  AeStepReport report = { 0 };
  AeError err;
  ck_assert_int_eq (
      ae_trainer_step (trainer, &report, &err), AE_ERROR_NUMERIC);
  ck_assert (report.skipped);
  ck_assert_int_eq (report.step, 3);
  ck_assert_int_eq (ae_trainer_steps (trainer), 3);
  for (int averaged = 0; averaged < 2; averaged++) {
    read_params (trainer, averaged, after);
    ck_assert (memcmp (before[averaged], after, n * sizeof *after) == 0);
  }
  /* and the next good batch is learned from as if nothing had been */
  train (trainer, &rng, 1);
  ck_assert_int_eq (ae_trainer_steps (trainer), 4);
  read_params (trainer, false, after);
  for (size_t i = 0; i < n; i++)
    ck_assert (isfinite (after[i]));
  ck_assert (memcmp (before[0], after, n * sizeof *after) != 0);
  ae_trainer_free (&trainer);
  ae_model_unref (&model);
}
END_TEST

/* Weights that the loss does not see (their inputs are 0) overflow by absurd
 * weight decay. What is saved stays what it was before that. */
START_TEST (test_a_training_that_diverged_is_not_saved)
{
  temporary_path ();
  AeTrainerOptions wild = full_options;
  wild.optimiser = AE_OPTIMISER_ADAMW;
  wild.learning_rate = 1000;
  wild.weight_decay = 1;
  wild.schedule = AE_SCHEDULE_CONSTANT;
  wild.warmup_steps = 0;
  AeModel *model = linear_autoencoder (), *grown;
  AeTrainer *trainer = new_trainer (model, &wild, FEATURES);
  AeError err;
  size_t zeros = N * FEATURES * sizeof (float);
  ck_assert_int_eq (ae_trainer_save (trainer, path, NULL, 0, NULL), AE_OK);
  float params[200];
  bool finite = true;
  size_t n = read_params (trainer, false, params);
  for (int i = 0; i < 20 && finite; i++) {
    memset (ae_trainer_input (trainer, 0)->data, 0, zeros);
    memset (ae_trainer_target (trainer, 0)->data, 0, zeros);
    AeStatus status = ae_trainer_step (trainer, NULL, NULL);
    ck_assert (status == AE_OK || status == AE_ERROR_NUMERIC);
    read_params (trainer, false, params);
    for (size_t k = 0; k < n; k++)
      finite &= isfinite (params[k]) != 0;
  }
  ck_assert_msg (!finite, "the training did not diverge");
  ck_assert_int_eq (
      ae_trainer_save (trainer, path, NULL, 0, &err), AE_ERROR_NUMERIC);
  ck_assert_int_eq (
      ae_trainer_model (trainer, false, NULL, 0, &grown, NULL), AE_OK);
  ck_assert_int_eq (ae_model_save (grown, path, &err), AE_ERROR_NUMERIC);
  /* from what is in the file the training can begin again */
  ck_assert_int_eq (ae_trainer_restore (trainer, path, NULL, 0, NULL), AE_OK);
  read_params (trainer, false, params);
  for (size_t k = 0; k < n; k++)
    ck_assert (isfinite (params[k]));
  unlink (path);
  ae_trainer_free (&trainer);
  ae_model_unref (&grown);
  ae_model_unref (&model);
}
END_TEST

/* Each allocation may fail: an error, nothing leaked, nothing changed. */
START_TEST (test_trainers_survive_lack_of_memory)
{
  temporary_path ();
  AeModel *model = linear_autoencoder (), *grown;
  AeTensor input
      = { AE_F32, AE_LAYOUT_PLAIN, ae_shape (2, N, FEATURES), NULL };
  AeStatus status = AE_ERROR_MEMORY;
  long before = ae_mem_live ();
  for (long at = 1; status != AE_OK; at++) {
    AeTrainer *trainer = NULL;
    ck_assert_int_lt (at, 2000);
    ae_mem_fail_at (at, false);
    status = ae_trainer_new (&trainer, model, &full_options, NULL);
    if (status == AE_OK)
      status = ae_trainer_bind (trainer, &input, 1, NULL);
    if (status == AE_OK && !ae_trainer_target (trainer, 0))
      status = AE_ERROR_MEMORY;
    if (status == AE_OK)
      status = ae_trainer_step (trainer, NULL, NULL);
    if (status == AE_OK)
      status = ae_trainer_save (trainer, path, NULL, 0, NULL);
    if (status == AE_OK)
      status = ae_trainer_restore (trainer, path, NULL, 0, NULL);
    if (status == AE_OK) {
      status = ae_trainer_model (trainer, true, NULL, 0, &grown, NULL);
      ae_model_unref (&grown);
    }
    ae_mem_fail_at (0, false);
    ck_assert (status == AE_OK || status == AE_ERROR_MEMORY);
    ae_trainer_free (&trainer);
    ck_assert_int_eq (ae_mem_live (), before);
  }
  unlink (path);
  ae_model_unref (&model);
}
END_TEST

START_TEST (test_evaluation_uses_the_average_and_changes_nothing)
{
  AeModel *model = linear_autoencoder ();
  AeTrainer *trainer = new_trainer (model, &full_options, FEATURES);
  AeRng rng;
  ae_rng_seed (&rng, 5);
  train (trainer, &rng, 30);
  float before[200], after[200], averaged[200];
  size_t n = read_params (trainer, false, before);
  read_params (trainer, true, averaged);
  ck_assert (memcmp (before, averaged, n * sizeof *before) != 0);
  float loss = ae_trainer_evaluate (trainer);
  ck_assert_float_eq (ae_trainer_evaluate (trainer), loss);
  read_params (trainer, false, after);
  ck_assert (memcmp (before, after, n * sizeof *after) == 0);
  ae_trainer_free (&trainer);
  ae_model_unref (&model);
}
END_TEST

START_TEST (test_wrong_options_are_named)
{
  AeModel *model = linear_autoencoder ();
  AeTrainer *trainer = (AeTrainer *) 1;
  AeError err;
  AeTrainerOptions options = { .ema_decay = 1 };
  ck_assert_int_eq (
      ae_trainer_new (&trainer, model, &options, &err), AE_ERROR_ARGUMENT);
  ck_assert_ptr_null (trainer);
  ck_assert_ptr_nonnull (strstr (err.text, "ema_decay is 1"));
  options = (AeTrainerOptions){ .learning_rate = NAN };
  ck_assert_int_eq (
      ae_trainer_new (&trainer, model, &options, &err), AE_ERROR_ARGUMENT);
  ae_model_unref (&model);
}
END_TEST

START_TEST (test_nothing_to_learn_is_an_error)
{
  AeModel *model = linear_autoencoder ();
  AeTrainer *trainer = new_trainer (model, NULL, FEATURES);
  AeError err;
  ck_assert_int_eq (
      ae_trainer_step (trainer, NULL, &err), AE_ERROR_ARGUMENT);
  ck_assert_ptr_null (ae_trainer_target (trainer, 1));
  ae_trainer_free (&trainer);
  ae_model_unref (&model);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

static Suite *
trainer_suite (void)
{
  Suite *suite = suite_create ("trainer");
  TCase *tcase = tcase_create ("trainer");
  tcase_add_loop_test (tcase, test_linear_autoencoder_finds_the_plane, 0, 4);
  tcase_add_test (tcase, test_muon_learns_a_matrix);
  tcase_add_test (tcase, test_mlp_learns_quadrants);
  tcase_add_test (tcase, test_resuming_gives_the_same_bits);
  tcase_add_test (tcase, test_other_structure_is_not_restored);
  tcase_add_loop_test (tcase, test_not_a_number_changes_nothing, 0, 3);
  tcase_add_test (tcase, test_a_training_that_diverged_is_not_saved);
  tcase_add_test (tcase, test_trainers_survive_lack_of_memory);
  tcase_add_test (tcase, test_evaluation_uses_the_average_and_changes_nothing);
  tcase_add_test (tcase, test_wrong_options_are_named);
  tcase_add_test (tcase, test_nothing_to_learn_is_an_error);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (trainer_suite)
