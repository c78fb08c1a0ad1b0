/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The keys of a recipe as Markdown, for models/README.md. */
#include <ae/recipe.h>

#include "train/schema.h"

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
          "%s| [%s] | values | default | meaning |\n"
          "| --- | --- | --- | --- |\n",
          *section ? "\n" : "", key->section);
    section = key->section;
    fprintf (file, "| `%s` | ", key->name);
    put_values (file, key);
    fprintf (file, " | %s | %s |\n", key->fallback ? key->fallback : "",
        key->description);
  }
  if (fclose (file) != 0) {
    free (text);
    return NULL;
  }
  return text;
}
