/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs every folder of the ONNX project's operator tests found beside
 * AE_DATA (or in AE_NODE_TESTS). Exit status 77 = skipped. */
#include <ae/node_test.h>

#include "util/mem.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *
find_suite (char *path, size_t size)
{
  const char *own = getenv ("AE_NODE_TESTS"), *data = getenv ("AE_DATA");
  if (own)
    snprintf (path, size, "%s", own);
  else if (data)
    snprintf (path, size, "%s/../onnx-node-tests", data);
  else
    return NULL;
  return path;
}

/* One line of manifest.tsv: folder, opset, operators. */
static void
run_line (const char *suite, const char *folder, const char *only, int n[3])
{
  static const char *const words[] = { "passed", "wrong", "refused" };
  char path[2 * PATH_MAX];
  AeNodeTestResult result;
  if (only && !strstr (folder, only))
    return;
  snprintf (path, sizeof path, "%s/%s", suite, folder);
  ae_node_test_run (path, &result);
  n[result.outcome]++;
  if (result.outcome != AE_NODE_TEST_PASSED)
    printf ("%s: %s: %s\n", words[result.outcome], folder, result.text);
}

/* Usage: test_onnx_node_suite [PART-OF-A-FOLDER-NAME] */
int
main (int argc, char **argv)
{
  char suite[PATH_MAX], path[2 * PATH_MAX], line[1000];
  if (!find_suite (suite, sizeof suite)) {
    printf ("skipped: AE_DATA is not set\n");
    return 77;
  }
  snprintf (path, sizeof path, "%s/manifest.tsv", suite);
  FILE *manifest = fopen (path, "r");
  if (!manifest) {
    printf ("skipped: there is no %s\n", path);
    return 77;
  }
  int n[3] = { 0 };
  long live = ae_mem_live ();
  while (fgets (line, sizeof line, manifest)) {
    line[strcspn (line, "\t\n")] = '\0';
    if (strchr (line, '/'))
      run_line (suite, line, argc > 1 ? argv[1] : NULL, n);
  }
  fclose (manifest);
  printf ("passed %d, wrong %d, refused %d\n", n[0], n[1], n[2]);
  if (ae_mem_live () > live + 4)
    printf ("%ld blocks are not freed\n", ae_mem_live () - live);
  return n[0] > 0 && n[1] + n[2] == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
