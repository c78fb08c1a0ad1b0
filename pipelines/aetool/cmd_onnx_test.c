/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* aetool onnx-test: runs folders of ONNX's backend tests. */

#include <ae/node_test.h>
#include <stdio.h>
#include <string.h>

#include "aetool.h"

static struct {
  gboolean verbose;
} option;

static const GOptionEntry entries[] = {
  { "verbose", 'v', 0, G_OPTION_ARG_NONE, &option.verbose,
      "a line for what passed too", NULL },
  { 0 }
};

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(char *const *) a, *(char *const *) b);
}

/* Adds `folder` when it holds a model.onnx, otherwise what lies below it. */
static gboolean
find_tests (const char *folder, GPtrArray *tests, int depth, GError **error)
{
  g_autofree char *model = g_build_filename (folder, "model.onnx", NULL);
  if (g_file_test (model, G_FILE_TEST_EXISTS)) {
    g_ptr_array_add (tests, g_strdup (folder));
    return TRUE;
  }
  g_autoptr (GDir) dir = g_dir_open (folder, 0, error);
  if (!dir)
    return FALSE;
  gboolean ok = TRUE;
  for (const char *name; ok && (name = g_dir_read_name (dir));) {
    g_autofree char *path = g_build_filename (folder, name, NULL);
    /* A depth limit ends loops of symbolic links. */
    if (depth < 16 && g_file_test (path, G_FILE_TEST_IS_DIR))
      ok = find_tests (path, tests, depth + 1, error);
  }
  return ok;
}

int
aetool_onnx_test (int argc, char **argv)
{
  static const char *const words[] = { "passed", "wrong", "refused" };
  if (!aetool_parse (&argc, &argv, "DIR...",
          "Runs folders of model.onnx and test_data_set_N, found in the "
          "given folders or below.",
          "A line per failure, then `passed N, wrong N, refused N`; the exit "
          "status is 0\nwhen all passed.",
          entries))
    return AETOOL_USAGE;
  if (argc < 2)
    return aetool_usage ("wanted at least one folder");
  g_autoptr (GPtrArray) tests = g_ptr_array_new_with_free_func (g_free);
  for (int i = 1; i < argc; i++) {
    GError *error = NULL;
    if (!find_tests (argv[i], tests, 0, &error))
      return aetool_g_error (error);
  }
  if (tests->len == 0)
    return aetool_error ("no folder with a model.onnx in what was given");
  g_ptr_array_sort (tests, compare_names);

  int count[3] = { 0 };
  for (guint i = 0; i < tests->len; i++) {
    const char *folder = g_ptr_array_index (tests, i);
    AeNodeTestResult result;
    ae_node_test_run (folder, &result);
    count[result.outcome]++;
    if (result.outcome != AE_NODE_TEST_PASSED || option.verbose)
      printf ("%s %s%s%s\n", words[result.outcome], folder,
          result.text[0] ? ": " : "", result.text);
    fflush (stdout);
  }
  printf ("passed %d, wrong %d, refused %d\n", count[0], count[1], count[2]);
  return count[0] == (int) tests->len ? AETOOL_OK : AETOOL_FAILED;
}
