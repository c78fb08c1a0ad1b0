/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_ONNX_FROZEN_H
#define AE_ONNX_FROZEN_H

/* f32 initializers are parameters, which training changes; the metadata entry
 * "ae.frozen" lists those that are not, separated by commas. A comma or
 * backslash inside a name is preceded by a backslash. */

#include "graph/graph.h"

/* Clears `trainable` of the values listed; unknown names are ignored. */
AeStatus ae_frozen_apply (AeGraph *graph, const char *list, AeError *err);

/* The list for a graph (ae_free); *list is NULL when nothing is frozen. */
AeStatus ae_frozen_list (char **list, const AeGraph *graph, AeError *err);

#endif
