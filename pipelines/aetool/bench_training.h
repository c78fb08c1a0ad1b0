/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_BENCH_TRAINING_H
#define AETOOL_BENCH_TRAINING_H

/* aetool bench --training: steps of training beside PyTorch, one table. */

#include "bench.h"

G_BEGIN_DECLS

/* Returns an exit status. */
int bench_training (const BenchOptions *options, gboolean as_json);

G_END_DECLS

#endif
