/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Feeds every file of the folders given to the fuzz target. The part of a
 * file's name before the first '-' is the status that loading it must give;
 * "any" says that only crashes count. */
#include <ae/model.h>

#include "util/mem.h"

#include "util/file.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput (const uint8_t *bytes, size_t size);

static const char *const names[] = { "ok", "argument", "memory", "notfound",
  "io", "format", "unsupported", "shape", "needsdata", "limit", "numeric",
  "cancelled" };

/* False when the file's answer is not the one in its name. */
static bool
replay (const char *path, const char *name)
{
  void *bytes;
  size_t size, word = strcspn (name, "-");
  AeError err = { 0 };
  AeModel *model;
  if (ae_file_read (path, (size_t) 16 << 20, &bytes, &size, &err) != AE_OK) {
    printf ("%s\n", err.text);
    return false;
  }
  LLVMFuzzerTestOneInput (bytes, size);
  AeStatus status = ae_model_parse (&model, bytes, size, &err);
  ae_model_unref (&model);
  ae_free (bytes);
  bool as_named = strlen (names[status]) == word
      && strncmp (names[status], name, word) == 0;
  bool ok = as_named || strncmp (name, "any-", 4) == 0;
  if (!ok)
    printf ("%s: answer is '%s' (%s)\n", path, names[status], err.text);
  return ok;
}

int
main (int argc, char **argv)
{
  int n = 0, failed = 0;
  for (int i = 1; i < argc; i++) {
    DIR *dir = opendir (argv[i]);
    for (struct dirent *entry; dir && (entry = readdir (dir));) {
      char path[5000];
      if (entry->d_name[0] == '.')
        continue;
      snprintf (path, sizeof path, "%s/%s", argv[i], entry->d_name);
      n++;
      failed += !replay (path, entry->d_name);
    }
    if (dir)
      closedir (dir);
  }
  printf ("%d files, %d failed, %ld blocks left\n", n, failed, ae_mem_live ());
  return n > 0 && failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
