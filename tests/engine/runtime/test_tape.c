/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include "graph/build.h"
#include "runtime/tape.h"
#include "util/mem.h"

#include <math.h>
#include <string.h>

/* Every way a value can be shared: `a` is read three times, once through an
 * in-place operator; half of a Split is not used; an output is read again. */
static AeModel *
make_dense_model (void)
{
  AeBuilder b;
  ae_builder_start (&b, 5);
  int x = ae_build_input (&b, "x", ae_shape (2, -1, 3));
  int a = ae_build_dense (&b, x, 3, 4, 1, "first");
  int r = ae_build_unary (&b, "Sigmoid", a);
  int sum = ae_build_binary (&b, "Add", r, a);
  int product = ae_build_binary (&b, "Mul", sum, a);
  int both = ae_build_concat (&b, (int[]){ product, r }, 2, 1);
  int part = ae_build_slice (&b, both, 1, 2, 7);
  int y = ae_build_dense (&b, part, 5, 2, 1, "second");
  ae_build_output (&b, y, "y");
  ae_build_output (&b, ae_build_unary (&b, "Tanh", y), "z");
  AeModel *model;
  AeError err;
  ck_assert_msg (
      ae_builder_end (&b, &model, &err) == AE_OK, "%s", err.text);
  return model;
}

/* The shape of the bundled networks: two scales with a skip; and convolutions
 * in groups. */
static AeModel *
make_conv_model (void)
{
  AeBuilder b;
  ae_builder_start (&b, 6);
  AeConvSpec spec = { .ic = 3, .oc = 16, .kernel = 3, .gain = 1 };
  int x = ae_build_input (&b, "x", ae_shape (4, -1, 3, -1, -1));
  int top = ae_build_unary (&b, "Tanh", ae_build_conv (&b, x, spec, "head"));
  spec = (AeConvSpec){ .ic = 16, .oc = 32, .kernel = 2, .stride = 2,
    .gain = 1 };
  int low = ae_build_unary (
      &b, "Sigmoid", ae_build_conv (&b, top, spec, "reduce"));
  spec = (AeConvSpec){ .ic = 32, .oc = 16, .kernel = 2, .stride = 2,
    .gain = 1 };
  int up = ae_build_conv_transpose (&b, low, spec, "enlarge");
  up = ae_build_binary (&b, "Add", up, top);
  spec = (AeConvSpec){ .ic = 16, .oc = 16, .kernel = 3, .groups = 16,
    .gain = 1 };
  up = ae_build_unary (&b, "Tanh", ae_build_conv (&b, up, spec, "depth"));
  spec = (AeConvSpec){ .ic = 16, .oc = 32, .kernel = 3, .groups = 2,
    .gain = 1 };
  up = ae_build_conv (&b, up, spec, "groups");
  spec = (AeConvSpec){ .ic = 32, .oc = 2, .kernel = 3, .gain = 1 };
  ae_build_output (&b, ae_build_conv (&b, up, spec, "tail"), "y");
  AeModel *model;
  AeError err;
  ck_assert_msg (
      ae_builder_end (&b, &model, &err) == AE_OK, "%s", err.text);
  return model;
}

static AeTape *
make_tape (AeModel *model, const AeTensor *in, int n_threads)
{
  AeTape *tape;
  AeError err;
  ck_assert_msg (
      ae_tape_new (&tape, model, n_threads, AE_PRECISION_F32, &err) == AE_OK,
      "%s", err.text);
  ck_assert_msg (ae_tape_bind (tape, in, 1, &err) == AE_OK, "%s", err.text);
  AeTensor *x = ae_tape_input (tape, 0);
  AeRng rng;
  ae_rng_seed (&rng, 9);
  for (size_t i = 0; i < ae_shape_count (&x->shape); i++)
    ((float *) x->data)[i] = ae_rng_normal (&rng);
  return tape;
}

/* sum of outputs weighted by fixed factors, and its gradient */
static double
weighted_sum (AeTape *tape, bool gradients)
{
  ae_tape_forward (tape, true, 1);
  AeRng rng;
  ae_rng_seed (&rng, 11);
  double sum = 0;
  for (size_t o = 0; o < ae_tape_n_outputs (tape); o++) {
    const AeTensor *y = ae_tape_output (tape, o);
    AeTensor *dy = ae_tape_output_grad (tape, o);
    for (size_t i = 0; i < ae_shape_count (&y->shape); i++) {
      float w = ae_rng_normal (&rng);
      sum += (double) w * ((const float *) y->data)[i];
      if (gradients)
        ((float *) dy->data)[i] = w;
    }
  }
  if (gradients)
    ae_tape_backward (tape);
  return sum;
}

