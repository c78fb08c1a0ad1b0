/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "aetool.h"

#include <stdio.h>
#include <stdlib.h>

G_DEFINE_QUARK (aetool, aetool)

gboolean
aetool_parse (int *argc, char ***argv, const char *arguments,
    const char *summary, const char *description, const GOptionEntry *options)
{
  g_autoptr (GOptionContext) context = g_option_context_new (arguments);
  g_option_context_set_summary (context, summary);
  g_option_context_set_description (context, description);
  g_option_context_add_main_entries (context, options, NULL);
  GError *error = NULL;
  if (g_option_context_parse (context, argc, argv, &error)) {
    /* "--" ends the options and is no argument. */
    if (*argc > 1 && g_str_equal ((*argv)[1], "--")) {
      (*argv)[1] = (*argv)[0];
      (*argv)++;
      (*argc)--;
    }
    return TRUE;
  }
  aetool_usage ("%s", error->message);
  g_error_free (error);
  return FALSE;
}

static void
print_message (const char *format, va_list args)
{
  g_autofree char *text = g_strdup_vprintf (format, args);
  fprintf (stderr, "aetool: %s\n", text);
}

int
aetool_error (const char *format, ...)
{
  va_list args;
  va_start (args, format);
  print_message (format, args);
  va_end (args);
  return AETOOL_ERROR;
}

int
aetool_usage (const char *format, ...)
{
  va_list args;
  va_start (args, format);
  print_message (format, args);
  va_end (args);
  fprintf (stderr, "`%s --help` lists the options.\n", g_get_prgname ());
  return AETOOL_USAGE;
}

int
aetool_ae_error (const AeError *err)
{
  return aetool_error ("%s", err->text);
}

int
aetool_g_error (GError *error)
{
  int status = aetool_error ("%s", error->message);
  g_error_free (error);
  return status;
}

void
aetool_set_error (GError **error, const AeError *err)
{
  g_set_error_literal (error, AETOOL_DOMAIN, err->status, err->text);
}

gboolean
aetool_parse_size (const char *text, int *width, int *height)
{
  char *end;
  long w = strtol (text, &end, 10);
  if (end == text || *end != 'x')
    return FALSE;
  const char *second = end + 1;
  long h = strtol (second, &end, 10);
  if (end == second || *end || w < 1 || h < 1 || w > 16384 || h > 16384)
    return FALSE;
  *width = (int) w;
  *height = (int) h;
  return TRUE;
}

GArray *
aetool_parse_numbers (const char *text)
{
  g_auto (GStrv) parts = g_strsplit (text, ",", -1);
  g_autoptr (GArray) numbers = g_array_new (FALSE, FALSE, sizeof (double));
  for (char **part = parts; *part; part++) {
    char *end;
    double value = g_ascii_strtod (*part, &end);
    if (end == *part || *end || !(value >= 0) || value > 1e6)
      return NULL;
    g_array_append_val (numbers, value);
  }
  return numbers->len ? g_steal_pointer (&numbers) : NULL;
}

gboolean
aetool_parse_precision (const char *text, AePrecision *precision)
{
  static const char *const names[] = { "f32", "auto", "bf16" };
  *precision = AE_PRECISION_AUTO;
  for (guint i = 0; text && i < G_N_ELEMENTS (names); i++)
    if (!strcmp (text, names[i])) {
      *precision = (AePrecision) i;
      return TRUE;
    }
  if (text)
    aetool_usage ("--precision %s: wanted auto, f32 or bf16", text);
  return !text;
}
