/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_CODER_CHANGES_H
#define AE_CODER_CHANGES_H

/* Pictures as changes of the one before. Each place of 16x16 pixels is
 * predicted from it, moved by a vector, or is as in the last key frame, or grey;
 * what is left over is coded by its cosine transform, or nothing is. Reading is by integers alone: what
 * two machines show differs by what their key frames differ. */

#include "codec/cosines.h"
#include "coder/coder.h"
#include "coder/motion.h"
#include "coder/reference.h"

typedef enum {
  AE_PLACE_KEY_AND = -2, /* as in the last key frame, and values */
  AE_PLACE_KEY,          /* as there, and no more */
  AE_PLACE_SKIP,         /* moved, and no more */
  AE_PLACE_MOVED,        /* moved, and values */
  AE_PLACE_INTRA         /* grey, and values */
} AePlaceMode;

/* Channels of the motion of places. */
enum {
  AE_MOTION_MODE,
  AE_MOTION_EXTENT, /* of ae_place_extents, how many values there may be */
  AE_MOTION_Y,
  AE_MOTION_X,
  AE_MOTION_CHANNELS
};
#define AE_PLACE_EXTENTS 4

typedef struct {
  const AeCodec *codec;
  AeCosines cosines;
  AeGrid grid; /* its slices; channels do not count */
  AeReference before, now, key;
  int16_t *motion; /* slices, each [AE_MOTION_CHANNELS][row][column] */
  int16_t *values; /* slices, each [AE_COSINES][row][column] */
  uint8_t *groups;    /* of values, of places, row by row */
  AeVector *vectors;
  float *wanted; /* of encoders: slices, as values */
  AeLatentLevel motion_level, value_level;
  AeCodecSpeed speed; /* of encoders */
  const int16_t *steps; /* of encoders: where errors are seen less, see
                           masking.h; or NULL */
  AeRefresh refresh; /* of the frame at work */
  int32_t unit[2][2]; /* steps of luma and chroma, 1 / 16; of places in the
                         band that is refreshed */
  bool valid;      /* there is a picture before */
  bool is_key;     /* `now` is a key frame */
} AeChanges;

/* codec stays the caller's. Errors: MEMORY. */
AeStatus ae_changes_init (
    AeChanges *c, const AeCodec *codec, AeError *err);
void ae_changes_clear (AeChanges *c);

/* Room for pictures of that grid; `encodes`: also for what encoding needs.
 * Errors: MEMORY. */
AeStatus ae_changes_bind (
    AeChanges *c, const AeGrid *grid, bool encodes, AeError *err);

/* Takes a grey picture as the one before, where there is none to begin with. */
void ae_changes_begin_grey (AeChanges *c);

/* Takes a key frame (6,h,w) as the picture `now`. */
void ae_changes_begin (AeChanges *c, const float *frame, int n_threads);

/* Of the next frame, and what of it is refreshed. */
void ae_changes_set_level (
    AeChanges *c, int level, const AeRefresh *refresh);

/* Codes a slice of `picture`, which has the grid's size in pixels. worth: of a
 * bit, in squared steps; infinite: everything is as before. Errors: MEMORY. */
AeStatus ae_changes_put (AeChanges *c, const AeGridSlice *slice,
    const AeImage *picture, float worth, AeRansWriter *w, AeLatentScratch *s);

/* Reads a slice; false where it is damaged, and then the slice is as it was
 * before. */
bool ae_changes_get (AeChanges *c, const AeGridSlice *slice, AeRansReader *r,
    AeLatentScratch *s);

/* As before, where nothing was received. */
void ae_changes_keep (AeChanges *c, const AeGridSlice *slice);

/* After the last slice of changes: smooths the edges between places. */
void ae_changes_smooth (AeChanges *c, int n_threads);

/* At the end: `now` is the picture before from now on. */
void ae_changes_end (AeChanges *c);

/* A slice as it was coded last, for counting. */
AeLatents ae_changes_motion (const AeChanges *c, const AeGridSlice *slice);
AeLatents ae_changes_values (const AeChanges *c, const AeGridSlice *slice);

#endif
