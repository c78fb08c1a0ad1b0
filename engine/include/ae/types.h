/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TYPES_H
#define AE_TYPES_H

/* Status codes, error texts, element types, shapes and tensors: the words
 * every other public header is written in. Plain data, no functions that
 * allocate; safe to use from any thread. */

#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

#define AE_API __attribute__ ((visibility ("default")))
#define AE_PRINTF(fmt, args) __attribute__ ((format (printf, fmt, args)))

typedef enum {
  AE_OK = 0,
  AE_ERROR_ARGUMENT,    /* the caller passed a value outside its range */
  AE_ERROR_MEMORY,      /* an allocation failed or a size overflowed */
  AE_ERROR_NOT_FOUND,   /* no such file, input, output, operator, key */
  AE_ERROR_IO,          /* open, read, write, rename or sync failed */
  AE_ERROR_FORMAT,      /* a file or stream is truncated or malformed */
  AE_ERROR_UNSUPPORTED, /* well formed, but not something we implement */
  AE_ERROR_SHAPE,       /* tensor shapes or types do not fit together */
  AE_ERROR_NEEDS_DATA,  /* a shape depends on data that bind was not given */
  AE_ERROR_LIMIT,       /* larger than a stated limit */
  AE_ERROR_NUMERIC,     /* NaN or infinity where a number is needed */
  AE_ERROR_CANCELLED    /* stopped on request */
} AeStatus;

/* Filled by every call that can fail. A NULL AeError pointer is accepted
 * everywhere. `text` is one line that names the value found and the one
 * wanted; it is always terminated. */
typedef struct {
  AeStatus status;
  char text[1000];
} AeError;

/* Element types, numbered as in ONNX's TensorProto.DataType. */
typedef enum {
  AE_TYPE_NONE = 0,
  AE_F32 = 1,
  AE_U8 = 2,
  AE_I8 = 3,
  AE_U16 = 4,
  AE_I16 = 5,
  AE_I32 = 6,
  AE_I64 = 7,
  AE_BOOL = 9, /* one byte, 0 or 1 */
  AE_F16 = 10,
  AE_F64 = 11,
  AE_U32 = 12,
  AE_U64 = 13,
  AE_BF16 = 16
} AeType;

#define AE_MAX_RANK 8

/* Row-major dimensions, outermost first. rank 0 is a scalar. */
typedef struct {
  int rank;
  int64_t dim[AE_MAX_RANK];
} AeShape;

/* How a tensor's elements lie in memory.
 * PLAIN: dense row-major, no padding.
 * BLOCKED: f32 of shape (N,C,H,W) only, stored as [N][H][ceil(C/16)][W][16].
 *   Lanes past C hold finite values that mean nothing: readers ignore them.
 * PIXELS: f32 of shape (N,C,H,W) only, of which sessions whose products are
 *   made of bf16 keep no more than that between convolutions: bf16 values as
 *   [N][H][W][C], rows padded to 64 bytes. Never an input or output. */
typedef enum {
  AE_LAYOUT_PLAIN = 0,
  AE_LAYOUT_BLOCKED = 1,
  AE_LAYOUT_PIXELS = 2
} AeLayout;

#define AE_BLOCK 16

/* A view of elements; who owns `data` is said where a tensor is handed over. */
typedef struct {
  AeType type;
  AeLayout layout;
  AeShape shape;
  void *data;
} AeTensor;

/* "f32", "i64", ...; "none" for anything unknown. */
AE_API const char *ae_type_name (AeType type);

/* Bytes per element; 0 for an unknown type. */
AE_API size_t ae_type_size (AeType type);

/* Builds a shape from `rank` dimensions: ae_shape (4, 1, 3, 480, 640).
 * Every dimension is an `int` here. */
AE_API AeShape ae_shape (int rank, ...);

AE_API bool ae_shape_equal (const AeShape *a, const AeShape *b);

/* Number of elements. Shapes inside the engine are always validated so that
 * this does not overflow. */
AE_API size_t ae_shape_count (const AeShape *shape);

/* Writes "1x3x480x640" ("scalar" for rank 0, "?" for a dimension below 0)
 * into `text` and returns it. */
AE_API const char *ae_shape_text (
    const AeShape *shape, char *text, size_t size);

/* The library's version, "major.minor.micro". */
AE_API const char *ae_version (void);

#ifdef __cplusplus
}
#endif

#endif
