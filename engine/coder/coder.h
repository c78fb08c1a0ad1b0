/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_CODER_CODER_H
#define AE_CODER_CODER_H

/* What encoders and decoders share: the model, the grid of latents, slices. */

#include <ae/codec.h>
#include <ae/session.h>

#include "codec/modes.h"
#include "codec/packet.h"
#include "util/pool.h"

#define AE_GAIN_ONE 256 /* of AeCodec.range: a factor of 2 from level 0 to 255 */

struct AeCodec {
  _Atomic int refs;
  AeModel *model;
  AeLatentModel tables;
  int channels;
  int *range; /* per channel: by how much level 255 is scaled more than 0 */
  uint8_t id[8];
};

/* Tensors of a picture: planes of the frame, and of latents. */
typedef struct {
  int h, w;
  int channels, rows, columns;
  int n_slices, slice_rows;
  size_t n; /* latents */
} AeGrid;

AeGrid ae_grid_of (const AeCodec *codec, int width, int height);

/* Latents are kept slice by slice, each [channel][row][column]: slice i. */
typedef struct {
  int row, n_rows;
  size_t at; /* its first latent */
} AeGridSlice;

AeGridSlice ae_grid_slice (const AeGrid *grid, int i);

/* Latents of the frame before, and what they are scaled by. */
typedef struct {
  int16_t *values; /* NULL until there is a frame */
  AeGrid grid;
  bool valid;
  int level;
  uint32_t number;
} AePastLatents;

/* What a frame of this level has in the places of *past: its values scaled,
 * with integers alone. */
void ae_past_predict (const AeCodec *codec, const AePastLatents *past,
    int level, int16_t *to);

/* A session of the part of the model between these inputs and this output. */
AeStatus ae_codec_session (const AeCodec *codec, const AeCodecOptions *options,
    const char *input, const char *output, AeSession **session, AeError *err);

#endif
