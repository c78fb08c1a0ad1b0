/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"
#include "ae_tmp.h"

#include "graph/build.h"
#include "onnx/writer.h"
#include "util/file.h"
#include "util/mem.h"

#include <math.h>
#include <string.h>

static char folder[64];

static void
setup (void)
{
  ae_tmp_make (folder);
}

static void
teardown (void)
{
  ae_tmp_remove (folder);
}

static void
add_constants (AeGraph *graph)
{
  static const AeType types[] = { AE_F32, AE_U8, AE_I8, AE_U16, AE_I16, AE_I32,
    AE_I64, AE_BOOL, AE_F16, AE_F64, AE_U32, AE_U64, AE_BF16 };
  for (size_t k = 0; k < sizeof types / sizeof *types; k++) {
    AeShape shape = ae_shape (2, 1, 3);
    AeTensor *tensor = ae_tensor_new (types[k], &shape);
    ae_tensor_set (tensor, 1, 1);
    char name[8];
    snprintf (name, sizeof name, "c%zu", k);
    int value = ae_graph_add_constant (graph, name, tensor);
    graph->values[value].trainable = types[k] == AE_F32;
  }
  AeShape scalar = { 0 }, empty = ae_shape (1, 0);
  ae_graph_add_constant (graph, "scalar, frozen",
      ae_tensor_new (AE_F32, &scalar));
  ae_graph_add_constant (graph, "empty", ae_tensor_new (AE_I64, &empty));
}

/* Identity nodes take any attribute: one of each kind. */
static AeAttrs
every_attribute (void)
{
  AeAttrs attrs = { 0 };
  AeShape shape = ae_shape (1, 2);
  AeTensor *tensor = ae_tensor_new (AE_I64, &shape);
  ae_tensor_set (tensor, 0, -5);
  ck_assert (ae_attrs_set_int (&attrs, "int", -3)
      && ae_attrs_set_float (&attrs, "float", 0.1f)
      && ae_attrs_set_string (&attrs, "string", "nearest")
      && ae_attrs_set_string (&attrs, "no_string", "")
      && ae_attrs_set_ints (
          &attrs, "ints", (int64_t[]){ INT64_MIN, 0, 300 }, 3)
      && ae_attrs_set_ints (&attrs, "no_ints", NULL, 0)
      && ae_attrs_set_floats (&attrs, "floats", (float[]){ -1, 2.5f }, 2)
      && ae_attrs_set_strings (
          &attrs, "strings", (const char *[]){ "a", "", "c" }, 3)
      && ae_attrs_set_tensor (&attrs, "tensor", tensor));
  return attrs;
}

/* x -> Identity -> y, and everything else that a file can hold. */
static AeModel *
make_model (float parameter)
{
  AeModel *model;
  ck_assert_int_eq (ae_model_new (&model, NULL), AE_OK);
  AeGraph *graph = ae_model_edit (model);
  graph->opset = 17;
  int x = ae_graph_add_value (graph, "x");
  graph->values[x].type = AE_F32;
  graph->values[x].shape = ae_shape (4, -1, 3, 480, -1);
  ae_graph_add_input (graph, x, NULL);
  add_constants (graph);
  ae_tensor_set (graph->values[ae_graph_find (graph, "c0")].constant, 2,
      (double) parameter);
  int y = ae_graph_add_value (graph, "y");
  AeAttrs attrs = every_attribute ();
  ae_graph_add_node (graph, ae_op_find ("", "Identity", 17), 17, "node",
      &attrs, &x, 1, &y, 1);
  ae_graph_add_output (graph, y, NULL);
  ae_graph_add_output (graph, ae_graph_find (graph, "c6"), NULL);
  ae_model_set_meta (model, "ae.task", "denoise", NULL);
  ae_model_set_meta (model, "empty", "", NULL);
  ck_assert_int_eq (ae_model_seal (model, NULL), AE_OK);
  return model;
}

