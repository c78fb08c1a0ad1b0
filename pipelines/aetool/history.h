/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_HISTORY_H
#define AETOOL_HISTORY_H

/* How a training went: a table in a CSV file and a picture of its curves. */

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  gint64 step;
  double seconds; /* of training, pauses excluded */
  double loss;    /* mean since the row before */
  double score;   /* of the held-out pictures; NaN = not taken */
  double rate;    /* learning rate */
} HistoryRow;

typedef GArray History; /* of HistoryRow */

History *history_new (void);
#define history_row(history, i) g_array_index (history, HistoryRow, i)

/* Reads rows up to and including `last_step`; an absent or unreadable file
 * gives an empty history. */
History *history_read (const char *path, gint64 last_step);

/* score: its column's name; NULL where there is none. */
gboolean history_write (const History *history, const char *score,
    const char *path, GError **error);

/* Loss (logarithmic, left) and score (right) over the steps, as a PNG. `score` is
 * its title. */
gboolean history_plot (const History *history, const char *score,
    const char *path, GError **error);

G_END_DECLS

#endif
