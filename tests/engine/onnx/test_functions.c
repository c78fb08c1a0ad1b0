/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Functions that a model defines: what calls of them become, and which files
 * are refused. */
#include "ae_test.h"
#include "onnx_expect.h"

#include <ae/session.h>

#include "onnx/writer.h"
#include "util/mem.h"

#include <stdio.h>
#include <string.h>

static const float numbers[4] = { -2, -1, 0.5f, 3 };

/* x, f32 of shape 4, and the output y: nodes are up to the test. */
static void
start (OnnxMake *m)
{
  onnx_make_start (m);
  onnx_make_input (m, "x", 1, 1, (int64_t[]){ 4 });
  onnx_make_output (m, "y", 1);
}

static OnnxAttribute *
set_float (OnnxNode *node, const char *name, float value)
{
  OnnxAttribute *attr = onnx_make_attr (node, name, 1);
  attr->has_f = true;
  attr->f = value;
  return attr;
}

static void
set_reference (OnnxNode *node, const char *name, const char *of)
{
  onnx_make_attr (node, name, 1)->ref_attr_name = (char *) of;
}

/* Runs the model on `numbers`; the model written and read again must be the
 * same and have no functions. */
static void
check_results (OnnxMake *m, const float want[4])
{
  AeError err = { 0 };
  AeModel *model = onnx_must_parse (m), *back;
  void *bytes;
  size_t size;
  ck_assert_int_eq (ae_model_serialize (model, &bytes, &size, &err), AE_OK);
  ck_assert_msg (
      ae_model_parse (&back, bytes, size, &err) == AE_OK, "%s", err.text);
  ck_assert_str_eq (ae_model_id (model), ae_model_id (back));
  OnnxModel *header = onnx_model__unpack (NULL, size, bytes);
  ck_assert_uint_eq (header->n_functions, 0);
  onnx_model__free_unpacked (header, NULL);
  AeSession *session;
  AeTensor in = { AE_F32, AE_LAYOUT_PLAIN, ae_shape (1, 4), NULL };
  ck_assert_int_eq (ae_session_new (&session, back, NULL, &err), AE_OK);
  ck_assert_msg (ae_session_bind (session, &in, 1, &err) == AE_OK, "%s",
      err.text);
  memcpy (ae_session_input (session, 0)->data, numbers, sizeof numbers);
  ae_session_run (session);
  const float *got = ae_session_output (session, 0)->data;
  for (int i = 0; i < 4; i++)
    ck_assert_float_eq_tol (got[i], want[i], 1e-6f);
  ae_session_free (&session);
  ae_model_unref (&model);
  ae_model_unref (&back);
  ae_free (bytes);
  ck_assert_int_eq (ae_mem_live (), 0);
}

/* The body's t is a value of its own in each call, and not the graph's t. */
START_TEST (test_each_call_has_values_of_its_own)
{
  OnnxMake m;
  start (&m);
  OnnxFunction *f = onnx_make_function (&m, "my", "Double", "a", "b");
  onnx_make_body (f, "Add", "a a", "t");
  onnx_make_body (f, "Identity", "t", "b")->name = (char *) "copy";
  onnx_make_node (&m, "my.Double", "x", "t");
  onnx_make_node (&m, "my.Double", "t", "y");
  check_results (&m, (float[]){ -8, -4, 2, 12 });
  AeModel *model = onnx_must_parse (&m);
  ck_assert_uint_eq (ae_model_n_nodes (model), 4);
  ck_assert_str_eq (ae_model_node_name (model, 1), "inlined0/copy");
  ck_assert_str_eq (ae_model_node_name (model, 3), "inlined1/copy");
  ae_model_unref (&model);
}
END_TEST

START_TEST (test_new_names_avoid_those_of_the_graph)
{
  OnnxMake m;
  start (&m);
  OnnxFunction *f = onnx_make_function (&m, "my", "Double", "a", "b");
  onnx_make_body (f, "Add", "a a", "t");
  onnx_make_body (f, "Identity", "t", "b");
  onnx_make_node (&m, "Neg", "x", "inlined0/t");
  onnx_make_node (&m, "Neg", "inlined0/t", "inlined__0/t");
  onnx_make_node (&m, "my.Double", "inlined__0/t", "y");
  check_results (&m, (float[]){ -4, -2, 1, 6 });
}
END_TEST

