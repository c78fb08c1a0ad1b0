/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_BENCH_CODEC_H
#define AETOOL_BENCH_CODEC_H

/* aetool bench with a codec: how long frames take that move by fractions of a
 * pixel. */

#include "bench.h"

/* Prints what a frame takes, or an error's text; an exit status. */
int bench_codec (
    AeModel *model, int width, int height, const BenchOptions *options);

#endif
