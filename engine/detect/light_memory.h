/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_DETECT_LIGHT_MEMORY_H
#define AE_DETECT_LIGHT_MEMORY_H

/* What the place before a camera usually looks like in the light of now.
 *
 * The mean and deviation of the last pictures alone lag behind when it gets
 * dark: so the memory also holds the place itself, coarsely. Of each picture it
 * is found by which gain and offset most of the place comes near to what it
 * shows now, and the whole memory follows. What moves, or comes and stays, is
 * not most of the place. */

#include <stdbool.h>

typedef struct AeLightMemory AeLightMemory;

/* For pictures of that size; NULL when memory runs out. */
AeLightMemory *ae_light_memory_new (int width, int height);
void ae_light_memory_free (AeLightMemory **memory);

/* Forgets earlier pictures. */
void ae_light_memory_reset (AeLightMemory *memory);

/* The next picture (height x width grey levels), its mean and deviation,
 * `seconds` after the one before; 0: does not follow it. */
typedef struct {
  const float *grey;
  double mean, deviation, seconds;
} AeLightPicture;

typedef struct {
  double mean, deviation; /* usual ones, in the light of now */
  float changed;          /* octaves from the light of the last seconds */
} AeUsualLight;

AeUsualLight ae_light_memory_add (
    AeLightMemory *memory, const AeLightPicture *picture);

#endif
