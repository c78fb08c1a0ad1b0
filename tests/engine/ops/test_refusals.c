/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include "op_run.h"

#include <string.h>

/* Wrong use of an operator is refused by infer, with a text that names what
 * was found. */
static const struct {
  const char *op;
  int opset;
  const char *attrs, *in;
  AeStatus status;
  const char *found; /* part of the text */
} cases[] = {
  { "Relu", 13, NULL, "bool:2", AE_ERROR_UNSUPPORTED, "bool" },
  { "Sigmoid", 13, NULL, "i32:2", AE_ERROR_UNSUPPORTED, "i32" },
  { "Gelu", 20, "approximate=cubic", "2", AE_ERROR_UNSUPPORTED, "cubic" },
  { "Add", 13, NULL, "2x3 2", AE_ERROR_SHAPE, "2x3" },
  { "Add", 13, NULL, "2 f64:2", AE_ERROR_SHAPE, "f64" },
  { "PRelu", 9, NULL, "3 2x3", AE_ERROR_SHAPE, "2x3" },
  { "Mod", 13, NULL, "2 2", AE_ERROR_UNSUPPORTED, "fmod" },
  { "And", 7, NULL, "2 2", AE_ERROR_UNSUPPORTED, "f32" },
  { "Where", 9, NULL, "bool:2 2 i32:2", AE_ERROR_SHAPE, "i32" },
  { "Clip", 11, NULL, "2 2", AE_ERROR_SHAPE, "scalar" },
  { "Softmax", 13, "axis=2", "2x3", AE_ERROR_SHAPE, "axis is 2" },
  { "Gemm", 13, NULL, "2x3 2x3", AE_ERROR_SHAPE, "wanted 3" },
  { "Gemm", 13, NULL, "2x3x1 3x2", AE_ERROR_SHAPE, "2x3x1" },
  { "Gemm", 13, NULL, "2x3 3x2 3", AE_ERROR_SHAPE, "input 2" },
  { "MatMul", 13, NULL, "2x3 2x3", AE_ERROR_SHAPE, "3 and 2" },
  { "MatMul", 13, NULL, "s 2x3", AE_ERROR_SHAPE, "scalar" },
  { "ReduceSum", 11, "axes=[3]", "2x3", AE_ERROR_SHAPE, "axis is 3" },
  { "ArgMax", 13, "axis=-3", "2x3", AE_ERROR_SHAPE, "axis is -3" },
  { "GlobalAveragePool", 1, NULL, "2x3", AE_ERROR_SHAPE, "rank 2" },
  { "BatchNormalization", 9, NULL, "1x3x2 3 3 2 3", AE_ERROR_SHAPE,
      "input 3 has 2" },
  { "InstanceNormalization", 6, NULL, "2x3x4 2 3", AE_ERROR_SHAPE,
      "input 1 has 2" },
  { "LayerNormalization", 17, "axis=1", "2x3x4 4", AE_ERROR_SHAPE,
      "wanted 12" },
  { "GroupNormalization", 21, "num_groups=2", "2x3x4 3 3", AE_ERROR_SHAPE,
      "num_groups is 2" },
  { "LpNormalization", 1, "p=3", "2x3", AE_ERROR_UNSUPPORTED, "p is 3" },
  { "ae:GradientReversal", 1, NULL, "2 2", AE_ERROR_SHAPE, "2 elements" },
  { "ae:GradientReversal", 1, NULL, "f64:2 s=1", AE_ERROR_UNSUPPORTED, "f64" },
  { "LRN", 13, "size=0", "2x3x4", AE_ERROR_ARGUMENT, "size is 0" },
};

START_TEST (test_wrong_use_is_refused)
{
  AeRng rng;
  AeError err = { 0 };
  ae_rng_seed (&rng, 7);
  OpRun *run = op_run_new (cases[_i].op, cases[_i].opset, cases[_i].attrs);
  op_run_add_text (run, cases[_i].in, &rng, -1, 1);
  AeStatus status = op_run_infer (run, 1, 0, &err);
  ck_assert_msg (status == cases[_i].status, "%s(%s): status %d, text '%s'",
      cases[_i].op, cases[_i].in, (int) status, err.text);
  ck_assert_msg (strstr (err.text, cases[_i].found) != NULL,
      "%s(%s): '%s' does not name '%s'", cases[_i].op, cases[_i].in,
      err.text, cases[_i].found);
  op_run_free (run);
}
END_TEST

/* Axes that are computed by the graph cannot decide a shape. */
START_TEST (test_unknown_axes_need_data)
{
  AeRng rng;
  AeError err = { 0 };
  ae_rng_seed (&rng, 7);
  OpRun *run = op_run_new ("ReduceSum", 13, NULL);
  op_run_add_text (run, "2x3 i64:1=1", &rng, -1, 1);
  void *data = run->in[1]->data;
  run->in[1]->data = NULL;
  ck_assert_int_eq (op_run_infer (run, 1, 0, &err), AE_ERROR_NEEDS_DATA);
  run->in[1]->data = data;
  ck_assert_int_eq (op_run_infer (run, 1, 0, &err), AE_OK);
  op_run_free (run);
}
END_TEST

static Suite *
refusals_suite (void)
{
  Suite *suite = suite_create ("refusals");
  TCase *tcase = tcase_create ("refusals");
  tcase_add_loop_test (tcase, test_wrong_use_is_refused, 0,
      sizeof cases / sizeof cases[0]);
  tcase_add_test (tcase, test_unknown_axes_need_data);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (refusals_suite)
