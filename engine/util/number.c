/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "util/number.h"

#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#ifdef __APPLE__
#include <xlocale.h>
#endif

/* Kept for as long as the process lives. 0 where there is no memory for it:
 * then uselocale changes nothing. */
static locale_t plain;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
make_plain (void)
{
  plain = newlocale (LC_ALL_MASK, "C", (locale_t) 0);
}

/* The thread's locale until uselocale (what this returns). */
static locale_t
use_plain (void)
{
  pthread_once (&once, make_plain);
  return uselocale (plain);
}

double
ae_number_read (const char *text, char **end)
{
  locale_t before = use_plain ();
  double value = strtod (text, end);
  uselocale (before);
  return value;
}

bool
ae_number_list_read (const char *text, int n, float *to)
{
  for (int i = 0; i < n; i++) {
    char *end;
    to[i] = (float) ae_number_read (text, &end);
    if (end == text || !isfinite (to[i])
        || *end != (i + 1 < n ? ',' : '\0'))
      return false;
    text = end + 1;
  }
  return true;
}

int
ae_number_print (char *text, size_t size, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  locale_t before = use_plain ();
  int length = vsnprintf (text, size, format, args);
  uselocale (before);
  va_end (args);
  return length;
}
