/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include "tensor/tensor.h"
#include "train/loss.h"
#include "util/rng.h"

#include <math.h>
#include <string.h>

static const AeLossSpec specs[] = {
  { AE_LOSS_L2, 1e-3f },
  { AE_LOSS_L1, 1e-3f },
  { AE_LOSS_CHARBONNIER, 0.2f },
  { AE_LOSS_CROSS_ENTROPY, 1e-3f },
  { AE_LOSS_BINARY_CROSS_ENTROPY, 1e-3f },
};
#define N_SPECS (int) (sizeof specs / sizeof *specs)

typedef struct {
  AeTensor *x, *t;
  float sample_weight[3], channel_weight[5], grad[1000];
  double partial[3];
} Case;

static void
make_case (Case *c, AeShape shape)
{
  AeRng rng;
  ae_rng_seed (&rng, 7);
  c->x = ae_tensor_new (AE_F32, &shape);
  c->t = ae_tensor_new (AE_F32, &shape);
  float *x = c->x->data, *t = c->t->data;
  for (size_t i = 0; i < ae_shape_count (&shape); i++) {
    x[i] = 0.1f + 0.8f * ae_rng_uniform (&rng);
    t[i] = 0.1f + 0.8f * ae_rng_uniform (&rng);
    /* away from the corner of |x - t| */
    if (fabsf (x[i] - t[i]) < 0.02f)
      t[i] = x[i] + 0.05f;
  }
  for (int i = 0; i < 3; i++)
    c->sample_weight[i] = 0.5f + i;
  for (int i = 0; i < 5; i++)
    c->channel_weight[i] = 2.0f - 0.3f * i;
}

static void
clear_case (Case *c)
{
  ae_tensor_free (&c->x);
  ae_tensor_free (&c->t);
}

static double
loss_of (Case *c, const AeLossSpec *spec, float *grad)
{
  return ae_loss_compute (spec, c->x, c->t, c->sample_weight,
      c->channel_weight, grad, c->partial, ae_pool_shared (), 2);
}

START_TEST (test_gradients_match_finite_differences)
{
  const AeLossSpec *spec = &specs[_i];
  Case c;
  make_case (&c, ae_shape (4, 3, 5, 3, 7));
  loss_of (&c, spec, c.grad);
  float *x = c.x->data;
  for (size_t i = 0; i < 3 * 5 * 3 * 7; i += 11) {
    float keep = x[i], h = 4e-3f;
    x[i] = keep + h;
    double up = loss_of (&c, spec, NULL);
    float above = x[i];
    x[i] = keep - h;
    double down = loss_of (&c, spec, NULL);
    double slope = (up - down) / ((double) above - x[i]);
    x[i] = keep;
    /* 1 %: second-order error of the difference and float sums */
    ck_assert_double_eq_tol (c.grad[i], slope, 1e-6 + 0.01 * fabs (slope));
  }
  clear_case (&c);
}
END_TEST

START_TEST (test_values_by_hand)
{
  float x[] = { 1, 3, 0.5f, 0.25f }, t[] = { 0, 1, 1, 0 };
  AeTensor output = { AE_F32, AE_LAYOUT_PLAIN, ae_shape (2, 2, 2), x };
  AeTensor target = { AE_F32, AE_LAYOUT_PLAIN, ae_shape (2, 2, 2), t };
  double partial[2];
  AeLossSpec l2 = { AE_LOSS_L2, 0 }, l1 = { AE_LOSS_L1, 0 },
             bce = { AE_LOSS_BINARY_CROSS_ENTROPY, 0 };
  ck_assert_double_eq_tol (ae_loss_compute (&l2, &output, &target, NULL, NULL,
                               NULL, partial, NULL, 1),
      (1 + 4 + 0.25 + 0.0625) / 4, 1e-6);
  float weight[] = { 1, 10 };
  ck_assert_double_eq_tol (ae_loss_compute (&l1, &output, &target, weight,
                               NULL, NULL, partial, NULL, 1),
      (1 + 2 + 10 * 0.75) / 4, 1e-6);
  x[0] = 0.1f;
  x[1] = 0.9f;
  ck_assert_double_eq_tol (ae_loss_compute (&bce, &output, &target, NULL,
                               NULL, NULL, partial, NULL, 1),
      -(2 * log (0.9) + log (0.5) + log (0.75)) / 4, 1e-6);
}
END_TEST

/* x = torch.tensor ([[[1., -2.], [.5, .25], [3., 0.]],
 *                    [[.1, .2], [-.3, .4], [2., -1.]]], requires_grad=True)
 * t = torch.tensor ([[[0., 1.], [1., 0.], [0., 0.]],
 *                    [[.5, .2], [.25, .3], [.25, .5]]])
 * l = torch.nn.functional.cross_entropy (x, t); l.backward (); l, x.grad */
