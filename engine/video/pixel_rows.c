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

/* Not a number gives 0. */
static inline int
round_to (float value, float max)
{
  float v = value > 0 ? value : 0;
  v = v < max ? v : max;
  return (int) (v + 0.5f);
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
    to[x * step] = (uint8_t) round_to (from[x], 255);
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
        (uint16_t) (round_to (from[x], 1023) << shift));
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

/* Four bytes as one number, whose shifts vectorise where byte offsets known
 * only at run time do not. */
static inline uint32_t
load_pixel (const uint8_t *p)
{
  uint32_t pixel;
  memcpy (&pixel, p, sizeof pixel);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  pixel = __builtin_bswap32 (pixel);
#endif
  return pixel;
}

static inline void
store_pixel (uint8_t *p, uint32_t pixel)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  pixel = __builtin_bswap32 (pixel);
#endif
  memcpy (p, &pixel, sizeof pixel);
}

typedef struct {
  float y_r, y_g, y_b; /* weights of luma */
  float u, v;          /* scales of the colour differences */
} Matrix;

void
ae_luma_weights (AeMatrix matrix, float *kr, float *kb)
{
  *kr = matrices[matrix].kr;
  *kb = matrices[matrix].kb;
}

static Matrix
matrix_of (const AeImage *image)
{
  float kr = matrices[image->matrix].kr, kb = matrices[image->matrix].kb;
  return (Matrix) { kr, 1 - kr - kb, kb, 0.5f / (1 - kb), 0.5f / (1 - kr) };
}

static inline void
to_yuv (Matrix m, float red, float green, float blue, float *luma, float *u,
    float *v)
{
  float y = m.y_r * red + m.y_g * green + m.y_b * blue;
  *luma = y;
  *u = (blue - y) * m.u + 127.5f;
  *v = (red - y) * m.v + 127.5f;
}

static void
read_packed4 (const AeImage *image, const uint8_t *restrict row,
    float *restrict luma, float *restrict u, float *restrict v)
{
  Matrix m = matrix_of (image);
  int n = image->width;
  int r = 8 * image->r, g = 8 * image->g, b = 8 * image->b;
  for (int x = 0; x < n; x++) {
    uint32_t pixel = load_pixel (row + 4 * x);
    to_yuv (m, (float) (int) (pixel >> r & 255),
        (float) (int) (pixel >> g & 255), (float) (int) (pixel >> b & 255),
        &luma[x], &u[x], &v[x]);
  }
}

static void
read_packed3 (const AeImage *image, const uint8_t *restrict row,
    float *restrict luma, float *restrict u, float *restrict v)
{
  Matrix m = matrix_of (image);
  int n = image->width;
  const uint8_t *r = row + image->r, *g = row + image->g, *b = row + image->b;
  for (int x = 0; x < n; x++)
    to_yuv (m, r[3 * x], g[3 * x], b[3 * x], &luma[x], &u[x], &v[x]);
}

void
ae_rows_read_packed (
    const AeImage *image, int y, float *luma, float *u, float *v)
{
  const uint8_t *row = row_of (image, 0, y);
  if (image->pixel_stride == 4)
    read_packed4 (image, row, luma, u, v);
  else
    read_packed3 (image, row, luma, u, v);
}

/* What differences of Y, U, V make of R, G, B. */
typedef struct {
  float r_v, g_u, g_v, b_u;
} Inverse;

static Inverse
inverse_of (const AeImage *image)
{
  Matrix m = matrix_of (image);
  return (Inverse) { 1 / m.v, m.y_b / m.u / m.y_g, m.y_r / m.v / m.y_g,
    1 / m.u };
}

static void
add_packed4 (const AeImage *in, const uint8_t *from, uint8_t *to,
    const float *restrict luma, const float *restrict u,
    const float *restrict v)
{
  Inverse k = inverse_of (in);
  int n = in->width;
  int r = 8 * in->r, g = 8 * in->g, b = 8 * in->b;
  uint32_t rest = ~(255u << r | 255u << g | 255u << b);
  /* In place `from` is `to`; each pixel is read before it is written. */
#pragma GCC ivdep
  for (int x = 0; x < n; x++) {
    uint32_t pixel = load_pixel (from + 4 * x);
    float red = (float) (int) (pixel >> r & 255) + luma[x] + k.r_v * v[x];
    float green = (float) (int) (pixel >> g & 255) + luma[x] - k.g_u * u[x]
                  - k.g_v * v[x];
    float blue = (float) (int) (pixel >> b & 255) + luma[x] + k.b_u * u[x];
    store_pixel (to + 4 * x,
        (pixel & rest) | (uint32_t) round_to (red, 255) << r
            | (uint32_t) round_to (green, 255) << g
            | (uint32_t) round_to (blue, 255) << b);
  }
}

static void
add_packed3 (const AeImage *in, const uint8_t *from, uint8_t *to,
    const float *luma, const float *u, const float *v)
{
  Inverse k = inverse_of (in);
  int n = in->width;
  for (int x = 0; x < n; x++, from += 3, to += 3) {
    float red = from[in->r] + luma[x] + k.r_v * v[x];
    float green = from[in->g] + luma[x] - k.g_u * u[x] - k.g_v * v[x];
    float blue = from[in->b] + luma[x] + k.b_u * u[x];
    to[in->r] = (uint8_t) round_to (red, 255);
    to[in->g] = (uint8_t) round_to (green, 255);
    to[in->b] = (uint8_t) round_to (blue, 255);
  }
}

void
ae_rows_add_packed (const AeImage *in, const AeImage *out, int y,
    const float *luma, const float *u, const float *v)
{
  if (in->pixel_stride == 4)
    add_packed4 (in, row_of (in, 0, y), row_of (out, 0, y), luma, u, v);
  else
    add_packed3 (in, row_of (in, 0, y), row_of (out, 0, y), luma, u, v);
}

void
ae_rows_read_packed_rgb (
    const AeImage *image, int y, float *r, float *g, float *b)
{
  const uint8_t *row = row_of (image, 0, y);
  int step = image->pixel_stride;
  read_bytes (row + image->r, step, image->width, r);
  read_bytes (row + image->g, step, image->width, g);
  read_bytes (row + image->b, step, image->width, b);
}

void
ae_rows_write_packed_rgb (const AeImage *image, int y, const float *r,
    const float *g, const float *b)
{
  uint8_t *row = row_of (image, 0, y);
  int step = image->pixel_stride;
  write_bytes (r, step, image->width, row + image->r);
  write_bytes (g, step, image->width, row + image->g);
  write_bytes (b, step, image->width, row + image->b);
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
