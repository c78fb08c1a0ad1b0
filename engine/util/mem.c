/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define _GNU_SOURCE /* madvise */
#include "util/mem.h"

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

/* Blocks from here on are aligned to huge pages and ask for them: activations
 * are walked in many rows at a time, which runs out of 4 KiB page entries. */
#define HUGE_BLOCK ((size_t) 8 << 20)
#define HUGE_PAGE ((size_t) 2 << 20)

static atomic_long live_blocks;
static atomic_long fail_countdown;
static bool fail_forever;

static bool
must_fail (void)
{
  if (atomic_load_explicit (&fail_countdown, memory_order_relaxed) <= 0)
    return false;
  long left = atomic_fetch_sub (&fail_countdown, 1) - 1;
  if (left > 0)
    return false;
  if (fail_forever)
    atomic_store (&fail_countdown, 1);
  return true;
}

void
ae_mem_fail_at (long n, bool forever)
{
  fail_forever = forever;
  atomic_store (&fail_countdown, n);
}

long
ae_mem_live (void)
{
  return atomic_load (&live_blocks);
}

bool
ae_mul_size (size_t a, size_t b, size_t *out)
{
  return !__builtin_mul_overflow (a, b, out);
}

bool
ae_add_size (size_t a, size_t b, size_t *out)
{
  return !__builtin_add_overflow (a, b, out);
}

void *
ae_alloc (size_t size)
{
  if (size > PTRDIFF_MAX - 64 || must_fail ())
    return NULL;
  void *block = NULL;
  bool huge = size >= HUGE_BLOCK;
  if (posix_memalign (&block, huge ? HUGE_PAGE : 64, size ? size : 1) != 0)
    return NULL;
#ifdef MADV_HUGEPAGE
  if (huge)
    madvise (block, size, MADV_HUGEPAGE);
#endif
  atomic_fetch_add_explicit (&live_blocks, 1, memory_order_relaxed);
  return block;
}

void *
ae_calloc (size_t count, size_t size)
{
  size_t bytes;
  if (!ae_mul_size (count, size, &bytes))
    return NULL;
  void *block = ae_alloc (bytes);
  if (block)
    memset (block, 0, bytes ? bytes : 1);
  return block;
}

void *
ae_realloc (void *block, size_t old_count, size_t new_count, size_t size)
{
  void *grown = ae_calloc (new_count, size);
  if (!grown)
    return NULL;
  size_t kept = old_count < new_count ? old_count : new_count;
  if (block && kept > 0)
    memcpy (grown, block, kept * size);
  ae_free (block);
  return grown;
}

char *
ae_strndup (const char *text, size_t size)
{
  char *copy = ae_alloc (size + 1);
  if (copy) {
    memcpy (copy, text, size);
    copy[size] = '\0';
  }
  return copy;
}

char *
ae_strdup (const char *text)
{
  return ae_strndup (text, strlen (text));
}

void
ae_free (void *block)
{
  if (!block)
    return;
  atomic_fetch_sub_explicit (&live_blocks, 1, memory_order_relaxed);
  free (block);
}
