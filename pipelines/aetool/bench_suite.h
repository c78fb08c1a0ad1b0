/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_BENCH_SUITE_H
#define AETOOL_BENCH_SUITE_H

/* aetool bench --suite: networks of many kinds and the bundled models beside
 * onnxruntime, one table. */

#include "bench.h"

G_BEGIN_DECLS

/* Pictures of that size where networks leave it open. Returns an exit
 * status. */
int bench_suite (
    int width, int height, const BenchOptions *options, gboolean as_json);

G_END_DECLS

#endif
