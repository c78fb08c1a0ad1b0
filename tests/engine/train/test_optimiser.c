/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include "graph/build.h"
#include "train/learner.h"
#include "train/optimiser.h"
#include "train/schedule.h"
#include "util/rng.h"

#include <math.h>
#include <string.h>

#define N 4
static const float start[N] = { 0.5f, -1.25f, 2.0f, 0.0f };
static const float gradients[3][N] = { { 0.1f, -0.2f, 3.0f, 0.0f },
  { 0.3f, 0.4f, -1.0f, 1e-3f }, { -0.05f, 0.6f, 0.25f, 2e-3f } };

/* w = torch.tensor (start, requires_grad=True); o = torch.optim.X ([w], ...)
 * for g in gradients: w.grad = torch.tensor (g); o.step ()
 * X = Adam (lr=0.1); AdamW (lr=0.1, betas=(0.8, 0.95), eps=1e-6,
 * weight_decay=0.1); SGD (lr=0.1, momentum=0.9, weight_decay=0.01) */
static const struct {
  AeOptimiserStep step;
  float want[N];
} cases[] = {
  { { .kind = AE_OPTIMISER_ADAM,
        .rate = 0.1f,
        .beta1 = 0.9f,
        .beta2 = 0.999f,
        .epsilon = 1e-8f,
        .weight_decay = 0.7f }, /* not Adam's: without effect */
      { 0.24813059f, -1.2547462f, 1.82409811f, -0.157269269f } },
  { { .kind = AE_OPTIMISER_ADAMW,
        .rate = 0.1f,
        .beta1 = 0.8f,
        .beta2 = 0.95f,
        .epsilon = 1e-6f,
        .weight_decay = 0.1f },
      { 0.238174066f, -1.23033738f, 1.77641857f, -0.163742229f } },
  { { .kind = AE_OPTIMISER_SGD,
        .rate = 0.1f,
        .momentum = 0.9f,
        .weight_decay = 0.01f },
      { 0.418165386f, -1.32482946f, 1.34182918f, -0.000389900029f } },
};

START_TEST (test_three_steps_match_torch)
{
  float w[N], g[N], m[N] = { 0 }, v[N] = { 0 };
  memcpy (w, start, sizeof w);
  AeOptimiserBlocks blocks = { N, w, g, m, v, NULL };
  for (int i = 0; i < 3; i++) {
    AeOptimiserStep step = cases[_i].step;
    step.step = i + 1;
    step.grad_scale = 0.5f;
    for (int k = 0; k < N; k++)
      g[k] = 2 * gradients[i][k];
    ae_optimiser_step (&step, &blocks, NULL, 1);
    for (int k = 0; k < N; k++)
      ck_assert_float_eq (g[k], 0);
  }
  for (int k = 0; k < N; k++)
    ck_assert_float_eq_tol (w[k], cases[_i].want[k], 2e-6f);
}
END_TEST

START_TEST (test_first_adam_step_by_hand)
{
  /* both moments' bias corrections cancel: the step is rate * sign (g) */
  float w = 1, g = -0.25f, m = 0, v = 0, ema = 1;
  AeOptimiserBlocks blocks = { 1, &w, &g, &m, &v, &ema };
  AeOptimiserStep step = cases[0].step;
  step.step = 1;
  step.grad_scale = 1;
  step.ema_decay = 0.75f;
  ae_optimiser_step (&step, &blocks, NULL, 1);
  ck_assert_float_eq_tol (w, 1.1f, 1e-6f);
  ck_assert_float_eq_tol (m, -0.025f, 1e-7f);
  ck_assert_float_eq_tol (v, 6.25e-5f, 1e-9f);
  ck_assert_float_eq_tol (ema, 1.025f, 1e-6f);
}
END_TEST

#define MANY 50001
static float many[2][5][MANY];

START_TEST (test_threads_change_no_bit)
{
  AeOptimiserStep step = cases[_i].step;
  step.step = 3;
  step.grad_scale = 0.3f;
  step.ema_decay = 0.9f;
  double norm[2];
  for (int k = 0; k < 2; k++) {
    AeRng rng;
    ae_rng_seed (&rng, 5);
    for (int b = 0; b < 5; b++)
      for (int i = 0; i < MANY; i++)
        many[k][b][i] = ae_rng_uniform (&rng);
    AeOptimiserBlocks blocks = { MANY, many[k][0], many[k][1], many[k][2],
      many[k][3], many[k][4] };
    double scratch[16];
    ck_assert_uint_le (ae_optimiser_norm_scratch (MANY), 16);
    norm[k] = ae_optimiser_norm (
        many[k][1], MANY, scratch, ae_pool_shared (), 1 + 2 * k);
    ae_optimiser_step (&step, &blocks, ae_pool_shared (), 1 + 2 * k);
  }
  ck_assert (norm[0] == norm[1]);
  ck_assert (memcmp (many[0], many[1], sizeof many[0]) == 0);
}
END_TEST

