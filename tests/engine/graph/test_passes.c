/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include <ae/session.h>

#include "graph/build.h"
#include "graph/passes.h"
#include "onnx/writer.h"
#include "util/mem.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static int
build_norm (AeBuilder *b, int x, int channels)
{
  int in[5] = { x };
  AeGraph *graph = ae_model_edit (b->model);
  for (int i = 1; i < 5; i++) {
    AeShape shape = ae_shape (1, channels);
    AeTensor *t = ae_tensor_new (AE_F32, &shape);
    for (int c = 0; c < channels; c++)
      ((float *) t->data)[c] = 0.5f + ae_rng_uniform (&b->rng);
    char name[16];
    snprintf (name, sizeof name, "bn%d_%d", x, i);
    in[i] = ae_graph_add_constant (graph, name, t);
  }
  return ae_build_node (b, "BatchNormalization", NULL, in, 5);
}

/* Everything the passes rewrite: a folded norm, activations, a residual that
 * is merged, one that cannot be (its convolution is read twice), a Dropout. */
static AeModel *
make_model (int channels)
{
  AeBuilder b;
  ae_builder_start (&b, 3);
  AeConvSpec spec = { .oc = channels, .kernel = 3, .gain = 1 };
  int x = ae_build_input (&b, "x", ae_shape (4, -1, 5, -1, -1));
  spec.ic = 5;
  int a = build_norm (&b, ae_build_conv (&b, x, spec, "c0"), channels);
  a = ae_build_unary (&b, "Relu", a);
  spec.ic = channels;
  int c = ae_build_conv (&b, a, spec, "c1");
  int sum = ae_build_unary (
      &b, "Relu", ae_build_binary (&b, "Add", c, a));
  int d = ae_build_conv (&b, sum, spec, "c2");
  int e = ae_build_binary (&b, "Add", d, sum);
  e = ae_build_binary (&b, "Mul", e, d);
  e = ae_build_unary (&b, "Dropout", e);
  AeAttrs attrs = { 0 };
  ae_attrs_set_float (&attrs, "alpha", 0.2f);
  e = ae_build_node (&b, "LeakyRelu", &attrs,
      (int[]){ ae_build_conv (&b, e, spec, "c3") }, 1);
  int cat = ae_build_concat (&b, (int[]){ e, a }, 2, 1);
  spec = (AeConvSpec){ .ic = 2 * channels, .oc = 4, .kernel = 1, .gain = 1 };
  cat = ae_build_conv (&b, cat, spec, "c4");
  ae_build_output (&b, ae_build_depth_to_space (&b, cat, 2), "y");
  AeModel *model;
  AeError err;
  ck_assert_msg (
      ae_builder_end (&b, &model, &err) == AE_OK, "%s", err.text);
  return model;
}

/* A U-Net's ends: transposed convolutions of both kinds, one added to the
 * other, the last convolution to few channels with a plain tensor added, and
 * one to a single channel. */
static AeModel *
make_ends_model (int channels)
{
  AeBuilder b;
  ae_builder_start (&b, 5);
  AeConvSpec spec = { .ic = 5, .oc = 6, .kernel = 2, .stride = 2, .gain = 1 };
  int x = ae_build_input (&b, "x", ae_shape (4, -1, 5, -1, -1));
  int plain = ae_build_conv_transpose (&b, x, spec, "t0");
  plain = ae_build_unary (&b, "Abs", plain);
  spec.oc = channels;
  int small = ae_build_conv_transpose (&b, x, spec, "t1");
  spec.kernel = 4;
  int large = ae_build_conv_transpose (&b, x, spec, "t2");
  int y = ae_build_unary (
      &b, "Relu", ae_build_binary (&b, "Add", small, large));
  spec = (AeConvSpec){ .ic = channels, .oc = 1, .kernel = 3, .gain = 1 };
  int gate = ae_build_unary (
      &b, "LeakyRelu", ae_build_conv (&b, y, spec, "gate"));
  spec.oc = 6;
  y = ae_build_binary (
      &b, "Add", plain, ae_build_conv (&b, y, spec, "tail"));
  ae_build_output (&b, ae_build_binary (&b, "Mul", y, gate), "y");
  AeModel *model;
  AeError err;
  ck_assert_msg (
      ae_builder_end (&b, &model, &err) == AE_OK, "%s", err.text);
  return model;
}

