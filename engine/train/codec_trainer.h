/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_CODEC_TRAINER_H
#define AE_TRAIN_CODEC_TRAINER_H

/* What the files of the codec's trainer share. */

#include <ae/codec_trainer.h>

#include "codec/latents.h"
#include "train/codec_nets.h"

/* A picture as bytes: the planes of a frame, (6,h,w). */
typedef struct {
  int h, w;
  uint8_t *bytes;
} AeCodecPicture;

/* Contexts and tables for the trained networks, fitted to what an encoder makes
 * of the pictures: of clips, and of stills as a camera would see them that
 * moves. *tables is cleared on failure. */
AeStatus ae_codec_fit_tables (AeCodecTables *tables,
    const AeCodecShape *shape, const AeModel *trained,
    const AeCodecPicture *pictures, int n_pictures, int context_steps,
    int n_threads, AeError *err);

#endif
