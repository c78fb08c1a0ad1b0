/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/gan_augment.h"

#include <math.h>

#define GREY 0.5f

static const char *const names[] = { "places", "kept", "light" };

bool
ae_gan_augment_draws (const AeGanAugment *augment, AeGanDrawn which)
{
  const float share[] = { augment->translation, augment->cutout,
    augment->brightness };
  return share[which] > 0;
}

AeShape
ae_gan_augment_shape (const AeThumbnailSize *size, AeGanDrawn which, int n)
{
  if (which == AE_GAN_PLACES)
    return ae_shape (4, n, size->height, size->width, 2);
  return which == AE_GAN_KEPT ? ae_shape (4, n, 1, size->height, size->width)
                              : ae_shape (4, n, 1, 1, 1);
}

/* Black comes from outside. */
static int
shifted (AeBuilder *b, int frame, int places)
{
  AeAttrs attrs = { 0 };
  if (!ae_attrs_set_string (&attrs, "mode", "bilinear")
      || !ae_attrs_set_string (&attrs, "padding_mode", "zeros"))
    ae_fail (&b->error, AE_ERROR_MEMORY, "out of memory for a graph");
  return ae_build_node (
      b, "GridSample", &attrs, (int[]){ frame, places }, 2);
}

int
ae_build_gan_augment (AeBuilder *b, int frame, const AeThumbnailSize *size,
    const AeGanAugment *augment)
{
  for (int i = 0; i < AE_GAN_DRAWN; i++) {
    AeGanDrawn which = (AeGanDrawn) i;
    if (!ae_gan_augment_draws (augment, which))
      continue;
    int drawn = ae_build_input (
        b, names[i], ae_gan_augment_shape (size, which, -1));
    int grey = which == AE_GAN_KEPT ? ae_build_scalar (b, GREY) : -1;
    if (which == AE_GAN_PLACES)
      frame = shifted (b, frame, drawn);
    else if (which == AE_GAN_LIGHT)
      frame = ae_build_binary (b, "Add", frame, drawn);
    else
      frame = ae_build_binary (b, "Add", grey,
          ae_build_binary (
              b, "Mul", drawn, ae_build_binary (b, "Sub", frame, grey)));
  }
  return frame;
}

/* One of -most .. most. */
static int
whole_shift (AeRng *rng, double most)
{
  int n = (int) floor (most + 0.5);
  return (int) ae_rng_below (rng, (uint32_t) (2 * n + 1)) - n;
}

/* Where pixels come from: centres lie at (2 i + 1) / n - 1. */
static void
draw_places (float share, float *to, int height, int width, AeRng *rng)
{
  int dx = whole_shift (rng, (double) share * width);
  int dy = whole_shift (rng, (double) share * height);
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++, to += 2) {
      to[0] = (float) (2 * (x - dx) + 1) / (float) width - 1;
      to[1] = (float) (2 * (y - dy) + 1) / (float) height - 1;
    }
}

/* A rectangle with its centre anywhere in the picture. */
static void
draw_kept (float share, float *to, int height, int width, AeRng *rng)
{
  int h = (int) lround ((double) share * height);
  int w = (int) lround ((double) share * width);
  int top = (int) ae_rng_below (rng, (uint32_t) height) - h / 2;
  int left = (int) ae_rng_below (rng, (uint32_t) width) - w / 2;
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++)
      *to++ = y < top || y >= top + h || x < left || x >= left + w;
}

void
ae_gan_augment_draw (const AeGanAugment *augment, AeGanDrawn which,
    AeTensor *x, AeRng *rng)
{
  const int64_t *dim = x->shape.dim;
  size_t n = (size_t) dim[0], each = ae_shape_count (&x->shape) / n;
  for (size_t i = 0; i < n; i++) {
    float *to = (float *) x->data + i * each;
    if (which == AE_GAN_PLACES)
      draw_places (
          augment->translation, to, (int) dim[1], (int) dim[2], rng);
    else if (which == AE_GAN_KEPT)
      draw_kept (augment->cutout, to, (int) dim[2], (int) dim[3], rng);
    else
      *to = augment->brightness * (2 * ae_rng_uniform (rng) - 1);
  }
}
