/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_UTIL_MEM_H
#define AE_UTIL_MEM_H

/* Every allocation of the engine. Blocks are aligned to 64 bytes (a cache
 * line, an AVX-512 vector) and must be freed with ae_free. All return NULL
 * when memory runs out or a size overflows; none aborts. */

#include <stdbool.h>
#include <stddef.h>

/* A size of 0 gives a valid pointer. Content is undefined. */
void *ae_alloc (size_t size);

/* The same, zeroed, for `count` elements of `size` bytes. */
void *ae_calloc (size_t count, size_t size);

/* Grows or shrinks an array from old_count to new_count elements; on failure
 * the old block stays as it is. New elements are zeroed. */
void *ae_realloc (
    void *block, size_t old_count, size_t new_count, size_t size);

char *ae_strdup (const char *text);
char *ae_strndup (const char *text, size_t size);
void ae_free (void *block);

/* *out = a * b (a + b); false when that overflows. */
bool ae_mul_size (size_t a, size_t b, size_t *out);
bool ae_add_size (size_t a, size_t b, size_t *out);

/* Rounds up to a multiple of 64. */
static inline size_t
ae_align_size (size_t size)
{
  return (size + 63) & ~(size_t) 63;
}

/* For tests: the n-th allocation from now on (n >= 1) fails, and every later
 * one too when `forever`; 0 switches it off. Not thread-safe to change. */
void ae_mem_fail_at (long n, bool forever);

/* For tests: blocks that are allocated and not freed. */
long ae_mem_live (void);

#endif