static void
check_same_values (const AeModel *a, const AeModel *b)
{
  const AeGraph *g = ae_model_graph (a), *h = ae_model_graph (b);
  for (int i = 0; i < g->n_values; i++) {
    const AeValue *v = &g->values[i];
    int k = ae_graph_find (h, v->name);
    ck_assert_msg (k >= 0, "'%s' is lost", v->name);
    const AeValue *w = &h->values[k];
    ck_assert_int_eq (v->trainable, w->trainable);
    ck_assert_int_eq (v->constant != NULL, w->constant != NULL);
    if (!v->constant)
      continue;
    ck_assert_int_eq (v->type, w->type);
    ck_assert (ae_shape_equal (&v->shape, &w->shape));
    ck_assert_mem_eq (v->constant->data, w->constant->data,
        ae_tensor_bytes (v->constant));
  }
}

START_TEST (test_what_is_written_reads_back_equal)
{
  const char *path = ae_tmp_path (folder, "m.onnx");
  AeModel *model = make_model (0.25f), *back;
  AeError err = { 0 };
  ck_assert_int_eq (ae_model_save (model, path, &err), AE_OK);
  ck_assert_msg (ae_model_load (&back, path, &err) == AE_OK, "%s", err.text);
  ck_assert_str_eq (ae_model_id (model), ae_model_id (back));
  check_same_values (model, back);
  AeShape shape = ae_model_input_shape (back, 0);
  AeShape wanted = ae_shape (4, -1, 3, 480, -1);
  ck_assert (ae_shape_equal (&shape, &wanted));
  ck_assert_str_eq (ae_model_meta (back, "ae.task"), "denoise");
  ck_assert_str_eq (ae_model_meta (back, "empty"), "");
  ck_assert_uint_eq (ae_model_n_meta (back), 2);
  ck_assert_str_eq (ae_model_node_name (back, 0), "node");
  const AeAttrs *attrs = &ae_model_graph (back)->nodes[0].attrs;
  ck_assert_uint_eq (attrs->n, 9);
  ck_assert_str_eq (ae_attrs_string (attrs, "string", "?"), "nearest");
  size_t n;
  ck_assert_int_eq (ae_attrs_ints (attrs, "ints", &n)[0], INT64_MIN);
  ck_assert_int_eq (
      ae_tensor_get_int (ae_attrs_find (attrs, "tensor")->t, 0), -5);
  ae_model_unref (&model);
  ae_model_unref (&back);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_built_network_reads_back_equal)
{
  AeBuilder b;
  ae_builder_start (&b, 7);
  int x = ae_build_input (&b, "x", ae_shape (4, 1, 4, -1, -1));
  int parts[2] = { ae_build_depth_to_space (&b, x, 2),
    ae_build_depth_to_space (&b, x, 2) };
  ae_build_output (&b, ae_build_concat (&b, parts, 2, 1), "y");
  AeModel *model, *back;
  ck_assert_int_eq (ae_builder_end (&b, &model, NULL), AE_OK);
  void *bytes;
  size_t size;
  ck_assert_int_eq (ae_model_serialize (model, &bytes, &size, NULL), AE_OK);
  ck_assert_int_eq (ae_model_parse (&back, bytes, size, NULL), AE_OK);
  ck_assert_str_eq (ae_model_id (model), ae_model_id (back));
  ae_free (bytes);
  ae_model_unref (&model);
  ae_model_unref (&back);
}
END_TEST

