/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_BENCH_LOAD_H
#define AETOOL_BENCH_LOAD_H

/* How calm the engine is on a busy machine. */

#include "bench.h"

G_BEGIN_DECLS

/* Prints what a thread that computes beside costs each bundled denoiser's
 * network, and onnxruntime where that is compared; and how fairly four
 * denoisers of one process share the cores. Returns an exit status. */
int bench_load (int width, int height, const BenchOptions *options);

G_END_DECLS

#endif
