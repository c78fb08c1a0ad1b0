/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"
#include "ae_tmp.h"

#include <ae/recipe_trainer.h>
#include <ae/session.h>

#include "train/rbm.h"
#include "train/rbm_nets.h"
#include "util/mem.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A machine so small that all of its states can be counted. */
enum { V = 4, H = 3, N_V = 1 << V, N_H = 1 << H, N = V * H + V + H };
enum { ROWS = 4096, ROUNDS = 12 };

static AeRbm *
make (size_t visible, size_t hidden, size_t most, int n_threads)
{
  AeRbmSize size = { visible, hidden, most, n_threads };
  AeRbm *rbm;
  AeError err;
  ck_assert_msg (
      ae_rbm_new (&rbm, &size, 5, &err) == AE_OK, "%s", err.text);
  return rbm;
}

/* Of numbers that matter. */
static AeRbm *
make_tiny (void)
{
  AeRbm *rbm = make (V, H, ROWS, 1);
  AeRng rng;
  ae_rng_seed (&rng, 11);
  for (int i = 0; i < N; i++)
    ae_rbm_params (rbm)[i] = 0.8f * ae_rng_normal (&rng);
  return rbm;
}

static void
state_of (int number, int n, float *state)
{
  for (int i = 0; i < n; i++)
    state[i] = (float) (number >> i & 1);
}

/* Of a state of all units: -v W h - b v - c h. */
static double
energy_of (const double *params, const float *v, const float *h)
{
  const double *b = params + V * H, *c = b + V;
  double sum = 0;
  for (int i = 0; i < V; i++)
    for (int j = 0; j < H; j++)
      sum -= v[i] * params[i * H + j] * h[j];
  for (int i = 0; i < V; i++)
    sum -= b[i] * v[i];
  for (int j = 0; j < H; j++)
    sum -= c[j] * h[j];
  return sum;
}

/* Sum over hidden states of exp (-energy). */
static double
weight_of (const double *params, const float *v)
{
  double sum = 0;
  for (int k = 0; k < N_H; k++) {
    float h[H];
    state_of (k, H, h);
    sum += exp (-energy_of (params, v, h));
  }
  return sum;
}

static void
copy_params (double *to, AeRbm *rbm)
{
  for (int i = 0; i < N; i++)
    to[i] = ae_rbm_params (rbm)[i];
}

START_TEST (test_free_energy_is_the_sum_over_hidden_states)
{
  AeRbm *rbm = make_tiny ();
  double params[N];
  float v[N_V * V], energy[N_V];
  copy_params (params, rbm);
  for (int i = 0; i < N_V; i++)
    state_of (i, V, v + i * V);
  ae_rbm_free_energy (rbm, v, N_V, energy);
  for (int i = 0; i < N_V; i++) {
    double wanted = -log (weight_of (params, v + i * V));
    /* rounding of f32 sums of a few terms */
    ck_assert_msg (fabs (energy[i] - wanted) < 1e-5, "%d: %g, wanted %g", i,
        energy[i], wanted);
  }
  ae_rbm_free (&rbm);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_probabilities_are_those_of_the_states)
{
  AeRbm *rbm = make_tiny ();
  double params[N];
  float v[V] = { 1, 0, 1, 1 }, h[H] = { 0, 1, 1 }, up[H], down[V];
  copy_params (params, rbm);
  ae_rbm_up (rbm, v, 1, up);
  ae_rbm_down (rbm, h, 1, down);
  for (int j = 0; j < H; j++) {
    double on = 0, all = 0;
    for (int k = 0; k < N_H; k++) {
      float state[H];
      state_of (k, H, state);
      double w = exp (-energy_of (params, v, state));
      all += w;
      on += w * state[j];
    }
    ck_assert_double_eq_tol (up[j], on / all, 1e-6);
  }
  for (int i = 0; i < V; i++) {
    double on = 0, all = 0;
    for (int k = 0; k < N_V; k++) {
      float state[V];
      state_of (k, V, state);
      double w = exp (-energy_of (params, state, h));
      all += w;
      on += w * state[i];
    }
    ck_assert_double_eq_tol (down[i], on / all, 1e-6);
  }
  ae_rbm_free (&rbm);
}
END_TEST

