/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_ONNX_HALF_H
#define AE_ONNX_HALF_H

/* Weights stored as 16-bit floats, which halves a file: an initializer of type
 * float16 and a Cast to float32, as any ONNX runtime reads it. A model whose
 * metadata says ae.weights = float16 is written so; what is written is rounded
 * to 11 bits. */

#include "graph/model.h"
#include "onnx.pb-c.h"
#include "onnx/arena.h"

#define AE_HALF_META "ae.weights"

bool ae_half_wanted (const AeModel *model);

/* A trainable f32 constant of two and more dimensions within float16's
 * range. */
bool ae_half_fits (const AeValue *value);

/* The two messages of one such value; what they need is in the arena. */
AeStatus ae_half_view (const AeValue *value, OnnxTensor *tensor,
    OnnxNode *node, AeArena *arena, AeError *err);

/* After reading: a float16 constant that only a Cast to float32 reads becomes
 * a trainable f32 constant with the name of the Cast's output; node and
 * float16 constant go. */
AeStatus ae_half_resolve (AeGraph *graph, AeError *err);

#endif
