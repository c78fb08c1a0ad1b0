/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_CODEC_NETS_H
#define AE_TRAIN_CODEC_NETS_H

/* The networks of the codec, and the one that trains them.
 *
 * A frame of 2h x 2w pixels (N,6,h,w), as in nets.h, is transformed to latents
 * (N,C,h/8,w/8), scaled by a gain of each channel, rounded, scaled back and
 * transformed again. The gains are exponentials between two levels of quality:
 * level 0 (N,1,1,1) is the least, 1 the best. */

#include <ae/model.h>

#include "coder/coder.h"

typedef struct {
  int latents;   /* C, of a cosine transform; at most 384, which is all */
  int core;      /* of them, the coarsest, that networks take part in */
  int widths[2]; /* channels at a quarter and an eighth of the frame */
  int depths[2]; /* residual pairs there */
  int context_core; /* latents whose means are predicted, see
                       codec/context_weights.h */
  float lambda[2];  /* as in ae/codec_trainer.h: changes' steps suit it */
  int masking; /* strength in %, see coder/masking.h; 0: none */
} AeCodecShape;

/* What a codec is trained to keep. */
typedef struct {
  float luma, chroma; /* weights of the root of the error */
  bool similarity;    /* structural similarity counts as well */
} AeCodecTarget;

/* Training: latents are rounded, and gradients go straight through that (Theis
 * et al., "Lossy image compression with compressive autoencoders", 2017). Their
 * bits are those of train/codec_density.h.
 *
 * Inputs: frame; level; with masking step (N,1,h/8,w/8), the factors of places'
 * steps. Outputs: error (N,6,h,w), what is wrong with the frame, times the
 * weights; root_bits (N,C,h/8,w/8), the root of the bits that each latent takes;
 * where similarity counts dissimilarity_0 to _4, see ms_ssim.h. Errors:
 * MEMORY. */
AeStatus ae_build_codec_training_net (AeModel **out, const AeCodecShape *shape,
    const AeCodecTarget *target, uint64_t seed, AeError *err);

/* Sets such a network's parameters to those of a codec, contexts included.
 * Errors: NOT_FOUND (a parameter of that name and shape). */
AeStatus ae_codec_net_start (AeModel *net, const AeCodecShape *shape,
    const AeModel *codec, const AeContextWeights *contexts, AeError *err);

/* The codec that ae/codec.h takes. Both halves in one model: frame, level ->
 * latents (scaled, not rounded); integers, level -> decoded. Parameters are
 * those of the same names in `trained`; `tables` become metadata and constants,
 * n_meta pairs of key and value metadata. Errors: MEMORY, NOT_FOUND (a parameter). */
AeStatus ae_build_codec (AeModel **out, const AeCodecShape *shape,
    const AeModel *trained, const AeCodecTables *tables,
    const char *const *meta, size_t n_meta, AeError *err);

#endif
