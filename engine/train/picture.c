/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/reservoir.h"

#include "util/mem.h"
#include "video/frame.h"

#include <math.h>

#define SMALLEST 16

static int
even_edge (int edge, int min_edge)
{
  return (edge < min_edge ? min_edge + 1 : edge) & ~1;
}

static AePicture *
allocate (const AeImage *image, int min_edge)
{
  int width = even_edge (image->width, min_edge);
  int height = even_edge (image->height, min_edge);
  size_t luma = (size_t) width * height;
  size_t bytes = sizeof (AePicture) + luma + luma / 2;
  AePicture *picture = ae_alloc (bytes);
  if (!picture)
    return NULL;
  uint8_t *pixels = (uint8_t *) (picture + 1);
  *picture = (AePicture){ .width = width,
    .height = height,
    .bytes = bytes,
    .plane = { pixels, pixels + luma, pixels + luma + luma / 4 } };
  atomic_init (&picture->n_refs, 1);
  return picture;
}

/* Index into 0 .. n-1 of position i of the picture mirrored at its edges. */
static int
mirror (int i, int n)
{
  i %= 2 * n;
  return i < n ? i : 2 * n - 1 - i;
}

static uint8_t
to_byte (float value)
{
  value = roundf (value * 255);
  return (uint8_t) (value < 0 ? 0 : value > 255 ? 255 : value);
}

/* The frame tensor's planes as bytes. */
static void
fill (AePicture *picture, const float *frame6, int h, int w,
    const AeImage *image)
{
  size_t plane = (size_t) h * w;
  uint8_t *to = picture->plane[0];
  for (int y = 0; y < picture->height; y++)
    for (int x = 0; x < picture->width; x++) {
      int sx = mirror (x, image->width), sy = mirror (y, image->height);
      const float *phase = frame6 + plane * (size_t) (2 * (sy & 1) + (sx & 1));
      *to++ = to_byte (phase[(size_t) (sy / 2) * w + sx / 2]);
    }
  for (int c = 1; c < 3; c++) {
    const float *from = frame6 + plane * (size_t) (3 + c);
    to = picture->plane[c];
    for (int y = 0; y < picture->height / 2; y++)
      for (int x = 0; x < picture->width / 2; x++) {
        int sx = mirror (x, image->width / 2);
        int sy = mirror (y, image->height / 2);
        *to++ = to_byte (from[(size_t) sy * w + sx]);
      }
  }
}

AeStatus
ae_picture_new (AePicture **out, const AeImage *image, int min_edge,
    AeError *err)
{
  *out = NULL;
  if (image->width < SMALLEST || image->height < SMALLEST
      || image->width > 16384 || image->height > 16384)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "picture of %dx%d, wanted from %dx%d to 16384x16384", image->width,
        image->height, SMALLEST, SMALLEST);
  int h, w;
  ae_frame_size (image, &h, &w);
  float *frame6 = ae_alloc (sizeof (float) * 6 * (size_t) h * (size_t) w);
  void *scratch = ae_alloc (ae_frame_scratch_size (image, 1));
  AePicture *picture = allocate (image, min_edge);
  if (frame6 && scratch && picture) {
    ae_frame_load (image, frame6, 1, scratch);
    fill (picture, frame6, h, w, image);
    *out = picture;
  } else
    ae_picture_unref (&picture);
  ae_free (frame6);
  ae_free (scratch);
  if (!*out)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for a picture of %dx%d",
        image->width, image->height);
  return AE_OK;
}

AePicture *
ae_picture_ref (AePicture *picture)
{
  atomic_fetch_add_explicit (&picture->n_refs, 1, memory_order_relaxed);
  return picture;
}

void
ae_picture_unref (AePicture **picture)
{
  if (*picture && atomic_fetch_sub (&(*picture)->n_refs, 1) == 1)
    ae_free (*picture);
  *picture = NULL;
}
