/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include <ae/session.h>

#include "graph/build.h"
#include "util/mem.h"

#include <string.h>

/* x (N,4) -> Identity -> mid -> Identity -> y */
static AeModel *
make_model (void)
{
  AeBuilder b;
  ae_builder_start (&b, 1);
  int x = ae_build_input (&b, "x", ae_shape (2, -1, 4));
  int mid = ae_build_unary (&b, "Identity", x);
  ae_build_output (&b, ae_build_unary (&b, "Identity", mid), "y");
  AeModel *model;
  ck_assert_int_eq (ae_builder_end (&b, &model, NULL), AE_OK);
  return model;
}

static AeSession *
make_session (AeModel *model, const AeSessionOptions *options)
{
  AeSession *session;
  AeError err;
  ck_assert_msg (
      ae_session_new (&session, model, options, &err) == AE_OK, "%s", err.text);
  return session;
}

START_TEST (test_run_gives_the_input_back)
{
  AeModel *model = make_model ();
  AeSession *s = make_session (
      model, &(AeSessionOptions){ .no_optimise = _i });
  for (int rows = 1; rows < 5; rows++) {
    AeTensor in = { AE_F32, AE_LAYOUT_PLAIN, ae_shape (2, rows, 4), NULL };
    ck_assert_int_eq (ae_session_bind (s, &in, 1, NULL), AE_OK);
    float *x = ae_session_input (s, 0)->data;
    for (int i = 0; i < rows * 4; i++)
      x[i] = (float) i;
    ae_session_run (s);
    const AeTensor *y = ae_session_output (s, 0);
    ck_assert_int_eq (y->shape.dim[0], rows);
    for (int i = 0; i < rows * 4; i++)
      ck_assert_float_eq (((const float *) y->data)[i], (float) i);
  }
  ae_session_free (&s);
  ae_model_unref (&model);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_filling_the_next_input_leaves_the_output)
{
  AeModel *model = make_model ();
  AeSession *s = make_session (
      model, &(AeSessionOptions){ .no_optimise = _i });
  AeTensor in = { AE_F32, AE_LAYOUT_PLAIN, ae_shape (2, 1, 4), NULL };
  ck_assert_int_eq (ae_session_bind (s, &in, 1, NULL), AE_OK);
  float *x = ae_session_input (s, 0)->data;
  for (int i = 0; i < 4; i++)
    x[i] = (float) i;
  ae_session_run (s);
  for (int i = 0; i < 4; i++)
    x[i] = -1;
  const float *y = ae_session_output (s, 0)->data;
  for (int i = 0; i < 4; i++)
    ck_assert_float_eq (y[i], (float) i);
  ae_session_free (&s);
  ae_model_unref (&model);
}
END_TEST

/* An output that is an input value has storage of its own. */
START_TEST (test_an_input_can_be_an_output)
{
  AeBuilder b;
  ae_builder_start (&b, 1);
  int x = ae_build_input (&b, "x", ae_shape (2, -1, 4));
  ae_build_output (&b, x, "x");
  AeModel *model;
  ck_assert_int_eq (ae_builder_end (&b, &model, NULL), AE_OK);
  AeSession *s = make_session (
      model, &(AeSessionOptions){ .no_optimise = _i });
  AeTensor in = { AE_F32, AE_LAYOUT_PLAIN, ae_shape (2, 1, 4), NULL };
  ck_assert_int_eq (ae_session_bind (s, &in, 1, NULL), AE_OK);
  float *data = ae_session_input (s, 0)->data;
  data[0] = 5;
  ae_session_run (s);
  data[0] = -1;
  ck_assert_float_eq (
      ((const float *) ae_session_output (s, 0)->data)[0], 5);
  ae_session_free (&s);
  ae_model_unref (&model);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_wrong_shape_says_what_is_wanted)
{
  AeModel *model = make_model ();
  AeSession *s = make_session (model, NULL);
  AeError err;
  AeTensor in = { AE_F32, AE_LAYOUT_PLAIN, ae_shape (2, 2, 5), NULL };
  ck_assert_int_eq (ae_session_bind (s, &in, 1, &err), AE_ERROR_SHAPE);
  ck_assert_ptr_nonnull (strstr (err.text, "2x5"));
  ck_assert_ptr_nonnull (strstr (err.text, "?x4"));
  in = (AeTensor){ AE_I64, AE_LAYOUT_PLAIN, ae_shape (2, 2, 4), NULL };
  ck_assert_int_eq (ae_session_bind (s, &in, 1, &err), AE_ERROR_SHAPE);
  ck_assert_ptr_nonnull (strstr (err.text, "i64"));
  ae_session_free (&s);
  ae_model_unref (&model);
}
END_TEST

START_TEST (test_unknown_output_is_named)
{
  AeModel *model = make_model ();
  AeSession *s;
  AeError err;
  const char *names[] = { "nonsense" };
  ck_assert_int_eq (ae_session_new (&s, model,
                        &(AeSessionOptions){ .outputs = names, .n_outputs = 1 },
                        &err),
      AE_ERROR_NOT_FOUND);
  ck_assert_ptr_null (s);
  ck_assert_ptr_nonnull (strstr (err.text, "nonsense"));
  ck_assert_ptr_nonnull (strstr (err.text, "'y'"));
  ae_model_unref (&model);
}
END_TEST

START_TEST (test_every_allocation_failure_is_an_error)
{
  AeModel *model = make_model ();
  long live = ae_mem_live ();
  ae_pool_shared ();
  live = ae_mem_live ();
  for (long n = 1;; n++) {
    AeSession *s;
    AeTensor in = { AE_F32, AE_LAYOUT_PLAIN, ae_shape (2, 3, 4), NULL };
    ae_mem_fail_at (n, true);
    AeStatus status = ae_session_new (&s, model, NULL, NULL);
    if (status == AE_OK)
      status = ae_session_bind (s, &in, 1, NULL);
    ae_mem_fail_at (0, false);
    ae_session_free (&s);
    ck_assert_int_eq (ae_mem_live (), live);
    if (status == AE_OK)
      break;
    ck_assert_int_eq (status, AE_ERROR_MEMORY);
  }
  ae_model_unref (&model);
}
END_TEST

static Suite *
session_suite (void)
{
  Suite *suite = suite_create ("session");
  TCase *tcase = tcase_create ("session");
  tcase_add_loop_test (tcase, test_run_gives_the_input_back, 0, 2);
  tcase_add_loop_test (
      tcase, test_filling_the_next_input_leaves_the_output, 0, 2);
  tcase_add_loop_test (tcase, test_an_input_can_be_an_output, 0, 2);
  tcase_add_test (tcase, test_wrong_shape_says_what_is_wanted);
  tcase_add_test (tcase, test_unknown_output_is_named);
  tcase_add_test (tcase, test_every_allocation_failure_is_an_error);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (session_suite)
