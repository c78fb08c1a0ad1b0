/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Runs test folders of the ONNX project's kind: those in this repository, made
 * by PyTorch, and the project's own when they are beside AE_DATA (or in
 * AE_NODE_TESTS).
 *
 *   test_onnx_node_suite OWN-FOLDER [PART-OF-A-NAME] */
#include <ae/node_test.h>

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  const char *only; /* part of the names to run, NULL = all */
  int n[3];         /* by outcome */
} Count;

static void
run_folder (const char *root, const char *name, Count *count)
{
  static const char *const words[] = { "passed", "wrong", "refused" };
  char path[2 * PATH_MAX];
  AeNodeTestResult result;
  if (count->only && !strstr (name, count->only))
    return;
  snprintf (path, sizeof path, "%s/%s", root, name);
  ae_node_test_run (path, &result);
  count->n[result.outcome]++;
  if (result.outcome != AE_NODE_TEST_PASSED)
    printf ("%s: %s: %s\n", words[result.outcome], name, result.text);
}

/* Every folder in `root`; false when there is none. */
static bool
run_own (const char *root, Count *count)
{
  DIR *dir = opendir (root);
  int n = 0;
  for (struct dirent *entry; dir && (entry = readdir (dir));)
    if (entry->d_name[0] != '.') {
      run_folder (root, entry->d_name, count);
      n++;
    }
  if (dir)
    closedir (dir);
  return n > 0;
}

/* The folders that manifest.tsv names in its first column. */
static void
run_standard (Count *count)
{
  const char *own = getenv ("AE_NODE_TESTS"), *data = getenv ("AE_DATA");
  char root[PATH_MAX], path[2 * PATH_MAX], line[1000];
  if (!own && !data) {
    printf ("the standard's tests are skipped: AE_DATA is not set\n");
    return;
  }
  snprintf (root, sizeof root, "%s%s", own ? own : data,
      own ? "" : "/../onnx-node-tests");
  snprintf (path, sizeof path, "%s/manifest.tsv", root);
  FILE *manifest = fopen (path, "r");
  if (!manifest) {
    printf ("the standard's tests are skipped: there is no %s\n", path);
    return;
  }
  while (fgets (line, sizeof line, manifest)) {
    line[strcspn (line, "\t\n")] = '\0';
    if (strchr (line, '/'))
      run_folder (root, line, count);
  }
  fclose (manifest);
}

int
main (int argc, char **argv)
{
  Count count = { .only = argc > 2 ? argv[2] : NULL };
  if (argc < 2 || !run_own (argv[1], &count)) {
    printf ("there is no test folder in '%s'\n", argc > 1 ? argv[1] : "");
    return EXIT_FAILURE;
  }
  run_standard (&count);
  const int *n = count.n;
  printf ("passed %d, wrong %d, refused %d\n", n[0], n[1], n[2]);
  return n[0] > 0 && n[1] + n[2] == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
