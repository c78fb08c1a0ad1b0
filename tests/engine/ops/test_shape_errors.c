/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include "op_run.h"

#include <string.h>

/* Wrong uses of the operators that move elements: each is refused with the
 * status and with words that name what was found. */
typedef struct {
  const char *op;
  int opset;
  const char *attrs, *in;
  AeStatus status;
  const char *says;
  int n_out; /* 0 = 1 */
  int unknown; /* input whose values are not known before the run; 0 = none */
} Refused;

static const Refused refused[] = {
  { "Concat", 13, NULL, "2x3 2x3", AE_ERROR_ARGUMENT, "axis is missing" },
  { "Concat", 13, "axis=2", "2x3 2x3", AE_ERROR_SHAPE, "axis is 2" },
  { "Concat", 13, "axis=0", "2x3 2x4", AE_ERROR_SHAPE, "2x4" },
  { "Concat", 13, "axis=0", "2x3 i64:2x3", AE_ERROR_SHAPE, "i64" },
  { "Split", 13, NULL, "5 i64:2=2,2", AE_ERROR_SHAPE, "4 in all", 2 },
  { "Split", 13, NULL, "5 i64:2=6,-1", AE_ERROR_SHAPE, "size 6", 2 },
  { "Split", 13, NULL, "5", AE_ERROR_SHAPE, "wanted 5", 2 },
  { "Split", 18, "num_outputs=3", "5", AE_ERROR_ARGUMENT, "num_outputs", 2 },
  { "Slice", 13, NULL, "5 i64:1=0 i64:1=3 i64:1=0 i64:1=0",
      AE_ERROR_ARGUMENT, "step of axis 0" },
  { "Slice", 13, NULL, "5 i64:1=0 i64:2=3,4", AE_ERROR_SHAPE, "2 ends" },
  { "Slice", 13, NULL, "5x5 i64:2=0,0 i64:2=3,4 i64:2=0,-2", AE_ERROR_SHAPE,
      "twice" },
  { "Slice", 13, NULL, "5 i64:1=0 i64:1=3", AE_ERROR_NEEDS_DATA, "starts", 0,
      1 },
  { "Reshape", 13, NULL, "2x3 i64:2=4,-1", AE_ERROR_SHAPE, "6 elements" },
  { "Reshape", 13, NULL, "2x3 i64:2=-1,-1", AE_ERROR_SHAPE, "at most one" },
  { "Reshape", 13, NULL, "2x3 i64:2=2,4", AE_ERROR_SHAPE, "8 elements" },
  { "Reshape", 13, NULL, "2x3 i64:3=2,3,0", AE_ERROR_SHAPE, "axis 2" },
  { "Reshape", 13, NULL, "2x3 2=2,3", AE_ERROR_SHAPE, "f32" },
  { "Reshape", 13, NULL, "2x3 i64:2=3,2", AE_ERROR_NEEDS_DATA, "shape", 0,
      1 },
  { "Reshape", 13, NULL, "2x3 i64:9=1,1,1,1,1,1,1,2,3", AE_ERROR_LIMIT,
      "9 values" },
  { "Flatten", 13, "axis=3", "2x3", AE_ERROR_SHAPE, "axis is 3" },
  { "Squeeze", 13, NULL, "2x3 i64:1=0", AE_ERROR_SHAPE, "dimension 2" },
  { "Unsqueeze", 13, NULL, "2x3 i64:2=0,0", AE_ERROR_SHAPE, "twice" },
  { "Unsqueeze", 13, NULL, "2x3", AE_ERROR_ARGUMENT, "missing" },
  { "Transpose", 13, "perm=[0,0]", "2x3", AE_ERROR_SHAPE, "twice" },
  { "Transpose", 13, "perm=[0]", "2x3", AE_ERROR_SHAPE, "1 axes" },
  { "Expand", 13, NULL, "3 i64:1=2", AE_ERROR_SHAPE, "dimension 3" },
  { "Expand", 13, NULL, "1 i64:2=100000,100000", AE_ERROR_LIMIT,
      "100000x100000" },
  { "Tile", 13, NULL, "3 i64:1=-2", AE_ERROR_SHAPE, "-2" },
  { "Tile", 13, NULL, "3x4 i64:1=2", AE_ERROR_SHAPE, "1 values" },
  { "Gather", 13, NULL, "3 2=0,1", AE_ERROR_SHAPE, "f32" },
  { "Cast", 13, "to=17", "3", AE_ERROR_UNSUPPORTED, "17" },
  { "Constant", 13, "value_string='a'", "", AE_ERROR_UNSUPPORTED,
      "value_string" },
  { "DepthToSpace", 13, "blocksize=2", "1x6x2x2", AE_ERROR_SHAPE,
      "6 channels" },
  { "DepthToSpace", 13, "blocksize=0", "1x4x2x2", AE_ERROR_ARGUMENT,
      "blocksize is 0" },
  { "SpaceToDepth", 13, "blocksize=2", "1x6x3x2", AE_ERROR_SHAPE, "3 rows" },
  { "Pad", 13, NULL, "3 i64:1=1", AE_ERROR_SHAPE, "1 values" },
  { "Pad", 13, NULL, "3 i64:2=-2,-2", AE_ERROR_SHAPE, "-2" },
  { "Pad", 13, "mode=blur", "3 i64:2=1,1", AE_ERROR_ARGUMENT, "blur" },
  { "MaxPool", 13, NULL, "1x1x4", AE_ERROR_ARGUMENT, "kernel_shape" },
  { "MaxPool", 13, "kernel_shape=[2,2]", "1x1x4", AE_ERROR_SHAPE,
      "2 values" },
  { "MaxPool", 13, "kernel_shape=[5]", "1x1x4", AE_ERROR_SHAPE,
      "window of 5" },
  { "AveragePool", 13, "kernel_shape=[2] strides=[0]", "1x1x4",
      AE_ERROR_ARGUMENT, "value 0" },
  { "Resize", 13, NULL, "1x4 _ 2=1,-1", AE_ERROR_ARGUMENT, "-1" },
  { "Resize", 13, NULL, "1x4 _ 1=2", AE_ERROR_SHAPE, "1 scales" },
  { "Resize", 13, NULL, "1x4 _ 2=1,2", AE_ERROR_NEEDS_DATA, "scales", 0, 2 },
  { "Resize", 13, "mode=lanczos", "1x4 _ 2=1,2", AE_ERROR_UNSUPPORTED,
      "lanczos" },
  { "Resize", 13, "coordinate_transformation_mode=tf_crop_and_resize",
      "1x4 _ 2=1,2", AE_ERROR_ARGUMENT, "roi" },
  { "Resize", 13, NULL, "4 _ 1=1e20", AE_ERROR_LIMIT, "e+20" },
  { "Range", 11, NULL, "s=0 s=1 s=0", AE_ERROR_ARGUMENT, "delta is 0" },
  { "NonZero", 13, NULL, "1 ", AE_ERROR_NEEDS_DATA, "not zero", 0, -1 },
  { "TopK", 11, NULL, "3 i64:1=4", AE_ERROR_SHAPE, "k is 4" },
};

