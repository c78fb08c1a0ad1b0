/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_CODER_CODER_H
#define AE_CODER_CODER_H

/* What encoders and decoders share: the model, the grid of latents, slices. */

#include <ae/codec.h>
#include <ae/session.h>

#include "codec/latents.h"
#include "codec/packet.h"
#include "util/pool.h"

/* What latents of each kind are coded by. */
typedef struct {
  AeLatentTables intra;  /* of key frames */
  AeLatentTables motion; /* of changes: see changes.h */
  AeLatentTables change;
  AeLatentTables steps;  /* of places of key frames, see masking.h: where the
                            codec has masking */
} AeCodecTables;

void ae_codec_tables_clear (AeCodecTables *tables);

struct AeCodec {
  _Atomic int refs;
  AeModel *model;
  AeCodecTables tables;
  int channels; /* of key frames */
  float masking; /* strength, see masking.h; 0: key frames have no steps */
  int step_low, step_range; /* changes' step: powers of 2 at level 0, and what
                               level 255 adds, in 1 / 256 */
  /* Logarithms of what latents of key frames are multiplied by, per channel: at
   * level 0, and what level 255 adds; the model's. */
  const float *gain_low, *gain_range;
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

/* A session of the part of the model between these inputs and this output. */
AeStatus ae_codec_session (const AeCodec *codec, const AeCodecOptions *options,
    const char *input, const char *output, AeSession **session, AeError *err);

/* Plans such sessions for a grid: frames to latents, and back. Errors: SHAPE
 * (what was found and wanted), MEMORY. */
AeStatus ae_codec_bind_analysis (
    AeSession *session, const AeGrid *g, AeError *err);
AeStatus ae_codec_bind_synthesis (
    AeSession *session, const AeGrid *g, AeError *err);

/* The frame (6,h,w) of points [channel][row][column]; the session's. steps: of
 * places, row by row, or NULL. */
const float *ae_codec_synthesise (AeSession *session, const AeGrid *g,
    const float *points, const int16_t *steps, int level);

/* How much more than a bit of changes, whose unit are squared steps, one of key
 * frames is worth in the units of each channel, for equal error in R, G and
 * B. */
void ae_codec_worths (const AeCodec *codec, int level, float *worths);

/* The level of latents that are not coded. */
#define AE_LATENT_IMAGE_LEVEL 128

/* Threads that work on one picture, at most: as ae_pool_threads has them. */
#define AE_CODER_THREADS 64

#endif
