/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_IMAGE_H
#define AE_IMAGE_H

/* Pictures in memory, as a video system hands them over: planes with strides.
 * Views only; nothing here owns pixels. */

#include <ae/types.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  AE_PIXELS_GRAY8 = 0,
  AE_PIXELS_I420,  /* also YV12, with the planes given in Y, U, V order */
  AE_PIXELS_NV12,
  AE_PIXELS_NV21,
  AE_PIXELS_Y42B,
  AE_PIXELS_Y444,
  AE_PIXELS_I420_10, /* 16-bit little-endian words, low 10 bits */
  AE_PIXELS_P010,    /* 16-bit little-endian words, high 10 bits */
  AE_PIXELS_PACKED   /* R, G, B in one plane at r, g, b of pixel_stride */
} AePixels;

typedef enum { AE_MATRIX_BT601 = 0, AE_MATRIX_BT709, AE_MATRIX_BT2020 }
    AeMatrix;

typedef struct {
  AePixels pixels;
  int width, height;     /* 1 .. 16384 */
  AeMatrix matrix;       /* how R, G, B relate to Y, U, V */
  int pixel_stride;      /* PACKED: bytes per pixel, 3 or 4 */
  int r, g, b;           /* PACKED: byte offsets in a pixel */
  uint8_t *plane[3];     /* for reading they are not written to */
  ptrdiff_t stride[3];   /* bytes; may be negative */
  bool full_range;       /* luma is 0..255, not 16..235 (of 8 bits) */
} AeImage;

#ifdef __cplusplus
}
#endif

#endif
