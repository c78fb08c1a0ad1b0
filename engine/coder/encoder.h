/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_CODER_ENCODER_H
#define AE_CODER_ENCODER_H

/* For making a codec's tables. */

#include <ae/codec.h>

#include "codec/counts.h"

/* Counts the latents of the last frame whose places are of that mode. Errors:
 * MEMORY. */
AeStatus ae_encoder_count (AeEncoder *encoder, AePlaceMode mode,
    AeLatentCounts *counts, AeError *err);

#endif
