/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_VIDEO_INTERPOLATE_H
#define AE_VIDEO_INTERPOLATE_H

/* Blocks of a frame (6,h,w) at fractions of pixels, with the filters of HEVC
 * (ITU-T H.265, 8.5.3.3): 8 taps for luma, 4 for chroma. Outside the picture
 * its edges are repeated. */

#define AE_LUMA_SIDE 16
#define AE_CHROMA_SIDE 8

/* `luma4`: the four luma phases (4,h,w). (x4, y4): the block's top left
 * corner in quarters of luma pixels. */
void ae_interpolate_luma (const float *luma4, int h, int w, int x4, int y4,
    float out[AE_LUMA_SIDE][AE_LUMA_SIDE]);

/* `plane`: (h,w). (x8, y8): in eighths of its samples. */
void ae_interpolate_chroma (const float *plane, int h, int w, int x8, int y8,
    float out[AE_CHROMA_SIDE][AE_CHROMA_SIDE]);

#endif