/* Rows drawn from the model itself, exactly. */
static void
draw_rows (const double *params, AeRng *rng, float *rows)
{
  double total[N_V], sum = 0;
  float v[V];
  for (int i = 0; i < N_V; i++) {
    state_of (i, V, v);
    total[i] = sum += weight_of (params, v);
  }
  for (int r = 0; r < ROWS; r++) {
    double at = ae_rng_uniform (rng) * sum;
    int i = 0;
    while (i + 1 < N_V && total[i] <= at)
      i++;
    state_of (i, V, rows + r * V);
  }
}

/* Mean log probability of two states that the data has. */
static const int data_states[2] = { 3, 14 };

static double
log_probability (const double *params)
{
  double all = 0, sum = 0;
  float v[V];
  for (int i = 0; i < N_V; i++) {
    state_of (i, V, v);
    all += weight_of (params, v);
  }
  for (int i = 0; i < 2; i++) {
    state_of (data_states[i], V, v);
    sum += log (weight_of (params, v) / all) / 2;
  }
  return sum;
}

/* Mean of the estimates over rounds; where `own`, of rows from the model. */
static void
estimate (AeRbm *rbm, int steps, bool own, double *mean)
{
  AeRbmChain chain = { steps, true };
  static float rows[ROWS * V];
  double params[N];
  float gradient[N];
  AeRng rng;
  ae_rng_seed (&rng, 3);
  copy_params (params, rbm);
  memset (mean, 0, N * sizeof *mean);
  for (int k = 0; k < ROUNDS; k++) {
    if (own)
      draw_rows (params, &rng, rows);
    else
      for (int r = 0; r < ROWS; r++)
        state_of (data_states[r % 2], V, rows + r * V);
    ae_rbm_gradient (rbm, &chain, rows, ROWS, gradient, NULL);
    for (int i = 0; i < N; i++)
      mean[i] += gradient[i] / ROUNDS;
  }
}

/* Products of 49152 draws deviate by 0.5 / sqrt (49152) = 0.0023 at most. */
#define CHANCE 0.011

START_TEST (test_long_chains_find_the_gradient_of_the_likelihood)
{
  AeRbm *rbm = make_tiny ();
  double params[N], got[N], most = 0;
  copy_params (params, rbm);
  estimate (rbm, 40, false, got);
  for (int i = 0; i < N; i++) {
    double old = params[i];
    params[i] = old + 1e-5;
    double up = log_probability (params);
    params[i] = old - 1e-5;
    double wanted = (up - log_probability (params)) / 2e-5;
    params[i] = old;
    most = fmax (most, fabs (wanted));
    ck_assert_msg (fabs (got[i] - wanted) < CHANCE, "%d: %g, wanted %g", i,
        got[i], wanted);
  }
  ck_assert_double_gt (most, 0.2);
  ae_rbm_free (&rbm);
}
END_TEST

/* Where the data is what the model makes, a chain of any length has nothing to
 * say; of other data it has. */
START_TEST (test_one_step_rests_at_the_model)
{
  AeRbm *rbm = make_tiny ();
  double rest[N], other[N], most = 0;
  estimate (rbm, 1, true, rest);
  estimate (rbm, 1, false, other);
  for (int i = 0; i < N; i++) {
    ck_assert_msg (fabs (rest[i]) < CHANCE, "%d: %g", i, rest[i]);
    most = fmax (most, fabs (other[i]));
  }
  ck_assert_double_gt (most, 0.1);
  ae_rbm_free (&rbm);
}
END_TEST

