/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_RD_CHART_H
#define AETOOL_RD_CHART_H

/* Curves of quality over rate, as an SVG picture. */

#include "rate_distortion.h"

G_BEGIN_DECLS

typedef struct {
  char *title, *quality;
  GPtrArray *names;  /* of char */
  GPtrArray *curves; /* of GArray of RdPoint */
} RdChart;

/* The texts are copied; `quality` is what the points' quality is called. */
void rd_chart_init (RdChart *chart, const char *title, const char *quality);

/* The first curve is drawn bold. Keeps a reference to the points. */
void rd_chart_add (RdChart *chart, const char *name, GArray *points);

gboolean rd_chart_save (
    const RdChart *chart, const char *path, GError **error);
void rd_chart_clear (RdChart *chart);

G_END_DECLS

#endif
