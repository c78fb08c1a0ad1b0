/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_SEQUENCE_H
#define AE_TRAIN_SEQUENCE_H

/* Clean moving sequences made from still pictures (a window that moves over
 * one, perhaps with an object cut from another one passing over it) or taken
 * from pictures that follow each other. */

#include "train/crop.h"
#include "util/rng.h"

#include <ae/recipe.h>

typedef struct {
  int patch; /* luma pixels along an edge */
  float max_speed, static_probability, foreground_probability;
  float still_probability;
  float clip_probability, clip_still_probability;
  int length_max;
  bool flips;
  float scale_max, full_size_probability;
  float brightness, contrast;
  float grey_probability;
} AeSequenceOptions;

/* A window on a picture. Positions in luma pixels of the picture, speeds in
 * those per frame. */
typedef struct {
  AePicture *picture;
  double x, y, vx, vy;
} AeWindow;

typedef struct {
  int length, index; /* frames in all; the one to come */
  AeWindow background, object;
  double scale;
  int turn;
  float gain, shift, colour_gain;
  bool grey;
  float grey_level; /* of U and V, when grey */
  bool real; /* pictures that follow each other */
  size_t picture_index;
  /* the object's outline: an ellipse in the frame, pixels */
  double centre_x, centre_y, speed_x, speed_y, radius_x, radius_y;
} AeSequence;

AeSequenceOptions ae_sequence_options (const AeRecipe *recipe);

/* Draws a new sequence; lets go of the old one. False when there are no
 * pictures. *sequence must have been zeroed before its first use. */
bool ae_sequence_start (AeSequence *sequence, const AeSequenceOptions *options,
    AeReservoir *reservoir, AeRng *rng);
void ae_sequence_clear (AeSequence *sequence);

/* The next frame, of options->patch; moves on. False when the sequence is at
 * its end: nothing was done. `scratch`: a crop's luma and chroma and as much
 * again, 4 patch^2 floats. */
bool ae_sequence_frame (AeSequence *sequence,
    const AeSequenceOptions *options, AeReservoir *reservoir, AeCrop *crop,
    float *scratch);

#endif
