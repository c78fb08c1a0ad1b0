/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include "graph/build.h"
#include "train/muon.h"
#include "util/mem.h"
#include "util/rng.h"

#include <math.h>
#include <string.h>

#define MAX_ROWS 24
#define MAX_COLUMNS 60
#define MAX_SIZE (MAX_ROWS * MAX_COLUMNS)
#define MAX_SCRATCH (2 * 32 * 64 + 4 * MAX_ROWS * MAX_ROWS)

static const struct {
  size_t rows, columns;
} shapes[] = { { 1, 9 }, { 8, 8 }, { 13, 40 }, { MAX_ROWS, MAX_COLUMNS } };

static void
fill_random (float *x, size_t n, uint64_t seed)
{
  AeRng rng;
  ae_rng_seed (&rng, seed);
  for (size_t i = 0; i < n; i++)
    x[i] = ae_rng_normal (&rng);
}

/* The iteration as it is published, in double. */
static void
newton_schulz (double *x, int r, int n)
{
  double norm = 0;
  for (int i = 0; i < r * n; i++)
    norm += x[i] * x[i];
  for (int i = 0; i < r * n; i++)
    x[i] /= sqrt (norm);
  for (int round = 0; round < 5; round++) {
    double a[MAX_ROWS][MAX_ROWS], b[MAX_ROWS][MAX_ROWS], y[MAX_SIZE];
    for (int i = 0; i < r; i++)
      for (int j = 0; j < r; j++) {
        a[i][j] = 0;
        for (int k = 0; k < n; k++)
          a[i][j] += x[i * n + k] * x[j * n + k];
      }
    for (int i = 0; i < r; i++)
      for (int j = 0; j < r; j++) {
        b[i][j] = -4.7750 * a[i][j];
        for (int k = 0; k < r; k++)
          b[i][j] += 2.0315 * a[i][k] * a[k][j];
      }
    for (int i = 0; i < r; i++)
      for (int j = 0; j < n; j++) {
        y[i * n + j] = 3.4445 * x[i * n + j];
        for (int k = 0; k < r; k++)
          y[i * n + j] += b[i][k] * x[k * n + j];
      }
    memcpy (x, y, sizeof *x * (size_t) (r * n));
  }
}

START_TEST (test_orthogonalise_is_newton_schulz)
{
  size_t r = shapes[_i].rows, n = shapes[_i].columns;
  float x[MAX_SIZE], scratch[MAX_SCRATCH];
  double want[MAX_SIZE];
  fill_random (x, r * n, 3 + (uint64_t) _i);
  for (size_t i = 0; i < r * n; i++)
    want[i] = x[i];
  newton_schulz (want, (int) r, (int) n);
  ck_assert_uint_le (ae_muon_scratch_floats (r, n), MAX_SCRATCH);
  ae_muon_orthogonalise (x, r, n, scratch);
  for (size_t i = 0; i < r * n; i++)
    ck_assert_float_eq_tol (x[i], (float) want[i], 2e-3f);
}
END_TEST

START_TEST (test_orthogonalised_rows)
{
  /* rows of one length and at right angles, more or less */
  size_t r = 16, n = MAX_COLUMNS;
  float x[MAX_SIZE], scratch[MAX_SCRATCH];
  fill_random (x, r * n, 1);
  for (size_t i = 0; i < n; i++)
    x[i] *= 100; /* one direction far above the others */
  ae_muon_orthogonalise (x, r, n, scratch);
  for (size_t i = 0; i < r; i++)
    for (size_t j = 0; j < r; j++) {
      float dot = 0;
      for (size_t k = 0; k < n; k++)
        dot += x[i * n + k] * x[j * n + k];
      if (i == j) {
        ck_assert_float_gt (dot, 0.3f);
        ck_assert_float_lt (dot, 1.6f);
      } else
        ck_assert_float_lt (fabsf (dot), 0.5f);
    }
}
END_TEST

START_TEST (test_zero_matrix_stays)
{
  float x[64] = { 0 }, scratch[MAX_SCRATCH];
  ae_muon_orthogonalise (x, 8, 8, scratch);
  for (int i = 0; i < 64; i++)
    ck_assert_float_eq (x[i], 0);
}
END_TEST

/* A wide, a tall and a too small weight, with biases. */
static AeTape *
new_tape (void)
{
  AeBuilder b;
  AeModel *model;
  AeTape *tape;
  AeError err;
  ae_builder_start (&b, 2);
  int x = ae_build_input (&b, "x", ae_shape (2, -1, 20));
  x = ae_build_dense (&b, x, 20, 40, 1, "first");
  x = ae_build_dense (&b, x, 40, 18, 1, "second");
  x = ae_build_dense (&b, x, 18, 2, 1, "third");
  ae_build_output (&b, x, "y");
  ck_assert_msg (ae_builder_end (&b, &model, &err) == AE_OK, "%s", err.text);
  ck_assert_msg (
      ae_tape_new (&tape, model, 1, AE_PRECISION_F32, &err) == AE_OK, "%s", err.text);
  ae_model_unref (&model);
  return tape;
}

/* Blocks of random values: params, grads, m, v, ema. */
static AeOptimiserBlocks
new_blocks (size_t n)
{
  float *x = ae_alloc (5 * n * sizeof (float));
  ck_assert_ptr_nonnull (x);
  fill_random (x, 5 * n, 7);
  for (size_t i = 3 * n; i < 4 * n; i++)
    x[i] *= x[i];
  return (AeOptimiserBlocks){ n, x, x + n, x + 2 * n, x + 3 * n, x + 4 * n };
}

