/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_DENOISE_VALIDATE_H
#define AE_TRAIN_DENOISE_VALIDATE_H

/* What a denoising model is worth on held-out pictures. */

#include <ae/model.h>

#include "train/reservoir.h"

typedef struct {
  float still; /* luma PSNR in dB of single frames, sigma 25, mean */
  float video; /* of the last of 8 frames panned over a picture */
} AeDenoiseScore;

/* White noise of sigma 25, the same at each call; the middle of at most
 * `n_pictures` held-out pictures (of training pictures when there are no
 * held-out ones), up to `edge` pixels. Ends after the picture at hand when
 * `cancel` becomes true. Errors: NEEDS_DATA (no picture), CANCELLED, and those of
 * ae_session_bind. */
AeStatus ae_denoise_validate (AeDenoiseScore *score, AeModel *model,
    AeReservoir *reservoir, int n_pictures, int edge, int n_threads,
    const atomic_bool *cancel, AeError *err);

#endif