/* Attributes: the call's, else the function's default, else none, which means
 * LeakyRelu's own 0.01. */
START_TEST (test_attribute_references_are_resolved)
{
  static const float slopes[] = { 0.5f, 0.25f, 0.01f };
  float slope = slopes[_i];
  OnnxMake m;
  start (&m);
  OnnxFunction *f = onnx_make_function (&m, "my", "Leaky", "a", "b");
  set_reference (onnx_make_body (f, "LeakyRelu", "a", "b"), "alpha", "slope");
  OnnxAttribute preset = ONNX_ATTRIBUTE__INIT, *list[1] = { &preset };
  preset.name = (char *) "slope";
  preset.has_f = true;
  preset.f = 0.25f;
  f->n_attribute_proto = _i < 2;
  f->attribute_proto = list;
  OnnxNode *call = onnx_make_node (&m, "my.Leaky", "x", "y");
  if (_i == 0)
    set_float (call, "slope", 0.5f);
  check_results (&m, (float[]){ -2 * slope, -slope, 0.5f, 3 });
}
END_TEST

START_TEST (test_attributes_pass_through_nested_calls)
{
  OnnxMake m;
  start (&m);
  OnnxFunction *outer = onnx_make_function (&m, "my", "Outer", "a", "b");
  set_reference (onnx_make_body (outer, "my.Inner", "a", "c"), "s", "slope");
  onnx_make_body (outer, "Neg", "c", "b");
  OnnxFunction *inner = onnx_make_function (&m, "my", "Inner", "a", "b");
  set_reference (onnx_make_body (inner, "LeakyRelu", "a", "b"), "alpha", "s");
  set_float (onnx_make_node (&m, "my.Outer", "x", "y"), "slope", 0.5f);
  check_results (&m, (float[]){ 1, 0.5f, -0.5f, -3 });
}
END_TEST

/* Left out inputs stay left out; of two outputs one is not asked for; an
 * output may be an input. */
START_TEST (test_arguments_may_be_absent_or_passed_through)
{
  static const float one = 1;
  OnnxMake m;
  start (&m);
  onnx_make_initializer (&m, "one", 1, 0, NULL, &one, sizeof one);
  OnnxFunction *f = onnx_make_function (&m, "my", "F", "a low high", "n c a");
  onnx_make_body (f, "Neg", "a", "n");
  onnx_make_body (f, "Clip", "n low high", "c");
  onnx_make_node (&m, "my.F", "x - one", "- p q");
  onnx_make_node (&m, "my.F", "x", "r");
  onnx_make_node (&m, "Add", "p q", "s");
  onnx_make_node (&m, "Add", "s r", "y");
  /* min (-x, 1) + x - x */
  check_results (&m, (float[]){ 1, 1, -0.5f, -3 });
}
END_TEST

START_TEST (test_functions_are_told_apart_by_domain_and_overload)
{
  OnnxMake m;
  start (&m);
  onnx_make_body (onnx_make_function (&m, "my", "F", "a", "b"), "Neg", "a",
      "b");
  onnx_make_body (onnx_make_function (&m, "their", "F", "a", "b"), "Abs", "a",
      "b");
  OnnxFunction *other = onnx_make_function (&m, "my", "F", "a", "b");
  other->overload = (char *) "2";
  onnx_make_body (other, "Relu", "a", "b");
  onnx_make_node (&m, "my.F", "x", "p");
  onnx_make_node (&m, "their.F", "x", "q");
  onnx_make_node (&m, "my.F", "x", "r")->overload = (char *) "2";
  onnx_make_node (&m, "Add", "p q", "s");
  onnx_make_node (&m, "Add", "s r", "y");
  check_results (&m, (float[]){ 4, 2, 0.5f, 3 });
  /* One that nothing calls may hold anything. */
  onnx_make_body (
      onnx_make_function (&m, "my", "Unused", "", ""), "NoSuch", "", "z");
  check_results (&m, (float[]){ 4, 2, 0.5f, 3 });
}
END_TEST

