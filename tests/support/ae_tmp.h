/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TMP_H
#define AE_TMP_H

/* A scratch folder for tests that write files. */

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static inline void
ae_tmp_make (char folder[64])
{
  strcpy (folder, "/tmp/ae-test-XXXXXX");
  if (!mkdtemp (folder))
    abort ();
}

/* folder/name, in one of 8 buffers that are used in turn. */
static inline const char *
ae_tmp_path (const char *folder, const char *name)
{
  static char paths[8][200];
  static int next;
  char *path = paths[next++ % 8];
  snprintf (path, sizeof paths[0], "%s/%s", folder, name);
  return path;
}

/* Files in the folder, hidden ones included; removes them when asked. */
static inline int
ae_tmp_walk (const char *folder, int remove_them)
{
  DIR *dir = opendir (folder);
  if (!dir)
    return -1;
  int n = 0;
  for (struct dirent *entry; (entry = readdir (dir));) {
    if (strcmp (entry->d_name, ".") == 0 || strcmp (entry->d_name, "..") == 0)
      continue;
    n++;
    if (remove_them)
      remove (ae_tmp_path (folder, entry->d_name));
  }
  closedir (dir);
  return n;
}

static inline int
ae_tmp_count (const char *folder)
{
  return ae_tmp_walk (folder, 0);
}

static inline void
ae_tmp_remove (const char *folder)
{
  ae_tmp_walk (folder, 1);
  rmdir (folder);
}

#endif
