/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_VIDEO_RGB_ROWS_H
#define AE_VIDEO_RGB_ROWS_H

/* Rows of pictures of any kind as R, G, B in 0..1, and back.
 *
 * Chroma with fewer samples than luma is repeated, and averaged on the way
 * back: rows that nobody changes come back exactly. Colours that Y, U, V can
 * say and R, G, B cannot are outside of 0..1. */

#include <ae/image.h>

/* Row y; each of r, g, b has floats for image->width + 1 samples. */
void ae_rows_read_rgb (const AeImage *image, int y, float *r, float *g,
    float *b);

/* Rows that share their chroma: 1 or 2. */
int ae_rows_together (const AeImage *image);

/* Writes ae_rows_together() rows from y on, a multiple of that, as far as the
 * picture has them; row i is rgb[i][0..2], each with floats for
 * image->width + 1 samples, and is overwritten. A fourth byte of packed pixels
 * is left alone. */
void ae_rows_write_rgb (
    const AeImage *image, int y, float *rgb[2][3]);

/* Luma of n samples in R, G, B, 0..1, with the image's matrix. */
void ae_rows_luma (const AeImage *image, int n, const float *r, const float *g,
    const float *b, float *luma);

#endif
