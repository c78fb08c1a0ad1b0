/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_GRAPH_MODEL_H
#define AE_GRAPH_MODEL_H

/* The model behind the public handle. Built once (by onnx/ or by train/),
 * sealed, then immutable. */

#include <ae/model.h>

#include "graph/graph.h"

/* Keys and values are copied, newest value wins. Only before sealing. */
AeStatus ae_model_new (AeModel **out, AeError *err);
AeGraph *ae_model_edit (AeModel *model);
AeStatus ae_model_set_meta (
    AeModel *model, const char *key, const char *value, AeError *err);

/* Sorts and validates the graph and computes the id. After this the model is
 * immutable. */
AeStatus ae_model_seal (AeModel *model, AeError *err);

const AeGraph *ae_model_graph (const AeModel *model);

/* The id of ae_model_id, computed anew: 32 hexadecimal digits. */
void ae_model_compute_id (const AeModel *model, char id[33]);

/* An unsealed deep copy. */
AeStatus ae_model_copy (AeModel **out, const AeModel *model, AeError *err);

#endif
