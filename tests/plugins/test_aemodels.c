/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Loaded models are shared: by file, and by content under another name. */

#include "plugin_test.h"

#include "aemodels.h"

#include <glib/gstdio.h>

static void
copy_file (const gchar *from, const gchar *to)
{
  gchar *bytes = NULL;
  gsize size = 0;

  ck_assert (g_file_get_contents (from, &bytes, &size, NULL));
  ck_assert (g_file_set_contents (to, bytes, size, NULL));
  g_free (bytes);
}

GST_START_TEST (test_one_file_is_loaded_once)
{
  AeError error = { 0 };
  gchar *path = plugin_test_path ("denoise-fast.onnx");
  GstAeModel *a = gst_ae_model_acquire (path, &error);
  GstAeModel *b = gst_ae_model_acquire (path, &error);

  ck_assert_msg (a != NULL && b != NULL, "%s", error.text);
  ck_assert (gst_ae_model_get (a) == gst_ae_model_get (b));
  gst_ae_model_release (&a);
  ck_assert (a == NULL);
  ck_assert (ae_model_n_params (gst_ae_model_get (b)) > 0);
  gst_ae_model_release (&b);
  gst_ae_model_release (&b);
  g_free (path);
}
GST_END_TEST;

GST_START_TEST (test_equal_content_under_another_name_is_shared)
{
  AeError error = { 0 };
  gchar *path = plugin_test_path ("denoise-fast.onnx");
  gchar *copy = plugin_test_path ("copy.onnx");
  gchar *other = plugin_test_path ("denoise-quality.onnx");

  copy_file (path, copy);
  GstAeModel *a = gst_ae_model_acquire (path, &error);
  GstAeModel *b = gst_ae_model_acquire (copy, &error);
  GstAeModel *c = gst_ae_model_acquire (other, &error);
  ck_assert (gst_ae_model_get (a) == gst_ae_model_get (b));
  ck_assert (gst_ae_model_get (a) != gst_ae_model_get (c));
  ck_assert_str_eq (gst_ae_model_path (b), copy);
  /* The first goes; the content stays for the second. */
  gst_ae_model_release (&a);
  ck_assert (ae_model_n_params (gst_ae_model_get (b)) > 0);
  gst_ae_model_release (&b);
  gst_ae_model_release (&c);
  g_remove (copy);
  g_free (path);
  g_free (copy);
  g_free (other);
}
GST_END_TEST;

GST_START_TEST (test_a_replaced_file_is_loaded_anew)
{
  AeError error = { 0 };
  gchar *path = plugin_test_path ("replaced.onnx");

  plugin_test_write_model (path, "11");
  GstAeModel *a = gst_ae_model_acquire (path, &error);
  plugin_test_write_model (path, "12");
  GstAeModel *b = gst_ae_model_acquire (path, &error);
  ck_assert_str_ne (ae_model_id (gst_ae_model_get (a)),
      ae_model_id (gst_ae_model_get (b)));
  gst_ae_model_release (&a);
  gst_ae_model_release (&b);
  g_remove (path);
  g_free (path);
}
GST_END_TEST;

static gpointer
come_and_go (gpointer path)
{
  for (guint i = 0; i < 50; i++) {
    AeError error = { 0 };
    GstAeModel *model = gst_ae_model_acquire (path, &error);
    ck_assert_msg (model != NULL, "%s", error.text);
    gst_ae_model_release (&model);
  }
  return NULL;
}

GST_START_TEST (test_threads_may_come_and_go)
{
  gchar *path = plugin_test_path ("denoise-fast.onnx");
  GThread *threads[4];

  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("user", come_and_go, path);
  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
  g_free (path);
}
GST_END_TEST;

GST_START_TEST (test_bundled_files_are_found_in_the_named_folders)
{
  AeError error = { 0 };
  gchar *wanted = plugin_test_path ("denoise-fast.onnx");
  gchar *folder = g_path_get_dirname (wanted);
  gchar *list = g_strdup_printf ("/not/there::%s", folder);

  g_setenv ("AE_MODEL_PATH", list, TRUE);
  gchar *found = gst_ae_models_find ("denoise-fast.onnx", &error);
  ck_assert_msg (found != NULL, "%s", error.text);
  ck_assert_str_eq (found, wanted);
  g_free (found);
  ck_assert (gst_ae_models_find ("no-such-model.onnx", &error) == NULL);
  ck_assert_int_eq (error.status, AE_ERROR_NOT_FOUND);
  ck_assert (strstr (error.text, "no-such-model.onnx") != NULL);
  ck_assert (strstr (error.text, "/not/there") != NULL);
  ck_assert (strstr (error.text, folder) != NULL);
  g_free (list);
  g_free (folder);
  g_free (wanted);
}
GST_END_TEST;

static Suite *
aemodels_suite (void)
{
  Suite *s = suite_create ("aemodels");
  TCase *tc = tcase_create ("sharing");

  suite_add_tcase (s, tc);
  tcase_add_test (tc, test_one_file_is_loaded_once);
  tcase_add_test (tc, test_equal_content_under_another_name_is_shared);
  tcase_add_test (tc, test_a_replaced_file_is_loaded_anew);
  tcase_add_test (tc, test_threads_may_come_and_go);
  tcase_add_test (tc, test_bundled_files_are_found_in_the_named_folders);
  return s;
}

int
main (int argc, char **argv)
{
  return plugin_test_run (argc, argv, aemodels_suite);
}
