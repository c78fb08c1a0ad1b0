/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "onnx/arena.h"

#include "util/mem.h"

#include <string.h>

#define CHUNK ((size_t) 64 << 10)
#define LARGE ((size_t) 4 << 10) /* from here on a piece is its own block */

/* Blocks are doubly linked so that a large one can leave early. */
struct AeArenaBlock {
  AeArenaBlock *prev, *next;
  size_t size;
};

/* In front of every piece. */
typedef union {
  AeArenaBlock *block; /* a large piece's own block, NULL for a small piece */
  unsigned char align[16];
} Header;

#define BLOCK_HEADER ((size_t) 64)

static unsigned char *
add_block (AeArena *arena, size_t size)
{
  size_t total;
  if (!ae_add_size (size, BLOCK_HEADER, &total)
      || total > arena->limit - arena->used) {
    arena->over_limit = true;
    return NULL;
  }
  AeArenaBlock *block = ae_alloc (total);
  if (!block) {
    arena->out_of_memory = true;
    return NULL;
  }
  *block = (AeArenaBlock){ .next = arena->blocks, .size = total };
  if (arena->blocks)
    arena->blocks->prev = block;
  arena->blocks = block;
  arena->used += total;
  return (unsigned char *) block + BLOCK_HEADER;
}

static void *
alloc_large (AeArena *arena, size_t size)
{
  unsigned char *start = add_block (arena, size);
  if (!start)
    return NULL;
  ((Header *) start)->block = (AeArenaBlock *) (start - BLOCK_HEADER);
  return start + sizeof (Header);
}

void *
ae_arena_alloc (AeArena *arena, size_t size)
{
  if (!ae_add_size (size, sizeof (Header) + 15, &size)) {
    arena->over_limit = true;
    return NULL;
  }
  size &= ~(size_t) 15;
  if (size >= LARGE)
    return alloc_large (arena, size);
  if (size > arena->chunk_left) {
    unsigned char *chunk = add_block (arena, CHUNK);
    if (!chunk)
      return NULL;
    arena->chunk = chunk;
    arena->chunk_left = CHUNK;
  }
  Header *header = (Header *) arena->chunk;
  arena->chunk += size;
  arena->chunk_left -= size;
  header->block = NULL;
  return header + 1;
}

void
ae_arena_release (AeArena *arena, void *piece)
{
  AeArenaBlock *block = piece ? ((Header *) piece - 1)->block : NULL;
  if (!block)
    return;
  if (block->prev)
    block->prev->next = block->next;
  else
    arena->blocks = block->next;
  if (block->next)
    block->next->prev = block->prev;
  arena->used -= block->size;
  ae_free (block);
}

static void *
allocator_alloc (void *arena, size_t size)
{
  return ae_arena_alloc (arena, size);
}

static void
allocator_free (void *arena, void *piece)
{
  ae_arena_release (arena, piece);
}

void
ae_arena_init (AeArena *arena, size_t limit)
{
  *arena = (AeArena){ .limit = limit };
  arena->allocator = (ProtobufCAllocator){ allocator_alloc, allocator_free,
    arena };
}

void
ae_arena_clear (AeArena *arena)
{
  for (AeArenaBlock *block = arena->blocks, *next; block; block = next) {
    next = block->next;
    ae_free (block);
  }
  ae_arena_init (arena, arena->limit);
}

AeStatus
ae_arena_unpack (AeArena *arena, void *out,
    const ProtobufCMessageDescriptor *descriptor, const void *bytes,
    size_t size, const char *what, AeError *err)
{
  void *message
      = protobuf_c_message_unpack (descriptor, &arena->allocator, size, bytes);
  memcpy (out, &message, sizeof message);
  if (message)
    return AE_OK;
  if (arena->out_of_memory)
    return ae_fail (err, AE_ERROR_MEMORY,
        "out of memory for %s of %zu bytes", what, size);
  if (arena->over_limit)
    return ae_fail (err, AE_ERROR_LIMIT,
        "%s of %zu bytes unpacks to more than %zu bytes", what, size,
        arena->limit);
  return ae_fail (err, AE_ERROR_FORMAT,
      "the %zu bytes of %s are malformed or cut short", size, what);
}
