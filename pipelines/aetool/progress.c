/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "progress.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define REDRAW_SECONDS 0.2
#define BAR_CELLS 24

void
progress_start (Progress *progress, double interval)
{
  progress->tty = isatty (STDERR_FILENO);
  progress->started = g_get_monotonic_time ();
  progress->drawn = 0;
  progress->interval = interval;
  progress->width = 0;
}

double
progress_elapsed (const Progress *progress)
{
  return (g_get_monotonic_time () - progress->started) / 1e6;
}

gboolean
progress_due (const Progress *progress)
{
  double wait = progress->tty ? REDRAW_SECONDS : progress->interval;
  gint64 since = progress->drawn ? progress->drawn : progress->started;
  return (g_get_monotonic_time () - since) / 1e6 >= wait;
}

/* Columns of the terminal. */
static int
columns (void)
{
  struct winsize size;
  if (ioctl (STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return size.ws_col;
  return 80;
}

static void
clear (Progress *progress)
{
  if (progress->width)
    fprintf (stderr, "\r%*s\r", progress->width, "");
  progress->width = 0;
}

void
progress_show (Progress *progress, double fraction, const char *text)
{
  progress->drawn = g_get_monotonic_time ();
  if (!progress->tty) {
    if (fraction >= 0)
      fprintf (stderr, "%5.1f %% %s\n", 100 * fraction, text);
    else
      fprintf (stderr, "%s\n", text);
    return;
  }
  char bar[BAR_CELLS + 1] = "";
  if (fraction >= 0) {
    int full = (int) lround (CLAMP (fraction, 0, 1) * BAR_CELLS);
    memset (bar, '.', BAR_CELLS);
    memset (bar, '#', full);
  }
  g_autofree char *line
      = fraction >= 0
            ? g_strdup_printf ("[%s] %3.0f %% %s", bar, 100 * fraction, text)
            : g_strdup (text);
  int width = MIN ((int) strlen (line), columns () - 1);
  fprintf (stderr, "\r%.*s", width, line);
  if (width < progress->width)
    fprintf (stderr, "%*s", progress->width - width, "");
  progress->width = MAX (width, progress->width);
  fflush (stderr);
}

void
progress_line (Progress *progress, const char *format, ...)
{
  va_list args;
  clear (progress);
  va_start (args, format);
  vfprintf (stderr, format, args);
  va_end (args);
  fputc ('\n', stderr);
}

void
progress_end (Progress *progress)
{
  clear (progress);
  fflush (stderr);
}

char *
progress_time_text (double seconds)
{
  if (!(seconds >= 0) || seconds > 1e7)
    return g_strdup ("-");
  int s = (int) lround (seconds);
  if (s >= 3600)
    return g_strdup_printf ("%d:%02d:%02d", s / 3600, s / 60 % 60, s % 60);
  return g_strdup_printf ("%d:%02d", s / 60, s % 60);
}
