/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_REPORT_H
#define AETOOL_REPORT_H

/* Evaluation tables for people (Markdown) and for programs (JSON). */

#include "evaluate.h"
#include "json.h"

G_BEGIN_DECLS

void report_table (const EvalSet *set, const GPtrArray *methods,
    const GArray *sigmas, const EvalTable *table);

/* An object named set->key. */
void report_json (Json *json, const EvalSet *set, const GPtrArray *methods,
    const GArray *sigmas, const EvalTable *table);

G_END_DECLS

#endif
