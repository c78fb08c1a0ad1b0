/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_ANOMALY_CHART_H
#define AETOOL_ANOMALY_CHART_H

/* Curves of what a detector reached, as SVG pictures. */

#include "anomaly_figures.h"

G_BEGIN_DECLS

/* Unusual frames found over usual ones found, of all channels with their
 * areas (channels without a curve are left out). */
gboolean anomaly_chart_roc (const GPtrArray *tracks,
    const AnomalyFigures *figures, const char *path, GError **error);

/* The fused score over the time of a clip, unusual spans shaded, and the
 * threshold. */
gboolean anomaly_chart_time (const AnomalyTrack *track, double threshold,
    const char *path, GError **error);

G_END_DECLS

#endif
