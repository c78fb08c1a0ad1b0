/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tensor data in files beside the model: plain names in its folder only. */
#include "ae_test.h"
#include "ae_tmp.h"
#include "onnx_make.h"

#include "graph/model.h"
#include "util/file.h"
#include "util/mem.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];
static const float weights[6] = { 1, 2, 3, 4, 5, 6 };

static void
setup (void)
{
  ae_tmp_make (folder);
  ck_assert_int_eq (ae_file_replace (ae_tmp_path (folder, "w.bin"), weights,
                        sizeof weights, NULL),
      AE_OK);
}

static void
teardown (void)
{
  ae_tmp_remove (folder);
}

/* Two f32 from `location` at `offset`. */
static AeStatus
load (const char *location, const char *offset, const char *length,
    AeModel **model, AeError *err)
{
  OnnxMake m;
  size_t size;
  onnx_make_identity (&m);
  OnnxTensor *w
      = onnx_make_initializer (&m, "w", 1, 1, (int64_t[]){ 2 }, NULL, 0);
  onnx_make_external (w, location, offset, length);
  unsigned char *bytes = onnx_make_pack (&m, &size);
  const char *path = ae_tmp_path (folder, "m.onnx");
  ck_assert_int_eq (ae_file_replace (path, bytes, size, NULL), AE_OK);
  return ae_model_load (model, path, err);
}

static void
must_refuse (const char *location, const char *offset, const char *length,
    AeStatus status, const char *word)
{
  AeModel *model;
  AeError err = { 0 };
  AeStatus got = load (location, offset, length, &model, &err);
  ck_assert_msg (got == status, "status %d, wanted %d: %s", got, status,
      err.text);
  ck_assert_msg (strstr (err.text, "'w'") && strstr (err.text, word)
          && strstr (err.text, "m.onnx"),
      "'%s' does not say '%s'", err.text, word);
  ck_assert_ptr_null (model);
  ck_assert_int_eq (ae_mem_live (), 0);
}

START_TEST (test_data_is_taken_from_the_offset)
{
  AeModel *model;
  AeError err = { 0 };
  ck_assert_msg (load ("w.bin", "8", "8", &model, &err) == AE_OK, "%s",
      err.text);
  const AeGraph *graph = ae_model_graph (model);
  const float *data = graph->values[ae_graph_find (graph, "w")].constant->data;
  ck_assert_mem_eq (data, weights + 2, 8);
  ae_model_unref (&model);
  ck_assert_int_eq (load ("w.bin", NULL, NULL, &model, NULL), AE_OK);
  ae_model_unref (&model);
}
END_TEST

START_TEST (test_names_outside_the_folder_are_refused)
{
  char absolute[100], up[100];
  snprintf (absolute, sizeof absolute, "%s/w.bin", folder);
  snprintf (up, sizeof up, "..%s/w.bin", strrchr (folder, '/'));
  must_refuse (absolute, NULL, NULL, AE_ERROR_FORMAT, "plain file name");
  must_refuse (up, NULL, NULL, AE_ERROR_FORMAT, "plain file name");
  must_refuse ("./w.bin", NULL, NULL, AE_ERROR_FORMAT, "plain file name");
  must_refuse ("..", NULL, NULL, AE_ERROR_FORMAT, "plain file name");
  must_refuse ("", NULL, NULL, AE_ERROR_FORMAT, "plain file name");
  must_refuse (NULL, NULL, NULL, AE_ERROR_FORMAT, "no location");
}
END_TEST

START_TEST (test_links_and_special_files_are_refused)
{
  ck_assert_int_eq (symlink ("w.bin", ae_tmp_path (folder, "link")), 0);
  ck_assert_int_eq (mkfifo (ae_tmp_path (folder, "fifo"), 0600), 0);
  must_refuse ("link", NULL, NULL, AE_ERROR_IO, "link");
  must_refuse ("fifo", NULL, NULL, AE_ERROR_IO, "a FIFO");
  must_refuse ("none", NULL, NULL, AE_ERROR_NOT_FOUND, "none");
}
END_TEST