static const AeOptimiserStep step = { .kind = AE_OPTIMISER_MUON,
  .rate = 0.01f,
  .beta1 = 0.9f,
  .beta2 = 0.999f,
  .epsilon = 1e-8f,
  .momentum = 0.95f,
  .grad_scale = 0.5f,
  .ema_decay = 0.9f,
  .step = 4 };

START_TEST (test_threads_change_no_bit)
{
  AeTape *tape = new_tape ();
  size_t n = ae_tape_n_elements (tape);
  AeMuon *muon = ae_muon_new (tape);
  AeOptimiserBlocks one = new_blocks (n), many = new_blocks (n);
  ae_muon_step (muon, &step, &one, ae_pool_shared (), 1);
  ae_muon_step (muon, &step, &many, ae_pool_shared (), 3);
  ck_assert (memcmp (one.params, many.params, 5 * n * sizeof (float)) == 0);
  ae_free (one.params);
  ae_free (many.params);
  ae_muon_free (&muon);
  ae_tape_free (&tape);
}
END_TEST

/* What the step should do to a matrix, transposed where it is tall. */
static void
check_matrix (const AeOptimiserBlocks *before, const AeOptimiserBlocks *after,
    const AeParam *param)
{
  size_t rows = (size_t) param->shape.dim[0];
  size_t columns = (size_t) param->shape.dim[1], at = param->offset;
  size_t r = rows < columns ? rows : columns;
  size_t n = rows < columns ? columns : rows;
  float x[MAX_SIZE], scratch[MAX_SCRATCH];
  for (size_t i = 0; i < rows; i++)
    for (size_t j = 0; j < columns; j++) {
      size_t k = at + i * columns + j;
      float g = 0.5f * before->grads[k];
      float m = 0.95f * before->m[k] + 0.05f * g;
      ck_assert_float_eq_tol (after->m[k], m, 1e-6f);
      x[rows < columns ? i * n + j : j * n + i] = 0.95f * m + 0.05f * g;
    }
  ae_muon_orthogonalise (x, r, n, scratch);
  for (size_t i = 0; i < rows; i++)
    for (size_t j = 0; j < columns; j++) {
      size_t k = at + i * columns + j;
      float w = before->params[k]
          - 0.01f * 0.2f * sqrtf ((float) n)
              * x[rows < columns ? i * n + j : j * n + i];
      ck_assert_float_eq_tol (after->params[k], w, 1e-6f);
      ck_assert_float_eq_tol (
          after->ema[k], 0.9f * before->ema[k] + 0.1f * w, 1e-6f);
      ck_assert_float_eq (after->grads[k], 0);
    }
}

/* Biases and the weight of two rows: as if Adam had run over everything. */
static void
check_others (const AeOptimiserBlocks *before, const AeOptimiserBlocks *after,
    const AeTape *tape)
{
  AeOptimiserStep adam = step;
  adam.kind = AE_OPTIMISER_ADAM;
  ae_optimiser_step (&adam, before, NULL, 1);
  int n_others = 0;
  for (size_t i = 0; i < ae_tape_n_params (tape); i++) {
    const AeParam *param = ae_tape_param (tape, i);
    if (param->shape.rank > 1 && param->shape.dim[1] > 2
        && param->shape.dim[0] > 2)
      continue;
    n_others++;
    for (size_t k = 0; k < ae_shape_count (&param->shape); k++) {
      size_t at = param->offset + k;
      ck_assert_float_eq (after->params[at], before->params[at]);
      ck_assert_float_eq (after->v[at], before->v[at]);
      ck_assert_float_eq (after->ema[at], before->ema[at]);
      ck_assert_float_eq (after->grads[at], 0);
    }
  }
  ck_assert_int_eq (n_others, 4);
}

START_TEST (test_step)
{
  AeTape *tape = new_tape ();
  size_t n = ae_tape_n_elements (tape);
  AeMuon *muon = ae_muon_new (tape);
  AeOptimiserBlocks before = new_blocks (n), after = new_blocks (n);
  ae_muon_step (muon, &step, &after, ae_pool_shared (), 2);
  int n_matrices = 0;
  for (size_t i = 0; i < ae_tape_n_params (tape); i++) {
    const AeParam *param = ae_tape_param (tape, i);
    if (param->shape.rank < 2 || param->shape.dim[0] < 17
        || param->shape.dim[1] < 17)
      continue;
    check_matrix (&before, &after, param);
    n_matrices++;
  }
  ck_assert_int_eq (n_matrices, 2);
  check_others (&before, &after, tape);
  ae_free (before.params);
  ae_free (after.params);
  ae_muon_free (&muon);
  ae_tape_free (&tape);
}
END_TEST

static Suite *
muon_suite (void)
{
  Suite *suite = suite_create ("muon");
  TCase *tcase = tcase_create ("muon");
  tcase_add_loop_test (tcase, test_orthogonalise_is_newton_schulz, 0,
      (int) (sizeof shapes / sizeof *shapes));
  tcase_add_test (tcase, test_orthogonalised_rows);
  tcase_add_test (tcase, test_zero_matrix_stays);
  tcase_add_test (tcase, test_threads_change_no_bit);
  tcase_add_test (tcase, test_step);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (muon_suite)
