/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_FOOTAGE_H
#define AE_TRAIN_FOOTAGE_H

/* A bounded store of what a fixed camera saw: 8-bit luma of one size and of the
 * usual light (detect/grey.h), thinned to a frame rate.
 *
 * Frames that follow each other are a run; runs are cut into blocks of about
 * AE_FOOTAGE_BLOCK seconds. About a fifth of the runs, or of the blocks of a
 * long run, is held out from training, and one block of each kind is there as
 * soon as there are two. When the
 * store is full, random blocks make room. Blocks' frames never change: one
 * thread may add while others read. */

#include <ae/image.h>

#include "util/error.h"

#include <stddef.h>

#define AE_FOOTAGE_BLOCK 10.0 /* seconds */
#define AE_FOOTAGE_LEAST_EDGE 64
#define AE_FOOTAGE_EDGE_UNIT 8 /* that divides both sides */

typedef struct AeFootage AeFootage;

typedef struct {
  double frame_rate; /* per second: frames that come sooner are left out */
  size_t area;       /* pixels that the size has at most, or about so */
  size_t max_bytes;
  uint64_t seed; /* decides what makes room */
  bool by_median; /* each picture's light by itself, see grey.h */
  int n_threads;  /* that scale pictures */
} AeFootageOptions;

AeStatus ae_footage_new (
    AeFootage **out, const AeFootageOptions *options, AeError *err);
void ae_footage_free (AeFootage **footage);

/* Scales and copies a picture. The first one decides about the size of all.
 * `seconds` after the picture before it, kept or not; 0: does not follow it.
 * Errors: ARGUMENT (smaller than 64x64; proportions that are not the first
 * one's, by more than 5 %; a time that is none), LIMIT (too large for the
 * memory), MEMORY. */
AeStatus ae_footage_add (
    AeFootage *footage, const AeImage *image, double seconds, AeError *err);

/* FALSE: there was no picture yet. */
bool ae_footage_size (AeFootage *footage, int *width, int *height);

/* Kept now. */
size_t ae_footage_n_frames (AeFootage *footage);
size_t ae_footage_n_blocks (AeFootage *footage);

typedef struct AeFootageBlock AeFootageBlock;

/* Frames that follow each other, valid until the view is cleared, whatever
 * makes room. */
typedef struct {
  const uint8_t *const *frames; /* n of height x width */
  const double *seconds; /* of each since the one before; 0: starts a run */
  size_t n;
  bool held_out;
  uint64_t number; /* of the block: of two that follow each other in one run */
  uint64_t run;    /* the numbers do too */
  AeFootageBlock *block; /* a reference */
} AeFootageView;

/* A block as it is now, in the order in which they came. FALSE (and an empty
 * view): there is none of that index. */
bool ae_footage_block (AeFootage *footage, size_t index, AeFootageView *view);

/* `length` frames that follow each other within a block, of those held out or
 * of the others: how many such windows there are, and one of them. */
size_t ae_footage_n_windows (
    AeFootage *footage, bool held_out, size_t length);
bool ae_footage_window (AeFootage *footage, bool held_out, size_t length,
    size_t index, AeFootageView *view);

void ae_footage_view_clear (AeFootageView *view);

#endif
