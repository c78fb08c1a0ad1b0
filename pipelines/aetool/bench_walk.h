/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_BENCH_WALK_H
#define AETOOL_BENCH_WALK_H

/* From tiny pictures to large ones, one to many at a time, few channels to
 * many: is there a size at which speed breaks down? */

#include "bench.h"

G_BEGIN_DECLS

/* Prints a table of GFLOP/s (and times as fast as onnxruntime, where that is
 * compared), the cells that lie far below their neighbours, and the time per
 * pixel of a denoiser as pictures grow, to at most width x height. Returns an
 * exit status. */
int bench_walk (int width, int height, const BenchOptions *options);

G_END_DECLS

#endif
