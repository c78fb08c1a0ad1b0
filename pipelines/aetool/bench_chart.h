/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_BENCH_CHART_H
#define AETOOL_BENCH_CHART_H

/* Bars of how many times as fast as a peer, as an SVG picture. */

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  char *title, *peer;
  GArray *bars;
} BenchChart;

/* The texts are copied. */
void bench_chart_init (BenchChart *chart, const char *title, const char *peer);

/* Left out when the ratio is NaN. */
void bench_chart_add (BenchChart *chart, const char *name, double ratio);

gboolean bench_chart_save (
    const BenchChart *chart, const char *path, GError **error);
void bench_chart_clear (BenchChart *chart);

G_END_DECLS

#endif
