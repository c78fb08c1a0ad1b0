/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Feeds every file of the folders given to the fuzz target: whole, cut off at
 * every byte, and changed at random. The part of a file's name before the first
 * '-' is the answer to its last packet. */
#include "fuzz_codec.h"
#include "mutate.h"
#include "util/file.h"
#include "util/mem.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MUTATIONS 150

static const char *const names[] = { "ok", "argument", "memory", "notfound",
  "io", "format", "unsupported", "shape", "needsdata", "limit", "numeric",
  "cancelled" };

/* In memory of just that size, so that checkers see what lies behind. */
static void
feed (const uint8_t *bytes, size_t size)
{
  uint8_t *exact = malloc (size + !size);
  memcpy (exact, bytes, size);
  LLVMFuzzerTestOneInput (exact, size);
  free (exact);
}

static void
feed_mutations (const uint8_t *bytes, size_t size, const char *name)
{
  Mutations m = mutations (name);
  size_t room = size + 256;
  uint8_t *changed = malloc (room);
  for (int i = 0; i < MUTATIONS; i++) {
    memcpy (changed, bytes, size);
    feed (changed, mutate (&m, changed, size, room));
  }
  free (changed);
}

/* False when the file's answer is not the one in its name. */
static bool
replay (const char *path, const char *name)
{
  void *bytes;
  size_t size, word = strcspn (name, "-");
  AeError err = { 0 };
  if (ae_file_read (path, (size_t) 1 << 20, &bytes, &size, &err) != AE_OK) {
    printf ("%s\n", err.text);
    return false;
  }
  for (size_t cut = 0; cut <= size; cut++)
    feed (bytes, cut);
  feed_mutations (bytes, size, name);
  AeStatus status = fuzz_codec_answer (bytes, size);
  ae_free (bytes);
  bool as_named = strlen (names[status]) == word
      && strncmp (names[status], name, word) == 0;
  if (!as_named)
    printf ("%s: answer is '%s'\n", path, names[status]);
  return as_named;
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
  printf ("%d files, %d failed\n", n, failed);
  return n > 0 && failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
