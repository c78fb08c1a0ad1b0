/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_ODD_THING_H
#define AE_TRAIN_ODD_THING_H

/* Something that moves, cut out of usual footage in a few poses, to be put into
 * footage elsewhere, as it is or with a look of its own. */

#include "util/rng.h"

#include <stddef.h>
#include <stdint.h>

#define AE_THING_SIDE 64 /* pixels, at most */
#define AE_THING_POSES 5 /* frames that it was followed for, at most */

typedef struct {
  uint8_t pixel[AE_THING_POSES][AE_THING_SIDE * AE_THING_SIDE]; /* rows of
                                                                   `width` */
  uint8_t alpha[AE_THING_POSES][AE_THING_SIDE * AE_THING_SIDE];
  int n_poses, width, height;
  float x, y;   /* of its top left pixel where it was first */
  float dx, dy; /* its motion, pixels per frame */
} AeOddThing;

/* Footage to cut things out of. */
typedef struct {
  int width, height;
  const uint8_t *const *frames; /* n that follow each other */
  size_t n;
  const float *limit; /* (height/8) x (width/8): speeds that are seldom
                         reached, in pixels per frame */
} AeOddSource;

/* What stands still: width x height, to be freed with ae_free; NULL when memory
 * runs out. */
uint8_t *ae_odd_background (const AeOddSource *source);

/* What moves most of some places drawn at random, and follows it. */
void ae_odd_thing_cut (AeOddThing *thing, const AeOddSource *source,
    const uint8_t *background, AeRng *rng);

typedef enum {
  AE_ODD_NOT,  /* as it is */
  AE_ODD_FAST, /* looks as usual, is faster than what is seldom reached */
  AE_ODD_LOOK, /* looks unusual, at its own speed: its light turned round, of
                  one grey, with the structure of another place, of another size
                  or other proportions */
  AE_N_ODD
} AeOddKind;

/* `source`: where it was cut out, or other frames of that size. */
void ae_odd_thing_alter (AeOddThing *thing, AeOddKind kind,
    const AeOddSource *source, AeRng *rng);

/* Puts pose t (poses go to and fro) with its top left corner at left, top.
 * Returns the share of the thing that lies inside the picture. */
float ae_odd_thing_paste (const AeOddThing *thing, size_t t, float left,
    float top, uint8_t *frame, int width, int height);

#endif
