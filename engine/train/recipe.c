/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/recipe.h"

#include "train/task.h"
#include "util/file.h"
#include "util/mem.h"

#include <assert.h>
#include <ini.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Longest line inih takes (its INI_MAX_LINE less newline and NUL). */
#define MAX_LINE 197

#define MAX_FILE ((size_t) 1 << 20)

/* One value per key of the schema; NULL = not set. */
struct AeRecipe {
  char **value;
};

static AeRecipe *
new_recipe (void)
{
  AeRecipe *recipe = ae_calloc (1, sizeof *recipe);
  if (recipe)
    recipe->value = ae_calloc (ae_keys_count (), sizeof (char *));
  if (recipe && !recipe->value) {
    ae_free (recipe);
    recipe = NULL;
  }
  return recipe;
}

static AeStatus
set_value (AeRecipe *recipe, const char *section, const char *key,
    const char *value, AeError *err)
{
  size_t index = ae_keys_find (section, key);
  if (index == SIZE_MAX && *section == '\0')
    return ae_fail (err, AE_ERROR_FORMAT,
        "no section before key '%s', wanted [section]", key);
  if (index == SIZE_MAX)
    return ae_fail (
        err, AE_ERROR_FORMAT, "unknown key '%s' in [%s]", key, section);
  AeStatus status = ae_key_check (&ae_keys[index], value, err);
  if (status != AE_OK)
    return status;
  char *copy = ae_strdup (value);
  if (!copy)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for a recipe");
  ae_free (recipe->value[index]);
  recipe->value[index] = copy;
  return AE_OK;
}

typedef struct {
  AeRecipe *recipe;
  AeError error; /* the first */
} Parse;

static int
take_pair (
    void *user, const char *section, const char *name, const char *value)
{
  Parse *parse = user;
  if (parse->error.status != AE_OK)
    return 1;
  size_t index = ae_keys_find (section, name);
  AeStatus status = index != SIZE_MAX && parse->recipe->value[index]
      ? ae_fail (&parse->error, AE_ERROR_FORMAT,
          "[%s] %s is given twice (or its value goes on in the next line)",
          section, name)
      : set_value (parse->recipe, section, name, value, &parse->error);
  return status == AE_OK;
}

static AeStatus
check_lines (const char *text, AeError *err)
{
  int line = 1;
  for (const char *from = text; *from; line++) {
    size_t length = strcspn (from, "\n");
    if (length > MAX_LINE)
      return ae_fail (err, AE_ERROR_FORMAT,
          "line %d: %zu characters, wanted at most %d", line, length,
          MAX_LINE);
    from += length + (from[length] == '\n');
  }
  return AE_OK;
}

AeStatus
ae_recipe_parse (AeRecipe **out, const char *text, AeError *err)
{
  *out = NULL;
  AeStatus status = check_lines (text, err);
  if (status != AE_OK)
    return status;
  Parse parse = { .recipe = new_recipe () };
  if (!parse.recipe)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for a recipe");
  int line = ini_parse_string (text, take_pair, &parse);
  if (line != 0) {
    ae_recipe_free (&parse.recipe);
    if (parse.error.status == AE_OK)
      ae_fail (&parse.error, line > 0 ? AE_ERROR_FORMAT : AE_ERROR_MEMORY,
          "wanted [section], key = value or a comment");
    return ae_fail (
        err, parse.error.status, "line %d: %s", line, parse.error.text);
  }
  status = ae_task_check_keys (parse.recipe, err);
  if (status == AE_OK)
    *out = parse.recipe;
  else
    ae_recipe_free (&parse.recipe);
  return status;
}

AeStatus
ae_recipe_load (AeRecipe **out, const char *path, AeError *err)
{
  *out = NULL;
  void *bytes;
  size_t size;
  AeStatus status = ae_file_read (path, MAX_FILE, &bytes, &size, err);
  if (status != AE_OK)
    return status;
  if (memchr (bytes, '\0', size)) {
    ae_free (bytes);
    return ae_fail (
        err, AE_ERROR_FORMAT, "%s: a recipe is text, found a NUL byte", path);
  }
  char *text = ae_strndup (bytes, size);
  ae_free (bytes);
  if (!text)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for recipe %s", path);
  status = ae_recipe_parse (out, text, err);
  ae_free (text);
  if (status != AE_OK)
    return ae_fail_prefix (err, status, "%s", path);
  return AE_OK;
}

void
ae_recipe_free (AeRecipe **recipe)
{
  if (!*recipe)
    return;
  for (size_t i = 0; i < ae_keys_count (); i++)
    ae_free ((*recipe)->value[i]);
  ae_free ((*recipe)->value);
  ae_free (*recipe);
  *recipe = NULL;
}

AeRecipe *
ae_recipe_copy (const AeRecipe *recipe)
{
  AeRecipe *copy = new_recipe ();
  for (size_t i = 0; copy && i < ae_keys_count (); i++)
    if (recipe->value[i] && !(copy->value[i] = ae_strdup (recipe->value[i])))
      ae_recipe_free (&copy);
  return copy;
}

