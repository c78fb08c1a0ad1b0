/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include <ae/roc.h>

#include "util/mem.h"
#include "util/rng.h"

#include <math.h>
#include <string.h>

/* Worked out by hand. */
static const struct {
  const char *name;
  size_t n;
  float scores[10];
  uint8_t labels[10];
  double area, precision, equal_error, best_f1, threshold;
} known[] = {
  { "perfect", 4, { 1, 2, 3, 4 }, { 0, 0, 1, 1 }, 1, 1, 0, 1, 3 },
  { "reversed", 4, { 4, 3, 2, 1 }, { 0, 0, 1, 1 }, 0, 5.0 / 12, 1, 2.0 / 3,
      1 },
  /* four of six pairs are in order */
  { "mixed", 5, { 0.1f, 0.4f, 0.35f, 0.8f, 0.2f }, { 0, 0, 1, 1, 1 },
      4.0 / 6, (1 + 2.0 / 3 + 3.0 / 4) / 3, 0.5, 6.0 / 7, 0.2f },
  { "all tied", 4, { 7, 7, 7, 7 }, { 1, 0, 0, 1 }, 0.5, 0.5, 0.5, 2.0 / 3,
      7 },
  /* pairs: 1 + 1 + 0.5 + 1 of four */
  { "one tie", 4, { 1, 2, 2, 3 }, { 0, 0, 1, 1 }, 3.5 / 4,
      0.5 * 1 + 0.5 * 2 / 3, 0.25, 4.0 / 5, 2 },
  { "infinite", 3, { -INFINITY, INFINITY, 0 }, { 0, 1, 0 }, 1, 1, 0, 1,
      INFINITY },
  { "one of each", 2, { 5, 4 }, { 255, 0 }, 1, 1, 0, 1, 5 },
};
#define N_KNOWN (sizeof known / sizeof known[0])

START_TEST (test_known_values)
{
  AeRoc roc;
  ck_assert_int_eq (ae_roc_measure (&roc, known[_i].scores, known[_i].labels,
                        known[_i].n, NULL),
      AE_OK);
  ck_assert_msg (fabs (roc.area - known[_i].area) < 1e-12, "%s: area %g",
      known[_i].name, roc.area);
  ck_assert_msg (fabs (roc.average_precision - known[_i].precision) < 1e-12,
      "%s: precision %g", known[_i].name, roc.average_precision);
  ck_assert_msg (fabs (roc.equal_error - known[_i].equal_error) < 1e-12,
      "%s: equal error %g", known[_i].name, roc.equal_error);
  ck_assert_msg (fabs (roc.best_f1.f1 - known[_i].best_f1) < 1e-12,
      "%s: F1 %g", known[_i].name, roc.best_f1.f1);
  ck_assert_double_eq (roc.best_f1.threshold, known[_i].threshold);
  ck_assert_uint_eq (roc.n_unusual + roc.n_usual, known[_i].n);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

#define MANY 500

static void
make_many (float *scores, uint8_t *labels)
{
  AeRng rng;
  ae_rng_seed (&rng, 5);
  for (int i = 0; i < MANY; i++) {
    labels[i] = (uint8_t) (ae_rng_uniform (&rng) < 0.2f);
    /* in steps, so that there are ties */
    scores[i] = rintf (4 * (ae_rng_normal (&rng) + (float) labels[i]));
  }
}

START_TEST (test_area_is_the_share_of_pairs_in_order)
{
  float scores[MANY];
  uint8_t labels[MANY];
  make_many (scores, labels);
  double sum = 0, pairs = 0;
  for (int i = 0; i < MANY; i++)
    for (int k = 0; k < MANY; k++)
      if (labels[i] && !labels[k]) {
        pairs++;
        sum += scores[i] > scores[k] ? 1 : scores[i] == scores[k] ? 0.5 : 0;
      }
  AeRoc roc;
  ck_assert_int_eq (
      ae_roc_measure (&roc, scores, labels, MANY, NULL), AE_OK);
  ck_assert_double_eq_tol (roc.area, sum / pairs, 1e-12);
  for (int i = 0; i < MANY; i++)
    labels[i] = !labels[i];
  double straight = roc.area;
  ae_roc_measure (&roc, scores, labels, MANY, NULL);
  ck_assert_double_eq_tol (roc.area, 1 - straight, 1e-12);
}
END_TEST

START_TEST (test_points_are_what_their_threshold_finds)
{
  float scores[MANY];
  uint8_t labels[MANY];
  AeRocPoint p[MANY + 1];
  size_t n;
  make_many (scores, labels);
  ck_assert_int_eq (
      ae_roc_curve (p, &n, scores, labels, MANY, NULL), AE_OK);
  ck_assert_double_eq (p[0].threshold, HUGE_VAL);
  ck_assert_double_eq (p[0].true_positive + p[0].false_positive, 0);
  ck_assert_double_eq (p[n - 1].true_positive, 1);
  ck_assert_double_eq (p[n - 1].false_positive, 1);
  AeRoc roc;
  ae_roc_measure (&roc, scores, labels, MANY, NULL);
  double best = 0;
  for (size_t k = 0; k < n; k++) {
    double found[2] = { 0 };
    for (int i = 0; i < MANY; i++)
      found[labels[i]] += scores[i] >= p[k].threshold;
    double recall = found[1] / (double) roc.n_unusual;
    double all = found[0] + found[1];
    ck_assert_double_eq_tol (p[k].true_positive, recall, 1e-12);
    ck_assert_double_eq_tol (
        p[k].false_positive, found[0] / (double) roc.n_usual, 1e-12);
    double precision = all > 0 ? found[1] / all : 1;
    ck_assert_double_eq_tol (p[k].precision, precision, 1e-12);
    ck_assert_double_eq_tol (p[k].f1,
        recall > 0 ? 2 * precision * recall / (precision + recall) : 0,
        1e-12);
    ck_assert (k == 0 || p[k].threshold < p[k - 1].threshold);
    best = fmax (best, p[k].f1);
  }
  ck_assert_double_eq (roc.best_f1.f1, best);
}
END_TEST

START_TEST (test_what_has_no_curve_is_named)
{
  float scores[] = { 1, 2, NAN };
  uint8_t labels[] = { 1, 1, 0 };
  AeRoc roc = { .area = 5 };
  AeError err = { 0 };
  for (size_t n = 0; n <= 3; n++) {
    ck_assert_int_eq (
        ae_roc_measure (&roc, scores, labels, n, &err), AE_ERROR_ARGUMENT);
    ck_assert_msg (
        strstr (err.text, n == 3 ? "score 2 of 3" : "some and not all"),
        "%s", err.text);
  }
  scores[2] = 3;
  ae_mem_fail_at (1, false);
  ck_assert_int_eq (
      ae_roc_measure (&roc, scores, labels, 3, &err), AE_ERROR_MEMORY);
  ae_mem_fail_at (0, false);
  ck_assert_double_eq (roc.area, 5);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

static Suite *
roc_suite (void)
{
  Suite *suite = suite_create ("roc");
  TCase *tcase = tcase_create ("roc");
  tcase_add_loop_test (tcase, test_known_values, 0, N_KNOWN);
  tcase_add_test (tcase, test_area_is_the_share_of_pairs_in_order);
  tcase_add_test (tcase, test_points_are_what_their_threshold_finds);
  tcase_add_test (tcase, test_what_has_no_curve_is_named);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (roc_suite)
