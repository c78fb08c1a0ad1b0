/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "video/pixel_rows.h"

#include <string.h>

typedef struct {
  int halve_x, halve_y;
  int bits;
  bool chroma;
  bool interleaved; /* U and V in one plane */
  const char *name;
} Kind;

static const Kind kinds[] = {
  [AE_PIXELS_GRAY8] = { 0, 0, 8, false, false, "GRAY8" },
  [AE_PIXELS_I420] = { 1, 1, 8, true, false, "I420" },
  [AE_PIXELS_NV12] = { 1, 1, 8, true, true, "NV12" },
  [AE_PIXELS_NV21] = { 1, 1, 8, true, true, "NV21" },
  [AE_PIXELS_Y42B] = { 1, 0, 8, true, false, "Y42B" },
  [AE_PIXELS_Y444] = { 0, 0, 8, true, false, "Y444" },
  [AE_PIXELS_I420_10] = { 1, 1, 10, true, false, "I420_10LE" },
  [AE_PIXELS_P010] = { 1, 1, 10, true, true, "P010_10LE" },
  [AE_PIXELS_PACKED] = { 0, 0, 8, true, false, "packed RGB" },
};

#define N_KINDS ((int) (sizeof kinds / sizeof *kinds))
#define MAX_SIDE 16384

AePixelInfo
ae_pixel_info (const AeImage *image)
{
  const Kind *kind = &kinds[image->pixels];
  AePixelInfo info = { .halve_x = kind->halve_x,
    .halve_y = kind->halve_y,
    .max = kind->bits == 8 ? 255.0f : 1023.0f };
  if (kind->chroma) {
    info.chroma_width = (image->width + kind->halve_x) >> kind->halve_x;
    info.chroma_height = (image->height + kind->halve_y) >> kind->halve_y;
  }
  return info;
}

AeStatus
ae_image_check (const AeImage *image, AeError *err)
{
  if ((int) image->pixels < 0 || (int) image->pixels >= N_KINDS)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "pixel kind %d is unknown, wanted 0..%d", (int) image->pixels,
        N_KINDS - 1);
  if (image->width < 1 || image->width > MAX_SIDE || image->height < 1
      || image->height > MAX_SIDE)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "%s picture of %dx%d pixels, wanted 1x1 to %dx%d",
        kinds[image->pixels].name, image->width, image->height, MAX_SIDE,
        MAX_SIDE);
  if ((int) image->matrix < 0 || image->matrix > AE_MATRIX_BT2020)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "colour matrix %d is unknown, wanted 0..%d", (int) image->matrix,
        (int) AE_MATRIX_BT2020);
  if (image->pixels != AE_PIXELS_PACKED)
    return AE_OK;
  int n = image->pixel_stride;
  if (n < 3 || n > 4)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "packed pixels of %d bytes, wanted 3 or 4", n);
  int r = image->r, g = image->g, b = image->b;
  if (r < 0 || r >= n || g < 0 || g >= n || b < 0 || b >= n || r == g || r == b
      || g == b)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "offsets of R, G, B are %d, %d, %d, wanted different ones below %d", r,
        g, b, n);
  return AE_OK;
}

static inline uint8_t *
row_of (const AeImage *image, int plane, int y)
{
  return image->plane[plane] + y * image->stride[plane];
}

static inline uint16_t
load_word (const uint8_t *p)
{
  return (uint16_t) (p[0] | p[1] << 8);
}

static inline void
store_word (uint8_t *p, uint16_t value)
{
  p[0] = (uint8_t) value;
  p[1] = (uint8_t) (value >> 8);
}

static inline int
round_to (float value, float max)
{
  float v = value + 0.5f;
  v = v < 0 ? 0 : v;
  return (int) (v > max ? max : v);
}

/* `step` samples apart; constant at every call, so that the loops vectorise. */
static inline void
read_bytes (const uint8_t *restrict from, int step, int n,
    float *restrict to)
{
  for (int x = 0; x < n; x++)
    to[x] = from[x * step];
}

static inline void
write_bytes (const float *restrict from, int step, int n,
    uint8_t *restrict to)
{
  for (int x = 0; x < n; x++)
    to[x * step] = (uint8_t) round_to (from[x], 255.0f);
}

static inline void
read_words (const uint8_t *restrict from, int step, int shift, int n,
    float *restrict to)
{
  for (int x = 0; x < n; x++) {
    int value = load_word (from + 2 * x * step) >> shift;
    to[x] = (float) (value > 1023 ? 1023 : value);
  }
}

static inline void
write_words (const float *restrict from, int step, int shift, int n,
    uint8_t *restrict to)
{
  for (int x = 0; x < n; x++)
    store_word (to + 2 * x * step,
        (uint16_t) (round_to (from[x], 1023.0f) << shift));
}

void
ae_rows_read_luma (const AeImage *image, int y, float *luma)
{
  const uint8_t *row = row_of (image, 0, y);
  if (image->pixels == AE_PIXELS_P010)
    read_words (row, 1, 6, image->width, luma);
  else if (image->pixels == AE_PIXELS_I420_10)
    read_words (row, 1, 0, image->width, luma);
  else
    read_bytes (row, 1, image->width, luma);
}

void
ae_rows_write_luma (const AeImage *image, int y, const float *luma)
{
  uint8_t *row = row_of (image, 0, y);
  if (image->pixels == AE_PIXELS_P010)
    write_words (luma, 1, 6, image->width, row);
  else if (image->pixels == AE_PIXELS_I420_10)
    write_words (luma, 1, 0, image->width, row);
  else
    write_bytes (luma, 1, image->width, row);
}

