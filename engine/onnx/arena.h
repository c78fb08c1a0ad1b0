/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_ONNX_ARENA_H
#define AE_ONNX_ARENA_H

/* The memory that protobuf-c unpacks a file into: bounded, so that a small
 * hostile file cannot ask for much, and freed all at once. One thread. */

#include <protobuf-c/protobuf-c.h>

#include "util/error.h"

typedef struct AeArenaBlock AeArenaBlock;

typedef struct {
  ProtobufCAllocator allocator; /* what protobuf-c is given */
  AeArenaBlock *blocks;
  unsigned char *chunk; /* rest of the newest chunk for small pieces */
  size_t chunk_left;
  size_t used, limit; /* bytes */
  bool over_limit, out_of_memory; /* why an allocation failed */
} AeArena;

void ae_arena_init (AeArena *arena, size_t limit);
void ae_arena_clear (AeArena *arena);

/* 16-byte aligned; NULL when the limit or memory is exhausted. */
void *ae_arena_alloc (AeArena *arena, size_t size);

/* Gives a large piece back at once; a small one at ae_arena_clear. */
void ae_arena_release (AeArena *arena, void *piece);

/* Unpacks one message into the arena and sets *out, a pointer to it.
 * `what` names it in the error text. Errors: FORMAT (malformed), LIMIT,
 * MEMORY. */
AeStatus ae_arena_unpack (AeArena *arena, void *out,
    const ProtobufCMessageDescriptor *descriptor, const void *bytes,
    size_t size, const char *what, AeError *err);

#endif
