/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What well-formed files become, and what the reader says about files that
 * are well-formed protobuf but no model of ours. */
#include "ae_test.h"
#include "onnx_expect.h"

#include "graph/model.h"
#include "onnx/writer.h"
#include "util/mem.h"

#include <stdio.h>
#include <string.h>

static const AeValue *
value_of (const AeModel *model, const char *name)
{
  const AeGraph *graph = ae_model_graph (model);
  int index = ae_graph_find (graph, name);
  ck_assert_int_ge (index, 0);
  return &graph->values[index];
}

START_TEST (test_inputs_outputs_and_open_dimensions)
{
  OnnxMake m;
  onnx_make_start (&m);
  onnx_make_input (&m, "x", 1, 3, (int64_t[]){ -1, 3, -7 });
  onnx_make_input (&m, "unranked", 7, -1, NULL);
  onnx_make_node (&m, "Identity", "x", "y");
  onnx_make_output (&m, "y", 1);
  onnx_make_meta (&m, "ae.task", "denoise");
  AeModel *model = onnx_must_parse (&m);
  ck_assert_uint_eq (ae_model_n_inputs (model), 2);
  AeShape shape = ae_model_input_shape (model, 0);
  ck_assert_int_eq (shape.rank, 3);
  ck_assert_int_eq (shape.dim[0], -1);
  ck_assert_int_eq (shape.dim[1], 3);
  ck_assert_int_eq (shape.dim[2], -1);
  ck_assert_int_eq (ae_model_input_type (model, 1), AE_I64);
  ck_assert_int_eq (ae_model_input_shape (model, 1).rank, -1);
  ck_assert_str_eq (ae_model_meta (model, "ae.task"), "denoise");
  ae_model_unref (&model);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

static void
check_dim_names (const AeModel *model)
{
  AeShape shape = ae_model_input_shape (model, 0);
  AeShape wanted = ae_shape (4, -1, 3, -1, -1);
  ck_assert (ae_shape_equal (&shape, &wanted));
  ck_assert_str_eq (ae_model_input_dim_name (model, 0, 0), "batch");
  ck_assert_str_eq (ae_model_input_dim_name (model, 0, 1), "");
  ck_assert_str_eq (ae_model_input_dim_name (model, 0, 2), "height");
  ck_assert_str_eq (ae_model_input_dim_name (model, 0, 3), "");
  ck_assert_str_eq (ae_model_input_dim_name (model, 0, 8), "");
  ck_assert_str_eq (ae_model_input_dim_name (model, 0, -1), "");
  ck_assert_str_eq (ae_model_input_dim_name (model, 1, 0), "");
  ck_assert_str_eq (ae_model_output_dim_name (model, 0, 1), "width");
  ck_assert_str_eq (ae_model_output_dim_name (model, 1, 2), "height");
}

/* Through reading, copying and writing. */
START_TEST (test_names_of_dimensions_are_kept)
{
  OnnxMake m;
  AeModel *copy, *back;
  AeError err = { 0 };
  void *bytes;
  size_t size;
  onnx_make_start (&m);
  onnx_make_named_input (&m, "x", "batch 3 height -");
  onnx_make_input (&m, "plain", 1, 1, (int64_t[]){ -1 });
  onnx_make_node (&m, "Flatten", "x", "y");
  OnnxValue *y = onnx_make_output (&m, "y", 1);
  OnnxMake other;
  onnx_make_start (&other);
  y->type = onnx_make_named_input (&other, "y", "- width")->type;
  onnx_make_output (&m, "x", 1);
  AeModel *model = onnx_must_parse (&m);
  check_dim_names (model);
  ck_assert_int_eq (ae_model_copy (&copy, model, NULL), AE_OK);
  ck_assert_int_eq (ae_model_seal (copy, NULL), AE_OK);
  ck_assert_int_eq (ae_model_serialize (copy, &bytes, &size, &err), AE_OK);
  ck_assert_int_eq (ae_model_parse (&back, bytes, size, &err), AE_OK);
  check_dim_names (back);
  ck_assert_str_eq (ae_model_id (model), ae_model_id (back));
  ae_model_unref (&model);
  ae_model_unref (&copy);
  ae_model_unref (&back);
  ae_free (bytes);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_input_with_default_is_an_initializer)
{
  static const float w[6] = { 1, 2, 3, 4, 5, 6 };
  OnnxMake m;
  onnx_make_identity (&m);
  m.model.ir_version = 3;
  onnx_make_input (&m, "w", 1, 2, (int64_t[]){ 2, 3 });
  onnx_make_initializer (
      &m, "w", 1, 2, (int64_t[]){ 2, 3 }, w, sizeof w);
  AeModel *model = onnx_must_parse (&m);
  ck_assert_uint_eq (ae_model_n_inputs (model), 1);
  ck_assert_uint_eq (ae_model_n_params (model), 6);
  ck_assert (value_of (model, "w")->trainable);
  ae_model_unref (&model);
}
END_TEST

START_TEST (test_nodes_may_stand_in_any_order)
{
  OnnxMake m;
  onnx_make_start (&m);
  onnx_make_input (&m, "x", 1, 1, (int64_t[]){ 4 });
  onnx_make_node (&m, "Identity", "b", "y");
  onnx_make_node (&m, "Identity", "x", "a");
  onnx_make_node (&m, "Identity", "a", "b");
  onnx_make_output (&m, "y", 1);
  AeModel *model = onnx_must_parse (&m);
  const AeGraph *graph = ae_model_graph (model);
  ck_assert_str_eq (graph->values[graph->nodes[2].out[0]].name, "y");
  ae_model_unref (&model);
}
END_TEST

START_TEST (test_frozen_constants_are_not_trainable)
{
  static const float w[1] = { 1 };
  OnnxMake m;
  onnx_make_identity (&m);
  onnx_make_initializer (&m, "a,b", 1, 1, (int64_t[]){ 1 }, w, 4);
  onnx_make_initializer (&m, "c\\", 1, 1, (int64_t[]){ 1 }, w, 4);
  onnx_make_initializer (&m, "free", 1, 1, (int64_t[]){ 1 }, w, 4);
  onnx_make_meta (&m, "ae.frozen", "a\\,b,c\\\\,unknown");
  AeModel *model = onnx_must_parse (&m);
  ck_assert (!value_of (model, "a,b")->trainable);
  ck_assert (!value_of (model, "c\\")->trainable);
  ck_assert (value_of (model, "free")->trainable);
  ck_assert_ptr_null (ae_model_meta (model, "ae.frozen"));
  ae_model_unref (&model);
}
END_TEST

/* Each element type from its typed field: 3 elements 0, 1 and the largest
 * value that the narrow types hold. */
typedef struct {
  int type;
  double last;
} TypeCase;

static const TypeCase type_cases[] = { { AE_F32, 0.5 }, { AE_F64, 0.25 },
  { AE_U8, 255 }, { AE_I8, -128 }, { AE_U16, 65535 }, { AE_I16, -32768 },
  { AE_I32, -2147483648.0 }, { AE_I64, -9e15 }, { AE_BOOL, 1 },
  { AE_F16, 1.5 }, { AE_BF16, -2 }, { AE_U32, 4294967295.0 },
  { AE_U64, 9e15 } };

static void
fill_typed (OnnxTensor *t, const TypeCase *c, void *store)
{
  float *f = store;
  double *d = store;
  int32_t *i = store;
  int64_t *l = store;
  for (int k = 0; k < 3; k++) {
    double v = k < 2 ? k : c->last;
    if (c->type == AE_F32)
      f[k] = (float) v;
    else if (c->type == AE_F64)
      d[k] = v;
    else if (c->type == AE_F16)
      i[k] = ae_f32_to_f16 ((float) v);
    else if (c->type == AE_BF16)
      i[k] = ae_f32_to_bf16 ((float) v);
    else if (c->type == AE_I64 || c->type == AE_U64 || c->type == AE_U32)
      l[k] = (int64_t) v;
    else
      i[k] = (int32_t) v;
  }
  bool is_long = c->type == AE_U64 || c->type == AE_U32;
  t->n_float_data = c->type == AE_F32 ? 3 : 0;
  t->float_data = f;
  t->n_double_data = c->type == AE_F64 ? 3 : 0;
  t->double_data = d;
  t->n_int64_data = c->type == AE_I64 ? 3 : 0;
  t->int64_data = l;
  t->n_uint64_data = is_long ? 3 : 0;
  t->uint64_data = (uint64_t *) l;
  t->n_int32_data = 3 - t->n_float_data - t->n_double_data - t->n_int64_data
      - t->n_uint64_data;
  t->int32_data = i;
}

START_TEST (test_typed_fields_hold_every_element_type)
{
  const TypeCase *c = &type_cases[_i];
  int64_t store[3];
  OnnxMake m;
  onnx_make_identity (&m);
  OnnxTensor *t = onnx_make_initializer (
      &m, "t", c->type, 1, (int64_t[]){ 3 }, NULL, 0);
  fill_typed (t, c, store);
  AeModel *model = onnx_must_parse (&m);
  const AeTensor *tensor = value_of (model, "t")->constant;
  ck_assert_int_eq (tensor->type, c->type);
  for (int k = 0; k < 3; k++)
    ck_assert_double_eq (
        ae_tensor_get (tensor, (size_t) k), k < 2 ? k : c->last);
  ae_model_unref (&model);
}
END_TEST

START_TEST (test_raw_bools_are_zero_or_one)
{
  OnnxMake m;
  onnx_make_identity (&m);
  onnx_make_initializer (&m, "t", AE_BOOL, 1, (int64_t[]){ 3 }, "\0\1\7", 3);
  AeModel *model = onnx_must_parse (&m);
  ck_assert_mem_eq (value_of (model, "t")->constant->data, "\0\1\1", 3);
  ae_model_unref (&model);
}
END_TEST

START_TEST (test_unsupported_operator_is_named_with_node_and_opset)
{
  OnnxMake m;
  onnx_make_identity (&m);
  m.node[0].op_type = (char *) "Einsum";
  m.node[0].name = (char *) "my_node";
  onnx_must_refuse (&m, AE_ERROR_UNSUPPORTED, "Einsum|my_node|17|ai.onnx");
  m.node[0].op_type = (char *) "If";
  onnx_must_refuse (&m, AE_ERROR_UNSUPPORTED, "operator If|my_node");
  m.node[0].op_type = NULL;
  onnx_must_refuse (&m, AE_ERROR_FORMAT, "no operator|my_node");
  /* Unnamed nodes go by their output. */
  m.node[0].op_type = (char *) "Einsum";
  m.node[0].name = NULL;
  onnx_must_refuse (&m, AE_ERROR_UNSUPPORTED, "Einsum|'y'");
}
END_TEST

START_TEST (test_foreign_domain_is_refused_only_when_used)
{
  OnnxMake m;
  OnnxOpset foreign = ONNX_OPSET__INIT;
  onnx_make_identity (&m);
  foreign.domain = (char *) "com.example";
  foreign.has_version = true;
  foreign.version = 3;
  OnnxOpset *both[2] = { &m.opset[0], &foreign };
  m.model.opset_import = both;
  m.model.n_opset_import = 2;
  AeModel *model = onnx_must_parse (&m);
  ae_model_unref (&model);
  m.node[0].domain = (char *) "com.example";
  onnx_must_refuse (&m, AE_ERROR_UNSUPPORTED, "Identity|com.example|3");
  m.node[0].domain = (char *) "ai.onnx";
  model = onnx_must_parse (&m);
  ae_model_unref (&model);
}
END_TEST

START_TEST (test_versions_are_checked)
{
  OnnxMake m;
  onnx_make_identity (&m);
  m.opset[0].version = 999;
  onnx_must_refuse (&m, AE_ERROR_UNSUPPORTED, "opset 999");
  m.opset[0].version = 0;
  onnx_must_refuse (&m, AE_ERROR_UNSUPPORTED, "opset 0");
  m.opset[0].version = 17;
  m.model.ir_version = 99;
  onnx_must_refuse (&m, AE_ERROR_UNSUPPORTED, "ir_version is 99");
  m.model.has_ir_version = false;
  onnx_must_refuse (&m, AE_ERROR_FORMAT, "ir_version|no ONNX model");
  m.model.has_ir_version = true;
  m.model.ir_version = 8;
  m.model.n_opset_import = 0;
  onnx_must_refuse (&m, AE_ERROR_FORMAT, "opset");
}
END_TEST

START_TEST (test_attributes_we_cannot_hold_are_refused)
{
  OnnxMake m;
  onnx_make_identity (&m);
  OnnxAttribute *attr = onnx_make_attr (&m.node[0], "body", 5);
  attr->has_g = true;
  onnx_must_refuse (&m, AE_ERROR_UNSUPPORTED, "Identity|'y'|body|a graph");
  attr->type = 11;
  onnx_must_refuse (&m, AE_ERROR_UNSUPPORTED, "body|sparse tensor");
  attr->type = 77;
  onnx_must_refuse (&m, AE_ERROR_UNSUPPORTED, "body|77");
  attr->type = 3;
  attr->has_s = true;
  attr->s = (ProtobufCBinaryData){ 3, (uint8_t *) "a\0b" };
  onnx_must_refuse (&m, AE_ERROR_FORMAT, "body|zero byte");
  attr->s.len = 1;
  onnx_make_attr (&m.node[0], "body", 3);
  onnx_must_refuse (&m, AE_ERROR_FORMAT, "body|twice");
  m.node[0].n_attribute = 1;
  attr->name = NULL;
  onnx_must_refuse (&m, AE_ERROR_FORMAT, "no name");
  attr->name = (char *) "t";
  attr->type = 4;
  attr->has_t = true;
  attr->t = (ProtobufCBinaryData){ 3, (uint8_t *) "\xff\xff\xff" };
  onnx_must_refuse (&m, AE_ERROR_FORMAT, "'t'|malformed");
}
END_TEST

START_TEST (test_wiring_mistakes_are_named)
{
  OnnxMake m;
  onnx_make_identity (&m);
  onnx_make_node (&m, "Identity", "x", "y");
  onnx_must_refuse (&m, AE_ERROR_FORMAT, "'y'|made twice");
  onnx_make_identity (&m);
  onnx_make_node (&m, "Identity", "nothing", "z");
  onnx_must_refuse (&m, AE_ERROR_FORMAT, "'nothing'|nothing makes|Identity");
  onnx_make_identity (&m);
  onnx_make_output (&m, "nowhere", 1);
  onnx_must_refuse (&m, AE_ERROR_FORMAT, "'nowhere'|not made");
  onnx_make_identity (&m);
  onnx_make_node (&m, "Identity", "q", "p");
  onnx_make_node (&m, "Identity", "p", "q");
  onnx_must_refuse (&m, AE_ERROR_FORMAT, "cycle");
  onnx_make_identity (&m);
  onnx_make_input (&m, "x", 1, 0, NULL);
  onnx_must_refuse (&m, AE_ERROR_FORMAT, "'x'|made twice");
  onnx_make_identity (&m);
  onnx_make_node (&m, "Identity", "x", "x");
  onnx_must_refuse (&m, AE_ERROR_FORMAT, "'x'|made twice");
  onnx_make_identity (&m);
  m.graph.n_output = 0;
  onnx_must_refuse (&m, AE_ERROR_FORMAT, "no output");
  onnx_make_identity (&m);
  m.input[0].name = NULL;
  onnx_must_refuse (&m, AE_ERROR_FORMAT, "input 0|no name");
  onnx_make_identity (&m);
  m.node[0].n_input = 0;
  onnx_must_refuse (&m, AE_ERROR_FORMAT, "Identity|0 inputs");
  onnx_make_identity (&m);
  m.node[0].output[0] = (char *) "";
  m.graph.n_output = 0;
  onnx_must_refuse (&m, AE_ERROR_FORMAT, "Identity|lacks its output 0");
  onnx_make_identity (&m);
  onnx_make_node (&m, "Concat", "x - x", "z");
  onnx_must_refuse (&m, AE_ERROR_FORMAT, "Concat|lacks its input 1");
}
END_TEST

START_TEST (test_inputs_of_a_node_are_bounded)
{
  static char *names[65537];
  OnnxMake m;
  onnx_make_identity (&m);
  for (int i = 0; i < 65537; i++)
    names[i] = (char *) "x";
  OnnxNode *sum = onnx_make_node (&m, "Sum", "", "z");
  sum->input = names;
  sum->n_input = 65536;
  AeModel *model = onnx_must_parse (&m);
  ck_assert_int_eq (ae_model_graph (model)->nodes[1].n_in, 65536);
  ae_model_unref (&model);
  sum->n_input++;
  onnx_must_refuse (&m, AE_ERROR_LIMIT, "Sum|'z'|65537 inputs|65536");
}
END_TEST

START_TEST (test_types_of_inputs_are_checked)
{
  OnnxMake m;
  onnx_make_identity (&m);
  m.input[0].has_type = false;
  onnx_must_refuse (&m, AE_ERROR_FORMAT, "'x'|no type");
  onnx_make_identity (&m);
  OnnxType type = ONNX_TYPE__INIT;
  type.has_sequence_type = true;
  m.input[0].type = onnx_make_bytes (&type.base);
  onnx_must_refuse (&m, AE_ERROR_UNSUPPORTED, "'x'|a sequence|tensor");
  onnx_make_start (&m);
  onnx_make_input (&m, "x", 8, 0, NULL);
  onnx_must_refuse (&m, AE_ERROR_UNSUPPORTED, "'x'|string");
  onnx_make_start (&m);
  onnx_make_input (&m, "x", 1, 9, (int64_t[9]){ 0 });
  onnx_must_refuse (&m, AE_ERROR_LIMIT, "'x'|rank is 9");
  onnx_make_start (&m);
  onnx_make_input (&m, "x", 1, 1, (int64_t[]){ INT64_MAX });
  onnx_must_refuse (&m, AE_ERROR_LIMIT, "'x'|9223372036854775807");
}
END_TEST

START_TEST (test_declared_sizes_are_compared_with_the_data)
{
  static const float w[4];
  OnnxMake m;
  onnx_make_identity (&m);
  OnnxTensor *t = onnx_make_initializer (
      &m, "w", 1, 2, (int64_t[]){ 2, 2 }, w, 15);
  onnx_must_refuse (&m, AE_ERROR_FORMAT, "'w'|15 bytes|16|2x2");
  t->raw_data.len = 16;
  t->dims[0] = 1 << 20;
  onnx_must_refuse (&m, AE_ERROR_FORMAT, "'w'|16 bytes");
  t->dims[0] = -1;
  onnx_must_refuse (&m, AE_ERROR_SHAPE, "'w'|-1");
  t->dims[0] = t->dims[1] = INT64_MAX / 2;
  onnx_must_refuse (&m, AE_ERROR_LIMIT, "'w'");
  t->dims[1] = 0;
  onnx_must_refuse (&m, AE_ERROR_LIMIT, "'w'");
  t->dims[0] = t->dims[1] = 2;
  t->n_float_data = 3;
  t->float_data = (float *) w;
  t->has_raw_data = false;
  onnx_must_refuse (&m, AE_ERROR_FORMAT, "'w'|3 elements|4");
  t->n_float_data = 0;
  onnx_must_refuse (&m, AE_ERROR_FORMAT, "'w'|0 elements|4");
  t->data_type = 8;
  onnx_must_refuse (&m, AE_ERROR_UNSUPPORTED, "'w'|string");
  t->data_type = 22;
  onnx_must_refuse (&m, AE_ERROR_UNSUPPORTED, "'w'|int4");
  t->data_type = 17;
  onnx_must_refuse (&m, AE_ERROR_UNSUPPORTED, "'w'|float8");
  t->data_type = -5;
  onnx_must_refuse (&m, AE_ERROR_UNSUPPORTED, "'w'|-5");
}
END_TEST

START_TEST (test_graph_must_be_there_once)
{
  OnnxMake m;
  size_t size;
  onnx_make_identity (&m);
  unsigned char *bytes = onnx_make_pack (&m, &size);
  size_t head = onnx_model__get_packed_size (&m.model);
  unsigned char *twice = malloc (2 * size);
  memcpy (twice, bytes, size);
  memcpy (twice + size, bytes + head, size - head);
  AeModel *model;
  AeError err;
  ck_assert_int_eq (ae_model_parse (&model, twice, 2 * size - head, &err),
      AE_ERROR_FORMAT);
  ck_assert_ptr_nonnull (strstr (err.text, "2 graphs"));
  ck_assert_int_eq (
      ae_model_parse (&model, bytes, head, &err), AE_ERROR_FORMAT);
  ck_assert_ptr_nonnull (strstr (err.text, "0 graphs"));
  ck_assert_int_eq (
      ae_model_parse (&model, bytes, 0, &err), AE_ERROR_FORMAT);
  free (twice);
}
END_TEST

static Suite *
reader_suite (void)
{
  Suite *suite = suite_create ("reader");
  TCase *tc = tcase_create ("reader");
  tcase_add_test (tc, test_inputs_outputs_and_open_dimensions);
  tcase_add_test (tc, test_names_of_dimensions_are_kept);
  tcase_add_test (tc, test_input_with_default_is_an_initializer);
  tcase_add_test (tc, test_nodes_may_stand_in_any_order);
  tcase_add_test (tc, test_frozen_constants_are_not_trainable);
  tcase_add_loop_test (tc, test_typed_fields_hold_every_element_type, 0,
      sizeof type_cases / sizeof *type_cases);
  tcase_add_test (tc, test_raw_bools_are_zero_or_one);
  tcase_add_test (tc, test_unsupported_operator_is_named_with_node_and_opset);
  tcase_add_test (tc, test_foreign_domain_is_refused_only_when_used);
  tcase_add_test (tc, test_versions_are_checked);
  tcase_add_test (tc, test_attributes_we_cannot_hold_are_refused);
  tcase_add_test (tc, test_wiring_mistakes_are_named);
  tcase_add_test (tc, test_inputs_of_a_node_are_bounded);
  tcase_add_test (tc, test_types_of_inputs_are_checked);
  tcase_add_test (tc, test_declared_sizes_are_compared_with_the_data);
  tcase_add_test (tc, test_graph_must_be_there_once);
  suite_add_tcase (suite, tc);
  return suite;
}

AE_TEST_MAIN (reader_suite)
