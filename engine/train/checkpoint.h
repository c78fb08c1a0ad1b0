/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_CHECKPOINT_H
#define AE_TRAIN_CHECKPOINT_H

/* A training's whole state in one file.
 *
 * Layout, little-endian: header of 72 bytes (magic "AECKPT\r\n", u32 version,
 * u32 number of blocks, u64 structure, u64 elements per block, u64 bytes of
 * extra, i64 step, u64 seed, u64 file size, u64 reserved 0), the blocks of
 * f32, the extra bytes, and XXH3-64 of everything before it. Blocks of other
 * sizes are not told apart in the file: `structure` stands for their sizes. */

#include <ae/types.h>

#include "util/error.h"

#define AE_CHECKPOINT_BLOCKS 12

typedef struct {
  uint64_t structure; /* hash of what the blocks mean */
  uint64_t seed;
  int64_t step;
  size_t n_elements; /* of each block whose own number is 0 */
  int n_blocks;      /* 1 .. AE_CHECKPOINT_BLOCKS */
  float *block[AE_CHECKPOINT_BLOCKS];
  size_t block_elements[AE_CHECKPOINT_BLOCKS];
  void *extra;
  size_t n_extra;
} AeCheckpoint;

/* Writes the file at once and atomically: after a failure the old one is
 * whole. Errors: MEMORY, IO, NUMERIC (a block holds NaN or infinity: a
 * training that diverged does not replace one that can be resumed). */
AeStatus ae_checkpoint_save (
    const AeCheckpoint *checkpoint, const char *path, AeError *err);

/* Reads the file, checks size, checksum and that structure, number and size of
 * blocks and size of extra are those of *wanted, and only then copies into
 * wanted's blocks and extra and sets its step and seed. On failure nothing is
 * changed. Errors: NOT_FOUND, IO, MEMORY, FORMAT (damaged or foreign), SHAPE
 * (of another model or other options). */
AeStatus ae_checkpoint_restore (
    AeCheckpoint *wanted, const char *path, AeError *err);

#endif