static AeSession *
run (AeModel *model, AeShape shape, bool plain, int n_threads)
{
  AeSession *s;
  AeError err;
  AeSessionOptions options
      = { .no_optimise = plain, .n_threads = n_threads };
  ck_assert_msg (
      ae_session_new (&s, model, &options, &err) == AE_OK, "%s", err.text);
  AeTensor in = { AE_F32, AE_LAYOUT_PLAIN, shape, NULL };
  ck_assert_msg (ae_session_bind (s, &in, 1, &err) == AE_OK, "%s", err.text);
  AeTensor *x = ae_session_input (s, 0);
  AeRng rng;
  ae_rng_seed (&rng, 4);
  for (size_t i = 0; i < ae_shape_count (&x->shape); i++)
    ((float *) x->data)[i] = ae_rng_normal (&rng);
  ae_session_run (s);
  return s;
}

static const int sizes[][2]
    = { { 1, 1 }, { 2, 3 }, { 7, 13 }, { 16, 16 }, { 33, 50 } };

/* Winograd's transforms cost some 3e-6 of the largest value per layer. */
static void
check_agreement (AeModel *model, AeShape shape)
{
  AeSession *fast = run (model, shape, false, 2);
  AeSession *plain = run (model, shape, true, 1);
  const AeTensor *a = ae_session_output (fast, 0);
  const AeTensor *b = ae_session_output (plain, 0);
  ck_assert (ae_shape_equal (&a->shape, &b->shape));
  float scale = 0;
  for (size_t i = 0; i < ae_shape_count (&b->shape); i++)
    scale = fmaxf (scale, fabsf (((const float *) b->data)[i]));
  for (size_t i = 0; i < ae_shape_count (&b->shape); i++) {
    float x = ((const float *) a->data)[i];
    float y = ((const float *) b->data)[i];
    ck_assert_msg (fabsf (x - y) < 3e-5f * scale,
        "element %zu: %g, wanted %g (largest %g)", i, x, y, scale);
  }
  ae_session_free (&fast);
  ae_session_free (&plain);
  ae_model_unref (&model);
}

START_TEST (test_optimised_and_plain_runs_agree)
{
  AeShape shape = ae_shape (4, 2, 5, sizes[_i][0], sizes[_i][1]);
  for (int channels = 8; channels <= 40; channels += 8) {
    check_agreement (make_model (channels), shape);
    check_agreement (make_ends_model (channels), shape);
  }
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_norms_activations_and_residuals_are_merged)
{
  AeModel *model = make_model (16);
  AeSession *s = run (model, ae_shape (4, 1, 5, 8, 8), false, 1);
  size_t norms = 0, relus = 0, adds = 0;
  for (size_t i = 0; i < ae_session_info (s).n_steps; i++) {
    const char *op = ae_session_step (s, i).op;
    norms += strcmp (op, "BatchNormalization") == 0;
    relus += strcmp (op, "Relu") == 0 || strcmp (op, "LeakyRelu") == 0;
    adds += strcmp (op, "Add") == 0;
  }
  ck_assert_uint_eq (norms, 0);
  ck_assert_uint_eq (relus, 0);
  ck_assert_uint_eq (adds, 1); /* the one whose convolution is read twice */
  ae_session_free (&s);
  ae_model_unref (&model);
}
END_TEST

