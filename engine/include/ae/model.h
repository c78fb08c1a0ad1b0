/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_MODEL_H
#define AE_MODEL_H

/* A model: graph, parameters and metadata, read from or written to an ONNX
 * file. Immutable once made and reference-counted: any thread may use and
 * share one model; sessions and trainers hold their own reference. */

#include <ae/types.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct AeModel AeModel;

/* Reads and validates the ONNX file at `path`. External tensor data is only
 * taken from plain file names in the same folder. On success *out holds a new
 * reference; on failure it is NULL. Errors: NOT_FOUND, IO, FORMAT,
 * UNSUPPORTED (names operator, node and opset), SHAPE, LIMIT, MEMORY. */
AE_API AeStatus ae_model_load (AeModel **out, const char *path, AeError *err);

/* The same from bytes in memory, which are not kept. External data is
 * refused. */
AE_API AeStatus ae_model_parse (
    AeModel **out, const void *bytes, size_t size, AeError *err);

/* Writes the model as ONNX, replacing `path` atomically: after a failure or a
 * crash the old file is whole. Refuses parameters that are NaN or infinite
 * (NUMERIC). Errors: IO, MEMORY, NUMERIC. */
AE_API AeStatus ae_model_save (
    const AeModel *model, const char *path, AeError *err);

AE_API AeModel *ae_model_ref (AeModel *model);

/* Drops a reference and sets *model to NULL; NULL is accepted. */
AE_API void ae_model_unref (AeModel **model);

/* 32 hexadecimal digits (128 bits) of a hash over graph, parameters and
 * metadata: equal models have equal ids. */
AE_API const char *ae_model_id (const AeModel *model);

/* Metadata value ("ae.task", ...); NULL when absent. Owned by the model. */
AE_API const char *ae_model_meta (const AeModel *model, const char *key);

/* Metadata by index, 0 .. ae_model_n_meta()-1. */
AE_API size_t ae_model_n_meta (const AeModel *model);
AE_API const char *ae_model_meta_key (const AeModel *model, size_t index);
AE_API const char *ae_model_meta_value (const AeModel *model, size_t index);

/* Inputs (initializers excluded) and outputs in file order. Dimensions that
 * the file leaves open are -1. A rank that the file leaves open is -1. */
AE_API size_t ae_model_n_inputs (const AeModel *model);
AE_API const char *ae_model_input_name (const AeModel *model, size_t index);
AE_API AeType ae_model_input_type (const AeModel *model, size_t index);
AE_API AeShape ae_model_input_shape (const AeModel *model, size_t index);
AE_API size_t ae_model_n_outputs (const AeModel *model);
AE_API const char *ae_model_output_name (const AeModel *model, size_t index);
AE_API AeShape ae_model_output_shape (const AeModel *model, size_t index);

/* What the file calls dimension `dim` of an input (output) that it leaves
 * open, as "height"; "" when it gives no name. Owned by the model. */
AE_API const char *ae_model_input_dim_name (
    const AeModel *model, size_t index, int dim);
AE_API const char *ae_model_output_dim_name (
    const AeModel *model, size_t index, int dim);

/* Nodes in execution order, for listings. */
AE_API size_t ae_model_n_nodes (const AeModel *model);
AE_API const char *ae_model_node_name (const AeModel *model, size_t index);
AE_API const char *ae_model_node_op (const AeModel *model, size_t index);

/* Number of f32 parameters (elements of all initializers of type f32). */
AE_API size_t ae_model_n_params (const AeModel *model);

/* Writes the graph in Graphviz's dot language into a new string that the
 * caller frees with free(); NULL when memory runs out. */
AE_API char *ae_model_dot (const AeModel *model);

#ifdef __cplusplus
}
#endif

#endif
