/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/thumbnail.h"

#include "util/mem.h"
#include "video/pixel_rows.h"
#include "video/axis.h"

#include <math.h>

typedef struct {
  const AeImage *image;
  AePixelInfo info;
  int channels;
  AeAxis across, down;
  size_t row;   /* floats of a row of the picture */
  float *rows;  /* channels: a row as it is displayed, 0..255 */
  float *sums;  /* channels: rows added up */
  float *yuv;   /* luma, and two of chroma */
  float *small; /* a row of the new size */
} Work;

size_t
ae_thumbnail_bytes (const AeThumbnailSize *size)
{
  return (size_t) size->width * (size_t) size->height
      * (size_t) size->channels;
}

static AeStatus
check (const AeThumbnailSize *size, const AeImage *image, AeError *err)
{
  AeStatus status = ae_image_check (image, err);
  if (status != AE_OK)
    return status;
  double found = (double) image->width / image->height;
  double wanted = (double) size->width / size->height;
  if (fabs (log (found / wanted)) > log1p (AE_THUMBNAIL_STRETCH))
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "a picture of %dx%d, wanted the proportions of %dx%d: see the "
        "recipe's size",
        image->width, image->height, size->width, size->height);
  if (2 * image->width < size->width || 2 * image->height < size->height)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "a picture of %dx%d, wanted at least half of %dx%d: see the "
        "recipe's size",
        image->width, image->height, size->width, size->height);
  return AE_OK;
}

/* Kr and Kb of the image's matrix. */
static void
luma_weights (const AeImage *image, float *kr, float *kb)
{
  static const float weights[][2] = { [AE_MATRIX_BT601] = { 0.299f, 0.114f },
    [AE_MATRIX_BT709] = { 0.2126f, 0.0722f },
    [AE_MATRIX_BT2020] = { 0.2627f, 0.0593f } };
  *kr = weights[image->matrix][0];
  *kb = weights[image->matrix][1];
}

static void
spread_luma (const Work *w, const float *luma)
{
  bool grey = w->image->pixels == AE_PIXELS_GRAY8;
  float scale = 255 / w->info.max;
  for (int c = 0; c < w->channels; c++)
    for (int x = 0; x < w->image->width; x++)
      w->rows[(size_t) c * w->row + (size_t) x] = grey
          ? luma[x]
          : (luma[x] * scale - 16) * (255.0f / 219);
}

/* R, G, B from luma that is there and chroma of the same row. */
static void
add_colour (const Work *w, const float *u, const float *v)
{
  float kr, kb, scale = 255 / w->info.max;
  luma_weights (w->image, &kr, &kb);
  float kg = 1 - kr - kb;
  for (int x = 0; x < w->image->width; x++) {
    int at = x >> w->info.halve_x;
    float cb = (u[at] * scale - 128) * (255.0f / 112);
    float cr = (v[at] * scale - 128) * (255.0f / 112);
    float red = (1 - kr) * cr, blue = (1 - kb) * cb;
    w->rows[x] += red;
    w->rows[w->row + (size_t) x] -= (kr * red + kb * blue) / kg;
    w->rows[2 * w->row + (size_t) x] += blue;
  }
}

static void
read_colours (const Work *w, int y)
{
  const AeImage *p = w->image;
  const uint8_t *from = p->plane[0] + y * p->stride[0];
  for (int x = 0; x < p->width; x++, from += p->pixel_stride) {
    w->rows[x] = from[p->r];
    w->rows[w->row + (size_t) x] = from[p->g];
    w->rows[2 * w->row + (size_t) x] = from[p->b];
  }
}

/* A row of the picture into w->rows. */
static void
read_row (const Work *w, int y)
{
  float *luma = w->yuv, *u = luma + w->row, *v = u + w->row;
  if (w->image->pixels == AE_PIXELS_PACKED) {
    if (w->channels == 3)
      read_colours (w, y);
    else
      ae_rows_read_packed (w->image, y, w->rows, u, v);
    return;
  }
  ae_rows_read_luma (w->image, y, luma);
  spread_luma (w, luma);
  if (w->channels == 3 && w->info.chroma_width > 0) {
    ae_rows_read_chroma (w->image, y >> w->info.halve_y, u, v);
    add_colour (w, u, v);
  }
}

static uint8_t
to_byte (float value)
{
  float v = value > 0 ? value : 0;
  v = v < 255 ? v : 255;
  return (uint8_t) (int) (v + 0.5f);
}

static void
scale (const Work *w, uint8_t *to)
{
  size_t plane = (size_t) w->across.n * (size_t) w->down.n;
  for (int y = 0; y < w->down.n; y++) {
    for (int k = 0; k < w->down.count[y]; k++) {
      read_row (w, w->down.first[y] + k);
      for (int c = 0; c < w->channels; c++)
        ae_axis_add (w->rows + (size_t) c * w->row,
            ae_axis_weights (&w->down, y)[k], w->image->width, k == 0,
            w->sums + (size_t) c * w->row);
    }
    for (int c = 0; c < w->channels; c++) {
      uint8_t *row
          = to + (size_t) c * plane + (size_t) y * (size_t) w->across.n;
      ae_axis_row (
          &w->across, w->sums + (size_t) c * w->row, 1, w->small);
      for (int x = 0; x < w->across.n; x++)
        row[x] = to_byte (w->small[x]);
    }
  }
}

static bool
prepare (Work *w, const AeThumbnailSize *size)
{
  size_t n = (size_t) w->channels;
  w->rows = ae_calloc (n * w->row, sizeof *w->rows);
  w->sums = ae_calloc (n * w->row, sizeof *w->sums);
  w->yuv = ae_calloc (3 * w->row, sizeof *w->yuv);
  w->small = ae_calloc ((size_t) size->width, sizeof *w->small);
  bool ok = ae_axis_make (&w->across, w->image->width, size->width);
  ok = ae_axis_make (&w->down, w->image->height, size->height) && ok;
  return ok && w->rows && w->sums && w->yuv && w->small;
}

AeStatus
ae_thumbnail_make (const AeThumbnailSize *size, const AeImage *image,
    uint8_t *to, AeError *err)
{
  AeStatus status = check (size, image, err);
  if (status != AE_OK)
    return status;
  Work w = { .image = image,
    .info = ae_pixel_info (image),
    .channels = size->channels,
    .row = ae_align_size ((size_t) image->width) };
  if (prepare (&w, size))
    scale (&w, to);
  else
    status = ae_fail (err, AE_ERROR_MEMORY, "no memory to scale a picture");
  ae_axis_clear (&w.across);
  ae_axis_clear (&w.down);
  ae_free (w.rows);
  ae_free (w.sums);
  ae_free (w.yuv);
  ae_free (w.small);
  return status;
}
