/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_ONNX_WRITER_H
#define AE_ONNX_WRITER_H

#include "graph/model.h"

/* The model as the bytes of an ONNX file, freed with ae_free. The graph is
 * the last field, so every strict prefix of the bytes is refused by readers.
 * Errors: NUMERIC (an f32 parameter is NaN or infinite), MEMORY,
 * LIMIT (2 GiB). */
AeStatus ae_model_serialize (
    const AeModel *model, void **bytes, size_t *size, AeError *err);

#endif
