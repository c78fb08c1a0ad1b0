/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "attribute_table.h"

#include "aetool.h"

#include <math.h>

static gboolean
read_header (AttributeTable *t, const char *path, char *line, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (g_strstrip (line), ",", -1);
  guint n = g_strv_length (parts);
  if (n < 2) {
    g_set_error (error, AETOOL_DOMAIN, AE_ERROR_FORMAT,
        "%s: line 1 is \"%s\", wanted \"name,\" and the attributes' names",
        path, line);
    return FALSE;
  }
  t->n_columns = n - 1;
  t->columns = g_strdupv (parts + 1);
  for (guint i = 0; i < t->n_columns; i++)
    g_strstrip (t->columns[i]);
  return TRUE;
}

static gboolean
read_row (AttributeTable *t, const char *path, guint number, char *line,
    GError **error)
{
  g_auto (GStrv) parts = g_strsplit (g_strstrip (line), ",", -1);
  float *row = g_new (float, t->n_columns);
  gboolean good = g_strv_length (parts) == t->n_columns + 1;
  for (guint i = 0; good && i < t->n_columns; i++) {
    char *text = g_strstrip (parts[i + 1]), *end;
    double value = g_ascii_strtod (text, &end);
    good = end != text && *end == '\0' && isfinite (value);
    row[i] = (float) value;
  }
  if (good)
    g_hash_table_replace (t->rows, g_strdup (g_strstrip (parts[0])), row);
  else {
    g_free (row);
    g_set_error (error, AETOOL_DOMAIN, AE_ERROR_FORMAT,
        "%s: line %u is \"%s\", wanted a name and %u numbers", path, number,
        line, t->n_columns);
  }
  return good;
}

AttributeTable *
attribute_table_read (const char *path, GError **error)
{
  g_autofree char *text = NULL;
  if (!g_file_get_contents (path, &text, NULL, error))
    return NULL;
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  AttributeTable *t = g_new0 (AttributeTable, 1);
  t->rows = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  gboolean good
      = read_header (t, path, lines[0] ? lines[0] : (char[]){ "" }, error);
  for (guint i = 1; good && lines[i]; i++)
    if (*g_strstrip (lines[i]))
      good = read_row (t, path, i + 1, lines[i], error);
  if (!good)
    g_clear_pointer (&t, attribute_table_free);
  return t;
}

void
attribute_table_free (AttributeTable *t)
{
  if (!t)
    return;
  g_strfreev (t->columns);
  g_hash_table_unref (t->rows);
  g_free (t);
}

const float *
attribute_table_find (const AttributeTable *t, const char *name)
{
  return g_hash_table_lookup (t->rows, name);
}