START_TEST (test_skips_are_merged_into_transposed_convolutions)
{
  AeModel *model = make_ends_model (16);
  AeSession *s = run (model, ae_shape (4, 1, 5, 8, 8), false, 1);
  for (size_t i = 0; i < ae_session_info (s).n_steps; i++) {
    const char *op = ae_session_step (s, i).op;
    ck_assert_str_ne (op, "Add");
    ck_assert_str_ne (op, "Relu");
    ck_assert_str_ne (op, "LeakyRelu");
  }
  ae_session_free (&s);
  ae_model_unref (&model);
}
END_TEST

static const AeConvSpec few_outputs[] = {
  { .ic = 7, .oc = 3, .kernel = 5, .stride = 2, .gain = 1 },
  { .ic = 32, .oc = 4, .kernel = 4, .stride = 2, .gain = 1 },
  { .ic = 16, .oc = 1, .kernel = 3, .stride = 3, .gain = 1 },
  { .ic = 5, .oc = 1, .kernel = 2, .stride = 4, .gain = 1 },
  { .ic = 9, .oc = 1, .kernel = 7, .stride = 3, .gain = 1, .no_bias = true },
};
#define N_FEW ((int) (sizeof few_outputs / sizeof few_outputs[0]))

/* Transposed, by itself and with an activation behind. */
static AeModel *
make_few (AeConvSpec spec, bool activation)
{
  AeBuilder b;
  ae_builder_start (&b, 6);
  int x = ae_build_input (&b, "x", ae_shape (4, -1, spec.ic, -1, -1));
  int y = ae_build_conv_transpose (&b, x, spec, "up");
  if (activation)
    y = ae_build_unary (&b, "LeakyRelu", y);
  ae_build_output (&b, y, "y");
  AeModel *model;
  AeError err;
  ck_assert_msg (
      ae_builder_end (&b, &model, &err) == AE_OK, "%s", err.text);
  return model;
}

