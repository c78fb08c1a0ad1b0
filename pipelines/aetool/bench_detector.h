/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_BENCH_DETECTOR_H
#define AETOOL_BENCH_DETECTOR_H

/* aetool bench with an anomaly model: how long frames take in which some things
 * walk about, and on what. */

#include "bench.h"

/* Frames of width x height; 0: of the model's size, and where it is for any
 * camera of 1280x720. Prints what they take, or an error's text; an exit
 * status. */
int bench_detector (AeModel *model, int width, int height,
    const BenchOptions *options, gboolean as_json);

#endif
