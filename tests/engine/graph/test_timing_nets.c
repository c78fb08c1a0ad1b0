/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include <ae/session.h>
#include <ae/timing_nets.h>

#include "util/mem.h"

#include <math.h>
#include <string.h>

/* Input shapes where the network leaves them open. */
static AeShape
closed (AeShape shape)
{
  for (int i = 0; i < shape.rank; i++)
    if (shape.dim[i] < 0)
      shape.dim[i] = i == 0 ? 2 : 32;
  return shape;
}

static void
fill (AeTensor *tensor)
{
  for (size_t k = 0; k < ae_shape_count (&tensor->shape); k++)
    ((float *) tensor->data)[k] = (float) (k % 17) / 17;
}

/* Random weights, not exploding ones: outputs are finite and differ. */
START_TEST (test_every_network_runs)
{
  const AeTimingNet *nets = ae_timing_nets ();
  for (int i = 0; nets[i].name; i++) {
    AeModel *model;
    AeSession *session;
    AeError err;
    ck_assert_int_eq (
        ae_timing_net_new (&model, nets[i].name, -1, &err), AE_OK);
    AeTensor inputs[2];
    size_t n_in = ae_model_n_inputs (model);
    for (size_t k = 0; k < n_in; k++)
      inputs[k] = (AeTensor){ .type = AE_F32,
        .shape = closed (ae_model_input_shape (model, k)) };
    AeSessionOptions options = { .n_threads = 1 };
    ck_assert_int_eq (
        ae_session_new (&session, model, &options, &err), AE_OK);
    ck_assert_msg (ae_session_bind (session, inputs, n_in, &err) == AE_OK,
        "%s: %s", nets[i].name, err.text);
    for (size_t k = 0; k < n_in; k++)
      fill (ae_session_input (session, k));
    ae_session_run (session);
    const AeTensor *out = ae_session_output (session, 0);
    const float *y = out->data;
    size_t n = ae_shape_count (&out->shape);
    ck_assert_uint_gt (n, 1);
    for (size_t k = 0; k < n; k++)
      ck_assert_msg (fabsf (y[k]) < 1e4f, "%s", nets[i].name);
    ck_assert_float_ne (y[0], y[n - 1]);
    ae_session_free (&session);
    ae_model_unref (&model);
  }
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_unknown_name_is_refused)
{
  AeModel *model;
  AeError err;
  ck_assert_int_eq (
      ae_timing_net_new (&model, "resnet", 1, &err), AE_ERROR_NOT_FOUND);
  ck_assert_ptr_null (model);
  ck_assert_ptr_nonnull (strstr (err.text, "resnet"));
}
END_TEST

static Suite *
timing_nets_suite (void)
{
  Suite *suite = suite_create ("timing_nets");
  TCase *tcase = tcase_create ("timing_nets");
  tcase_add_test (tcase, test_every_network_runs);
  tcase_add_test (tcase, test_unknown_name_is_refused);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (timing_nets_suite)
