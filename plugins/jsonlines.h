/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_AE_JSON_LINES_H
#define GST_AE_JSON_LINES_H

/* Writes lines of text to a file, a named pipe or the standard output, by a
 * thread of its own: a pipe that nobody reads, a full disk, a slow reader never
 * block the one who writes. Lines wait in a bounded queue; what does not fit
 * any more is dropped and counted. */

#include "aeerror.h"

G_BEGIN_DECLS

/* Lines that wait at most. */
#define GST_AE_JSON_LINES_MAX 1024

typedef struct _GstAeJsonLines GstAeJsonLines;

/* Called by the writer's thread, with no lock held: once for each kind of
 * trouble. */
typedef void (*GstAeJsonLinesTrouble) (gpointer user, const AeError *error);

/* location: a file, which is emptied; a named pipe, also one that has no reader
 * yet, or loses it; "-" for the standard output. NULL when it cannot be opened
 * for writing: the text names it (IO, NOT_FOUND). */
GstAeJsonLines *gst_ae_json_lines_new (const gchar *location,
    GstAeJsonLinesTrouble trouble, gpointer user, AeError *error);

/* Writes what waits, for a second at most, and joins the thread. Sets *lines to
 * NULL; NULL is accepted. */
void gst_ae_json_lines_free (GstAeJsonLines **lines);

/* Takes a line without its end; never waits. Any thread. */
void gst_ae_json_lines_add (GstAeJsonLines *lines, gchar *line);

/* Lines that were not, or not wholly, written. Any thread. */
guint64 gst_ae_json_lines_dropped (GstAeJsonLines *lines);

G_END_DECLS

#endif
