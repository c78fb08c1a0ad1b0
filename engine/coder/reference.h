/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_CODER_REFERENCE_H
#define AE_CODER_REFERENCE_H

/* Pictures in bytes with a border around them that repeats their edges, from
 * which others are predicted. */

#include <ae/image.h>

#include "util/error.h"

#define AE_REFERENCE_BORDER 48 /* pixels of luma; half of it of chroma */

/* I420. plane[i] points to the picture's first sample. */
typedef struct {
  AeImage image;
  uint8_t *memory;
} AeReference;

/* width and height are even. Errors: MEMORY. */
AeStatus ae_reference_init (
    AeReference *r, int width, int height, AeError *err);
void ae_reference_clear (AeReference *r);

/* All of it one shade. */
void ae_reference_fill (AeReference *r, uint8_t shade);

/* Fills the border. */
void ae_reference_extend (AeReference *r);

/* PSNR of the upper left of two pictures' luma, dB; 99 at most. */
double ae_luma_psnr (
    const AeImage *a, const AeImage *b, int width, int height);

/* Copies what `out` shows, I420 or GRAY8, from the upper left corner. */
void ae_reference_show (const AeReference *r, const AeImage *out);

#endif