START_TEST (test_recursion_is_refused_with_the_name)
{
  OnnxMake m;
  start (&m);
  OnnxFunction *f = onnx_make_function (&m, "my", "Ouroboros", "a", "b");
  onnx_make_body (f, "my.Ouroboros", "a", "b");
  onnx_make_node (&m, "my.Ouroboros", "x", "y");
  onnx_must_refuse (&m, AE_ERROR_FORMAT, "Ouroboros|my|calls itself");
  start (&m);
  f = onnx_make_function (&m, "my", "Ping", "a", "b");
  onnx_make_body (f, "my.Pong", "a", "b");
  f = onnx_make_function (&m, "my", "Pong", "a", "b");
  onnx_make_body (f, "my.Ping", "a", "b");
  onnx_make_node (&m, "my.Ping", "x", "y");
  onnx_must_refuse (&m, AE_ERROR_FORMAT, "Ping|calls itself");
}
END_TEST

/* F0 holds `op` (nothing when NULL), and Fi calls F(i-1) `times` times. */
static void
make_tower (OnnxMake *m, int height, int times, const char *op)
{
  start (m);
  for (int i = 0; i <= height; i++) {
    char name[16], callee[16];
    snprintf (name, sizeof name, "F%d", i);
    snprintf (callee, sizeof callee, "my.F%d", i - 1);
    OnnxFunction *f = onnx_make_function (m, "my", name, "a", "b");
    if (i == 0 && op)
      onnx_make_body (f, op, "a", "b");
    for (int k = 0; i > 0 && k < times; k++) {
      char in[16] = "a", out[16] = "b";
      if (k > 0)
        snprintf (in, sizeof in, "t%d", k);
      if (k + 1 < times)
        snprintf (out, sizeof out, "t%d", k + 1);
      onnx_make_body (f, callee, in, out);
    }
  }
  char top[16];
  snprintf (top, sizeof top, "my.F%d", height);
  onnx_make_node (m, top, "x", "y");
}

START_TEST (test_unfolding_is_bounded)
{
  OnnxMake m;
  make_tower (&m, 20, 1, "Neg");
  check_results (&m, (float[]){ 2, 1, -0.5f, -3 });
  make_tower (&m, 40, 1, "Neg");
  onnx_must_refuse (&m, AE_ERROR_LIMIT, "depth|32");
  make_tower (&m, 25, 2, "Neg");
  onnx_must_refuse (&m, AE_ERROR_LIMIT, "unfold|32768");
  make_tower (&m, 25, 2, NULL);
  onnx_must_refuse (&m, AE_ERROR_LIMIT, "unfold|32768");
  make_tower (&m, 10, 30, "Neg");
  onnx_must_refuse (&m, AE_ERROR_LIMIT, "unfold|32768");
}
END_TEST

/* Small calls of what is large: a constant, a list of names, a name. */
START_TEST (test_unfolded_size_is_bounded)
{
  static char name[100001];
  static char *names[5000];
  static int64_t ints[50000];
  OnnxMake m;
  memset (name, 'n', sizeof name - 1);
  memset (ints, 0x7f, sizeof ints);
  make_tower (&m, 4, 10, "Neg");
  OnnxNode *node = m.function[0]->node[0];
  if (_i == 0) {
    node->name = name;
  } else if (_i == 1) {
    node->n_input = 5000;
    node->input = names;
    for (int i = 0; i < 5000; i++)
      node->input[i] = (char *) "";
  } else {
    OnnxTensor tensor = ONNX_TENSOR__INIT;
    int64_t dim = 50000;
    tensor.n_dims = 1;
    tensor.dims = &dim;
    tensor.has_data_type = tensor.has_raw_data = true;
    tensor.data_type = 7;
    tensor.raw_data = (ProtobufCBinaryData){ sizeof ints, (uint8_t *) ints };
    node->op_type = (char *) "Constant";
    node->n_input = 0;
    OnnxAttribute *value = onnx_make_attr (node, "value", 4);
    value->has_t = true;
    value->t = onnx_make_bytes (&tensor.base);
  }
  onnx_must_refuse (&m, AE_ERROR_LIMIT, "more than");
}
END_TEST

START_TEST (test_every_allocation_failure_is_an_error)
{
  OnnxMake m;
  make_tower (&m, 3, 4, "Neg");
  size_t size;
  unsigned char *bytes = onnx_make_pack (&m, &size);
  for (long n = 1;; n++) {
    AeModel *model;
    ae_mem_fail_at (n, true);
    AeStatus status = ae_model_parse (&model, bytes, size, NULL);
    ae_mem_fail_at (0, false);
    if (status == AE_OK) {
      ae_model_unref (&model);
      break;
    }
    ck_assert_int_eq (status, AE_ERROR_MEMORY);
    ck_assert_int_eq (ae_mem_live (), 0);
  }
}
END_TEST