START_TEST (test_wrong_use_is_refused_in_clear_words)
{
  const Refused *r = &refused[_i];
  OpRun *run = op_run_new (r->op, r->opset, r->attrs);
  AeRng rng;
  ae_rng_seed (&rng, 3);
  op_run_add_text (run, r->in, &rng, -1, 1);
  AeTensor *hidden = r->unknown ? run->in[r->unknown < 0 ? 0 : r->unknown]
                                : NULL;
  void *data = hidden ? hidden->data : NULL;
  if (hidden)
    hidden->data = NULL;
  AeError err = { 0 };
  AeStatus status = op_run_infer (run, r->n_out ? r->n_out : 1, 0, &err);
  if (hidden)
    hidden->data = data;
  ck_assert_msg (status == r->status && strstr (err.text, r->says),
      "%s(%s): status %d \"%s\", wanted %d and \"%s\"", r->op, r->in,
      (int) status, err.text, (int) r->status, r->says);
  op_run_free (run);
}
END_TEST

START_TEST (test_constants_have_the_type_and_values_of_their_tensor)
{
  AeShape shape = ae_shape (1, 3);
  AeTensor *value = ae_tensor_new (AE_I16, &shape);
  for (size_t i = 0; i < 3; i++)
    ae_tensor_set (value, i, 10.0 * (double) i);
  OpRun *run = op_run_new ("Constant", 13, NULL);
  ck_assert (ae_attrs_set_tensor (&run->attrs, "value", value));
  ck_assert_int_eq (op_run_infer (run, 1, 0, NULL), AE_OK);
  op_run_forward (run);
  ck_assert_int_eq (run->out[0]->type, AE_I16);
  ck_assert_int_eq (ae_tensor_get_int (run->out[0], 2), 20);
  op_run_free (run);
}
END_TEST

START_TEST (test_constant_of_shape_repeats_its_value)
{
  AeShape one = ae_shape (1, 1);
  AeTensor *value = ae_tensor_new (AE_I32, &one);
  ae_tensor_set (value, 0, -7);
  OpRun *run = op_run_new ("ConstantOfShape", 9, NULL);
  ck_assert (ae_attrs_set_tensor (&run->attrs, "value", value));
  AeRng rng;
  ae_rng_seed (&rng, 3);
  op_run_add_text (run, "i64:2=2,3", &rng, 0, 1);
  ck_assert_int_eq (op_run_infer (run, 1, 0, NULL), AE_OK);
  op_run_forward (run);
  ck_assert_uint_eq (ae_shape_count (&run->out[0]->shape), 6);
  for (size_t i = 0; i < 6; i++)
    ck_assert_int_eq (ae_tensor_get_int (run->out[0], i), -7);
  op_run_free (run);
}
END_TEST

static Suite *
shape_errors_suite (void)
{
  Suite *suite = suite_create ("shape errors");
  TCase *tcase = tcase_create ("errors");
  tcase_add_loop_test (tcase, test_wrong_use_is_refused_in_clear_words, 0,
      sizeof refused / sizeof refused[0]);
  tcase_add_test (
      tcase, test_constants_have_the_type_and_values_of_their_tensor);
  tcase_add_test (tcase, test_constant_of_shape_repeats_its_value);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (shape_errors_suite)