START_TEST (test_a_step_has_momentum_and_decay)
{
  AeRbm *one = make_tiny (), *two = make_tiny ();
  AeRbmStep step = { { 2, false }, 0.1f, 0.5f, 0.3f };
  float rows[5 * V], gradient[N], before[N];
  AeError err;
  AeRbmReport report;
  for (int i = 0; i < 5; i++)
    state_of (i + 3, V, rows + i * V);
  for (int i = 0; i < N; i++)
    ae_rbm_momentum (one)[i] = (float) i * 0.01f;
  memcpy (before, ae_rbm_params (one), sizeof before);
  ae_rbm_gradient (two, &step.chain, rows, 5, gradient, NULL);
  ck_assert_int_eq (ae_rbm_step (one, &step, rows, 5, &report, &err), AE_OK);
  for (int i = 0; i < N; i++) {
    double decay = i < V * H ? 0.3 * before[i] : 0;
    double moved = 0.5 * 0.01 * i + 0.1 * (gradient[i] - decay);
    ck_assert_double_eq_tol (ae_rbm_momentum (one)[i], moved, 1e-6);
    ck_assert_double_eq_tol (
        ae_rbm_params (one)[i], before[i] + moved, 1e-6);
  }
  ck_assert (report.cross_entropy > 0 && report.active > 0
      && report.active < 1);
  ae_rbm_free (&one);
  ae_rbm_free (&two);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_what_is_not_finite_changes_nothing)
{
  AeRbm *rbm = make_tiny ();
  AeRbmStep step = { { 1, false }, 0.1f, 0.5f, 0 };
  float rows[2 * V] = { 1, NAN, 0, 1, 1, 1, 0, 0 }, before[2 * N];
  AeError err;
  ae_rbm_momentum (rbm)[2] = 0.5f;
  memcpy (before, ae_rbm_params (rbm), N * sizeof *before);
  memcpy (before + N, ae_rbm_momentum (rbm), N * sizeof *before);
  ck_assert_int_eq (
      ae_rbm_step (rbm, &step, rows, 2, NULL, &err), AE_ERROR_NUMERIC);
  ck_assert_msg (strstr (err.text, "of 19 parameters") != NULL, "%s",
      err.text);
  ck_assert_mem_eq (ae_rbm_params (rbm), before, N * sizeof *before);
  ck_assert_mem_eq (ae_rbm_momentum (rbm), before + N, N * sizeof *before);
  rows[1] = 0;
  ck_assert_int_eq (ae_rbm_step (rbm, &step, rows, 2, NULL, &err), AE_OK);
  ae_rbm_free (&rbm);
}
END_TEST

/* Sizes that blocks do not divide, on one thread and on three. */
START_TEST (test_threads_make_no_difference)
{
  enum { WIDE = 147, HIDDEN = 91, N_ROWS = 13 };
  static float rows[N_ROWS * WIDE];
  static float gradient[2][WIDE * HIDDEN + WIDE + HIDDEN];
  AeRbmChain chain = { 3, true };
  AeRng rng;
  ae_rng_seed (&rng, 1);
  for (int i = 0; i < N_ROWS * WIDE; i++)
    rows[i] = ae_rng_uniform (&rng);
  for (int k = 0; k < 2; k++) {
    AeRbm *rbm = make (WIDE, HIDDEN, N_ROWS, k == 0 ? 1 : 3);
    ae_rbm_gradient (rbm, &chain, rows, N_ROWS, gradient[k], NULL);
    ae_rbm_free (&rbm);
  }
  ck_assert_mem_eq (gradient[0], gradient[1], sizeof gradient[0]);
}
END_TEST

START_TEST (test_no_memory_is_said)
{
  AeRbmSize size = { V, H, 8, 1 };
  AeStatus status = AE_ERROR_MEMORY;
  int n = 0;
  while (status != AE_OK) {
    AeRbm *rbm;
    AeError err;
    ae_mem_fail_at (++n, false);
    status = ae_rbm_new (&rbm, &size, 1, &err);
    ae_mem_fail_at (0, false);
    ck_assert (status == AE_OK || (status == AE_ERROR_MEMORY && !rbm));
    ae_rbm_free (&rbm);
    ck_assert_int_eq (ae_mem_live (), 0);
  }
  ck_assert_int_eq (n, 11); /* ten blocks */
}
END_TEST