START_TEST (test_calls_that_do_not_fit_are_refused)
{
  OnnxMake m;
  start (&m);
  OnnxFunction *f = onnx_make_function (&m, "my", "F", "a", "b");
  OnnxNode *body = onnx_make_body (f, "LeakyRelu", "a", "b");
  OnnxNode *call = onnx_make_node (&m, "my.F", "x x", "y");
  onnx_must_refuse (&m, AE_ERROR_FORMAT, "'F'|2 inputs|at most 1");
  call->n_input = 1;
  set_reference (body, "alpha", "slope");
  onnx_make_attr (call, "slope", 2)->has_i = true;
  onnx_must_refuse (&m, AE_ERROR_FORMAT, "'F'|'slope'|kind 2, wanted 1");
  call->n_attribute = 0;
  call->op_type = (char *) "G";
  onnx_must_refuse (&m, AE_ERROR_UNSUPPORTED, "operator G|my");
  call->op_type = (char *) "F";
  /* No closures: names of the graph mean nothing in a body. */
  onnx_make_body (f, "Neg", "x", "z");
  onnx_must_refuse (&m, AE_ERROR_FORMAT, "'inlined0/x'|nothing makes");
}
END_TEST

START_TEST (test_functions_that_are_wrong_are_refused)
{
  OnnxMake m;
  start (&m);
  OnnxFunction *f = onnx_make_function (&m, "my", "F", "a", "b");
  OnnxNode *body = onnx_make_body (f, "Neg", "a", "b");
  onnx_make_node (&m, "my.F", "x", "y");
  OnnxOpset import = ONNX_OPSET__INIT, *list[1] = { &import };
  import.has_version = true;
  import.version = 11;
  f->n_opset_import = 1;
  f->opset_import = list;
  onnx_must_refuse (&m, AE_ERROR_UNSUPPORTED, "'F'|opset 11 of ai.onnx|17");
  import.version = 17;
  check_results (&m, (float[]){ 2, 1, -0.5f, -3 });
  body->op_type = (char *) "NoSuch";
  onnx_must_refuse (&m, AE_ERROR_UNSUPPORTED, "NoSuch|'y'");
  body->op_type = (char *) "Neg";
  f->output[0] = (char *) "c";
  onnx_must_refuse (&m, AE_ERROR_FORMAT, "'y' is not made");
  f->output[0] = (char *) "b";
  f->n_input = 2;
  f->input = (char *[]){ (char *) "a", (char *) "a" };
  onnx_must_refuse (&m, AE_ERROR_FORMAT, "'F'|two inputs");
  f->n_input = 1;
  onnx_make_function (&m, "my", "F", "", "");
  onnx_must_refuse (&m, AE_ERROR_FORMAT, "'F' is defined twice");
  m.n_functions = 1;
  f->name = NULL;
  onnx_must_refuse (&m, AE_ERROR_FORMAT, "a function has no name");
}
END_TEST

static Suite *
functions_suite (void)
{
  Suite *suite = suite_create ("functions");
  TCase *tc = tcase_create ("functions");
  tcase_add_test (tc, test_each_call_has_values_of_its_own);
  tcase_add_test (tc, test_new_names_avoid_those_of_the_graph);
  tcase_add_loop_test (tc, test_attribute_references_are_resolved, 0, 3);
  tcase_add_test (tc, test_attributes_pass_through_nested_calls);
  tcase_add_test (tc, test_arguments_may_be_absent_or_passed_through);
  tcase_add_test (tc, test_functions_are_told_apart_by_domain_and_overload);
  tcase_add_test (tc, test_recursion_is_refused_with_the_name);
  tcase_add_test (tc, test_unfolding_is_bounded);
  tcase_add_loop_test (tc, test_unfolded_size_is_bounded, 0, 3);
  tcase_add_test (tc, test_every_allocation_failure_is_an_error);
  tcase_add_test (tc, test_calls_that_do_not_fit_are_refused);
  tcase_add_test (tc, test_functions_that_are_wrong_are_refused);
  suite_add_tcase (suite, tc);
  return suite;
}

AE_TEST_MAIN (functions_suite)
