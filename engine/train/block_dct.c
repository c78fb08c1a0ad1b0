/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What JPEG does to a picture: each 8x8 block's cosine transform is rounded to
 * multiples of a table (ITU T.81, annex K, scaled by quality as libjpeg does).
 */
#include "train/camera_noise.h"

#include <math.h>

static const uint8_t luma_table[64] = { 16, 11, 10, 16, 24, 40, 51, 61, 12,
  12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29,
  51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104,
  113, 92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103,
  99 };

static const uint8_t chroma_table[64] = { 17, 18, 24, 47, 99, 99, 99, 99, 18,
  21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99,
  99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
  99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99 };

/* Orthonormal: row k is the k-th cosine. */
static void
fill_basis (float basis[8][8])
{
  for (int k = 0; k < 8; k++)
    for (int i = 0; i < 8; i++)
      basis[k][i] = (k == 0 ? sqrtf (0.125f) : 0.5f)
          * cosf (3.14159265f * (float) ((2 * i + 1) * k) / 16);
}

static void
fill_steps (float steps[64], int quality, bool chroma)
{
  int scale = quality < 50 ? 5000 / quality : 200 - 2 * quality;
  const uint8_t *table = chroma ? chroma_table : luma_table;
  for (int i = 0; i < 64; i++) {
    int step = (table[i] * scale + 50) / 100;
    steps[i] = (float) (step < 1 ? 1 : step > 255 ? 255 : step) / 255;
  }
}

/* out = a b, or a b^T. */
static void
multiply (const float a[8][8], const float b[8][8], float out[8][8])
{
  for (int i = 0; i < 8; i++) {
    float row[8] = { 0 };
    for (int k = 0; k < 8; k++)
      for (int j = 0; j < 8; j++)
        row[j] += a[i][k] * b[k][j];
    for (int j = 0; j < 8; j++)
      out[i][j] = row[j];
  }
}

static void
quantise_block (float *block, int stride, const float basis[8][8],
    const float transposed[8][8], const float steps[64])
{
  float x[8][8], y[8][8];
  for (int j = 0; j < 8; j++)
    for (int i = 0; i < 8; i++)
      x[j][i] = block[j * stride + i] - 0.5f;
  multiply (basis, x, y);
  multiply (y, transposed, x);
  for (int i = 0; i < 64; i++)
    x[i / 8][i % 8] = steps[i] * rintf (x[i / 8][i % 8] / steps[i]);
  multiply (transposed, x, y);
  multiply (y, basis, x);
  for (int j = 0; j < 8; j++)
    for (int i = 0; i < 8; i++)
      block[j * stride + i] = x[j][i] + 0.5f;
}

void
ae_noise_jpeg (float *plane, int size, int quality, bool chroma)
{
  float basis[8][8], transposed[8][8], steps[64];
  fill_basis (basis);
  for (int i = 0; i < 64; i++)
    transposed[i % 8][i / 8] = basis[i / 8][i % 8];
  fill_steps (steps, quality, chroma);
  for (int y = 0; y + 8 <= size; y += 8)
    for (int x = 0; x + 8 <= size; x += 8)
      quantise_block (
          plane + y * size + x, size, basis, transposed, steps);
}
