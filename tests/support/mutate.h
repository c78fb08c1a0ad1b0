/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef MUTATE_H
#define MUTATE_H

/* Bytes changed as a fuzzer does it, the same everywhere for the same seed. */

#include <stdint.h>
#include <string.h>

typedef struct {
  uint64_t state;
} Mutations;

static inline Mutations
mutations (const char *name)
{
  Mutations m = { 0x9e3779b97f4a7c15u };
  for (; *name; name++)
    m.state = (m.state ^ (uint8_t) *name) * 0x100000001b3u;
  return m;
}

/* 0 .. n - 1; n > 0. */
static inline size_t
mutate_pick (Mutations *m, size_t n)
{
  m->state ^= m->state << 13;
  m->state ^= m->state >> 7;
  m->state ^= m->state << 17;
  return (size_t) (m->state >> 16) % n;
}

/* Once; the new size, which is no larger than `room`. */
static inline size_t
mutate_once (Mutations *m, uint8_t *bytes, size_t size, size_t room)
{
  static const uint8_t odd[] = { 0, 1, 127, 128, 255, 0xa5 };
  if (size == 0)
    return 0;
  size_t at = mutate_pick (m, size), left = size - at;
  size_t n = 1 + mutate_pick (m, left < 64 ? left : 64);
  switch (mutate_pick (m, 6)) {
    case 0:
    case 1:
      bytes[at] ^= (uint8_t) (1 << mutate_pick (m, 8));
      return size;
    case 2:
      bytes[at] = odd[mutate_pick (m, sizeof odd)];
      return size;
    case 3: /* bytes from elsewhere */
      memmove (bytes + at, bytes + mutate_pick (m, size - n + 1), n);
      return size;
    case 4: /* bytes are lost */
      memmove (bytes + at, bytes + at + n, left - n);
      return size - n;
    default: /* bytes twice */
      if (size + n > room)
        return size;
      memmove (bytes + at + n, bytes + at, left);
      return size + n;
  }
}

static inline size_t
mutate (Mutations *m, uint8_t *bytes, size_t size, size_t room)
{
  for (size_t i = 1 + mutate_pick (m, 4); i > 0; i--)
    size = mutate_once (m, bytes, size, room);
  return size;
}

#endif
