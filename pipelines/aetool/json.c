/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "json.h"

#include <math.h>
#include <stdio.h>

Json *
json_new (void)
{
  Json *json = g_new0 (Json, 1);
  json->text = g_string_new (NULL);
  return json;
}

void
json_free (Json *json)
{
  g_string_free (json->text, TRUE);
  g_free (json);
}

static void
quoted (GString *to, const char *text)
{
  g_string_append_c (to, '"');
  for (; *text; text++) {
    if (*text == '"' || *text == '\\')
      g_string_append_printf (to, "\\%c", *text);
    else if ((guchar) *text < 0x20)
      g_string_append_printf (to, "\\u%04x", *text);
    else
      g_string_append_c (to, *text);
  }
  g_string_append_c (to, '"');
}

static void
begin_value (Json *json, const char *key)
{
  if (json->comma)
    g_string_append (json->text, ", ");
  json->comma = TRUE;
  if (key) {
    quoted (json->text, key);
    g_string_append (json->text, ": ");
  }
}

void
json_open (Json *json, const char *key, char bracket)
{
  begin_value (json, key);
  g_string_append_c (json->text, bracket);
  json->comma = FALSE;
}

void
json_close (Json *json, char bracket)
{
  g_string_append_c (json->text, bracket == '{' ? '}' : ']');
  json->comma = TRUE;
}

void
json_string (Json *json, const char *key, const char *value)
{
  g_autofree char *valid = g_utf8_make_valid (value, -1);
  begin_value (json, key);
  quoted (json->text, valid);
}

void
json_number (Json *json, const char *key, double value)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];
  begin_value (json, key);
  if (!isfinite (value))
    g_string_append (json->text, "null");
  else
    g_string_append (
        json->text, g_ascii_formatd (text, sizeof text, "%.9g", value));
}

void
json_bool (Json *json, const char *key, gboolean value)
{
  begin_value (json, key);
  g_string_append (json->text, value ? "true" : "false");
}

void
json_print (Json *json)
{
  puts (json->text->str);
}