START_TEST (test_cross_entropy_matches_torch)
{
  float x[]
      = { 1, -2, 0.5f, 0.25f, 3, 0, 0.1f, 0.2f, -0.3f, 0.4f, 2, -1 };
  float t[] = { 0, 1, 1, 0, 0, 0, 0.5f, 0.2f, 0.25f, 0.3f, 0.25f, 0.5f };
  const float want[] = { 0.0277914032f, -0.236015394f, -0.233143657f,
    0.132682294f, 0.205352247f, 0.103333078f, -0.0950821489f, 0.04910421f,
    -0.0424454622f, 0.0460461527f, 0.1375276f, -0.0951503813f };
  AeTensor output = { AE_F32, AE_LAYOUT_PLAIN, ae_shape (3, 2, 3, 2), x };
  AeTensor target = { AE_F32, AE_LAYOUT_PLAIN, ae_shape (3, 2, 3, 2), t };
  AeLossSpec spec = { AE_LOSS_CROSS_ENTROPY, 0 };
  double partial[2];
  float grad[12];
  double loss = ae_loss_compute (
      &spec, &output, &target, NULL, NULL, grad, partial, NULL, 1);
  ck_assert_double_eq_tol (loss, 2.19838285, 1e-6);
  for (int i = 0; i < 12; i++)
    ck_assert_float_eq_tol (grad[i], want[i], 1e-6f);
}
END_TEST

START_TEST (test_large_logits_stay_finite)
{
  float x[] = { 1000, -1000, 0 }, t[] = { 0, 1, 0 }, grad[3];
  AeTensor output = { AE_F32, AE_LAYOUT_PLAIN, ae_shape (2, 1, 3), x };
  AeTensor target = { AE_F32, AE_LAYOUT_PLAIN, ae_shape (2, 1, 3), t };
  AeLossSpec spec = { AE_LOSS_CROSS_ENTROPY, 0 };
  double partial[1];
  double loss = ae_loss_compute (
      &spec, &output, &target, NULL, NULL, grad, partial, NULL, 1);
  ck_assert_double_eq_tol (loss, 2000, 1e-3);
  ck_assert_float_eq_tol (grad[0], 1, 1e-6f);
  ck_assert_float_eq_tol (grad[1], -1, 1e-6f);
}
END_TEST

START_TEST (test_not_a_number_is_passed_on)
{
  Case c;
  make_case (&c, ae_shape (4, 3, 5, 3, 7));
  ((float *) c.x->data)[100] = NAN;
  ck_assert (isnan (loss_of (&c, &specs[_i], c.grad)));
  clear_case (&c);
}
END_TEST

START_TEST (test_threads_change_no_bit)
{
  Case c;
  AeShape shape = ae_shape (4, 3, 5, 61, 67);
  make_case (&c, shape);
  double one = ae_loss_compute (&specs[_i], c.x, c.t, c.sample_weight,
      c.channel_weight, NULL, c.partial, ae_pool_shared (), 1);
  double three = ae_loss_compute (&specs[_i], c.x, c.t, c.sample_weight,
      c.channel_weight, NULL, c.partial, ae_pool_shared (), 3);
  ck_assert (memcmp (&one, &three, sizeof one) == 0);
  clear_case (&c);
}
END_TEST

START_TEST (test_cross_entropy_refuses_rank_one)
{
  AeShape shape = ae_shape (1, 5);
  AeError err;
  ck_assert_int_eq (ae_loss_check (&specs[3], &shape, &err), AE_ERROR_SHAPE);
  ck_assert_int_eq (ae_loss_check (&specs[0], &shape, &err), AE_OK);
}
END_TEST

static Suite *
loss_suite (void)
{
  Suite *suite = suite_create ("loss");
  TCase *tcase = tcase_create ("loss");
  tcase_add_loop_test (
      tcase, test_gradients_match_finite_differences, 0, N_SPECS);
  tcase_add_test (tcase, test_values_by_hand);
  tcase_add_test (tcase, test_cross_entropy_matches_torch);
  tcase_add_test (tcase, test_large_logits_stay_finite);
  tcase_add_loop_test (tcase, test_not_a_number_is_passed_on, 0, N_SPECS);
  tcase_add_loop_test (tcase, test_threads_change_no_bit, 0, N_SPECS);
  tcase_add_test (tcase, test_cross_entropy_refuses_rank_one);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (loss_suite)