START_TEST (test_bounds_are_checked)
{
  must_refuse ("w.bin", "17", NULL, AE_ERROR_FORMAT, "24");
  must_refuse ("w.bin", "18446744073709551615", NULL, AE_ERROR_FORMAT, "24");
  must_refuse (
      "w.bin", "18446744073709551616", NULL, AE_ERROR_FORMAT, "number");
  must_refuse ("w.bin", "-8", NULL, AE_ERROR_FORMAT, "number");
  must_refuse ("w.bin", "0x8", NULL, AE_ERROR_FORMAT, "number");
  must_refuse ("w.bin", "0", "9", AE_ERROR_FORMAT, "8 bytes");
}
END_TEST

START_TEST (test_model_in_memory_has_no_files)
{
  AeModel *model;
  AeError err = { 0 };
  OnnxMake m;
  size_t size;
  onnx_make_identity (&m);
  OnnxTensor *w
      = onnx_make_initializer (&m, "w", 1, 1, (int64_t[]){ 2 }, NULL, 0);
  onnx_make_external (w, "w.bin", NULL, NULL);
  unsigned char *bytes = onnx_make_pack (&m, &size);
  ck_assert_int_eq (chdir (folder), 0);
  ck_assert_int_eq (
      ae_model_parse (&model, bytes, size, &err), AE_ERROR_UNSUPPORTED);
  ck_assert_ptr_nonnull (strstr (err.text, "w.bin"));
}
END_TEST

START_TEST (test_model_path_without_a_folder)
{
  AeModel *model;
  ck_assert_int_eq (load ("w.bin", NULL, NULL, &model, NULL), AE_OK);
  ae_model_unref (&model);
  ck_assert_int_eq (chdir (folder), 0);
  ck_assert_int_eq (ae_model_load (&model, "m.onnx", NULL), AE_OK);
  ae_model_unref (&model);
}
END_TEST

/* Eight tensors that each want the same 12 MiB would be 96 MiB out of 12. */
START_TEST (test_tensors_that_overlap_do_not_multiply_memory)
{
  static const char *const names[] = { "a", "b", "c", "d", "e", "f", "g", "h" };
  OnnxMake m;
  size_t size, large = (size_t) 12 << 20;
  onnx_make_identity (&m);
  for (int i = 0; i < 8; i++)
    onnx_make_external (onnx_make_initializer (&m, names[i], 2, 1,
                            (int64_t[]){ (int64_t) large }, NULL, 0),
        "large", NULL, NULL);
  unsigned char *bytes = onnx_make_pack (&m, &size);
  const char *path = ae_tmp_path (folder, "m.onnx");
  ck_assert_int_eq (ae_file_replace (path, bytes, size, NULL), AE_OK);
  int fd = open (ae_tmp_path (folder, "large"), O_WRONLY | O_CREAT, 0600);
  ck_assert_int_eq (ftruncate (fd, (off_t) large), 0);
  close (fd);
  AeModel *model;
  AeError err = { 0 };
  ck_assert_int_eq (ae_model_load (&model, path, &err), AE_ERROR_LIMIT);
  ck_assert_ptr_nonnull (strstr (err.text, "overlap"));
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

static Suite *
external_suite (void)
{
  Suite *suite = suite_create ("external");
  TCase *tc = tcase_create ("external");
  tcase_add_checked_fixture (tc, setup, teardown);
  tcase_add_test (tc, test_data_is_taken_from_the_offset);
  tcase_add_test (tc, test_names_outside_the_folder_are_refused);
  tcase_add_test (tc, test_links_and_special_files_are_refused);
  tcase_add_test (tc, test_bounds_are_checked);
  tcase_add_test (tc, test_model_in_memory_has_no_files);
  tcase_add_test (tc, test_model_path_without_a_folder);
  tcase_add_test (tc, test_tensors_that_overlap_do_not_multiply_memory);
  suite_add_tcase (suite, tc);
  return suite;
}

AE_TEST_MAIN (external_suite)