START_TEST (test_norm_of_known_vectors)
{
  float x[1001];
  double scratch[1];
  for (int i = 0; i < 1001; i++)
    x[i] = i & 1 ? 2.0f : -2.0f;
  ck_assert_double_eq_tol (ae_optimiser_norm (x, 1001, scratch, NULL, 1),
      2 * sqrt (1001), 1e-9);
  x[3] = 1e30f; /* its square is no float */
  ck_assert_double_eq_tol (
      ae_optimiser_norm (x, 1001, scratch, NULL, 1) / x[3], 1, 1e-6);
  x[1000] = NAN;
  ck_assert (isnan (ae_optimiser_norm (x, 1001, scratch, NULL, 1)));
}
END_TEST

START_TEST (test_schedules)
{
  AeTrainerOptions o = { .learning_rate = 1, .final_learning_rate = 0.1f };
  ck_assert_float_eq (ae_schedule_rate (&o, 123456), 1);
  o.schedule = AE_SCHEDULE_COSINE;
  o.total_steps = 101;
  ck_assert_float_eq (ae_schedule_rate (&o, 0), 1);
  ck_assert_float_eq_tol (ae_schedule_rate (&o, 50), 0.55f, 1e-6f);
  ck_assert_float_eq_tol (ae_schedule_rate (&o, 100), 0.1f, 1e-6f);
  ck_assert_float_eq_tol (ae_schedule_rate (&o, 5000), 0.1f, 1e-6f);
  o.schedule = AE_SCHEDULE_STEP;
  o.step_every = 10;
  ck_assert_float_eq_tol (ae_schedule_rate (&o, 9), 1, 1e-6f);
  ck_assert_float_eq_tol (ae_schedule_rate (&o, 10), 0.1f, 1e-6f);
  ck_assert_float_eq_tol (ae_schedule_rate (&o, 29), 0.01f, 1e-6f);
  o.schedule = AE_SCHEDULE_CONSTANT;
  o.warmup_steps = 4;
  ck_assert_float_eq_tol (ae_schedule_rate (&o, 0), 0.25f, 1e-6f);
  ck_assert_float_eq_tol (ae_schedule_rate (&o, 2), 0.75f, 1e-6f);
  ck_assert_float_eq_tol (ae_schedule_rate (&o, 3), 1, 1e-6f);
  ck_assert_float_eq_tol (ae_schedule_ema_decay (0.999f, 0), 0.1f, 1e-6f);
  ck_assert_float_eq (ae_schedule_ema_decay (0.999f, 1000000), 0.999f);
}
END_TEST

/* Weights that have had one gradient and none since: what is remembered of it
 * fades to nothing, and never lingers as subnormal numbers, on which processors
 * are slow. The caller's own arithmetic keeps them. */
START_TEST (test_momenta_fade_to_nothing)
{
  static const AeOptimiser kinds[] = { AE_OPTIMISER_ADAM, AE_OPTIMISER_SGD,
    AE_OPTIMISER_MUON };
  enum { SIDE = 20 };
  AeBuilder b;
  AeModel *model;
  AeLearner *l;
  AeTensor in = { .type = AE_F32, .shape = ae_shape (2, 1, SIDE) };
  AeTrainerOptions options = { .optimiser = kinds[_i], .n_threads = 1,
    .beta1 = 0.9f, .beta2 = 0.9f, .momentum = 0.9f };
  ae_builder_start (&b, 1);
  int x = ae_build_input (&b, "x", ae_shape (2, -1, SIDE));
  ae_build_output (&b, ae_build_dense (&b, x, SIDE, SIDE, 1, "w"), "y");
  ck_assert_int_eq (ae_builder_end (&b, &model, NULL), AE_OK);
  ae_learner_defaults (&options);
  ck_assert_int_eq (ae_learner_new (&l, model, &options, 0, NULL), AE_OK);
  ck_assert_int_eq (ae_tape_bind (l->tape, &in, 1, NULL), AE_OK);
  float *grads = ae_tape_grads (l->tape);
  for (size_t i = 0; i < l->n; i++)
    grads[i] = 1 + (float) (i % 7);
  for (int step = 0; step < 1000; step++) {
    ae_learner_apply (l, 1);
    for (size_t i = 0; i < l->n; i++)
      ck_assert_msg (fpclassify (l->m[i]) != FP_SUBNORMAL, "%d: %g", step,
          l->m[i]);
    ck_assert (step > 0 || l->m[0] > 0);
  }
  for (size_t i = 0; i < l->n; i++)
    ck_assert (l->m[i] == 0);
  volatile float tiny = 1e-38f;
  ck_assert (tiny / 10 > 0);
  ae_learner_free (&l);
  ae_model_unref (&model);
}
END_TEST

static Suite *
optimiser_suite (void)
{
  Suite *suite = suite_create ("optimiser");
  TCase *tcase = tcase_create ("optimiser");
  tcase_add_loop_test (tcase, test_three_steps_match_torch, 0, 3);
  tcase_add_test (tcase, test_first_adam_step_by_hand);
  tcase_add_loop_test (tcase, test_threads_change_no_bit, 0, 3);
  tcase_add_test (tcase, test_norm_of_known_vectors);
  tcase_add_test (tcase, test_schedules);
  tcase_add_loop_test (tcase, test_momenta_fade_to_nothing, 0, 3);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (optimiser_suite)
