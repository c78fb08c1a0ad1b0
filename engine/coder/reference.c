/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "coder/reference.h"

#include "util/mem.h"

#include <math.h>
#include <string.h>

#define MOST_PSNR 99
#define SPARE 16 /* bytes that may be read behind the last row */

static int
border_of (int plane)
{
  return plane == 0 ? AE_REFERENCE_BORDER : AE_REFERENCE_BORDER / 2;
}

static int
side_of (int pixels, int plane)
{
  return plane == 0 ? pixels : (pixels + 1) / 2;
}

AeStatus
ae_reference_init (AeReference *r, int width, int height, AeError *err)
{
  size_t at[3], size = 0;
  *r = (AeReference){ .image = { .pixels = AE_PIXELS_I420, .width = width,
                          .height = height } };
  for (int i = 0; i < 3; i++) {
    int border = border_of (i), stride = side_of (width, i) + 2 * border;
    r->image.stride[i] = stride;
    at[i] = size + (size_t) border * stride + border;
    size += (size_t) stride * (side_of (height, i) + 2 * border);
  }
  r->memory = ae_calloc (size + SPARE, 1);
  if (!r->memory)
    return ae_fail (err, AE_ERROR_MEMORY, "out of memory for a picture");
  for (int i = 0; i < 3; i++)
    r->image.plane[i] = r->memory + at[i];
  return AE_OK;
}

void
ae_reference_clear (AeReference *r)
{
  ae_free (r->memory);
  *r = (AeReference){ .memory = NULL };
}

void
ae_reference_fill (AeReference *r, uint8_t shade)
{
  for (int i = 0; i < 3; i++)
    for (int y = 0; y < side_of (r->image.height, i); y++)
      memset (r->image.plane[i] + y * (ptrdiff_t) r->image.stride[i], shade,
          (size_t) side_of (r->image.width, i));
}

void
ae_reference_extend (AeReference *r)
{
  for (int i = 0; i < 3; i++) {
    int border = border_of (i), w = side_of (r->image.width, i);
    int h = side_of (r->image.height, i);
    ptrdiff_t stride = r->image.stride[i];
    uint8_t *first = r->image.plane[i], *last = first + (h - 1) * stride;
    for (int y = 0; y < h; y++) {
      uint8_t *row = first + y * stride;
      memset (row - border, row[0], (size_t) border);
      memset (row + w, row[w - 1], (size_t) border);
    }
    for (int y = 1; y <= border; y++) {
      memcpy (first - border - y * stride, first - border, (size_t) stride);
      memcpy (last - border + y * stride, last - border, (size_t) stride);
    }
  }
}

void
ae_reference_show (const AeReference *r, const AeImage *out)
{
  int n_planes = out->pixels == AE_PIXELS_GRAY8 ? 1 : 3;
  for (int i = 0; i < n_planes; i++)
    for (int y = 0; y < side_of (out->height, i); y++)
      memcpy (out->plane[i] + y * (ptrdiff_t) out->stride[i],
          r->image.plane[i] + y * (ptrdiff_t) r->image.stride[i],
          (size_t) side_of (out->width, i));
}

double
ae_luma_psnr (const AeImage *a, const AeImage *b, int width, int height)
{
  uint64_t sum = 0;
  for (int y = 0; y < height; y++) {
    const uint8_t *p = a->plane[0] + y * (ptrdiff_t) a->stride[0];
    const uint8_t *q = b->plane[0] + y * (ptrdiff_t) b->stride[0];
    uint32_t row = 0;
    for (int x = 0; x < width; x++)
      row += (uint32_t) ((p[x] - q[x]) * (p[x] - q[x]));
    sum += row;
  }
  double worst = 255 * 255 * (double) width * height;
  double db = sum > 0 ? 10 * log10 (worst / (double) sum) : MOST_PSNR;
  return db < MOST_PSNR ? db : MOST_PSNR;
}
