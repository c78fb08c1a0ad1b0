/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "ort.h"

#include <stdio.h>

#include "aetool.h"
#include "peer_script.h"

#define PACKAGE "onnxruntime-node"
#define SCRIPT "ort-bench.js"

static char *
cache_folder (void)
{
  return g_build_filename (
      g_get_user_cache_dir (), "gst-autoencoder", "onnxruntime", NULL);
}

/* `folder` or its node_modules, whichever holds the package. */
static char *
package_in (const char *folder)
{
  static const char *const below[] = { "node_modules", "." };
  for (gsize i = 0; i < G_N_ELEMENTS (below); i++) {
    g_autofree char *path
        = g_build_filename (folder, below[i], PACKAGE, NULL);
    if (g_file_test (path, G_FILE_TEST_IS_DIR))
      return g_build_filename (folder, below[i], NULL);
  }
  return NULL;
}

char *
ort_find (void)
{
  const char *own = g_getenv ("AE_ORT");
  char *found = own ? package_in (own) : NULL;
  const char *list = g_getenv ("NODE_PATH");
  g_auto (GStrv) folders = g_strsplit (list ? list : "", ":", -1);
  for (char **folder = folders; !found && *folder; folder++)
    if (**folder)
      found = package_in (*folder);
  if (found)
    return found;
  g_autofree char *cache = cache_folder ();
  return package_in (cache);
}

gboolean
ort_install (GError **error)
{
  g_autofree char *cache = cache_folder ();
  const char *const argv[] = { "npm", "install", "--ignore-scripts",
    "--no-audit", "--no-fund", "--prefix", cache, PACKAGE, NULL };
  int status;
  fprintf (stderr, "Installing " PACKAGE " with npm into %s\n", cache);
  g_mkdir_with_parents (cache, 0755);
  return g_spawn_sync (NULL, (char **) argv, NULL,
             G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL,
             NULL, NULL, &status, error)
         && g_spawn_check_wait_status (status, error);
}

gboolean
ort_bench (const char *node_path, const char *model, const char *shapes,
    const char *folder, int threads, int runs, OrtResult *result,
    GError **error)
{
  g_autofree char *n_threads = g_strdup_printf ("%d", threads);
  g_autofree char *n_runs = g_strdup_printf ("%d", runs);
  g_auto (GStrv) inputs = g_strsplit (shapes, ",", -1);
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_ptr_array_add (argv, n_threads);
  g_ptr_array_add (argv, n_runs);
  g_ptr_array_add (argv, (char *) model);
  for (char **input = inputs; *input; input++)
    g_ptr_array_add (argv, *input);
  g_ptr_array_add (argv, "--inputs");
  g_ptr_array_add (argv, (char *) folder);
  g_ptr_array_add (argv, "--outputs");
  g_ptr_array_add (argv, (char *) folder);
  g_ptr_array_add (argv, NULL);
  g_auto (GStrv) environment = g_environ_setenv (
      g_get_environ (), "NODE_PATH", node_path, TRUE);
  g_autofree char *out = peer_script_run ("onnxruntime", "node", SCRIPT,
      (const char *const *) argv->pdata, environment, error);
  if (!out)
    return FALSE;
  if (peer_script_number (out, "median_ms", &result->median_ms)
      && peer_script_number (out, "peak_mb", &result->peak_mib))
    return TRUE;
  g_set_error (error, AETOOL_DOMAIN, AE_ERROR_FORMAT,
      "onnxruntime: no median_ms and peak_mb in %.300s", out);
  return FALSE;
}