/* The graph says what the machine does. */
START_TEST (test_the_graph_is_the_machine)
{
  enum { ROW = 5 * 6 * 3, HIDDEN = 7, N_ROWS = 4 };
  AeRbmShape shape = { { 6, 5, 3 }, HIDDEN };
  AeRbm *rbm = make (ROW, HIDDEN, N_ROWS, 1);
  AeTensor in = { .type = AE_F32, .shape = ae_shape (4, N_ROWS, 3, 5, 6) };
  float latent[N_ROWS * HIDDEN], made[N_ROWS * ROW], energy[N_ROWS];
  static float read[ROW * HIDDEN + ROW + HIDDEN];
  AeModel *model;
  AeSession *session;
  AeError err;
  AeRng rng;
  ae_rng_seed (&rng, 2);
  ck_assert_uint_eq (ae_rbm_shape_params (&shape), ae_rbm_n_params (rbm));
  for (size_t i = 0; i < ae_rbm_n_params (rbm); i++)
    ae_rbm_params (rbm)[i] = 0.3f * ae_rng_normal (&rng);
  ck_assert_int_eq (ae_build_rbm (&model, &shape, ae_rbm_params (rbm), NULL,
      0, &err), AE_OK);
  ck_assert_int_eq (ae_rbm_read (read, &shape, model, &err), AE_OK);
  ck_assert_mem_eq (read, ae_rbm_params (rbm), sizeof read);
  ck_assert_int_eq (ae_session_new (&session, model, NULL, &err), AE_OK);
  ck_assert_int_eq (ae_session_bind (session, &in, 1, &err), AE_OK);
  float frame[N_ROWS * ROW]; /* a session may write over its inputs */
  for (int i = 0; i < N_ROWS * ROW; i++)
    frame[i] = ae_rng_uniform (&rng);
  memcpy (ae_session_input (session, 0)->data, frame, sizeof frame);
  ae_session_run (session);
  ae_rbm_up (rbm, frame, N_ROWS, latent);
  ae_rbm_down (rbm, latent, N_ROWS, made);
  ae_rbm_free_energy (rbm, frame, N_ROWS, energy);
  const float *wanted[] = { made, latent, energy };
  const size_t counts[] = { N_ROWS * ROW, N_ROWS * HIDDEN, N_ROWS };
  for (size_t k = 0; k < 3; k++) {
    const float *got = ae_session_output (session, k)->data;
    /* sums of 90 terms in another order */
    for (size_t i = 0; i < counts[k]; i++)
      ck_assert_msg (fabsf (got[i] - wanted[k][i]) < 1e-4f, "%zu %zu: %g %g",
          k, i, got[i], wanted[k][i]);
  }
  ck_assert_str_eq (ae_model_output_name (model, 0), "reconstruction");
  ck_assert_str_eq (ae_model_output_name (model, 1), "latent");
  ck_assert_str_eq (ae_model_output_name (model, 2), "free_energy");
  ae_session_free (&session);
  ae_model_unref (&model);
  ae_rbm_free (&rbm);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

/* Trainings. */

enum { SIDE = 8, N_PICTURES = 120 };

static AeRecipeTrainer *
open_trainer (const char *more, AeModel *base, AeStatus wanted)
{
  char text[500];
  AeRecipe *recipe;
  AeRecipeTrainer *t;
  AeError err;
  snprintf (text, sizeof text,
      "[model]\ntask = rbm\n[training]\nbatch = 20\nthreads = 1\n"
      "warmup_steps = 0\nlearning_rate = 0.1\nvalidation = 0.2\nsteps = 600\n"
      "[rbm]\nsize = 8x8\n%s",
      more);
  ck_assert_msg (
      ae_recipe_parse (&recipe, text, &err) == AE_OK, "%s", err.text);
  ck_assert_int_eq (ae_recipe_trainer_new (&t, recipe, base, &err), wanted);
  ae_recipe_free (&recipe);
  return t;
}

/* A bar, upright or level; or as many pixels anywhere. */
static void
draw (uint8_t pixels[SIDE * SIDE], int number, bool scattered)
{
  int at = number / 2 % SIDE;
  AeRng rng;
  ae_rng_seed (&rng, (uint64_t) number);
  memset (pixels, 0, SIDE * SIDE);
  for (int i = 0; i < SIDE && !scattered; i++)
    pixels[number % 2 ? i * SIDE + at : at * SIDE + i] = 255;
  for (int n = 0; n < SIDE && scattered;) {
    uint32_t k = ae_rng_below (&rng, SIDE * SIDE);
    n += pixels[k] == 0;
    pixels[k] = 255;
  }
}

static void
add_all (AeRecipeTrainer *t, bool scattered)
{
  uint8_t pixels[SIDE * SIDE];
  AeError err;
  AeImage image = { .pixels = AE_PIXELS_GRAY8, .width = SIDE, .height = SIDE,
    .plane = { pixels }, .stride = { SIDE } };
  for (int i = 0; i < N_PICTURES; i++) {
    draw (pixels, i, scattered);
    ck_assert_int_eq (ae_recipe_trainer_add (t, &image, 0, &err), AE_OK);
  }
}

static AeModel *
train (AeRecipeTrainer *t, int steps)
{
  AeModel *model;
  AeStepReport report;
  AeError err;
  for (int i = 0; i < steps; i++)
    ck_assert_msg (ae_recipe_trainer_step (t, &report, &err) == AE_OK, "%s",
        err.text);
  ck_assert_msg (ae_recipe_trainer_model (t, false, &model, &err) == AE_OK,
      "%s", err.text);
  return model;
}

static const char *const learners[] = { "hidden = 24\n",
  "hidden = 24\nbinarise = yes\n", "hidden = 24\ngibbs_steps = 3\n" };

/* Their free energy is less than that of as many pixels elsewhere, and they
 * come back as what they are. */
START_TEST (test_bars_are_learned)
{
  enum { N_BARS = 2 * SIDE };
  AeRecipeTrainer *t = open_trainer (learners[_i], NULL, AE_OK);
  AeTensor in = { .type = AE_F32,
    .shape = ae_shape (4, 2 * N_BARS, 1, SIDE, SIDE) };
  AeSession *session;
  AeError err;
  float before, after, most = -INFINITY, least = INFINITY;
  add_all (t, false);
  AeModel *model = train (t, 1);
  ae_model_unref (&model);
  ck_assert_int_eq (ae_recipe_trainer_validate (t, &before, &err), AE_OK);
  model = train (t, 600);
  ck_assert_int_eq (ae_recipe_trainer_validate (t, &after, &err), AE_OK);
  ck_assert_msg (after > before / 4, "%g before, %g after", before, after);
  ck_assert_int_eq (ae_session_new (&session, model, NULL, &err), AE_OK);
  ck_assert_int_eq (ae_session_bind (session, &in, 1, &err), AE_OK);
  float frame[2 * N_BARS * SIDE * SIDE];
  for (int i = 0; i < 2 * N_BARS; i++) {
    uint8_t pixels[SIDE * SIDE];
    draw (pixels, i, i >= N_BARS);
    for (int k = 0; k < SIDE * SIDE; k++)
      frame[i * SIDE * SIDE + k] = pixels[k] / 255.0f;
  }
  memcpy (ae_session_input (session, 0)->data, frame, sizeof frame);
  ae_session_run (session);
  const float *made = ae_session_output (session, 0)->data;
  const float *energy = ae_session_output (session, 2)->data;
  int wrong = 0;
  for (int i = 0; i < N_BARS; i++) {
    most = fmaxf (most, energy[i]);
    least = fminf (least, energy[N_BARS + i]);
  }
  for (int i = 0; i < N_BARS * SIDE * SIDE; i++)
    wrong += (made[i] > 0.5f) != (frame[i] > 0.5f);
  ck_assert_msg (most < least, "bars up to %g, others from %g", most, least);
  ck_assert_int_le (wrong, N_BARS * SIDE * SIDE / 100);
  ae_session_free (&session);
  ae_model_unref (&model);
  ae_recipe_trainer_free (&t);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

static double
gap_of (AeRecipeTrainer *t)
{
  AeTrainingFigure figures[AE_TRAINING_FIGURES];
  AeError err;
  float score;
  ck_assert_int_eq (ae_recipe_trainer_validate (t, &score, &err), AE_OK);
  size_t n = ae_recipe_trainer_figures (t, figures);
  ck_assert_uint_eq (n, 2);
  ck_assert_str_eq (figures[0].name, "active");
  ck_assert (figures[0].value > 0 && figures[0].value < 100);
  ck_assert_str_eq (figures[1].name, "energy-gap");
  return figures[1].value;
}

/* What cannot be known of other pictures is learned by heart. */
START_TEST (test_learning_by_heart_shows)
{
  AeRecipeTrainer *t = open_trainer ("hidden = 64\n", NULL, AE_OK);
  add_all (t, true);
  AeModel *early = train (t, 5);
  double before = gap_of (t);
  AeModel *late = train (t, 1500);
  double after = gap_of (t);
  ck_assert_msg (fabs (before) < 1 && after > 5, "%g, then %g", before,
      after);
  ae_model_unref (&early);
  ae_model_unref (&late);
  ae_recipe_trainer_free (&t);
}
END_TEST

START_TEST (test_training_goes_on_from_a_checkpoint)
{
  static const char more[] = "hidden = 20\nbinarise = yes\n";
  char folder[64];
  AeError err;
  ae_tmp_make (folder);
  const char *path = ae_tmp_path (folder, "r.ckpt");
  AeRecipeTrainer *one = open_trainer (more, NULL, AE_OK);
  AeRecipeTrainer *two = open_trainer (more, NULL, AE_OK);
  AeRecipeTrainer *other = open_trainer ("hidden = 21\n", NULL, AE_OK);
  add_all (one, false);
  add_all (two, false);
  AeModel *half = train (one, 5);
  ck_assert_int_eq (ae_recipe_trainer_save (one, path, &err), AE_OK);
  AeModel *whole = train (one, 5);
  ck_assert_int_eq (ae_recipe_trainer_restore (two, path, &err), AE_OK);
  AeModel *resumed = train (two, 5);
  ck_assert_str_eq (ae_model_id (whole), ae_model_id (resumed));
  ck_assert_str_ne (ae_model_id (whole), ae_model_id (half));
  ck_assert_int_eq (
      ae_recipe_trainer_restore (other, path, &err), AE_ERROR_SHAPE);
  ae_recipe_trainer_free (&one);
  ae_recipe_trainer_free (&two);
  ae_recipe_trainer_free (&other);
  ck_assert_ptr_null (open_trainer ("hidden = 21\n", half, AE_ERROR_SHAPE));
  ae_model_unref (&half);
  ae_model_unref (&whole);
  ae_model_unref (&resumed);
  ae_tmp_remove (folder);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

static Suite *
rbm_suite (void)
{
  Suite *suite = suite_create ("rbm");
  TCase *tcase = tcase_create ("rbm");
  tcase_add_test (tcase, test_free_energy_is_the_sum_over_hidden_states);
  tcase_add_test (tcase, test_probabilities_are_those_of_the_states);
  tcase_add_test (
      tcase, test_long_chains_find_the_gradient_of_the_likelihood);
  tcase_add_test (tcase, test_one_step_rests_at_the_model);
  tcase_add_test (tcase, test_a_step_has_momentum_and_decay);
  tcase_add_test (tcase, test_what_is_not_finite_changes_nothing);
  tcase_add_test (tcase, test_threads_make_no_difference);
  tcase_add_test (tcase, test_no_memory_is_said);
  tcase_add_test (tcase, test_the_graph_is_the_machine);
  tcase_add_loop_test (tcase, test_bars_are_learned, 0,
      sizeof learners / sizeof *learners);
  tcase_add_test (tcase, test_learning_by_heart_shows);
  tcase_add_test (tcase, test_training_goes_on_from_a_checkpoint);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (rbm_suite)
