/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TEST_PICTURES_H
#define AE_TEST_PICTURES_H

/* Pictures of every pixel kind with padded, odd and negative strides. */

#include <ae/image.h>

#include <stdlib.h>
#include <string.h>

#include "util/rng.h"

typedef struct {
  const char *name;
  AePixels pixels;
  int pixel_stride, r, g, b;
} PictureKind;

static const PictureKind picture_kinds[] = {
  { "GRAY8", AE_PIXELS_GRAY8, 0, 0, 0, 0 },
  { "I420", AE_PIXELS_I420, 0, 0, 0, 0 },
  { "NV12", AE_PIXELS_NV12, 0, 0, 0, 0 },
  { "NV21", AE_PIXELS_NV21, 0, 0, 0, 0 },
  { "Y42B", AE_PIXELS_Y42B, 0, 0, 0, 0 },
  { "Y444", AE_PIXELS_Y444, 0, 0, 0, 0 },
  { "I420_10", AE_PIXELS_I420_10, 0, 0, 0, 0 },
  { "P010", AE_PIXELS_P010, 0, 0, 0, 0 },
  { "RGB", AE_PIXELS_PACKED, 3, 0, 1, 2 },
  { "BGR", AE_PIXELS_PACKED, 3, 2, 1, 0 },
  { "BGRx", AE_PIXELS_PACKED, 4, 2, 1, 0 },
  { "xRGB", AE_PIXELS_PACKED, 4, 1, 2, 3 },
};

#define N_PICTURE_KINDS ((int) (sizeof picture_kinds / sizeof *picture_kinds))

#define PICTURE_GUARD 0xA7

typedef struct {
  AeImage image;
  int n_planes;
  int rows[3];
  size_t bytes[3]; /* of a row's pixels */
  uint8_t *memory[3];
  size_t size[3];
} Picture;

/* Row bytes and rows of plane `i`; 0 rows when there is no such plane. */
static inline void
picture_plane (
    const PictureKind *kind, int width, int height, int i, size_t *bytes,
    int *rows)
{
  int cw = (width + 1) / 2, ch = (height + 1) / 2;
  *rows = 0;
  *bytes = 0;
  switch (kind->pixels) {
  case AE_PIXELS_GRAY8:
    *rows = i == 0 ? height : 0;
    *bytes = (size_t) width;
    break;
  case AE_PIXELS_I420:
  case AE_PIXELS_I420_10:
    *rows = i == 0 ? height : ch;
    *bytes = (size_t) (i == 0 ? width : cw)
             * (kind->pixels == AE_PIXELS_I420_10 ? 2 : 1);
    break;
  case AE_PIXELS_NV12:
  case AE_PIXELS_NV21:
  case AE_PIXELS_P010:
    *rows = i == 0 ? height : i == 1 ? ch : 0;
    *bytes = (size_t) (i == 0 ? width : 2 * cw)
             * (kind->pixels == AE_PIXELS_P010 ? 2 : 1);
    break;
  case AE_PIXELS_Y42B:
    *rows = height;
    *bytes = (size_t) (i == 0 ? width : cw);
    break;
  case AE_PIXELS_Y444:
    *rows = height;
    *bytes = (size_t) width;
    break;
  case AE_PIXELS_PACKED:
    *rows = i == 0 ? height : 0;
    *bytes = (size_t) width * kind->pixel_stride;
    break;
  }
}

/* Rows are `padding` bytes apart beyond their pixels; `flip` makes strides
 * negative. All memory holds PICTURE_GUARD. */
static inline Picture
picture_new (
    const PictureKind *kind, int width, int height, int padding, bool flip)
{
  Picture p;
  memset (&p, 0, sizeof p);
  p.image.pixels = kind->pixels;
  p.image.width = width;
  p.image.height = height;
  p.image.matrix = AE_MATRIX_BT709;
  p.image.pixel_stride = kind->pixel_stride;
  p.image.r = kind->r, p.image.g = kind->g, p.image.b = kind->b;
  for (int i = 0; i < 3; i++) {
    picture_plane (kind, width, height, i, &p.bytes[i], &p.rows[i]);
    if (p.rows[i] == 0)
      continue;
    size_t stride = p.bytes[i] + (size_t) padding;
    p.size[i] = stride * p.rows[i];
    p.memory[i] = malloc (p.size[i]);
    memset (p.memory[i], PICTURE_GUARD, p.size[i]);
    p.image.stride[i] = flip ? -(ptrdiff_t) stride : (ptrdiff_t) stride;
    p.image.plane[i] = p.memory[i] + (flip ? stride * (p.rows[i] - 1) : 0);
  }
  return p;
}

static inline void
picture_free (Picture *p)
{
  for (int i = 0; i < 3; i++)
    free (p->memory[i]);
}

static inline uint8_t *
picture_row (const Picture *p, int plane, int y)
{
  return p->image.plane[plane] + y * p->image.stride[plane];
}

/* Random samples, valid for the kind. */
static inline void
picture_fill (Picture *p, uint64_t seed)
{
  AeRng rng;
  ae_rng_seed (&rng, seed);
  for (int i = 0; i < 3; i++)
    for (int y = 0; y < p->rows[i]; y++)
      for (size_t x = 0; x < p->bytes[i]; x++) {
        uint8_t value = (uint8_t) ae_rng_below (&rng, 256);
        if (p->image.pixels == AE_PIXELS_I420_10 && x % 2 == 1)
          value &= 3;
        if (p->image.pixels == AE_PIXELS_P010 && x % 2 == 0)
          value &= 0xC0;
        picture_row (p, i, y)[x] = value;
      }
}

/* Largest difference of samples. */
static inline int
picture_distance (const Picture *a, const Picture *b)
{
  int most = 0;
  bool words = a->image.pixels == AE_PIXELS_I420_10
               || a->image.pixels == AE_PIXELS_P010;
  int shift = a->image.pixels == AE_PIXELS_P010 ? 6 : 0;
  for (int i = 0; i < 3; i++)
    for (int y = 0; y < a->rows[i]; y++)
      for (size_t x = 0; x < a->bytes[i]; x += words ? 2 : 1) {
        const uint8_t *p = picture_row (a, i, y) + x;
        const uint8_t *q = picture_row (b, i, y) + x;
        int u = words ? (p[0] | p[1] << 8) >> shift : p[0];
        int v = words ? (q[0] | q[1] << 8) >> shift : q[0];
        if (abs (u - v) > most)
          most = abs (u - v);
      }
  return most;
}

/* True when no byte between the rows was written. */
static inline bool
picture_padding_untouched (const Picture *p)
{
  for (int i = 0; i < 3; i++)
    for (int y = 0; y < p->rows[i]; y++) {
      const uint8_t *row = picture_row (p, i, y);
      size_t stride = p->size[i] / p->rows[i];
      for (size_t x = p->bytes[i]; x < stride; x++)
        if (row[x] != PICTURE_GUARD)
          return false;
    }
  return true;
}

#endif
