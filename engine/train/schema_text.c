/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The keys of a recipe as Markdown, for models/README.md. */
#include <ae/recipe.h>

#include "train/task.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
put_values (FILE *file, const AeKey *key)
{
  switch (key->kind) {
    case AE_KEY_TEXT:
      fputs ("text", file);
      break;
    case AE_KEY_CHOICE:
      for (const char *c = key->words; *c; c++)
        fputs (*c == ' ' ? ", " : (char[]){ *c, '\0' }, file);
      break;
    case AE_KEY_BOOL:
      fputs ("yes, no", file);
      break;
    case AE_KEY_INT:
    case AE_KEY_NUMBER:
      fprintf (file, "%.10g to %.10g", key->min, key->max);
      break;
    case AE_KEY_INTS:
      fprintf (file, "list of %.10g to %.10g", key->min, key->max);
      break;
  }
}

/* "20000; codec: 50000" */
static void
put_default (FILE *file, const AeKey *key)
{
  if (key->fallback)
    fputs (key->fallback, file);
  for (const AeTask *const *task = ae_tasks; *task; task++) {
    const char *own = ae_task_default (*task, key);
    if (own != key->fallback)
      fprintf (file, "; %s: %s", (*task)->name, own);
  }
}

static void
put_tasks (FILE *file, const AeKey *key)
{
  const char *between = "";
  bool all = true;
  for (const AeTask *const *task = ae_tasks; *task; task++)
    all = all && ae_task_uses (*task, key);
  if (all)
    fputs ("all", file);
  for (const AeTask *const *task = ae_tasks; *task && !all; task++)
    if (ae_task_uses (*task, key)) {
      fprintf (file, "%s%s", between, (*task)->name);
      between = ", ";
    }
}

char *
ae_recipe_keys (void)
{
  char *text = NULL;
  size_t size = 0;
  FILE *file = open_memstream (&text, &size);
  if (!file)
    return NULL;
  const char *section = "";
  for (const AeKey *key = ae_keys; key->section; key++) {
    if (strcmp (section, key->section) != 0)
      fprintf (file,
          "%s| [%s] | values | default | tasks | meaning |\n"
          "| --- | --- | --- | --- | --- |\n",
          *section ? "\n" : "", key->section);
    section = key->section;
    fprintf (file, "| `%s` | ", key->name);
    put_values (file, key);
    fputs (" | ", file);
    put_default (file, key);
    fputs (" | ", file);
    put_tasks (file, key);
    fprintf (file, " | %s |\n", key->description);
  }
  if (fclose (file) != 0) {
    free (text);
    return NULL;
  }
  return text;
}
