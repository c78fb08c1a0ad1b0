/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_ONNX_OPSET_H
#define AE_ONNX_OPSET_H

/* Versions: of the file format, of the operator sets, of each operator. */

#include "onnx.pb-c.h"
#include "ops/op.h"

#define AE_ONNX_IR_WRITTEN 8
#define AE_ONNX_IR_MAX 13
#define AE_ONNX_OPSET_MAX 28
#define AE_ONNX_FROZEN "ae.frozen" /* metadata: constants not to be trained */

/* Checks ir_version and the imports of domains we know. */
AeStatus ae_onnx_versions_check (const OnnxModel *model, AeError *err);

/* "" for "ai.onnx" and NULL, which are the same domain. */
const char *ae_onnx_domain (const char *domain);

/* The version of a domain that a list of imports names; 0 when none does. */
int ae_onnx_import (OnnxOpset *const *imports, size_t n, const char *domain);

/* The same for a model. */
int ae_onnx_opset (const OnnxModel *model, const char *domain);

/* The operator that a node names, or UNSUPPORTED (FORMAT when the file is
 * inconsistent) with operator, node and opset in the text. */
AeStatus ae_onnx_op_find (const AeOp **op, int *opset, const OnnxModel *model,
    const OnnxNode *node, AeError *err);

/* What to call a node in an error text: its name or its first output's. */
const char *ae_onnx_node_name (const OnnxNode *node);

#endif
