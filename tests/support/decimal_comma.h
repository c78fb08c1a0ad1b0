/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_DECIMAL_COMMA_H
#define AE_DECIMAL_COMMA_H

/* A locale in which one and a half is "1,5": made for the test, as few
 * machines have one. */

#include "ae_tmp.h"

#include <locale.h>
#include <stdbool.h>

static inline bool
decimal_comma_make (const char *folder)
{
  char command[400];
  FILE *source = fopen (ae_tmp_path (folder, "comma"), "w");
  if (!source)
    return false;
  fputs ("LC_CTYPE\ncopy \"POSIX\"\nEND LC_CTYPE\n"
         "LC_NUMERIC\ndecimal_point \",\"\nthousands_sep \".\"\n"
         "grouping 3;3\nEND LC_NUMERIC\n",
      source);
  fclose (source);
  /* it warns of what else a locale has, and fails so */
  snprintf (command, sizeof command,
      "localedef -c -i %s -f ANSI_X3.4-1968 %s >/dev/null 2>&1",
      ae_tmp_path (folder, "comma"), ae_tmp_path (folder, "xx_XX"));
  return system (command) != -1
         && setenv ("LOCPATH", folder, true) == 0
         && setlocale (LC_NUMERIC, "xx_XX");
}

static inline void
decimal_comma_remove (const char *folder)
{
  char parts[120], whole[100];
  snprintf (whole, sizeof whole, "%s/xx_XX", folder);
  snprintf (parts, sizeof parts, "%s/LC_MESSAGES", whole);
  ae_tmp_remove (parts);
  ae_tmp_remove (whole);
  ae_tmp_remove (folder);
}

/* False, and says so: there is none and none can be made. */
static inline bool
decimal_comma_begin (void)
{
  char folder[64], text[8];
  ae_tmp_make (folder);
  bool made = decimal_comma_make (folder);
  decimal_comma_remove (folder); /* it is loaded */
  if (!made && !setlocale (LC_NUMERIC, "de_DE.UTF-8")) {
    printf ("no locale with a decimal comma here: not tested\n");
    return false;
  }
  snprintf (text, sizeof text, "%g", 1.5);
  return strcmp (text, "1,5") == 0;
}

static inline void
decimal_comma_end (void)
{
  unsetenv ("LOCPATH");
  setlocale (LC_NUMERIC, "C");
}

#endif
