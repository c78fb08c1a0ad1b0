/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TENSOR_TENSOR_H
#define AE_TENSOR_TENSOR_H

/* Sizes, storage and scalar access of tensors. */

#include <ae/types.h>

#include "util/error.h"

/* Largest element count the engine accepts in one tensor. */
#define AE_MAX_ELEMENTS ((int64_t) 1 << 31)

/* Checks rank, that no dimension is negative and that the count stays below
 * AE_MAX_ELEMENTS. `what` begins the error text. */
AeStatus ae_shape_check (const AeShape *shape, const char *what, AeError *err);

/* Elements that the storage has room for, padding of the layout included;
 * bytes of that. The shape must be valid. */
size_t ae_tensor_storage (const AeTensor *tensor);
size_t ae_tensor_bytes (const AeTensor *tensor);

/* Elements that lie together as one row of a tensor of rank 4: of one channel
 * (plain) or of all. */
size_t ae_tensor_row (const AeTensor *tensor);

/* A new plain tensor that owns its zeroed data, freed by ae_tensor_free; NULL
 * when memory runs out. */
AeTensor *ae_tensor_new (AeType type, const AeShape *shape);
AeTensor *ae_tensor_copy (const AeTensor *plain);
void ae_tensor_free (AeTensor **tensor);

/* Element `index` (row-major) of a plain tensor of any numeric or bool type,
 * converted. */
double ae_tensor_get (const AeTensor *plain, size_t index);
int64_t ae_tensor_get_int (const AeTensor *plain, size_t index);
void ae_tensor_set (AeTensor *plain, size_t index, double value);
/* The low bits of `value` in integer types: exact for 64-bit numbers. */
void ae_tensor_set_int (AeTensor *plain, size_t index, int64_t value);

/* Row-major element strides of `shape`; 0 where the dimension is 1 and
 * `broadcast` is set. */
void ae_shape_strides (
    const AeShape *shape, bool broadcast, int64_t stride[AE_MAX_RANK]);

/* Conversions of single values, round to nearest even. */
float ae_f16_to_f32 (uint16_t half);
uint16_t ae_f32_to_f16 (float value);
float ae_bf16_to_f32 (uint16_t bits);
uint16_t ae_f32_to_bf16 (float value);

#endif
