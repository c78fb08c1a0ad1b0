/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_VIDEO_PIXEL_ROWS_H
#define AE_VIDEO_PIXEL_ROWS_H

/* Single rows of pictures of any pixel kind, to and from floats in code
 * values (0..255, or 0..1023 for ten bits). */

#include <ae/image.h>

#include "util/error.h"

typedef struct {
  int chroma_width, chroma_height; /* samples; 0 when there is no chroma */
  int halve_x, halve_y; /* 1 where chroma has half the luma's samples */
  float max;            /* largest code value */
} AePixelInfo;

/* `image` must have been checked; planes are ignored. */
AePixelInfo ae_pixel_info (const AeImage *image);

/* Size, kind and, for packed pixels, stride and offsets are in range. Planes
 * are ignored. Error: ARGUMENT. */
AeStatus ae_image_check (const AeImage *image, AeError *err);

/* Not for packed pixels. `y` counts rows of luma, or rows of chroma. */
void ae_rows_read_luma (const AeImage *image, int y, float *luma);
void ae_rows_read_chroma (const AeImage *image, int y, float *u, float *v);
void ae_rows_write_luma (const AeImage *image, int y, const float *luma);
void ae_rows_write_chroma (
    const AeImage *image, int y, const float *u, const float *v);

/* Packed pixels as Y, U, V in 0..255 with the image's matrix, full range, U
 * and V around 127.5. Nothing is rounded. */
void ae_rows_read_packed (
    const AeImage *image, int y, float *luma, float *u, float *v);

/* Adds differences of Y, U, V to the pixels of `in`; a fourth byte is
 * copied. */
void ae_rows_add_packed (const AeImage *in, const AeImage *out, int y,
    const float *luma, const float *u, const float *v);

/* Packed pixels as their R, G, B in 0..255; a fourth byte is not touched. */
void ae_rows_read_packed_rgb (
    const AeImage *image, int y, float *r, float *g, float *b);
void ae_rows_write_packed_rgb (const AeImage *image, int y, const float *r,
    const float *g, const float *b);

/* The weights of R and B in luma; that of G is the rest to 1. */
void ae_luma_weights (AeMatrix matrix, float *kr, float *kb);

/* Copies all pixels of one picture to another of the same format. */
void ae_image_copy (const AeImage *in, const AeImage *out);

#endif