/* Central differences of step h carry an error of about 1e-7 |sum| / h from
 * rounding and h^2 from curvature: 1e-2 leaves some 1e-3. */
static void
check_gradients (AeModel *model, const AeTensor *in)
{
  AeTape *tape = make_tape (model, in, 2);
  const float h = 1e-2f;
  weighted_sum (tape, true);
  float *params = ae_tape_params (tape), *grads = ae_tape_grads (tape);
  size_t checked = 0;
  for (size_t p = 0; p < ae_tape_n_params (tape); p++) {
    const AeParam *param = ae_tape_param (tape, p);
    size_t count = ae_shape_count (&param->shape);
    for (size_t i = 0; i < count; i += count / 16 + 1, checked++) {
      float *w = &params[param->offset + i], old = *w;
      *w = old + h;
      double up = weighted_sum (tape, false);
      *w = old - h;
      double down = weighted_sum (tape, false);
      *w = old;
      double expected = (up - down) / (2 * (double) h);
      double got = grads[param->offset + i];
      ck_assert_msg (fabs (got - expected) < 5e-3 * (1 + fabs (expected)),
          "%s[%zu]: gradient %g, differences give %g", param->name, i, got,
          expected);
    }
  }
  ck_assert_uint_gt (checked, 10);
  ae_tape_free (&tape);
}

