/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include <ae/session.h>

#include "graph/build.h"
#include "util/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Every form that may be made of bf16: from few plain channels, of stride 2,
 * transposed, with a residual, to few channels. */
static AeModel *
small_unet (void)
{
  AeBuilder b;
  ae_builder_start (&b, 3);
  int x = ae_build_input (&b, "x", ae_shape (4, 1, 13, 37, 50));
  AeConvSpec head = { .ic = 13, .oc = 32, .kernel = 3, .gain = 1 };
  AeConvSpec half = { .ic = 32, .oc = 48, .kernel = 2, .stride = 2, .gain = 1 };
  AeConvSpec body = { .ic = 48, .oc = 48, .kernel = 3, .gain = 1 };
  AeConvSpec up = { .ic = 48, .oc = 32, .kernel = 2, .stride = 2, .gain = 1 };
  AeConvSpec tail = { .ic = 32, .oc = 5, .kernel = 3, .gain = 1 };
  x = ae_build_unary (&b, "Relu", ae_build_conv (&b, x, head, "head"));
  x = ae_build_unary (&b, "LeakyRelu", ae_build_conv (&b, x, half, "half"));
  int y = ae_build_unary (&b, "Relu", ae_build_conv (&b, x, body, "body"));
  y = ae_build_binary (&b, "Add", ae_build_conv (&b, y, body, "more"), x);
  y = ae_build_unary (&b, "Relu", ae_build_conv_transpose (&b, y, up, "up"));
  ae_build_output (&b, ae_build_conv (&b, y, tail, "tail"), "y");
  AeModel *model;
  AeError err;
  ck_assert_msg (ae_builder_end (&b, &model, &err) == AE_OK, "%s", err.text);
  return model;
}

/* What stands between convolutions: pooling, with a border and without, and
 * joined channels of which the last are no whole block. */
static AeModel *
pooling_unet (void)
{
  AeBuilder b;
  ae_builder_start (&b, 4);
  int x = ae_build_input (&b, "x", ae_shape (4, 2, 12, 27, 38));
  AeConvSpec head = { .ic = 12, .oc = 24, .kernel = 3, .gain = 1 };
  AeConvSpec body = { .ic = 24, .oc = 40, .kernel = 3, .gain = 1 };
  AeConvSpec up = { .ic = 40, .oc = 16, .kernel = 3, .gain = 1 };
  AeConvSpec join = { .ic = 56, .oc = 33, .kernel = 3, .gain = 1 };
  AeConvSpec tail = { .ic = 33, .oc = 40, .kernel = 3, .gain = 1 };
  x = ae_build_unary (&b, "LeakyRelu", ae_build_conv (&b, x, head, "head"));
  AeAttrs attrs = { 0 };
  ae_attrs_set_ints (&attrs, "kernel_shape", (int64_t[]){ 3, 3 }, 2);
  ae_attrs_set_ints (&attrs, "pads", (int64_t[]){ 1, 1, 1, 1 }, 4);
  int pooled = ae_build_node (&b, "MaxPool", &attrs, &x, 1);
  int y = ae_build_unary (
      &b, "Relu", ae_build_conv (&b, pooled, body, "body"));
  int z = ae_build_conv (&b, y, up, "up");
  y = ae_build_concat (&b, (int[]){ z, y }, 2, 1);
  y = ae_build_conv (&b, y, join, "join");
  ae_attrs_set_ints (&attrs, "kernel_shape", (int64_t[]){ 2, 2 }, 2);
  ae_attrs_set_ints (&attrs, "strides", (int64_t[]){ 2, 2 }, 2);
  y = ae_build_node (&b, "MaxPool", &attrs, &y, 1);
  ae_build_output (&b, ae_build_conv (&b, y, tail, "tail"), "y");
  AeModel *model;
  AeError err;
  ck_assert_msg (ae_builder_end (&b, &model, &err) == AE_OK, "%s", err.text);
  return model;
}

static AeModel *(*const make[]) (void) = { small_unet, pooling_unet };

/* The output for the same input, to be freed. */
static float *
run_with (AeModel *model, AeSessionOptions options, size_t *n, int *n_pixels)
{
  AeSession *s;
  AeRng rng;
  AeTensor in = { AE_F32, AE_LAYOUT_PLAIN, ae_model_input_shape (model, 0),
    NULL };
  ae_rng_seed (&rng, 5);
  ck_assert_int_eq (ae_session_new (&s, model, &options, NULL), AE_OK);
  ck_assert_int_eq (ae_session_bind (s, &in, 1, NULL), AE_OK);
  AeTensor *x = ae_session_input (s, 0);
  for (size_t i = 0; i < ae_shape_count (&x->shape); i++)
    ((float *) x->data)[i] = ae_rng_normal (&rng);
  ae_session_run (s);
  const AeTensor *y = ae_session_output (s, 0);
  *n_pixels = 0;
  for (size_t i = 0; i < ae_session_info (s).n_steps; i++)
    *n_pixels += ae_session_step (s, i).out_layout == AE_LAYOUT_PIXELS;
  *n = ae_shape_count (&y->shape);
  float *copy = malloc (*n * sizeof *copy);
  memcpy (copy, y->data, *n * sizeof *copy);
  ae_session_free (&s);
  return copy;
}