START_TEST (test_transposed_convolutions_to_few_channels_are_split)
{
  AeConvSpec spec = few_outputs[_i];
  for (int activation = 0; activation < 2; activation++)
    for (size_t k = 1; k < sizeof sizes / sizeof sizes[0]; k++) {
      AeModel *model = make_few (spec, activation);
      AeShape shape = ae_shape (4, 2, spec.ic, sizes[k][0], sizes[k][1]);
      AeSession *s = run (model, shape, false, 1);
      int found = 0;
      for (size_t i = 0; i < ae_session_info (s).n_steps; i++) {
        const char *op = ae_session_step (s, i).op;
        ck_assert_str_ne (op, "ConvTranspose");
        ck_assert_str_ne (op, "LeakyRelu");
        found += strcmp (op, "DepthToSpace") == 0;
      }
      ck_assert_int_eq (found, 1);
      ae_session_free (&s);
      check_agreement (model, shape);
    }
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

/* ... of a single pixel, or to one. */
static AeModel *
make_whole (bool transposed, bool no_bias)
{
  AeBuilder b;
  ae_builder_start (&b, 7);
  AeConvSpec spec = { .ic = 6, .oc = 20, .kernel = 5, .stride = 5, .gain = 1,
    .no_bias = no_bias };
  int side = transposed ? 1 : 5;
  int x = ae_build_input (&b, "x", ae_shape (4, -1, 6, side, side));
  int y = transposed ? ae_build_conv_transpose (&b, x, spec, "w")
                     : ae_build_conv (&b, x, spec, "w");
  ae_build_output (&b, ae_build_unary (&b, "Relu", y), "y");
  AeModel *model;
  AeError err;
  ck_assert_msg (
      ae_builder_end (&b, &model, &err) == AE_OK, "%s", err.text);
  return model;
}

START_TEST (test_kernels_as_large_as_the_picture_are_dense_layers)
{
  bool transposed = _i & 1;
  for (int batch = 1; batch <= 70; batch += 23) {
    AeModel *model = make_whole (transposed, _i & 2);
    int side = transposed ? 1 : 5;
    AeShape shape = ae_shape (4, batch, 6, side, side);
    AeSession *s = run (model, shape, false, 2);
    size_t products = 0;
    for (size_t i = 0; i < ae_session_info (s).n_steps; i++) {
      const char *op = ae_session_step (s, i).op;
      ck_assert_ptr_null (strstr (op, "Conv"));
      products += strcmp (op, "Gemm") == 0;
    }
    ck_assert_uint_eq (products, 1);
    ae_session_free (&s);
    check_agreement (model, shape);
  }
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_thread_counts_give_the_same_bits)
{
  AeModel *model = _i ? make_ends_model (32) : make_model (32);
  AeShape shape = ae_shape (4, 1, 5, 37, 61);
  AeSession *one = run (model, shape, false, 1);
  for (int n = 2; n < 5; n++) {
    AeSession *many = run (model, shape, false, n);
    ck_assert_mem_eq (ae_session_output (one, 0)->data,
        ae_session_output (many, 0)->data,
        ae_tensor_bytes (ae_session_output (one, 0)));
    ae_session_free (&many);
  }
  ae_session_free (&one);
  ae_model_unref (&model);
}
END_TEST

START_TEST (test_a_part_of_the_graph_runs_alone)
{
  AeModel *model = make_model (16);
  const char *in_name = "x", *out_name = NULL;
  for (size_t i = 0; i < ae_model_n_nodes (model); i++)
    if (strcmp (ae_model_node_op (model, i), "Relu") == 0 && !out_name)
      out_name = ae_model_node_name (model, i); /* values share the name */
  AeSession *s;
  AeError err;
  AeSessionOptions options = { .inputs = &in_name, .n_inputs = 1,
    .outputs = &out_name, .n_outputs = 1 };
  ck_assert_msg (
      ae_session_new (&s, model, &options, &err) == AE_OK, "%s", err.text);
  AeTensor in
      = { AE_F32, AE_LAYOUT_PLAIN, ae_shape (4, 1, 5, 6, 6), NULL };
  ck_assert_msg (ae_session_bind (s, &in, 1, &err) == AE_OK, "%s", err.text);
  ck_assert_int_eq (ae_session_output (s, 0)->shape.dim[1], 16);
  /* the merged convolution, and a Reorder on either side at most */
  ck_assert_uint_le (ae_session_info (s).n_steps, 3);
  ae_session_free (&s);
  ae_model_unref (&model);
}
END_TEST

/* A chain that multiplies a constant: 16 bytes become 512 MiB, many times. */
START_TEST (test_folding_is_bounded)
{
  AeBuilder b;
  ae_builder_start (&b, 1);
  int x = ae_build_input (&b, "x", ae_shape (1, 1));
  AeGraph *graph = ae_model_edit (b.model);
  AeShape two = ae_shape (1, 2);
  AeTensor *dims = ae_tensor_new (AE_I64, &two);
  ((int64_t *) dims->data)[0] = 1 << 14;
  ((int64_t *) dims->data)[1] = 1 << 12;
  int shape = ae_graph_add_constant (graph, "dims", dims);
  int sum = x;
  for (int i = 0; i < 20; i++) {
    int in[2] = { ae_build_scalar (&b, 1), shape };
    int big = ae_build_node (&b, "Expand", NULL, in, 2);
    sum = ae_build_binary (&b, "Add", sum, big);
  }
  ae_build_output (&b, sum, "y");
  AeModel *model;
  ck_assert_int_eq (ae_builder_end (&b, &model, NULL), AE_OK);
  AeSession *s;
  AeError err;
  AeSessionOptions options = { .max_memory = (size_t) 256 << 20 };
  ck_assert_int_eq (ae_session_new (&s, model, &options, &err), AE_OK);
  AeTensor in = { AE_F32, AE_LAYOUT_PLAIN, ae_shape (1, 1), NULL };
  ck_assert_int_eq (ae_session_bind (s, &in, 1, &err), AE_ERROR_LIMIT);
  ae_session_free (&s);
  ae_model_unref (&model);
}
END_TEST

/* x -> Identity (Relu (Conv (x) + x)), over and over; or x / 2, which leaves
 * every node its own step. */
static AeModel *
make_chain (int n_nodes, bool merges)
{
  AeBuilder b;
  ae_builder_start (&b, 1);
  AeConvSpec spec = { .ic = 8, .oc = 8, .kernel = 1 };
  int x = ae_build_input (&b, "x", ae_shape (4, 1, 8, 1, 1));
  int half = ae_build_scalar (&b, 0.5f);
  for (int i = 0; merges && i < n_nodes / 4; i++) {
    char name[16];
    snprintf (name, sizeof name, "c%d", i);
    int sum = ae_build_binary (
        &b, "Add", ae_build_conv (&b, x, spec, name), x);
    x = ae_build_unary (&b, "Identity", ae_build_unary (&b, "Relu", sum));
  }
  for (int i = 0; !merges && i < n_nodes; i++)
    x = ae_build_binary (&b, "Mul", x, half);
  ae_build_output (&b, x, "y");
  AeModel *model;
  AeError err;
  ck_assert_msg (
      ae_builder_end (&b, &model, &err) == AE_OK, "%s", err.text);
  return model;
}

/* Far below the time limit of a test: no pass may look at all nodes for each
 * of them. */
START_TEST (test_chain_of_20000_nodes_is_loaded_and_bound)
{
  bool merges = _i == 0;
  AeModel *built = make_chain (20000, merges), *model;
  AeError err = { 0 };
  void *bytes;
  size_t size;
  ck_assert_int_eq (ae_model_serialize (built, &bytes, &size, &err), AE_OK);
  ck_assert_msg (
      ae_model_parse (&model, bytes, size, &err) == AE_OK, "%s", err.text);
  ck_assert_uint_eq (ae_model_n_nodes (model), 20000);
  AeSession *s = run (model, ae_shape (4, 1, 8, 1, 1), false, 1);
  size_t steps = ae_session_info (s).n_steps;
  /* the last Identity makes the output; a Reorder at either end */
  ck_assert_uint_ge (steps, merges ? 5001 : 20000);
  ck_assert_uint_le (steps, merges ? 5003 : 20000);
  const float *x = ae_session_input (s, 0)->data;
  const float *y = ae_session_output (s, 0)->data;
  for (int i = 0; merges && i < 8; i++)
    ck_assert_float_eq (y[i], x[i] > 0 ? x[i] : 0); /* weights are 0 */
  ae_session_free (&s);
  ae_model_unref (&built);
  ae_model_unref (&model);
  ae_free (bytes);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

/* 200 parts i * conv (x) of 16 channels, by a node of `op`; Concat's result is
 * split into 200 again and the last part is kept. */
static AeModel *
make_wide (const char *op)
{
  AeBuilder b;
  ae_builder_start (&b, 1);
  AeConvSpec spec = { .ic = 16, .oc = 16, .kernel = 3, .gain = 1 };
  int x = ae_build_input (&b, "x", ae_shape (4, 1, 16, 3, 5));
  int parts[200], outs[200];
  x = ae_build_conv (&b, x, spec, "c");
  for (int i = 0; i < 200; i++)
    parts[i] = ae_build_binary (
        &b, "Mul", x, ae_build_scalar (&b, (float) (i % 100)));
  bool join = strcmp (op, "Concat") == 0;
  int y = join ? ae_build_concat (&b, parts, 200, 1)
               : ae_build_node (&b, op, NULL, parts, 200);
  ae_build_output (&b, y, "y");
  AeGraph *graph = ae_model_edit (b.model);
  for (int i = 0; join && i < 200; i++) {
    char name[16];
    snprintf (name, sizeof name, "part%d", i);
    outs[i] = ae_graph_add_value (graph, name);
  }
  AeAttrs attrs = { 0 };
  ae_attrs_set_int (&attrs, "axis", 1);
  if (join) {
    ae_graph_add_node (graph, ae_op_find ("", "Split", 17), 17, "split",
        &attrs, &y, 1, outs, 200);
    ae_build_output (&b, outs[199], "last");
  }
  ae_attrs_clear (&attrs);
  AeModel *model;
  AeError err;
  ck_assert_msg (
      ae_builder_end (&b, &model, &err) == AE_OK, "%s", err.text);
  return model;
}

START_TEST (test_nodes_have_any_number_of_inputs_and_outputs)
{
  static const char *const ops[] = { "Concat", "Sum", "Max", "Min", "Mean" };
  AeModel *built = make_wide (ops[_i]), *model;
  AeShape shape = ae_shape (4, 1, 16, 3, 5);
  AeError err = { 0 };
  void *bytes;
  size_t size;
  ck_assert_int_eq (ae_model_serialize (built, &bytes, &size, &err), AE_OK);
  ck_assert_msg (
      ae_model_parse (&model, bytes, size, &err) == AE_OK, "%s", err.text);
  AeSession *s = run (model, shape, false, 2);
  const AeTensor *y = ae_session_output (s, 0);
  ck_assert_int_eq (y->shape.dim[1], _i == 0 ? 3200 : 16);
  if (_i == 0)
    ck_assert_mem_eq (ae_session_output (s, 1)->data,
        (float *) y->data + 199 * 240, 240 * sizeof (float));
  ae_session_free (&s);
  check_agreement (model, shape); /* which frees the model */
  ae_model_unref (&built);
  ae_free (bytes);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

/* x is read by three copies in a row, and a copy makes an output. */
START_TEST (test_copies_are_removed_unless_they_make_an_output)
{
  AeBuilder b;
  ae_builder_start (&b, 1);
  int x = ae_build_input (&b, "x", ae_shape (1, 4));
  int a = ae_build_unary (&b, "Identity", ae_build_unary (&b, "Dropout", x));
  int c = ae_build_unary (&b, "Identity", a);
  ae_build_output (&b, ae_build_binary (&b, "Sub", c, a), "zero");
  ae_build_output (&b, ae_build_unary (&b, "Identity", c), "same");
  AeModel *model;
  ck_assert_int_eq (ae_builder_end (&b, &model, NULL), AE_OK);
  AeSession *s = run (model, ae_shape (1, 4), false, 1);
  ck_assert_uint_eq (ae_session_info (s).n_steps, 2);
  for (int i = 0; i < 4; i++) {
    ck_assert_float_eq (((float *) ae_session_output (s, 0)->data)[i], 0);
    ck_assert_float_eq (((float *) ae_session_output (s, 1)->data)[i],
        ((float *) ae_session_input (s, 0)->data)[i]);
  }
  ae_session_free (&s);
  ae_model_unref (&model);
}
END_TEST

static Suite *
passes_suite (void)
{
  Suite *suite = suite_create ("passes");
  TCase *tcase = tcase_create ("passes");
  int n = sizeof sizes / sizeof sizes[0];
  tcase_add_loop_test (tcase, test_optimised_and_plain_runs_agree, 0, n);
  tcase_add_test (tcase, test_norms_activations_and_residuals_are_merged);
  tcase_add_test (
      tcase, test_skips_are_merged_into_transposed_convolutions);
  tcase_add_loop_test (tcase,
      test_transposed_convolutions_to_few_channels_are_split, 0, N_FEW);
  tcase_add_loop_test (
      tcase, test_kernels_as_large_as_the_picture_are_dense_layers, 0, 4);
  tcase_add_loop_test (tcase, test_thread_counts_give_the_same_bits, 0, 2);
  tcase_add_test (tcase, test_folding_is_bounded);
  tcase_add_loop_test (
      tcase, test_chain_of_20000_nodes_is_loaded_and_bound, 0, 2);
  tcase_add_loop_test (
      tcase, test_nodes_have_any_number_of_inputs_and_outputs, 0, 5);
  tcase_add_test (
      tcase, test_copies_are_removed_unless_they_make_an_output);
  tcase_add_test (tcase, test_a_part_of_the_graph_runs_alone);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (passes_suite)
