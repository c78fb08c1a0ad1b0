/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_ONNX_ATTR_H
#define AE_ONNX_ATTR_H

/* AttributeProto to attribute and back. */

#include "onnx/arena.h"
#include "onnx/external.h"
#include "ops/attrs.h"

/* No operator has nearly as many attributes; looking one up is linear. */
#define AE_ONNX_MAX_ATTRS 64

/* Adds what `proto` says to `attrs`. Graphs, types and sparse tensors are
 * UNSUPPORTED. The error text names the attribute. */
AeStatus ae_onnx_attr_read (AeAttrs *attrs, const OnnxAttribute *proto,
    AeArena *arena, AeExternal *external, AeError *err);

/* A view of `attr`; packed parts are in the arena. */
AeStatus ae_onnx_attr_view (OnnxAttribute *proto, const AeAttr *attr,
    AeArena *arena, AeError *err);

/* Packs a message into arena memory as the content of a bytes field; false
 * when memory runs out. */
bool ae_onnx_pack (ProtobufCBinaryData *out, const ProtobufCMessage *message,
    AeArena *arena);

#endif
