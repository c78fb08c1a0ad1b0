/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/crop.h"

#include <math.h>
#include <string.h>

#define MAX_TAPS (AE_CROP_MAX_SCALE + 2)

/* The source pixels under one output pixel and their shares. */
typedef struct {
  int first, n;
  float share[MAX_TAPS];
} Taps;

static Taps
taps_at (double begin, double scale, int limit)
{
  Taps taps = { 0 };
  double end = begin + scale;
  taps.first = (int) floor (begin);
  for (int i = taps.first; i < end - 1e-6 && taps.n < MAX_TAPS; i++) {
    double from = i > begin ? i : begin, to = i + 1 < end ? i + 1 : end;
    taps.share[taps.n++] = (float) ((to - from) / scale);
  }
  /* rounding at the far edge */
  while (taps.first + taps.n > limit) {
    taps.n--;
    taps.share[taps.n - 1] += taps.share[taps.n];
  }
  return taps;
}

/* Weighted sum of source rows. */
static void
mix_rows (float *restrict row, const uint8_t *source, size_t stride, size_t n,
    const Taps *taps)
{
  for (int t = 0; t < taps->n; t++) {
    const uint8_t *from = source + (size_t) (taps->first + t) * stride;
    float share = taps->share[t] / 255;
    if (t == 0)
      for (size_t i = 0; i < n; i++)
        row[i] = share * from[i];
    else
      for (size_t i = 0; i < n; i++)
        row[i] += share * from[i];
  }
}

static void
fill_plane (float *to, int size, const uint8_t *plane, int width, int height,
    double x, double y, double scale)
{
  Taps column[AE_CROP_MAX];
  float row[AE_CROP_MAX * AE_CROP_MAX_SCALE + MAX_TAPS];
  for (int i = 0; i < size; i++)
    column[i] = taps_at (x + i * scale, scale, width);
  int first = column[0].first;
  int n = column[size - 1].first + column[size - 1].n - first;
  for (int j = 0; j < size; j++) {
    Taps taps = taps_at (y + j * scale, scale, height);
    mix_rows (row, plane + first, (size_t) width, (size_t) n, &taps);
    for (int i = 0; i < size; i++) {
      const float *from = row + column[i].first - first;
      float sum = 0;
      for (int t = 0; t < column[i].n; t++)
        sum += column[i].share[t] * from[t];
      *to++ = sum;
    }
  }
}

void
ae_crop_fill (AeCrop *crop, int size, const AePicture *picture, double x,
    double y, double scale)
{
  int w = picture->width, h = picture->height;
  fill_plane (crop->plane[0], size, picture->plane[0], w, h, x, y, scale);
  for (int i = 1; i < 3; i++)
    fill_plane (crop->plane[i], size / 2, picture->plane[i], w / 2, h / 2,
        x / 2, y / 2, scale);
}

static void
turn_plane (float *plane, int size, int turn, float *scratch)
{
  for (int j = 0; j < size; j++)
    for (int i = 0; i < size; i++) {
      int sx = turn & 1 ? size - 1 - i : i;
      int sy = turn & 2 ? size - 1 - j : j;
      scratch[(size_t) j * size + i] = turn & 4
          ? plane[(size_t) sx * size + sy]
          : plane[(size_t) sy * size + sx];
    }
  memcpy (plane, scratch, (size_t) size * size * sizeof *plane);
}

void
ae_crop_turn (AeCrop *crop, int size, int turn, float *scratch)
{
  if (turn == 0)
    return;
  turn_plane (crop->plane[0], size, turn, scratch);
  turn_plane (crop->plane[1], size / 2, turn, scratch);
  turn_plane (crop->plane[2], size / 2, turn, scratch);
}