START_TEST (test_gradients_of_a_dense_graph)
{
  AeModel *model = make_dense_model ();
  AeTensor in = { AE_F32, AE_LAYOUT_PLAIN, ae_shape (2, 5, 3), NULL };
  check_gradients (model, &in);
  ae_model_unref (&model);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_gradients_of_a_convolutional_graph)
{
  AeModel *model = make_conv_model ();
  AeTensor in = { AE_F32, AE_LAYOUT_PLAIN, ae_shape (4, 2, 3, 8, 12), NULL };
  check_gradients (model, &in);
  ae_model_unref (&model);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

/* From one pixel to a picture and back: dense layers in disguise, whose
 * weights the passes give another shape. */
static AeModel *
make_whole_model (void)
{
  AeBuilder b;
  ae_builder_start (&b, 8);
  AeConvSpec spec = { .ic = 3, .oc = 5, .kernel = 4, .stride = 4, .gain = 1 };
  int x = ae_build_input (&b, "x", ae_shape (4, 2, 3, 1, 1));
  x = ae_build_unary (
      &b, "Tanh", ae_build_conv_transpose (&b, x, spec, "large"));
  spec.ic = 5;
  spec.oc = 4;
  ae_build_output (&b, ae_build_conv (&b, x, spec, "small"), "y");
  AeModel *model;
  AeError err;
  ck_assert_msg (
      ae_builder_end (&b, &model, &err) == AE_OK, "%s", err.text);
  return model;
}

START_TEST (test_gradients_of_kernels_as_large_as_the_picture)
{
  AeModel *model = make_whole_model ();
  AeTensor in = { AE_F32, AE_LAYOUT_PLAIN, ae_shape (4, 2, 3, 1, 1), NULL };
  check_gradients (model, &in);
  ae_model_unref (&model);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

/* y = tanh (x + conv (x)), which becomes one node with x as two of its
 * inputs. */
static AeModel *
make_own_residual_model (void)
{
  AeBuilder b;
  ae_builder_start (&b, 9);
  AeConvSpec spec = { .ic = 3, .oc = 6, .kernel = 3, .gain = 1 };
  int x = ae_build_input (&b, "x", ae_shape (4, 2, 3, 5, 4));
  x = ae_build_conv (&b, x, spec, "first");
  spec.ic = 6;
  for (int i = 0; i < 2; i++) {
    x = ae_build_binary (&b, "Add", x,
        ae_build_conv (&b, x, spec, i ? "third" : "second"));
    x = ae_build_unary (&b, "Tanh", x);
  }
  ae_build_output (&b, x, "y");
  AeModel *model;
  AeError err;
  ck_assert_msg (
      ae_builder_end (&b, &model, &err) == AE_OK, "%s", err.text);
  return model;
}

START_TEST (test_gradients_of_a_residual_of_the_input)
{
  AeModel *model = make_own_residual_model ();
  AeTensor in = { AE_F32, AE_LAYOUT_PLAIN, ae_shape (4, 2, 3, 5, 4), NULL };
  check_gradients (model, &in);
  ae_model_unref (&model);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_gradients_add_up_and_threads_do_not_matter)
{
  AeModel *model = make_conv_model ();
  AeTensor in = { AE_F32, AE_LAYOUT_PLAIN, ae_shape (4, 3, 3, 16, 8), NULL };
  AeTape *one = make_tape (model, &in, 1), *two = make_tape (model, &in, 2);
  weighted_sum (one, true);
  weighted_sum (two, true);
  size_t n = ae_tape_n_elements (one);
  ck_assert_mem_eq (
      ae_tape_grads (one), ae_tape_grads (two), n * sizeof (float));
  weighted_sum (two, true);
  for (size_t i = 0; i < n; i++) {
    float once = ae_tape_grads (one)[i], twice = ae_tape_grads (two)[i];
    ck_assert_float_le (
        fabsf (twice - 2 * once), 1e-4f * (1 + fabsf (twice)));
  }
  ae_tape_free (&one);
  ae_tape_free (&two);
  ae_model_unref (&model);
}
END_TEST

/* What a discriminator is made of: a picture beside a condition, convolutions
 * with strides, leaky units, a mean over places, another input that is joined
 * late, and one that nothing depends on. */
static AeModel *
make_judging_model (void)
{
  AeBuilder b;
  ae_builder_start (&b, 7);
  AeConvSpec spec = { .ic = 5, .oc = 16, .kernel = 4, .stride = 2, .gain = 1 };
  int x = ae_build_input (&b, "x", ae_shape (4, -1, 3, -1, -1));
  int past = ae_build_input (&b, "past", ae_shape (4, -1, 2, -1, -1));
  int label = ae_build_input (&b, "label", ae_shape (2, -1, 3));
  int spare = ae_build_input (&b, "spare", ae_shape (2, -1, 2));
  int y = ae_build_concat (&b, (int[]){ x, past }, 2, 1);
  y = ae_build_conv (&b, y, spec, "first");
  AeAttrs slope = { 0 };
  ae_attrs_set_float (&slope, "alpha", 0.2f);
  y = ae_build_node (&b, "LeakyRelu", &slope, &y, 1);
  spec = (AeConvSpec){ .ic = 16, .oc = 8, .kernel = 3, .gain = 1 };
  y = ae_build_unary (&b, "Tanh", ae_build_conv (&b, y, spec, "second"));
  y = ae_build_unary (&b, "GlobalAveragePool", y);
  y = ae_build_unary (&b, "Flatten", y);
  int both[2] = { y, ae_build_dense (&b, label, 3, 8, 1, "label") };
  y = ae_build_binary (&b, "Mul", both[0], both[1]);
  ae_build_output (&b, ae_build_dense (&b, y, 8, 1, 1, "judge"), "y");
  ae_build_output (&b, ae_build_unary (&b, "Tanh", spare), "rest");
  AeModel *model;
  AeError err;
  ck_assert_msg (
      ae_builder_end (&b, &model, &err) == AE_OK, "%s", err.text);
  return model;
}

/* A tape whose inputs have gradients where `asked` has a bit. */
static AeTape *
make_input_tape (
    AeModel *model, const AeTensor *in, size_t n_in, unsigned asked)
{
  AeTape *tape;
  AeError err;
  ck_assert_int_eq (
      ae_tape_new (&tape, model, 2, AE_PRECISION_F32, NULL), AE_OK);
  for (size_t i = 0; i < n_in; i++)
    if (asked >> i & 1)
      ae_tape_want_input_grad (tape, i);
  ck_assert_msg (
      ae_tape_bind (tape, in, n_in, &err) == AE_OK, "%s", err.text);
  AeRng rng;
  ae_rng_seed (&rng, 9);
  for (size_t i = 0; i < n_in; i++) {
    AeTensor *x = ae_tape_input (tape, i);
    for (size_t k = 0; k < ae_shape_count (&x->shape); k++)
      ((float *) x->data)[k] = ae_rng_normal (&rng);
  }
  return tape;
}

static void
check_input (AeTape *tape, size_t index)
{
  const float h = 1e-2f;
  AeTensor *x = ae_tape_input (tape, index);
  const AeTensor *dx = ae_tape_input_grad (tape, index);
  size_t count = ae_shape_count (&x->shape), step = count / 40 + 1;
  float *got = ae_alloc (count * sizeof *got);
  ck_assert (ae_shape_equal (&x->shape, &dx->shape));
  memcpy (got, dx->data, count * sizeof *got);
  for (size_t i = 0; i < count; i += step) {
    float *value = (float *) x->data + i, old = *value;
    *value = old + h;
    double up = weighted_sum (tape, false);
    *value = old - h;
    double down = weighted_sum (tape, false);
    *value = old;
    double expected = (up - down) / (2 * (double) h);
    ck_assert_msg (fabs (got[i] - expected) < 5e-3 * (1 + fabs (expected)),
        "input %zu [%zu]: gradient %g, differences give %g", index, i, got[i],
        expected);
  }
  ae_free (got);
}

START_TEST (test_gradients_of_inputs)
{
  const struct {
    AeModel *(*make) (void);
    size_t n_in;
    AeShape in[4];
  } cases[] = {
    { make_dense_model, 1, { ae_shape (2, 5, 3) } },
    { make_conv_model, 1, { ae_shape (4, 2, 3, 8, 12) } },
    { make_whole_model, 1, { ae_shape (4, 2, 3, 1, 1) } },
    { make_judging_model, 4,
        { ae_shape (4, 3, 3, 10, 8), ae_shape (4, 3, 2, 10, 8),
            ae_shape (2, 3, 3), ae_shape (2, 3, 2) } },
  };
  AeTensor in[4];
  AeModel *model = cases[_i].make ();
  for (size_t i = 0; i < cases[_i].n_in; i++)
    in[i] = (AeTensor){ AE_F32, AE_LAYOUT_PLAIN, cases[_i].in[i], NULL };
  AeTape *tape = make_input_tape (model, in, cases[_i].n_in, 0xf);
  weighted_sum (tape, true);
  weighted_sum (tape, true); /* overwritten, not added to */
  for (size_t i = 0; i < cases[_i].n_in; i++) {
    weighted_sum (tape, true);
    check_input (tape, i);
  }
  ae_tape_free (&tape);
  ae_model_unref (&model);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_gradients_are_passed_on_without_learning)
{
  AeTensor in[4] = {
    { .type = AE_F32, .shape = ae_shape (4, 3, 3, 10, 8) },
    { .type = AE_F32, .shape = ae_shape (4, 3, 2, 10, 8) },
    { .type = AE_F32, .shape = ae_shape (2, 3, 3) },
    { .type = AE_F32, .shape = ae_shape (2, 3, 2) },
  };
  AeModel *model = make_judging_model ();
  AeTape *tape = make_input_tape (model, in, 4, 1);
  size_t n = ae_tape_n_elements (tape);
  const AeTensor *dx = ae_tape_input_grad (tape, 0);
  size_t size = ae_tensor_bytes (dx);
  float *grads = ae_alloc (n * sizeof *grads), *first = ae_alloc (size);
  ck_assert_ptr_null (ae_tape_input_grad (tape, 1));
  ck_assert_ptr_null (ae_tape_input_grad (tape, 3));
  weighted_sum (tape, true);
  memcpy (grads, ae_tape_grads (tape), n * sizeof *grads);
  memcpy (first, dx->data, size);
  memset (dx->data, 0xff, size);
  /* forward once more: backward may use up what it reads */
  weighted_sum (tape, false);
  AeRng rng;
  ae_rng_seed (&rng, 11);
  float *dy = ae_tape_output_grad (tape, 0)->data;
  for (int i = 0; i < 3; i++)
    dy[i] = ae_rng_normal (&rng);
  ae_tape_backward_inputs (tape);
  ck_assert_mem_eq (dx->data, first, size);
  ck_assert_mem_eq (ae_tape_grads (tape), grads, n * sizeof *grads);
  /* and the parameters' gradients come again when they are wanted again */
  memset (ae_tape_grads (tape), 0, n * sizeof *grads);
  weighted_sum (tape, true);
  ck_assert_mem_eq (ae_tape_grads (tape), grads, n * sizeof *grads);
  ae_free (grads);
  ae_free (first);
  ae_tape_free (&tape);
  ae_model_unref (&model);
}
END_TEST

/* Input 0 reaches no output: its gradient is 0, whoever else is at work. */
START_TEST (test_inputs_without_effect_have_gradient_zero)
{
  AeBuilder b;
  ae_builder_start (&b, 4);
  int unused = ae_build_input (&b, "unused", ae_shape (2, -1, 64));
  int x = ae_build_input (&b, "x", ae_shape (2, -1, 64));
  (void) unused;
  for (int i = 0; i < 3; i++) {
    x = ae_build_dense (&b, x, 64, 64, 1, (const char *[]){ "a", "b", "c" }[i]);
    x = ae_build_unary (&b, "Tanh", x);
  }
  ae_build_output (&b, x, "y");
  AeModel *model;
  ck_assert_int_eq (ae_builder_end (&b, &model, NULL), AE_OK);
  AeTensor in[2] = { { .type = AE_F32, .shape = ae_shape (2, 5, 64) },
    { .type = AE_F32, .shape = ae_shape (2, 5, 64) } };
  AeTape *tape = make_input_tape (model, in, 2, 3);
  for (int round = 0; round < 2; round++) {
    weighted_sum (tape, true);
    const float *dx = ae_tape_input_grad (tape, 0)->data;
    for (int i = 0; i < 5 * 64; i++)
      ck_assert_float_eq (dx[i], 0);
  }
  ae_tape_free (&tape);
  ae_model_unref (&model);
}
END_TEST

/* Of a model without parameters, too; and one that cannot be had is refused. */
START_TEST (test_gradients_of_inputs_without_parameters)
{
  AeBuilder b;
  AeError err;
  AeModel *model;
  ae_builder_start (&b, 4);
  int x = ae_build_input (&b, "x", ae_shape (2, -1, 4));
  AeAttrs fmod = { 0 };
  ae_attrs_set_int (&fmod, "fmod", 1);
  int args[2] = { x, ae_build_scalar (&b, 2) };
  ae_build_output (&b,
      _i ? ae_build_node (&b, "Mod", &fmod, args, 2)
         : ae_build_unary (&b, "Tanh", x),
      "y");
  ae_attrs_clear (&fmod);
  ck_assert_int_eq (ae_builder_end (&b, &model, NULL), AE_OK);
  AeTensor in = { .type = AE_F32, .shape = ae_shape (2, 5, 4) };
  if (_i == 0) {
    AeTape *tape = make_input_tape (model, &in, 1, 1);
    weighted_sum (tape, true);
    check_input (tape, 0);
    ae_tape_free (&tape);
  } else {
    AeTape *tape;
    ck_assert_int_eq (
        ae_tape_new (&tape, model, 1, AE_PRECISION_F32, NULL), AE_OK);
    ae_tape_want_input_grad (tape, 0);
    ck_assert_int_eq (
        ae_tape_bind (tape, &in, 1, &err), AE_ERROR_UNSUPPORTED);
    ck_assert_ptr_nonnull (strstr (err.text, "Mod"));
    ae_tape_free (&tape);
  }
  ae_model_unref (&model);
}
END_TEST

START_TEST (test_export_keeps_names_and_takes_weights)
{
  AeModel *model = make_dense_model (), *copy;
  AeTensor in = { AE_F32, AE_LAYOUT_PLAIN, ae_shape (2, 5, 3), NULL };
  AeTape *tape = make_tape (model, &in, 1);
  const char *meta[] = { "ae.note", "changed" };
  ck_assert_int_eq (
      ae_tape_export (tape, NULL, NULL, 0, &copy, NULL), AE_OK);
  ck_assert_str_eq (ae_model_id (copy), ae_model_id (model));
  ae_model_unref (&copy);
  ae_tape_params (tape)[0] += 1;
  ck_assert_int_eq (ae_tape_export (tape, NULL, meta, 1, &copy, NULL), AE_OK);
  ck_assert_str_ne (ae_model_id (copy), ae_model_id (model));
  ck_assert_str_eq (ae_model_meta (copy, "ae.note"), "changed");
  const AeGraph *graph = ae_model_graph (copy);
  int v = ae_graph_find (graph, "first.weight");
  ck_assert_float_eq (((float *) graph->values[v].constant->data)[0],
      ae_tape_params (tape)[0]);
  ae_model_unref (&copy);
  ae_tape_free (&tape);
  ae_model_unref (&model);
}
END_TEST

static Suite *
tape_suite (void)
{
  Suite *suite = suite_create ("tape");
  TCase *tcase = tcase_create ("tape");
  tcase_add_test (tcase, test_gradients_of_a_dense_graph);
  tcase_add_test (tcase, test_gradients_of_a_convolutional_graph);
  tcase_add_test (
      tcase, test_gradients_of_kernels_as_large_as_the_picture);
  tcase_add_test (tcase, test_gradients_of_a_residual_of_the_input);
  tcase_add_test (tcase, test_gradients_add_up_and_threads_do_not_matter);
  tcase_add_loop_test (tcase, test_gradients_of_inputs, 0, 4);
  tcase_add_test (tcase, test_gradients_are_passed_on_without_learning);
  tcase_add_test (tcase, test_inputs_without_effect_have_gradient_zero);
  tcase_add_loop_test (
      tcase, test_gradients_of_inputs_without_parameters, 0, 2);
  tcase_add_test (tcase, test_export_keeps_names_and_takes_weights);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (tape_suite)
