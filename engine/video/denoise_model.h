/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_VIDEO_DENOISE_MODEL_H
#define AE_VIDEO_DENOISE_MODEL_H

/* What a model must be to denoise video, and its session.
 *
 * Metadata: ae.task = denoise, ae.format = yuv420-s2d. Inputs, f32: frame
 * (N,6,h,w), fused (N,6,h,w), count (N,1,h,w), noise (N,2,h,w); outputs clean
 * (N,6,h,w), fused_out (N,6,h,w), count_out (N,1,h,w); in any order. h and w
 * are multiples of 4. */

#include <ae/session.h>

typedef enum {
  AE_DENOISE_FRAME = 0,
  AE_DENOISE_FUSED,
  AE_DENOISE_COUNT,
  AE_DENOISE_NOISE,
  AE_DENOISE_N_INPUTS
} AeDenoiseInput;

typedef enum {
  AE_DENOISE_CLEAN = 0,
  AE_DENOISE_FUSED_OUT,
  AE_DENOISE_COUNT_OUT,
  AE_DENOISE_N_OUTPUTS
} AeDenoiseOutput;

/* Errors: FORMAT (metadata, names), SHAPE (types, shapes), each with what was
 * found and what is wanted. */
AeStatus ae_denoise_check_model (const AeModel *model, AeError *err);

/* Binds the session to planes of h x w and checks what comes out. */
AeStatus ae_denoise_bind (AeSession *session, int h, int w, AeError *err);

/* Storage of the bound session. */
float *ae_denoise_input (AeSession *session, AeDenoiseInput which);
const float *ae_denoise_output (
    const AeSession *session, AeDenoiseOutput which);

/* The output count_out, to be changed before it is warped to the next frame. */
float *ae_denoise_state_count (AeSession *session);

#endif
