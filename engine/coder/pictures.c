/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "coder/pictures.h"

#include "util/mem.h"
#include "util/pool.h"
#include "video/frame.h"

#include <math.h>
#include <string.h>

#define CHANNELS 6

static size_t
frame_floats (const AeImage *format)
{
  int h, w;
  ae_frame_size (format, &h, &w);
  return ae_align_size ((size_t) CHANNELS * h * w);
}

size_t
ae_picture_scratch (const AeImage *format, int n_threads)
{
  return frame_floats (format) * sizeof (float)
      + ae_frame_scratch_size (format, n_threads);
}

static void
extend_plane (const float *from, int h, int w, float *to, int to_h, int to_w)
{
  for (int y = 0; y < to_h; y++) {
    const float *row = from + (size_t) (y < h ? y : h - 1) * w;
    float *out = to + (size_t) y * to_w;
    memcpy (out, row, (size_t) w * sizeof *out);
    for (int x = w; x < to_w; x++)
      out[x] = row[w - 1];
  }
}

void
ae_picture_load (const AeImage *in, float *frame, int h, int w, int n_threads,
    void *scratch)
{
  int own_h, own_w;
  ae_frame_size (in, &own_h, &own_w);
  float *own = scratch;
  bool fits = own_h == h && own_w == w;
  ae_frame_load (in, fits ? frame : own, n_threads,
      own + frame_floats (in));
  for (int c = 0; !fits && c < CHANNELS; c++)
    extend_plane (own + (size_t) c * own_h * own_w, own_h, own_w,
        frame + (size_t) c * h * w, h, w);
}

typedef struct {
  const float *frame;
  int h, w;
  const AeImage *out;
} Store;

static inline uint8_t
to_byte (float x)
{
  x = x * 255 + 0.5f;
  return x > 0 ? (uint8_t) (x < 255 ? x : 255) : 0; /* NaN is 0 */
}

static void
store_luma (const Store *s, int y)
{
  const float *even = s->frame
      + ((size_t) (2 * (y & 1)) * s->h + y / 2) * s->w;
  const float *odd = even + (size_t) s->h * s->w;
  uint8_t *to = s->out->plane[0] + y * s->out->stride[0];
  int width = s->out->width;
  for (int x = 0; x < width / 2; x++) {
    to[2 * x] = to_byte (even[x]);
    to[2 * x + 1] = to_byte (odd[x]);
  }
  if (width & 1)
    to[width - 1] = to_byte (even[width / 2]);
}

static void
store_chroma (const Store *s, int plane, int y)
{
  const float *row
      = s->frame + ((size_t) (3 + plane) * s->h + y) * s->w;
  uint8_t *to = s->out->plane[plane] + y * s->out->stride[plane];
  for (int x = 0; x < (s->out->width + 1) / 2; x++)
    to[x] = to_byte (row[x]);
}

/* Two rows of luma and one of chroma. */
static void
store_rows (void *arg, size_t index, int thread)
{
  const Store *s = arg;
  (void) thread;
  int y = (int) index;
  store_luma (s, 2 * y);
  if (2 * y + 1 < s->out->height)
    store_luma (s, 2 * y + 1);
  for (int plane = 1; plane < 3 && s->out->pixels != AE_PIXELS_GRAY8; plane++)
    store_chroma (s, plane, y);
}

void
ae_picture_store (
    const float *frame, int h, int w, const AeImage *out, int n_threads)
{
  Store s = { frame, h, w, out };
  ae_pool_run (ae_pool_shared (), n_threads,
      (size_t) (out->height + 1) / 2, store_rows, &s);
}
