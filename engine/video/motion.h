/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_VIDEO_MOTION_H
#define AE_VIDEO_MOTION_H

/* Motion of blocks between a noisy frame and an earlier denoised one, and the
 * warp of the earlier state onto the new frame.
 *
 * Frames are tensors (6,h,w), h and w multiples of 4: the four luma phases
 * (0,0), (0,1), (1,0), (1,1) of a picture of 2h x 2w, then U and V at half
 * size; values 0..1. One vector covers 8x8 positions of these planes, 16x16
 * luma pixels (fewer at the right and lower edge).
 *
 * Search: the best shift of the whole picture at 1/8 size (reach 48 pixels);
 * each block at 1/4 size over 32x32 luma pixels, reach 12 around zero and 8
 * around the global shift; at 1/2 size the vectors of the block's
 * neighbourhood and one step around the best; at full size one pixel around
 * that; then the fraction of a pixel by one step of least squares on the
 * reference's gradients (Lucas and Kanade, 1981), where it is significant. A
 * vector other than zero, or than the one most blocks have, must win by more
 * than noise of the given level can feign. */

#include <stddef.h>
#include <stdint.h>

/* Quarters of luma pixels: content at (X, Y) now was at (X + x / 4, Y + y / 4)
 * before. */
typedef struct {
  int16_t x, y;
} AeVector;

/* Vectors of a frame: ceil(h/8) rows of ceil(w/8). */
size_t ae_motion_n_vectors (int h, int w);

/* Bytes of scratch for the functions below; 64-byte aligned memory. */
size_t ae_motion_scratch_size (int h, int w);

/* Standard deviations of white noise in the frame's units (8-bit levels over
 * 255): of the frame's luma, of what is left in the reference's, and of the
 * frame's U and V, of which as large a part is left. Negative: luma alone is
 * compared. */
typedef struct {
  float frame, reference, chroma;
} AeMotionNoise;

/* Finds `vectors` from frame6 back into reference6, both (6,h,w), by luma, at
 * full size also by colour: without, an edge between two colours of one
 * brightness would not be seen. n_threads >= 1; the result does not depend on
 * it. Returns how little the reference tells about the frame: 0 nothing new, 1
 * or more after a scene cut. */
float ae_motion_search (const float *frame6, const float *reference6, int h,
    int w, AeMotionNoise noise, int n_threads, void *scratch,
    AeVector *vectors);

/* Moves the state (6,h,w) and its count (h,w) by the vectors, interpolating as
 * interpolate.h says; the count is that of the nearest position. Where a
 * vector points outside the picture edges are replicated and the count is 0.
 * The outputs must not be the inputs. */
void ae_motion_warp (const AeVector *vectors, const float *state6,
    const float *count, int h, int w, int n_threads, float *warped6,
    float *warped_count);

/* The same by the nearest whole pixels: nothing is interpolated, so that noise
 * stays what it was. */
void ae_motion_warp_whole (const AeVector *vectors, const float *state6,
    const float *count, int h, int w, int n_threads, float *warped6,
    float *warped_count);

/* Search against the fused state itself and warp, in the calling thread: for
 * training. `sigma` is the frame's noise, in the frame's units; that of the
 * state follows from the count (frames fused per position). */
void ae_motion_compensate (const float *frame6, const float *fused6,
    const float *count, int h, int w, float sigma, float *warped6,
    float *warped_count, void *scratch);

#endif
