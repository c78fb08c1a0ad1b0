/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_PROGRESS_H
#define AETOOL_PROGRESS_H

/* A progress bar on a terminal; elsewhere one plain line now and then. All of
 * it goes to standard error. */

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  gboolean tty;
  gint64 started;   /* monotonic, microseconds */
  gint64 drawn;     /* when something was last shown; 0 = never */
  double interval;  /* seconds between plain lines */
  int width;        /* of what stands in the terminal's line */
} Progress;

/* interval: seconds between two lines when there is no terminal. */
void progress_start (Progress *progress, double interval);

/* Whether it is time to show something again, so that a caller need not make
 * text in vain. */
gboolean progress_due (const Progress *progress);

/* Shows a bar of `fraction` (0..1, below 0 = unknown) and the text. */
void progress_show (Progress *progress, double fraction, const char *text);

/* Prints a line of its own above the bar. */
void progress_line (Progress *progress, const char *format, ...)
    G_GNUC_PRINTF (2, 3);

/* Removes the bar. */
void progress_end (Progress *progress);

double progress_elapsed (const Progress *progress); /* seconds */

/* "1:02:03" or "2:03"; "-" when unknown (negative). Caller frees. */
char *progress_time_text (double seconds);

G_END_DECLS

#endif
