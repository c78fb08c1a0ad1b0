/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_CODER_PICTURES_H
#define AE_CODER_PICTURES_H

/* Pictures to the codec's frame tensor (6,h,w), whose sizes are multiples of 8,
 * and back; what lies beyond the picture repeats its edge. */

#include <ae/image.h>

#include <stddef.h>

/* Bytes of scratch for ae_picture_load. */
size_t ae_picture_scratch (const AeImage *format, int n_threads);

void ae_picture_load (const AeImage *in, float *frame, int h, int w,
    int n_threads, void *scratch);

/* To I420 or GRAY8. */
void ae_picture_store (
    const float *frame, int h, int w, const AeImage *out, int n_threads);

#endif