const char *
ae_recipe_get (const AeRecipe *recipe, const char *section, const char *key)
{
  size_t index = ae_keys_find (section, key);
  return index == SIZE_MAX ? NULL : recipe->value[index];
}

double
ae_recipe_number (const AeRecipe *recipe, const char *section,
    const char *key, double fallback)
{
  const char *value = ae_recipe_get (recipe, section, key);
  return value ? ae_key_number (value) : fallback;
}

bool
ae_recipe_bool (const AeRecipe *recipe, const char *section, const char *key,
    bool fallback)
{
  const char *value = ae_recipe_get (recipe, section, key);
  return value ? ae_key_bool (value) : fallback;
}

AeStatus
ae_recipe_set (AeRecipe *recipe, const char *section, const char *key,
    const char *value, AeError *err)
{
  if (strpbrk (value, "\r\n") || strlen (value) > MAX_LINE - 64)
    return ae_fail (err, AE_ERROR_FORMAT,
        "[%s] %s: wanted a value of one line of at most %d characters",
        section, key, MAX_LINE - 64);
  return set_value (recipe, section, key, value, err);
}

/* Appends to *text, which has room when it is not NULL; returns the length. */
static size_t
put (char **to, const char *piece)
{
  size_t length = strlen (piece);
  if (*to) {
    memcpy (*to, piece, length + 1);
    *to += length;
  }
  return length;
}

/* Writes the text to `to` (NULL: only counts) and returns its length. */
static size_t
write_text (const AeRecipe *recipe, char *to)
{
  size_t length = 0;
  const char *section = "";
  for (size_t i = 0; i < ae_keys_count (); i++) {
    if (!recipe->value[i])
      continue;
    if (strcmp (section, ae_keys[i].section) != 0) {
      length += put (&to, *section ? "\n[" : "[");
      section = ae_keys[i].section;
      length += put (&to, section);
      length += put (&to, "]\n");
    }
    length += put (&to, ae_keys[i].name);
    length += put (&to, " = ");
    length += put (&to, recipe->value[i]);
    length += put (&to, "\n");
  }
  return length;
}

char *
ae_recipe_text (const AeRecipe *recipe)
{
  /* by malloc, because the caller frees it with free() */
  char *text = malloc (write_text (recipe, NULL) + 1);
  if (text) {
    text[0] = '\0';
    write_text (recipe, text);
  }
  return text;
}

const char *
ae_recipe_text_of (
    const AeRecipe *recipe, const char *section, const char *key)
{
  size_t index = ae_keys_find (section, key);
  assert (index != SIZE_MAX);
  return recipe->value[index]
      ? recipe->value[index]
      : ae_task_default (ae_task_of (recipe), &ae_keys[index]);
}

double
ae_recipe_number_of (
    const AeRecipe *recipe, const char *section, const char *key)
{
  return ae_key_number (ae_recipe_text_of (recipe, section, key));
}

bool
ae_recipe_bool_of (
    const AeRecipe *recipe, const char *section, const char *key)
{
  return ae_key_bool (ae_recipe_text_of (recipe, section, key));
}

int
ae_recipe_word_of (const AeRecipe *recipe, const char *section,
    const char *key, const char *const *words)
{
  const char *value = ae_recipe_text_of (recipe, section, key);
  int i = 0;
  while (words[i] && strcasecmp (words[i], value) != 0)
    i++;
  assert (words[i]);
  return i;
}

AePrecision
ae_recipe_precision (const AeRecipe *recipe)
{
  static const char *const words[] = { "f32", "auto", "bf16", NULL };
  return (AePrecision) ae_recipe_word_of (
      recipe, "training", "precision", words);
}

size_t
ae_recipe_ints_of (const AeRecipe *recipe, const char *section,
    const char *key, int list[AE_KEY_MAX_LIST])
{
  return ae_key_ints (ae_recipe_text_of (recipe, section, key), list);
}

AeStatus
ae_recipe_size_of (const AeRecipe *recipe, const char *section,
    AeThumbnailSize *size, AeError *err)
{
  static const char *const channels[] = { "1", "3", NULL };
  const char *text = ae_recipe_text_of (recipe, section, "size");
  int end = 0;
  if (strlen (text) > 9
      || sscanf (text, "%4dx%4d%n", &size->width, &size->height, &end) != 2
      || text[end] || size->width < 1 || size->height < 1
      || size->width > AE_RECIPE_MOST_SIDE
      || size->height > AE_RECIPE_MOST_SIDE)
    return ae_fail (err, AE_ERROR_FORMAT,
        "[%s] size is '%s', wanted WIDTHxHEIGHT of 1 to %d pixels, as 28x28",
        section, text, AE_RECIPE_MOST_SIDE);
  size->channels
      = ae_recipe_word_of (recipe, section, "channels", channels) ? 3 : 1;
  return AE_OK;
}
