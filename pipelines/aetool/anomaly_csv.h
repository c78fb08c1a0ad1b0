/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_ANOMALY_CSV_H
#define AETOOL_ANOMALY_CSV_H

/* All scores, for other programs. */

#include "anomaly_track.h"

G_BEGIN_DECLS

/* Columns: clip, frame, unusual, ready, and the channels' raw scores. */
gboolean anomaly_csv_save (
    const GPtrArray *tracks, const char *path, GError **error);

G_END_DECLS

#endif
