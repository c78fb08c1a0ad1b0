/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_CODER_ENCODER_H
#define AE_CODER_ENCODER_H

/* For making a codec's tables. */

#include <ae/codec.h>

#include "codec/counts.h"

typedef enum {
  AE_LATENTS_INTRA,  /* of a key frame */
  AE_LATENTS_MOTION, /* of changes */
  AE_LATENTS_CHANGE,
  AE_LATENTS_STEPS   /* of a key frame, in codecs with masking */
} AeLatentKind;
#define AE_LATENT_KINDS 4

/* How many slices of the last frame have latents of that kind, and those of
 * one, valid until the next frame. */
int ae_encoder_slices (const AeEncoder *encoder, AeLatentKind kind);
AeLatents ae_encoder_latents (
    const AeEncoder *encoder, AeLatentKind kind, int i);

/* Counts the latents of that kind of the last frame, if it has any. Errors:
 * MEMORY. */
AeStatus ae_encoder_count (AeEncoder *encoder, AeLatentKind kind,
    AeLatentCounts *counts, AeError *err);

#endif