/* Weights of two dimensions as half floats, all else as it is. */
START_TEST (test_half_floats_halve_the_weights)
{
  AeBuilder b;
  AeModel *model, *back, *again;
  void *bytes, *half_bytes, *same_bytes;
  size_t size, half_size, same_size;
  ae_builder_start (&b, 7);
  int x = ae_build_input (&b, "x", ae_shape (2, -1, 64));
  ae_build_output (&b, ae_build_dense (&b, x, 64, 128, 1, "layer"), "y");
  ck_assert_int_eq (ae_builder_end (&b, &model, NULL), AE_OK);
  ck_assert_int_eq (ae_model_serialize (model, &bytes, &size, NULL), AE_OK);
  AeModel *edited;
  ck_assert_int_eq (ae_model_copy (&edited, model, NULL), AE_OK);
  ae_model_set_meta (edited, "ae.weights", "float16", NULL);
  ck_assert_int_eq (ae_model_seal (edited, NULL), AE_OK);
  ck_assert_int_eq (
      ae_model_serialize (edited, &half_bytes, &half_size, NULL), AE_OK);
  ck_assert_uint_lt (half_size, size - 64 * 128 * 2 + 300);
  ck_assert_int_eq (
      ae_model_parse (&back, half_bytes, half_size, NULL), AE_OK);
  const AeGraph *g = ae_model_graph (model), *h = ae_model_graph (back);
  ck_assert_int_eq (g->n_nodes, h->n_nodes);
  int n_halved = 0;
  for (int i = 0; i < g->n_values; i++) {
    const AeValue *v = &g->values[i];
    if (!v->constant || v->type != AE_F32)
      continue;
    const AeValue *w = &h->values[ae_graph_find (h, v->name)];
    ck_assert (w->constant && w->type == AE_F32);
    ck_assert_int_eq (v->trainable, w->trainable);
    ck_assert (ae_shape_equal (&v->shape, &w->shape));
    const float *from = v->constant->data, *to = w->constant->data;
    bool exact = true;
    for (size_t k = 0; k < ae_shape_count (&v->shape); k++) {
      ck_assert_float_eq_tol (to[k], from[k], 6e-4f * fabsf (from[k]) + 1e-7f);
      exact &= to[k] == from[k];
    }
    n_halved += !exact;
  }
  ck_assert_int_eq (n_halved, 1);
  /* what was rounded once is written the same again */
  ck_assert_int_eq (
      ae_model_serialize (back, &same_bytes, &same_size, NULL), AE_OK);
  ck_assert_int_eq (
      ae_model_parse (&again, same_bytes, same_size, NULL), AE_OK);
  ck_assert_uint_eq (same_size, half_size);
  ck_assert_str_eq (ae_model_id (back), ae_model_id (again));
  AeModel *models[] = { model, edited, back, again };
  for (size_t i = 0; i < 4; i++)
    ae_model_unref (&models[i]);
  ae_free (bytes);
  ae_free (half_bytes);
  ae_free (same_bytes);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_equal_models_give_equal_bytes)
{
  AeModel *model = make_model (0.25f), *back;
  void *first, *second;
  size_t n, m;
  ck_assert_int_eq (ae_model_serialize (model, &first, &n, NULL), AE_OK);
  ck_assert_int_eq (ae_model_parse (&back, first, n, NULL), AE_OK);
  ck_assert_int_eq (ae_model_serialize (back, &second, &m, NULL), AE_OK);
  ck_assert_uint_eq (n, m);
  ck_assert_mem_eq (first, second, n);
  ae_free (first);
  ae_free (second);
  ae_model_unref (&model);
  ae_model_unref (&back);
}
END_TEST

/* No cut file may pass for a whole one. */
START_TEST (test_every_strict_prefix_is_refused)
{
  AeModel *model = make_model (0.25f), *back;
  void *bytes;
  size_t size;
  AeError err;
  ck_assert_int_eq (ae_model_serialize (model, &bytes, &size, NULL), AE_OK);
  long live = ae_mem_live ();
  for (size_t n = 0; n < size; n++) {
    /* A block of its own size: a sanitizer sees a read past the end. */
    void *cut = malloc (n ? n : 1);
    memcpy (cut, bytes, n);
    AeStatus status = ae_model_parse (&back, cut, n, &err);
    free (cut);
    ck_assert_msg (status == AE_ERROR_FORMAT, "%zu of %zu bytes: status %d", n,
        size, status);
    ck_assert_ptr_null (back);
    ck_assert_int_eq (ae_mem_live (), live);
  }
  ae_free (bytes);
  ae_model_unref (&model);
}
END_TEST

