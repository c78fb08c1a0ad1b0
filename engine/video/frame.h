/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_VIDEO_FRAME_H
#define AE_VIDEO_FRAME_H

/* Pictures to and from the network's frame tensor (6,h,w).
 *
 * Channels 0..3 are the luma phases (row & 1) * 2 + (column & 1), channels 4
 * and 5 U and V at half size; values are code values over the largest (255 or
 * 1023). h and w are multiples of 4, 2h x 2w covers the picture and what lies
 * beyond it repeats its last row and column.
 *
 * Chroma with more samples (4:2:2, 4:4:4, RGB) is averaged to half size. On
 * the way back the network's change at half size is interpolated and added to
 * the picture's own chroma, and of the detail that half size cannot hold
 *     detail = chroma - interpolated (averaged chroma)
 * the part within +-threshold is taken away: a soft threshold, because at
 * that amplitude detail is mostly noise. RGB goes through Y, U, V of the
 * image's matrix in floats, and differences are added to the R, G, B given:
 * a frame that the network does not change comes back exactly. Without
 * chroma channels 4 and 5 are 0.5. */

#include <ae/image.h>

#include <stddef.h>

/* Size of the tensor's planes for pictures of this format. */
void ae_frame_size (const AeImage *format, int *h, int *w);

/* Bytes of scratch for n_threads threads; 64-byte aligned. */
size_t ae_frame_scratch_size (const AeImage *format, int n_threads);

void ae_frame_load (
    const AeImage *in, float *frame6, int n_threads, void *scratch);

typedef struct {
  float strength;         /* 0 = keep the picture, 1 = take the result */
  float chroma_threshold; /* in the frame's units (code value / largest) */
} AeFrameBlend;

/* out = in + strength * (result - in), rounded. frame6 is what ae_frame_load
 * made of `in`, clean6 the result. `out` may be the memory of `in`. */
void ae_frame_store (const AeImage *in, const float *frame6,
    const float *clean6, AeFrameBlend blend, const AeImage *out,
    int n_threads, void *scratch);

/* How much smaller than on the picture's samples white noise is in the
 * frame's luma (1, less for RGB) and in its half-size chroma. */
void ae_frame_noise_gain (const AeImage *format, float *luma, float *chroma);

/* The same from half-size chroma noise to that of `detail` above; 0 where
 * chroma has half size already. */
float ae_frame_detail_gain (const AeImage *format);

#endif
