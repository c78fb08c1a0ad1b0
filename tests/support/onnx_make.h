/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TESTS_ONNX_MAKE_H
#define AE_TESTS_ONNX_MAKE_H

/* Small ONNX files made field by field, broken ones included: every message
 * may be changed before it is packed. Memory is only freed at process end. */

#include "onnx.pb-c.h"

#include <stdbool.h>
#include <stddef.h>

#define ONNX_MAKE_MAX 16

typedef struct {
  OnnxModel model;
  OnnxGraph graph;
  OnnxOpset opset[ONNX_MAKE_MAX];
  OnnxNode node[ONNX_MAKE_MAX];
  OnnxTensor initializer[ONNX_MAKE_MAX];
  OnnxValue input[ONNX_MAKE_MAX], output[ONNX_MAKE_MAX];
  OnnxFunction **function; /* packed into the model by onnx_make_pack */
  size_t n_functions;
} OnnxMake;

/* IR 8, opset 17, an empty graph. */
void onnx_make_start (OnnxMake *m);

/* x (f32, 2x3) -> Identity -> y: what a test then breaks. */
void onnx_make_identity (OnnxMake *m);

/* `op`: an operator's name, or "my.F": F of the domain my. `inputs` and
 * `outputs` are names separated by spaces; "-" is absent. */
OnnxNode *onnx_make_node (
    OnnxMake *m, const char *op, const char *inputs, const char *outputs);
OnnxAttribute *onnx_make_attr (OnnxNode *node, const char *name, int type);

/* A function with an empty body that imports nothing. As many as wanted. */
OnnxFunction *onnx_make_function (OnnxMake *m, const char *domain,
    const char *name, const char *inputs, const char *outputs);

/* A node of a function's body. */
OnnxNode *onnx_make_body (OnnxFunction *function, const char *op,
    const char *inputs, const char *outputs);

/* With raw data (which is not copied). */
OnnxTensor *onnx_make_initializer (OnnxMake *m, const char *name, int type,
    int rank, const int64_t *dims, const void *raw, size_t size);
/* rank -1: no shape; dim -1: open. */
OnnxValue *onnx_make_input (
    OnnxMake *m, const char *name, int type, int rank, const int64_t *dims);
/* f32; dimensions as "batch 3 height -": names, numbers, open. */
OnnxValue *onnx_make_named_input (
    OnnxMake *m, const char *name, const char *dims);
OnnxValue *onnx_make_output (OnnxMake *m, const char *name, int type);
void onnx_make_meta (OnnxMake *m, const char *key, const char *value);
OnnxPair *onnx_make_external (OnnxTensor *tensor, const char *location,
    const char *offset, const char *length);

/* The content of a bytes field. */
ProtobufCBinaryData onnx_make_bytes (const ProtobufCMessage *message);

/* The file; the graph is its last field. */
unsigned char *onnx_make_pack (OnnxMake *m, size_t *size);

#endif
