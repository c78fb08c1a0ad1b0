/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_ONNX_READ_GRAPH_H
#define AE_ONNX_READ_GRAPH_H

#include "graph/model.h"
#include "onnx/arena.h"
#include "onnx/external.h"

/* What reading a graph needs besides the graph. */
typedef struct {
  const OnnxModel *header;
  AeArena *arena;
  AeExternal *external;
  size_t size; /* bytes of the file */
} AeOnnxSource;

/* Fills the model's graph. */
AeStatus ae_onnx_graph_read (AeModel *model, const AeOnnxSource *source,
    const OnnxGraph *proto, AeError *err);

#endif
