/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_ONNX_TENSOR_H
#define AE_ONNX_TENSOR_H

/* TensorProto to tensor and back. */

#include "onnx/arena.h"
#include "onnx/external.h"
#include "tensor/tensor.h"

/* A new tensor. Declared sizes are compared with the bytes present before
 * anything is allocated. `external` NULL: external data is refused. The error
 * text does not name the tensor. */
AeStatus ae_onnx_tensor_read (AeTensor **out, const OnnxTensor *proto,
    AeExternal *external, AeError *err);

/* A view: proto points into `tensor` and `name`. */
void ae_onnx_tensor_view (
    OnnxTensor *proto, const AeTensor *tensor, const char *name);

/* The ONNX name of an element type, supported or not: "float8e4m3fn". */
const char *ae_onnx_type_name (int32_t type);

/* A file that holds one TensorProto. *name (ae_free) may be "". */
AeStatus ae_onnx_tensor_load (
    AeTensor **out, char **name, const char *path, AeError *err);

#endif
