/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_ONNX_INLINE_H
#define AE_ONNX_INLINE_H

#include "onnx.pb-c.h"
#include "onnx/arena.h"

/* Puts the body of a function in the place of every node that calls one of
 * the model's own; calls in bodies too. Values of a body get new names.
 * Functions may import no other opset than the model does. Does nothing when
 * the model has no functions. New nodes are in the arena. Errors: FORMAT (a
 * function that calls itself, arguments that do not fit), UNSUPPORTED (another
 * opset), LIMIT (too deep, too many nodes), MEMORY; the text names the
 * function. */
AeStatus ae_onnx_inline (OnnxGraph *graph, const OnnxModel *header,
    AeArena *arena, AeError *err);

#endif