void
ae_rows_read_chroma (const AeImage *image, int y, float *u, float *v)
{
  int n = ae_pixel_info (image).chroma_width;
  if (kinds[image->pixels].interleaved) {
    const uint8_t *row = row_of (image, 1, y);
    if (image->pixels == AE_PIXELS_P010) {
      read_words (row, 2, 6, n, u);
      read_words (row + 2, 2, 6, n, v);
    } else {
      int swap = image->pixels == AE_PIXELS_NV21;
      read_bytes (row, 2, n, swap ? v : u);
      read_bytes (row + 1, 2, n, swap ? u : v);
    }
  } else if (image->pixels == AE_PIXELS_I420_10) {
    read_words (row_of (image, 1, y), 1, 0, n, u);
    read_words (row_of (image, 2, y), 1, 0, n, v);
  } else {
    read_bytes (row_of (image, 1, y), 1, n, u);
    read_bytes (row_of (image, 2, y), 1, n, v);
  }
}

void
ae_rows_write_chroma (
    const AeImage *image, int y, const float *u, const float *v)
{
  int n = ae_pixel_info (image).chroma_width;
  if (kinds[image->pixels].interleaved) {
    uint8_t *row = row_of (image, 1, y);
    if (image->pixels == AE_PIXELS_P010) {
      write_words (u, 2, 6, n, row);
      write_words (v, 2, 6, n, row + 2);
    } else {
      int swap = image->pixels == AE_PIXELS_NV21;
      write_bytes (swap ? v : u, 2, n, row);
      write_bytes (swap ? u : v, 2, n, row + 1);
    }
  } else if (image->pixels == AE_PIXELS_I420_10) {
    write_words (u, 1, 0, n, row_of (image, 1, y));
    write_words (v, 1, 0, n, row_of (image, 2, y));
  } else {
    write_bytes (u, 1, n, row_of (image, 1, y));
    write_bytes (v, 1, n, row_of (image, 2, y));
  }
}

/* Kr and Kb of ITU-R BT.601, BT.709 and BT.2020. */
static const struct {
  float kr, kb;
} matrices[] = {
  [AE_MATRIX_BT601] = { 0.299f, 0.114f },
  [AE_MATRIX_BT709] = { 0.2126f, 0.0722f },
  [AE_MATRIX_BT2020] = { 0.2627f, 0.0593f },
};

static inline void
read_packed (const AeImage *image, const uint8_t *restrict row, int step,
    float *restrict luma, float *restrict u, float *restrict v)
{
  float kr = matrices[image->matrix].kr, kb = matrices[image->matrix].kb;
  float u_scale = 0.5f / (1 - kb), v_scale = 0.5f / (1 - kr);
  const uint8_t *r = row + image->r, *g = row + image->g, *b = row + image->b;
  for (int x = 0; x < image->width; x++) {
    float red = r[x * step], green = g[x * step], blue = b[x * step];
    float y = kr * red + (1 - kr - kb) * green + kb * blue;
    luma[x] = y;
    u[x] = (blue - y) * u_scale + 127.5f;
    v[x] = (red - y) * v_scale + 127.5f;
  }
}

void
ae_rows_read_packed (
    const AeImage *image, int y, float *luma, float *u, float *v)
{
  const uint8_t *row = row_of (image, 0, y);
  if (image->pixel_stride == 4)
    read_packed (image, row, 4, luma, u, v);
  else
    read_packed (image, row, 3, luma, u, v);
}

void
ae_rows_add_packed (const AeImage *in, const AeImage *out, int y,
    const float *luma, const float *u, const float *v)
{
  float kr = matrices[in->matrix].kr, kb = matrices[in->matrix].kb;
  float from_v = 2 * (1 - kr), from_u = 2 * (1 - kb), kg = 1 - kr - kb;
  float green_u = kb * from_u / kg, green_v = kr * from_v / kg;
  int step = in->pixel_stride;
  const uint8_t *from = row_of (in, 0, y);
  uint8_t *to = row_of (out, 0, y);
  if (from != to && step == 4)
    memcpy (to, from, (size_t) in->width * 4);
  for (int x = 0; x < in->width; x++, from += step, to += step) {
    float red = from[in->r] + luma[x] + from_v * v[x];
    float green = from[in->g] + luma[x] - green_u * u[x] - green_v * v[x];
    float blue = from[in->b] + luma[x] + from_u * u[x];
    to[in->r] = (uint8_t) round_to (red, 255.0f);
    to[in->g] = (uint8_t) round_to (green, 255.0f);
    to[in->b] = (uint8_t) round_to (blue, 255.0f);
  }
}

static void
copy_plane (const AeImage *in, const AeImage *out, int plane, size_t bytes,
    int rows)
{
  for (int y = 0; y < rows; y++)
    if (row_of (in, plane, y) != row_of (out, plane, y))
      memcpy (row_of (out, plane, y), row_of (in, plane, y), bytes);
}

void
ae_image_copy (const AeImage *in, const AeImage *out)
{
  const Kind *kind = &kinds[in->pixels];
  AePixelInfo info = ae_pixel_info (in);
  size_t sample = kind->bits > 8 ? 2 : 1;
  if (in->pixels == AE_PIXELS_PACKED) {
    copy_plane (
        in, out, 0, (size_t) in->width * in->pixel_stride, in->height);
    return;
  }
  copy_plane (in, out, 0, (size_t) in->width * sample, in->height);
  size_t bytes = (size_t) info.chroma_width * sample;
  if (kind->interleaved) {
    copy_plane (in, out, 1, 2 * bytes, info.chroma_height);
  } else if (kind->chroma) {
    copy_plane (in, out, 1, bytes, info.chroma_height);
    copy_plane (in, out, 2, bytes, info.chroma_height);
  }
}
