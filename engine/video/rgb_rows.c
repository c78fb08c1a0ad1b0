/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "video/rgb_rows.h"

#include "video/pixel_rows.h"

/* How code values stand for numbers: luma = (code - black) / luma_span, a
 * colour difference (code - grey) / chroma_span; those are in -0.5..0.5. */
typedef struct {
  float black, luma_span, grey, chroma_span;
  float kr, kg, kb;
} Coding;

/* Ranges of ITU-R BT.601, BT.709 and BT.2020. */
static Coding
coding_of (const AeImage *image)
{
  AePixelInfo info = ae_pixel_info (image);
  float unit = info.max > 255 ? 4 : 1;
  Coding c = { 0, info.max, 128 * unit, info.max, 0, 0, 0 };
  if (!image->full_range) {
    c.black = 16 * unit;
    c.luma_span = 219 * unit;
    c.chroma_span = 224 * unit;
  }
  ae_luma_weights (image->matrix, &c.kr, &c.kb);
  c.kg = 1 - c.kr - c.kb;
  return c;
}

/* Half as many samples to n, from the last one on so that it can be done in
 * place. */
static void
repeat_each (float *row, int n)
{
  for (int x = n - 1; x > 0; x--)
    row[x] = row[x / 2];
}

static void
scale_row (float *restrict row, int n, float offset, float scale)
{
  for (int x = 0; x < n; x++)
    row[x] = (row[x] - offset) * scale;
}

static void
yuv_to_rgb (Coding c, int n, float *restrict r, float *restrict g,
    float *restrict b)
{
  float scale = 1 / c.luma_span, chroma = 1 / c.chroma_span;
  float to_r = 2 * (1 - c.kr), to_b = 2 * (1 - c.kb);
  for (int x = 0; x < n; x++) {
    float luma = (r[x] - c.black) * scale;
    float red = luma + to_r * ((b[x] - c.grey) * chroma);
    float blue = luma + to_b * ((g[x] - c.grey) * chroma);
    r[x] = red;
    g[x] = (luma - c.kr * red - c.kb * blue) / c.kg;
    b[x] = blue;
  }
}

static void
read_grey (const AeImage *image, int y, float *r, float *g, float *b)
{
  Coding c = coding_of (image);
  ae_rows_read_luma (image, y, r);
  scale_row (r, image->width, c.black, 1 / c.luma_span);
  for (int x = 0; x < image->width; x++)
    g[x] = b[x] = r[x];
}

void
ae_rows_read_rgb (const AeImage *image, int y, float *r, float *g, float *b)
{
  AePixelInfo info = ae_pixel_info (image);
  if (image->pixels == AE_PIXELS_PACKED) {
    float *rows[3] = { r, g, b };
    ae_rows_read_packed_rgb (image, y, r, g, b);
    for (int i = 0; i < 3; i++)
      scale_row (rows[i], image->width, 0, 1 / info.max);
    return;
  }
  if (info.chroma_width == 0) {
    read_grey (image, y, r, g, b);
    return;
  }
  ae_rows_read_luma (image, y, r);
  ae_rows_read_chroma (image, y >> info.halve_y, g, b);
  if (info.halve_x) {
    repeat_each (g, image->width);
    repeat_each (b, image->width);
  }
  yuv_to_rgb (coding_of (image), image->width, r, g, b);
}

int
ae_rows_together (const AeImage *image)
{
  return 1 + ae_pixel_info (image).halve_y;
}

static void
write_packed (const AeImage *image, int y, float *const rgb[3])
{
  for (int i = 0; i < 3; i++)
    scale_row (rgb[i], image->width, 0, 255);
  ae_rows_write_packed_rgb (image, y, rgb[0], rgb[1], rgb[2]);
}

void
ae_rows_luma (const AeImage *image, int n, const float *r, const float *g,
    const float *b, float *luma)
{
  Coding c = coding_of (image);
  for (int x = 0; x < n; x++)
    luma[x] = c.kr * r[x] + c.kg * g[x] + c.kb * b[x];
}

/* R, G, B become luma, U and V, as code values. */
static void
rgb_to_yuv (Coding c, int n, float *restrict r, float *restrict g,
    float *restrict b)
{
  float to_u = 0.5f / (1 - c.kb) * c.chroma_span;
  float to_v = 0.5f / (1 - c.kr) * c.chroma_span;
  for (int x = 0; x < n; x++) {
    float luma = c.kr * r[x] + c.kg * g[x] + c.kb * b[x];
    float u = (b[x] - luma) * to_u + c.grey;
    float v = (r[x] - luma) * to_v + c.grey;
    r[x] = luma * c.luma_span + c.black;
    g[x] = u;
    b[x] = v;
  }
}

static void
halve_row (float *row, int n)
{
  row[n] = row[n - 1];
  for (int x = 0; x < (n + 1) / 2; x++)
    row[x] = 0.5f * (row[2 * x] + row[2 * x + 1]);
}

/* Adds the second row's colour to the first one's. */
static void
average_rows (int n, const float *restrict from, float *restrict to)
{
  for (int x = 0; x < n; x++)
    to[x] = 0.5f * (to[x] + from[x]);
}

void
ae_rows_write_rgb (const AeImage *image, int y, float *rgb[2][3])
{
  AePixelInfo info = ae_pixel_info (image);
  int n = image->width;
  if (image->pixels == AE_PIXELS_PACKED) {
    write_packed (image, y, rgb[0]);
    return;
  }
  int rows = 1 + info.halve_y;
  rows = rows < image->height - y ? rows : image->height - y;
  for (int i = 0; i < rows; i++) {
    rgb_to_yuv (coding_of (image), n, rgb[i][0], rgb[i][1], rgb[i][2]);
    ae_rows_write_luma (image, y + i, rgb[i][0]);
  }
  if (info.chroma_width == 0)
    return;
  for (int i = 1; i < 3; i++) {
    if (rows > 1)
      average_rows (n, rgb[1][i], rgb[0][i]);
    if (info.halve_x)
      halve_row (rgb[0][i], n);
  }
  ae_rows_write_chroma (image, y >> info.halve_y, rgb[0][1], rgb[0][2]);
}
