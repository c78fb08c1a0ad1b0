/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench_codec.h"

#include <ae/codec.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "aetool.h"

#define LEVEL 128 /* aeencode's quality=50 */
#define KEY_EVERY 60
#define FRAMES 24 /* of changes; key frames are half as many */

/* Milliseconds, one for each frame: [key frames, changes]. */
typedef struct {
  GArray *encode[2], *decode[2];
  double bits[2]; /* of all these frames, per pixel */
} Times;

static double
wave (double x, double y)
{
  return sin (x * 0.071) * cos (y * 0.053) + 0.5 * sin (x * 0.31 + y * 0.17)
      + 0.3 * sin (x * 0.9) * sin (y * 1.1);
}

/* Waves and edges, moved by 1.75 and 0.5 pixels a frame, and camera's noise. */
static void
draw (const AeImage *image, int frame)
{
  double dx = 1.75 * frame, dy = 0.5 * frame;
  guint32 noise = 12345u + (guint32) frame;
  for (int y = 0; y < image->height; y++)
    for (int x = 0; x < image->width; x++) {
      int edges = (((int) (x + dx) / 45) ^ ((int) (y + dy) / 33)) & 1;
      noise = noise * 1664525u + 1013904223u;
      image->plane[0][y * image->stride[0] + x] = (uint8_t) (110
          + 30 * wave (x + dx, y + dy) + 30 * edges + (noise >> 24) % 5);
    }
  for (int i = 1; i < 3; i++)
    for (int y = 0; y < (image->height + 1) / 2; y++)
      for (int x = 0; x < (image->width + 1) / 2; x++)
        image->plane[i][y * image->stride[i] + x]
            = (uint8_t) (128 + 20 * wave (x * i + dx, y + dy));
}

static AeImage
picture (int width, int height, guint8 **bytes)
{
  AeImage image = { .pixels = AE_PIXELS_I420, .width = width,
    .height = height };
  int half = (width + 1) / 2;
  size_t luma = (size_t) width * height;
  size_t chroma = (size_t) half * ((height + 1) / 2);
  *bytes = g_malloc (luma + 2 * chroma);
  for (int i = 0; i < 3; i++) {
    image.plane[i] = *bytes + (i == 0 ? 0 : luma + (i - 1) * chroma);
    image.stride[i] = i == 0 ? width : half;
  }
  return image;
}

static void
add_time (GArray *times, gint64 begin)
{
  double ms = (double) (g_get_monotonic_time () - begin) / 1000;
  g_array_append_val (times, ms);
}

static AeStatus
code (AeEncoder *encoder, AeDecoder *decoder, const AeImage *in,
    const AeImage *out, bool key, Times *times, AeError *err)
{
  AePacketInfo info = { .key = key,
    .level = key ? ae_encoder_key_level (LEVEL) : LEVEL };
  const uint8_t *packet;
  int damaged, kind = key ? 0 : 1;
  gint64 begin = g_get_monotonic_time ();
  AeStatus status = ae_encoder_encode (encoder, in, &info, &packet, err);
  add_time (times->encode[kind], begin);
  begin = g_get_monotonic_time ();
  if (status == AE_OK)
    status = ae_decoder_decode (
        decoder, packet, info.size, out, &damaged, err);
  add_time (times->decode[kind], begin);
  times->bits[kind] += 8.0 * (double) info.size / in->width / in->height;
  return status;
}

/* The first frame of each kind finds caches and memory cold and does not
 * count. */
static AeStatus
measure (AeEncoder *encoder, AeDecoder *decoder, int width, int height,
    Times *times, AeError *err)
{
  guint8 *bytes[2];
  AeImage in = picture (width, height, &bytes[0]);
  AeImage out = picture (width, height, &bytes[1]);
  AeStatus status = ae_encoder_bind (encoder, &in, err);
  for (int i = 0; status == AE_OK && i < FRAMES + FRAMES / 2 + 2; i++) {
    bool key = i == 0 || i > FRAMES + 1;
    draw (&in, i);
    status = code (encoder, decoder, &in, &out, key, times, err);
    if (i < 2) {
      g_array_set_size (times->encode[i], 0);
      g_array_set_size (times->decode[i], 0);
      times->bits[i] = 0;
    }
  }
  g_free (bytes[0]);
  g_free (bytes[1]);
  return status;
}

static int
by_size (gconstpointer a, gconstpointer b)
{
  const double *x = a, *y = b;
  return *x < *y ? -1 : *x > *y;
}

static double
median (GArray *times)
{
  g_array_sort (times, by_size);
  return g_array_index (times, double, times->len / 2);
}

static void
print_times (const Times *times, int width, int height)
{
  static const char *const names[] = { "key frames", "changes" };
  double encode[2], decode[2];
  printf ("codec         %dx%d, level %d\n", width, height, LEVEL);
  for (int i = 0; i < 2; i++) {
    double bits = times->bits[i] / times->encode[i]->len;
    encode[i] = median (times->encode[i]);
    decode[i] = median (times->decode[i]);
    printf ("%-13s encode %.1f ms (%.0f per second), decode %.1f ms (%.0f "
            "per second), %.2f bits per pixel\n",
        names[i], encode[i], 1000 / encode[i], decode[i], 1000 / decode[i],
        bits);
  }
  double all = ((encode[1] + decode[1]) * (KEY_EVERY - 1) + encode[0]
                   + decode[0])
      / KEY_EVERY;
  printf ("together      %.1f ms with a key frame every %d: %.0f per second\n",
      all, KEY_EVERY, 1000 / all);
}

int
bench_codec (
    AeModel *model, int width, int height, const BenchOptions *options)
{
  AeCodecOptions o = { .n_threads = options->threads,
    .precision = options->precision };
  AeCodec *codec = NULL;
  AeEncoder *encoder = NULL;
  AeDecoder *decoder = NULL;
  Times times = { { NULL } };
  AeError err;
  for (int i = 0; i < 2; i++) {
    times.encode[i] = g_array_new (FALSE, FALSE, sizeof (double));
    times.decode[i] = g_array_new (FALSE, FALSE, sizeof (double));
  }
  AeStatus status = ae_codec_new (&codec, model, &err);
  if (status == AE_OK)
    status = ae_encoder_new (&encoder, codec, &o, &err);
  if (status == AE_OK)
    status = ae_decoder_new (&decoder, codec, &o, &err);
  if (status == AE_OK)
    status = measure (encoder, decoder, width, height, &times, &err);
  if (status == AE_OK)
    print_times (&times, width, height);
  for (int i = 0; i < 2; i++) {
    g_array_unref (times.encode[i]);
    g_array_unref (times.decode[i]);
  }
  ae_encoder_free (&encoder);
  ae_decoder_free (&decoder);
  ae_codec_unref (&codec);
  return status == AE_OK ? AETOOL_OK : aetool_ae_error (&err);
}
