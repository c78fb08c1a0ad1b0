/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_CODEC_TRAINER_H
#define AE_TRAIN_CODEC_TRAINER_H

/* What the files of the codec's trainer share. */

#include <ae/codec_trainer.h>

#include "codec/latents.h"
#include "train/codec_nets.h"

#include <stdatomic.h>

/* A picture as bytes: the planes of a frame, (6,h,w). */
typedef struct {
  int h, w;
  uint8_t *bytes;
} AeCodecPicture;

/* Contexts and tables for the trained networks, fitted to what an encoder makes
 * of the pictures: of clips, and of stills as a camera would see them that
 * moves. *tables is cleared on failure. Errors: CANCELLED (*cancel became true),
 * MEMORY. */
AeStatus ae_codec_fit_tables (AeCodecTables *tables,
    const AeCodecShape *shape, const AeModel *trained,
    const AeCodecPicture *pictures, int n_pictures, int context_steps,
    int n_threads, const atomic_bool *cancel, AeError *err);

/* The trained networks as they are now, averaged: what ae_codec_trainer_fit
 * makes a codec of. */
AeStatus ae_codec_trainer_weights (
    AeCodecTrainer *trainer, AeModel **out, AeError *err);

/* As ae_codec_trainer_model, for those weights, with n_meta more pairs of
 * metadata, which replace the trainer's own. */
AeStatus ae_codec_trainer_fit (AeCodecTrainer *trainer,
    const AeModel *weights, const char *const *meta, size_t n_meta,
    AeModel **out, AeError *err);

#endif
