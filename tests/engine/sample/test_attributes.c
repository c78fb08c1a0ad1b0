/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include <ae/attributes.h>

#include "graph/build.h"
#include "sample/attributes.h"
#include "util/mem.h"
#include "util/rng.h"

#include <math.h>
#include <string.h>

enum { N = 3000, LATENT = 5 };

/* Codes whose numbers 0 and 1 go together; attribute 0 is 3 z0 + 7, and
 * attribute 1 is z1 - 0.5 z4 with noise. */
static void
make_data (float *codes, float *values)
{
  AeRng rng;
  ae_rng_seed (&rng, 2);
  for (int i = 0; i < N; i++) {
    float *z = codes + i * LATENT;
    for (int k = 0; k < LATENT; k++)
      z[k] = ae_rng_normal (&rng);
    z[1] += z[0];
    values[2 * i] = 3 * z[0] + 7;
    values[2 * i + 1] = z[1] - 0.5f * z[4] + ae_rng_normal (&rng);
  }
}

static double
deviation (const float *values, int k)
{
  double sum = 0, squares = 0;
  for (int i = 0; i < N; i++) {
    sum += values[2 * i + k];
    squares += (double) values[2 * i + k] * values[2 * i + k];
  }
  return sqrt (squares / N - sum / N * sum / N);
}

