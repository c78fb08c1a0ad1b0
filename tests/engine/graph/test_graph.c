/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include "graph/build.h"
#include "util/mem.h"

#include <string.h>

static AeModel *
make_chain (uint64_t seed)
{
  AeBuilder b;
  ae_builder_start (&b, seed);
  int x = ae_build_input (&b, "x", ae_shape (2, -1, 4));
  int scalar = ae_build_scalar (&b, (float) seed);
  int y = ae_build_unary (&b, "Identity", x);
  ae_build_output (&b, y, "y");
  ae_build_output (&b, ae_build_unary (&b, "Identity", scalar), "s");
  AeModel *model;
  ck_assert_int_eq (ae_builder_end (&b, &model, NULL), AE_OK);
  return model;
}

START_TEST (test_equal_models_have_equal_ids)
{
  AeModel *a = make_chain (1), *same = make_chain (1), *other = make_chain (2);
  ck_assert_str_eq (ae_model_id (a), ae_model_id (same));
  ck_assert_str_ne (ae_model_id (a), ae_model_id (other));
  ck_assert_uint_eq (strlen (ae_model_id (a)), 32);
  ae_model_unref (&a);
  ae_model_unref (&same);
  ae_model_unref (&other);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_copy_keeps_everything)
{
  AeModel *model = make_chain (3), *copy;
  ck_assert_int_eq (ae_model_copy (&copy, model, NULL), AE_OK);
  ck_assert_int_eq (ae_model_seal (copy, NULL), AE_OK);
  ck_assert_str_eq (ae_model_id (copy), ae_model_id (model));
  ck_assert_str_eq (ae_model_input_name (copy, 0), "x");
  ck_assert_int_eq (ae_model_input_shape (copy, 0).dim[0], -1);
  ae_model_unref (&model);
  ae_model_unref (&copy);
}
END_TEST

/* Nodes given backwards: a <- b <- x. */
static AeGraph *
edit_two_nodes (AeModel *model, int first_in, int second_in)
{
  AeGraph *graph = ae_model_edit (model);
  const AeOp *op = ae_op_find ("", "Identity", 17);
  for (int i = 0; i < 3; i++)
    ae_graph_add_value (graph, (const char *[]){ "x", "a", "b" }[i]);
  ae_graph_add_input (graph, 0, NULL);
  ae_graph_add_node (graph, op, 17, "n1", NULL, &first_in, 1, (int[]){ 1 }, 1);
  ae_graph_add_node (graph, op, 17, "n2", NULL, &second_in, 1, (int[]){ 2 }, 1);
  ae_graph_add_output (graph, 1, NULL);
  return graph;
}

START_TEST (test_nodes_are_put_in_order)
{
  AeModel *model;
  ae_model_new (&model, NULL);
  AeGraph *graph = edit_two_nodes (model, 2, 0);
  ck_assert_int_eq (ae_model_seal (model, NULL), AE_OK);
  ck_assert_str_eq (graph->nodes[0].name, "n2");
  ck_assert_str_eq (graph->nodes[1].name, "n1");
  ae_model_unref (&model);
}
END_TEST

START_TEST (test_cycle_is_refused)
{
  AeModel *model;
  AeError err;
  ae_model_new (&model, NULL);
  edit_two_nodes (model, 2, 1);
  ck_assert_int_eq (ae_model_seal (model, &err), AE_ERROR_FORMAT);
  ck_assert_ptr_nonnull (strstr (err.text, "cycle"));
  ae_model_unref (&model);
}
END_TEST

START_TEST (test_missing_source_is_refused)
{
  AeModel *model;
  AeError err;
  ae_model_new (&model, NULL);
  AeGraph *graph = edit_two_nodes (model, 0, 0);
  int dangling = ae_graph_add_value (graph, "ghost");
  graph->nodes[0].in[0] = dangling;
  ck_assert_int_eq (ae_model_seal (model, &err), AE_ERROR_FORMAT);
  ck_assert_ptr_nonnull (strstr (err.text, "ghost"));
  ae_model_unref (&model);
}
END_TEST

START_TEST (test_every_allocation_failure_is_an_error)
{
  for (long n = 1;; n++) {
    AeBuilder b;
    AeModel *model;
    ae_mem_fail_at (n, true);
    ae_builder_start (&b, 1);
    int x = ae_build_input (&b, "x", ae_shape (2, -1, 4));
    ae_build_output (&b, ae_build_unary (&b, "Identity", x), "y");
    AeStatus status = ae_builder_end (&b, &model, NULL);
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

START_TEST (test_dot_names_every_value)
{
  AeModel *model = make_chain (1);
  char *dot = ae_model_dot (model);
  ck_assert_ptr_nonnull (strstr (dot, "label=\"x\""));
  ck_assert_ptr_nonnull (strstr (dot, "Identity"));
  free (dot);
  ae_model_unref (&model);
}
END_TEST

static Suite *
graph_suite (void)
{
  Suite *suite = suite_create ("graph");
  TCase *tcase = tcase_create ("graph");
  tcase_add_test (tcase, test_equal_models_have_equal_ids);
  tcase_add_test (tcase, test_copy_keeps_everything);
  tcase_add_test (tcase, test_nodes_are_put_in_order);
  tcase_add_test (tcase, test_cycle_is_refused);
  tcase_add_test (tcase, test_missing_source_is_refused);
  tcase_add_test (tcase, test_every_allocation_failure_is_an_error);
  tcase_add_test (tcase, test_dot_names_every_value);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (graph_suite)