START_TEST (test_bad_numbers_are_not_saved)
{
  static const float bad[] = { NAN, INFINITY, -INFINITY };
  const char *path = ae_tmp_path (folder, "m.onnx");
  AeModel *good = make_model (1), *model = make_model (bad[_i]);
  AeError err = { 0 };
  ck_assert_int_eq (ae_model_save (good, path, NULL), AE_OK);
  ck_assert_int_eq (ae_model_save (model, path, &err), AE_ERROR_NUMERIC);
  ck_assert_ptr_nonnull (strstr (err.text, "'c0'"));
  ck_assert_ptr_nonnull (strstr (err.text, path));
  ck_assert_int_eq (ae_tmp_count (folder), 1);
  AeModel *old;
  ck_assert_int_eq (ae_model_load (&old, path, NULL), AE_OK);
  ck_assert_str_eq (ae_model_id (old), ae_model_id (good));
  ae_model_unref (&old);
  ae_model_unref (&good);
  ae_model_unref (&model);
}
END_TEST

START_TEST (test_failed_save_names_the_path)
{
  AeModel *model = make_model (1);
  AeError err = { 0 };
  ck_assert_int_eq (ae_model_save (model, "/dev/full", &err), AE_ERROR_IO);
  ck_assert_ptr_nonnull (strstr (err.text, "/dev/full"));
  const char *path = ae_tmp_path (folder, "none/m.onnx");
  ck_assert_int_eq (ae_model_save (model, path, &err), AE_ERROR_NOT_FOUND);
  ae_model_unref (&model);
}
END_TEST

/* The n-th allocation fails, for every n that there is. */
static void
check_failures (AeStatus (*run) (const char *path), const char *path)
{
  long live = ae_mem_live ();
  for (long n = 1; n < 100000; n++) {
    for (int forever = 0; forever < 2; forever++) {
      ae_mem_fail_at (n, forever);
      AeStatus status = run (path);
      ae_mem_fail_at (0, false);
      ck_assert_int_eq (ae_mem_live (), live);
      if (status == AE_OK) {
        ck_assert_int_gt (n, 2);
        return;
      }
      ck_assert_int_eq (status, AE_ERROR_MEMORY);
    }
  }
  ck_abort_msg ("it never succeeds");
}

static AeStatus
load_once (const char *path)
{
  AeModel *model;
  AeStatus status = ae_model_load (&model, path, NULL);
  ae_model_unref (&model);
  return status;
}

static AeModel *saved;

static AeStatus
save_once (const char *path)
{
  return ae_model_save (saved, path, NULL);
}

START_TEST (test_failing_allocations_leak_nothing)
{
  const char *path = ae_tmp_path (folder, "m.onnx");
  saved = make_model (1);
  check_failures (save_once, path);
  check_failures (load_once, path);
  ck_assert_int_eq (ae_tmp_count (folder), 1);
  ae_model_unref (&saved);
}
END_TEST

static Suite *
writer_suite (void)
{
  Suite *suite = suite_create ("writer");
  TCase *tc = tcase_create ("writer");
  tcase_add_checked_fixture (tc, setup, teardown);
  tcase_add_test (tc, test_what_is_written_reads_back_equal);
  tcase_add_test (tc, test_built_network_reads_back_equal);
  tcase_add_test (tc, test_equal_models_give_equal_bytes);
  tcase_add_test (tc, test_half_floats_halve_the_weights);
  tcase_add_test (tc, test_every_strict_prefix_is_refused);
  tcase_add_loop_test (tc, test_bad_numbers_are_not_saved, 0, 3);
  tcase_add_test (tc, test_failed_save_names_the_path);
  tcase_add_test (tc, test_failing_allocations_leak_nothing);
  suite_add_tcase (suite, tc);
  return suite;
}

AE_TEST_MAIN (writer_suite)
