/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_RUNTIME_ARENA_H
#define AE_RUNTIME_ARENA_H

/* Packs buffers with known lifetimes into one block of memory. */

#include "util/error.h"

typedef struct {
  size_t size; /* bytes; 0 takes no room */
  int first;   /* time of the first write */
  int last;    /* time of the last use, >= first */
  size_t offset; /* result, a multiple of 64 */
} AeBuffer;

/* Chooses offsets so that no two buffers alive at the same time overlap:
 * largest first, each into the smallest gap that holds it. *total is the size
 * of the block. Errors: MEMORY (also when sizes overflow). */
AeStatus ae_arena_plan (
    AeBuffer *buffers, int n, size_t *total, AeError *err);

#endif