static float *
run (AeModel *model, AePrecision precision, int n_threads, size_t *n)
{
  int n_pixels;
  AeSessionOptions options
      = { .precision = precision, .n_threads = n_threads };
  return run_with (model, options, n, &n_pixels);
}

/* Where there are no kernels for bf16, auto is f32 to the bit. Where there are,
 * results differ: each of six convolutions rounds both operands to 8 bits,
 * which leaves 46 dB. */
START_TEST (test_auto_is_close_to_f32)
{
  AeModel *model = make[_i]();
  size_t n;
  float *f32 = run (model, AE_PRECISION_F32, 2, &n);
  float *other = run (model, AE_PRECISION_AUTO, 2, &n);
  double signal = 0, error = 0;
  for (size_t i = 0; i < n; i++) {
    signal += (double) f32[i] * f32[i];
    error += ((double) f32[i] - other[i]) * ((double) f32[i] - other[i]);
  }
  bool bf16;
  ck_assert_int_eq (
      ae_precision_is_bf16 (AE_PRECISION_AUTO, &bf16, NULL), AE_OK);
  ck_assert (bf16 == (ae_cpu_level () == AE_CPU_AMX));
  ck_assert_double_lt (error, signal * 1e-4);
  ck_assert (bf16 == (error > 0));
  free (f32);
  free (other);
  ae_model_unref (&model);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_threads_give_the_same_bits)
{
  AeModel *model = make[_i]();
  size_t n;
  float *one = run (model, AE_PRECISION_AUTO, 1, &n);
  float *three = run (model, AE_PRECISION_AUTO, 3, &n);
  ck_assert_mem_eq (one, three, n * sizeof *one);
  free (one);
  free (three);
  ae_model_unref (&model);
}
END_TEST

/* Only what an output is made from, and what few plain channels are, is not
 * kept in bf16. */
START_TEST (test_activations_lie_as_pixels)
{
  AeModel *model = make[_i]();
  size_t n;
  int n_pixels;
  AeSessionOptions options = { .n_threads = 2 };
  free (run_with (model, options, &n, &n_pixels));
  ck_assert_int_eq (n_pixels, 0);
  options.precision = AE_PRECISION_AUTO;
  free (run_with (model, options, &n, &n_pixels));
  ck_assert_int_eq (
      n_pixels, ae_cpu_level () == AE_CPU_AMX ? (_i == 0 ? 5 : 7) : 0);
  ae_model_unref (&model);
}
END_TEST

START_TEST (test_strips_give_the_same_bits)
{
  AeModel *model = make[_i]();
  size_t n;
  int n_pixels;
  AeSessionOptions options
      = { .precision = AE_PRECISION_AUTO, .strips = AE_STRIPS_NEVER };
  float *whole = run_with (model, options, &n, &n_pixels);
  options.strips = AE_STRIPS_ALWAYS;
  float *strips = run_with (model, options, &n, &n_pixels);
  ck_assert_mem_eq (whole, strips, n * sizeof *whole);
  free (whole);
  free (strips);
  ae_model_unref (&model);
}
END_TEST

/* In a process of its own: the level is chosen once. */
START_TEST (test_bf16_without_its_kernels_is_refused)
{
  setenv ("AE_CPU", "avx2", 1);
  AeModel *model = small_unet ();
  AeSessionOptions options = { .precision = AE_PRECISION_BF16 };
  AeSession *s;
  AeError err = { 0 };
  ck_assert_int_eq (
      ae_session_new (&s, model, &options, &err), AE_ERROR_UNSUPPORTED);
  ck_assert_ptr_null (s);
  ck_assert_msg (strstr (err.text, "precision bf16 wants AMX")
          && strstr (err.text, ae_cpu_level_name (ae_cpu_level ())),
      "%s", err.text);
  ae_model_unref (&model);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

static Suite *
precision_suite (void)
{
  Suite *suite = suite_create ("precision");
  TCase *tcase = tcase_create ("precision");
  tcase_add_loop_test (tcase, test_auto_is_close_to_f32, 0, 2);
  tcase_add_loop_test (tcase, test_threads_give_the_same_bits, 0, 2);
  tcase_add_loop_test (tcase, test_activations_lie_as_pixels, 0, 2);
  tcase_add_loop_test (tcase, test_strips_give_the_same_bits, 0, 2);
  tcase_add_test (tcase, test_bf16_without_its_kernels_is_refused);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (precision_suite)