/* What a direction does to each attribute, in its deviations. */
START_TEST (test_directions_change_their_own_attribute)
{
  static float codes[N * LATENT], values[2 * N];
  float d[2 * LATENT];
  double explained[2];
  AeError err;
  make_data (codes, values);
  ck_assert_msg (ae_attributes_learn (d, explained, codes, values, N, LATENT,
                     2, &err)
          == AE_OK, "%s", err.text);
  for (int i = 0; i < 2; i++) {
    const float *x = d + i * LATENT;
    ck_assert_double_eq_tol (
        3 * x[0] / deviation (values, 0), i == 0, 0.02);
    ck_assert_double_eq_tol (
        (x[1] - 0.5 * x[4]) / deviation (values, 1), i == 1, 0.03);
    ck_assert_double_eq_tol (x[2], 0, 0.15);
    ck_assert_double_eq_tol (x[3], 0, 0.15);
  }
  ck_assert_double_eq_tol (explained[0], 1, 0.01);
  /* variances 2 + 0.25 of 3.25 */
  ck_assert_double_eq_tol (explained[1], 2.25 / 3.25, 0.03);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_what_cannot_be_learned_is_named)
{
  static float codes[N * LATENT], values[2 * N];
  float d[2 * LATENT];
  AeError err;
  make_data (codes, values);
  ck_assert_int_eq (ae_attributes_learn (d, NULL, codes, values, 1, LATENT, 2,
                        &err), AE_ERROR_ARGUMENT);
  ck_assert_int_eq (ae_attributes_learn (d, NULL, codes, values, N, LATENT,
                        AE_MOST_ATTRIBUTES + 1, &err), AE_ERROR_ARGUMENT);
  for (int i = 0; i < N; i++)
    values[2 * i + 1] = 2 * values[2 * i] - 1;
  ck_assert_int_eq (ae_attributes_learn (d, NULL, codes, values, N, LATENT, 2,
                        &err), AE_ERROR_NUMERIC);
  ck_assert_msg (strstr (err.text, "told by the others"), "%s", err.text);
  for (int i = 0; i < N; i++)
    values[2 * i + 1] = 4;
  ck_assert_int_eq (ae_attributes_learn (d, NULL, codes, values, N, LATENT, 2,
                        &err), AE_ERROR_NUMERIC);
  ck_assert_msg (strstr (err.text, "attribute 1 has a variance"), "%s",
      err.text);
  make_data (codes, values);
  codes[17] = NAN;
  ck_assert_int_eq (ae_attributes_learn (d, NULL, codes, values, N, LATENT, 2,
                        &err), AE_ERROR_NUMERIC);
  memset (codes, 0, sizeof codes);
  ck_assert_int_eq (ae_attributes_learn (d, NULL, codes, values, N, LATENT, 2,
                        &err), AE_ERROR_NUMERIC);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

/* Attribute 0 is z0 z1 + 2 z2 with a mean that is not 0, attribute 1 is z1. */
static void
make_curved (float *codes, float *values)
{
  AeRng rng;
  ae_rng_seed (&rng, 4);
  for (int i = 0; i < N; i++) {
    float *z = codes + i * LATENT;
    for (int k = 0; k < LATENT; k++)
      z[k] = 1 + ae_rng_normal (&rng);
    z[4] = 3; /* tells nothing */
    values[2 * i] = z[0] * z[1] + 2 * z[2];
    values[2 * i + 1] = 5 * z[1];
  }
}

START_TEST (test_curves_are_found_and_followed)
{
  static float codes[N * LATENT], values[2 * N];
  float curve[2 * LATENT * (LATENT + 3) / 2], direction[2 * LATENT] = { 0 };
  float spread[LATENT] = { 1, 1, 1, 1, 1 };
  double explained[2];
  AeAttributes a
      = { .n = 2, .latent = LATENT, .direction = direction, .curve = curve };
  AeError err;
  make_curved (codes, values);
  ck_assert_uint_eq (ae_attribute_curve_values (LATENT), LATENT * 4);
  ck_assert_msg (ae_attributes_learn_curves (curve, explained, codes, values,
                     N, LATENT, 2, &err) == AE_OK, "%s", err.text);
  ck_assert_double_ge (explained[0], 0.999);
  ck_assert_double_ge (explained[1], 0.999);
  double unit = deviation (values, 0);
  /* the gradient at 0, and second derivatives, rows from the diagonal on */
  ck_assert_double_eq_tol (curve[2] * unit, 2, 0.02);
  ck_assert_double_eq_tol (curve[0] * unit, 0, 0.02);
  ck_assert_double_eq_tol (curve[LATENT + 1] * unit, 1, 0.02);
  ck_assert_double_eq_tol (curve[LATENT] * unit, 0, 0.02);
  float code[LATENT] = { 2, -1, 0.5f, 0, 3 };
  double before = code[0] * code[1] + 2 * code[2];
  ae_attributes_shift (&a, spread, 0, 1.5f, code);
  double now = code[0] * code[1] + 2 * code[2];
  ck_assert_double_eq_tol ((now - before) / unit, 1.5, 0.05);
  ck_assert_double_eq_tol (code[1], -1, 0.02);
  ck_assert_double_eq_tol (code[4], 3, 1e-4);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_curves_need_pictures)
{
  static float codes[N * LATENT], values[2 * N];
  static float curve[2 * LATENT * 4];
  AeError err;
  make_curved (codes, values);
  ck_assert_int_eq (ae_attributes_learn_curves (curve, NULL, codes, values,
                        209, LATENT, 2, &err), AE_ERROR_LIMIT);
  ck_assert_msg (strstr (err.text, "wanted 10 for each of 21 terms"), "%s",
      err.text);
  ck_assert_int_eq (ae_attributes_learn_curves (curve, NULL, codes, values,
                        210, LATENT, 2, &err), AE_OK);
  ck_assert_int_eq (ae_attributes_learn_curves (curve, NULL, codes, values, N,
                        AE_MOST_CURVED + 1, 2, &err), AE_ERROR_LIMIT);
  codes[3] = INFINITY;
  ck_assert_int_eq (ae_attributes_learn_curves (curve, NULL, codes, values, N,
                        LATENT, 2, &err), AE_ERROR_NUMERIC);
  make_curved (codes, values);
  for (int i = 0; i < N; i++)
    values[2 * i] = 3;
  ck_assert_int_eq (ae_attributes_learn_curves (curve, NULL, codes, values, N,
                        LATENT, 2, &err), AE_ERROR_NUMERIC);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

static AeModel *
make_model (void)
{
  AeBuilder b;
  AeModel *model;
  AeError err;
  ae_builder_start (&b, 1);
  int x = ae_build_input (&b, "x", ae_shape (2, 1, LATENT));
  ae_build_output (&b, ae_build_unary (&b, "Neg", x), "y");
  ck_assert_int_eq (ae_builder_end (&b, &model, &err), AE_OK);
  return model;
}

START_TEST (test_models_keep_directions)
{
  static const float d[2 * LATENT]
      = { 1, -0.25f, 1e-7f, -123456, 0, 3, 1.0f / 3, 0, 0, -1e20f };
  static const char *const names[] = { "thick", "left" };
  AeModel *model = make_model (), *with, *again;
  AeAttributes found;
  AeError err;
  ck_assert_msg (
      ae_attributes_store (&with, model, names, d, NULL, LATENT, 2, &err) == AE_OK,
      "%s", err.text);
  ck_assert_str_eq (ae_model_meta (with, "ae.attributes"), "thick,left");
  ck_assert_str_ne (ae_model_id (with), ae_model_id (model));
  ck_assert_int_eq (ae_attributes_read (&found, with, LATENT, &err), AE_OK);
  ck_assert_uint_eq (found.n, 2);
  for (int i = 0; i < 2 * LATENT; i++)
    ck_assert_msg (fabsf (found.direction[i] - d[i]) <= 1e-5f * fabsf (d[i]),
        "%d: %g", i, found.direction[i]);
  ae_attributes_clear (&found);
  ck_assert_int_eq (
      ae_attributes_store (&again, with, names, d, NULL, LATENT, 1, &err), AE_OK);
  ck_assert_int_eq (ae_attributes_read (&found, again, LATENT, &err), AE_OK);
  ck_assert_uint_eq (found.n, 1);
  ae_attributes_clear (&found);
  ae_model_unref (&again);
  ae_model_unref (&with);
  ae_model_unref (&model);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

/* Of all attributes or of none; directions that come later are straight again. */
START_TEST (test_models_keep_curves)
{
  enum { VALUES = LATENT * (LATENT + 3) / 2 };
  static const char *const names[] = { "thick", "left" };
  static const float d[2 * LATENT] = { 1 };
  float curve[2 * VALUES];
  AeModel *model = make_model (), *with, *again;
  AeAttributes found;
  AeError err;
  for (int i = 0; i < 2 * VALUES; i++)
    curve[i] = (float) (i - 7) / 3;
  ck_assert_int_eq (ae_attributes_store (
                        &with, model, names, d, curve, LATENT, 2, &err),
      AE_OK);
  ck_assert_int_eq (ae_attributes_read (&found, with, LATENT, &err), AE_OK);
  ck_assert_ptr_nonnull (found.curve);
  for (int i = 0; i < 2 * VALUES; i++)
    ck_assert_float_eq_tol (found.curve[i], curve[i], 1e-4f);
  ae_attributes_clear (&found);
  ck_assert_int_eq (ae_attributes_store (
                        &again, with, names, d, NULL, LATENT, 2, &err),
      AE_OK);
  ck_assert_int_eq (ae_attributes_read (&found, again, LATENT, &err), AE_OK);
  ck_assert_ptr_null (found.curve);
  ae_attributes_clear (&found);
  ck_assert_int_eq (
      ae_model_set_meta (again, "ae.curve.left", "1,2", &err), AE_OK);
  ck_assert_int_eq (
      ae_attributes_read (&found, again, LATENT, &err), AE_ERROR_FORMAT);
  ck_assert_msg (strstr (err.text, "ae.curve.thick is \"\", wanted 20"), "%s",
      err.text);
  ae_model_unref (&again);
  ae_model_unref (&with);
  ae_model_unref (&model);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_names_are_checked)
{
  static const char *const wrong[][2] = { { "", "a" }, { "a", "a" },
    { "a,b", "c" }, { "a=1", "c" }, { "a b", "c" },
    { "a name that is too long for what there is room for", "c" } };
  static const float d[2 * LATENT] = { 1 };
  AeModel *model = make_model (), *with;
  AeError err;
  ck_assert_int_eq (ae_attributes_store (&with, model, wrong[_i], d, NULL, LATENT,
                        2, &err), AE_ERROR_ARGUMENT);
  ck_assert_ptr_null (with);
  ck_assert_msg (strstr (err.text, "wanted"), "%s", err.text);
  ae_model_unref (&model);
}
END_TEST

static Suite *
attributes_suite (void)
{
  Suite *suite = suite_create ("attributes");
  TCase *tcase = tcase_create ("attributes");
  tcase_add_test (tcase, test_directions_change_their_own_attribute);
  tcase_add_test (tcase, test_what_cannot_be_learned_is_named);
  tcase_add_test (tcase, test_curves_are_found_and_followed);
  tcase_add_test (tcase, test_curves_need_pictures);
  tcase_add_test (tcase, test_models_keep_directions);
  tcase_add_test (tcase, test_models_keep_curves);
  tcase_add_loop_test (tcase, test_names_are_checked, 0, 6);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (attributes_suite)
