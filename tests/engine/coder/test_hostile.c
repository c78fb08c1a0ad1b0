/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Streams that were damaged or made to do harm: errors or pictures, and the
 * next key frame mends everything. */
#include "ae_test.h"
#include "codec_walk.h"

#include "codec/packet.h"
#include "util/mem.h"
#include "util/rng.h"

#include <string.h>
#include <sys/resource.h>
#include <zlib.h>

#define WIDTH 96
#define HEIGHT 80
#define PIXELS (WIDTH * HEIGHT)
#define FRAMES 4      /* a key frame and its changes */
#define FIRST 512     /* bytes of which every bit is tried */
#define PARTS 8       /* of that work, each a test of its own */
#define RANDOM 10000  /* flips behind them */
#define GROWTH_KB (64 << 10)

typedef struct {
  AeModel *model;
  AeCodec *codec;
  AeDecoder *decoder;
  CodecClip clip;
  uint32_t key_sum; /* of the key frame's picture */
} Stream;

static CodecWalk
decode_key (const Stream *s)
{
  return codec_walk (s->decoder, s->clip.bytes, s->clip.at[1], PIXELS);
}

/* masking: see codec_net_masked. */
static Stream
open_stream_of (int masking, int refresh)
{
  Stream s;
  AeError err;
  AeCodecOptions options = { .n_threads = 1 };
  CodecClipShape shape = { .pixels = AE_PIXELS_I420, .width = WIDTH,
    .height = HEIGHT, .frames = FRAMES, .key_every = FRAMES, .level = 120,
    .refresh = refresh };
  s.model = codec_net_masked (64, masking);
  ck_assert_msg (
      ae_codec_new (&s.codec, s.model, &err) == AE_OK, "%s", err.text);
  s.clip = codec_clip (s.codec, &shape);
  ck_assert_int_eq (s.clip.n, FRAMES);
  ck_assert_uint_gt (s.clip.size, 2 * FIRST);
  ck_assert_int_eq (
      ae_decoder_new (&s.decoder, s.codec, &options, &err), AE_OK);
  CodecWalk all = codec_walk (s.decoder, s.clip.bytes, s.clip.size, PIXELS);
  ck_assert_int_eq (all.pictures, FRAMES);
  ck_assert_int_eq (all.damaged, 0);
  s.key_sum = decode_key (&s).sum;
  return s;
}

static Stream
open_stream (void)
{
  return open_stream_of (0, 0);
}

static void
close_stream (Stream *s)
{
  ae_decoder_free (&s->decoder);
  ae_codec_unref (&s->codec);
  ae_model_unref (&s->model);
  free (s->clip.bytes);
  ck_assert_int_eq (ae_mem_live (), 0);
}

/* Whatever came before, a whole key frame is decoded to the same picture. */
static void
check_mended (const Stream *s, const char *after, size_t bit)
{
  CodecWalk walk = decode_key (s);
  ck_assert_msg (walk.pictures == 1 && walk.damaged == 0
          && walk.sum == s->key_sum,
      "after %s %zu: status %d, %d damaged", after, bit, walk.last,
      walk.damaged);
}

static CodecWalk
decode_flipped (const Stream *s, size_t bit)
{
  s->clip.bytes[bit / 8] ^= (uint8_t) (1 << bit % 8);
  CodecWalk walk
      = codec_walk (s->decoder, s->clip.bytes, s->clip.size, PIXELS);
  s->clip.bytes[bit / 8] ^= (uint8_t) (1 << bit % 8);
  return walk;
}

/* A flip never goes unseen: something is refused, lost or damaged. */
static void
flip (const Stream *s, size_t bit)
{
  CodecWalk walk = decode_flipped (s, bit);
  ck_assert_msg (walk.pictures < FRAMES || walk.damaged > 0,
      "bit %zu flipped: %d pictures, none damaged", bit, walk.pictures);
  check_mended (s, "a flip of bit", bit);
}

START_TEST (test_first_bits)
{
  Stream s = open_stream ();
  for (size_t i = 0; i < FIRST * 8 / PARTS; i++)
    flip (&s, i * PARTS + (size_t) _i);
  close_stream (&s);
}
END_TEST

static size_t
any_of (AeRng *rng, size_t n)
{
  size_t k = (size_t) (ae_rng_uniform (rng) * (float) n);
  return k < n ? k : n - 1;
}

START_TEST (test_random_bits)
{
  Stream s = open_stream ();
  AeRng rng;
  ae_rng_seed (&rng, 100 + (uint64_t) _i);
  for (int i = 0; i < RANDOM / PARTS; i++)
    flip (&s, FIRST * 8 + any_of (&rng, (s.clip.size - FIRST) * 8));
  close_stream (&s);
}
END_TEST

/* A stream whose packet `chosen` has a payload with one bit flipped, and the
 * right checksum. */
static CodecClip
forge (const CodecClip *clip, int chosen, AeRng *rng)
{
  CodecClip forged = { .n = 0 };
  AePacket p, key;
  AeSlice slices[AE_PACKET_MAX_SLICES];
  for (int i = 0; i < clip->n; i++) {
    const uint8_t *packet = clip->bytes + clip->at[i];
    size_t size = clip->at[i + 1] - clip->at[i];
    uint8_t *own = malloc (size), *written = malloc (size + AE_PACKET_HEADER);
    memcpy (own, packet, size);
    ck_assert_int_eq (
        ae_packet_read (&p, i ? &key : NULL, own, size, NULL), AE_OK);
    ck_assert_int_eq (
        ae_packet_slices (&p, own, size, slices), p.n_slices);
    size_t bit = any_of (rng, slices[0].size * 8);
    if (i == chosen)
      own[(size_t) (slices[0].data - own) + bit / 8]
          ^= (uint8_t) (1 << bit % 8);
    ae_packet_write (&p, i ? &key : NULL, slices, written);
    if (i == 0)
      key = p;
    codec_clip_add (&forged, written, p.size);
    free (own);
    free (written);
  }
  return forged;
}

/* What no checksum tells from a good stream. */
START_TEST (test_forged_payloads)
{
  Stream s = open_stream_of (_i % 2 ? 30 : 0, 0);
  AeRng rng;
  ae_rng_seed (&rng, 200 + (uint64_t) _i);
  for (int i = 0; i < RANDOM / PARTS / 4; i++) {
    CodecClip forged = forge (&s.clip, i % FRAMES, &rng);
    CodecWalk walk
        = codec_walk (s.decoder, forged.bytes, forged.size, PIXELS);
    ck_assert_int_eq (walk.pictures, FRAMES);
    check_mended (&s, "forged stream", (size_t) i);
    free (forged.bytes);
  }
  close_stream (&s);
}
END_TEST

START_TEST (test_refreshed_bits)
{
  Stream s = open_stream_of (0, 2);
  AeRng rng;
  ae_rng_seed (&rng, 300 + (uint64_t) _i);
  size_t first = s.clip.at[1]; /* delta frames begin */
  for (size_t i = 0; i < 30 * 8; i++)
    flip (&s, first * 8 + i);
  for (int i = 0; i < RANDOM / PARTS / 4; i++)
    flip (&s, first * 8 + any_of (&rng, (s.clip.size - first) * 8));
  close_stream (&s);
}
END_TEST

/* The stream with bands anywhere, and right checksums: pictures, of which those
 * are damaged that do not keep to their band. */
START_TEST (test_forged_bands)
{
  Stream s = open_stream_of (0, 2);
  AeRng rng;
  int damaged = 0;
  ae_rng_seed (&rng, 400 + (uint64_t) _i);
  for (int i = 0; i < RANDOM / PARTS / 4; i++) {
    CodecClip forged = { .n = 0 };
    AePacket p, key;
    AeSlice slices[AE_PACKET_MAX_SLICES];
    uint8_t *written = malloc (s.clip.size);
    for (int k = 0; k < FRAMES; k++) {
      ck_assert_int_eq (
          ae_packet_read (&p, k ? &key : NULL, s.clip.bytes + s.clip.at[k],
              s.clip.at[k + 1] - s.clip.at[k], NULL),
          AE_OK);
      ae_packet_slices (&p, s.clip.bytes + s.clip.at[k],
          s.clip.at[k + 1] - s.clip.at[k], slices);
      if (k > 0) {
        int columns = WIDTH / 16, begin = (int) any_of (&rng, columns + 1);
        int n = (int) any_of (&rng, (size_t) (columns - begin + 1));
        p.refresh = (AeRefresh){ true, (uint8_t) any_of (&rng, 256), begin,
          begin + n };
      }
      ae_packet_write (&p, k ? &key : NULL, slices, written);
      codec_clip_add (&forged, written, p.size);
      if (k == 0)
        key = p;
    }
    CodecWalk walk
        = codec_walk (s.decoder, forged.bytes, forged.size, PIXELS);
    ck_assert_int_eq (walk.pictures, FRAMES);
    damaged += walk.damaged;
    check_mended (&s, "forged bands", (size_t) i);
    free (forged.bytes);
    free (written);
  }
  ck_assert_int_gt (damaged, RANDOM / PARTS / 4);
  close_stream (&s);
}
END_TEST

/* What a header announces that nothing follows. */
typedef struct {
  int width, height, n_slices;
  uint32_t size;
  AeStatus wanted;
} Announced;

#define RIGHT 371 /* the least bytes of 64 slices */

static const Announced announced[] = {
  { 8192, 4352, 18, RIGHT, AE_ERROR_FORMAT },
  { 2176, 16384, 64, RIGHT, AE_ERROR_FORMAT },
  { 2176, 16384, 64, 64 << 20, AE_ERROR_FORMAT },
  { 8192, 4352, 1024, 64 << 20, AE_ERROR_FORMAT },
  { 8192, 4353, 64, RIGHT, AE_ERROR_LIMIT },
  { 16384, 16384, 64, RIGHT, AE_ERROR_LIMIT },
  { 16384, 16384, 64, UINT32_MAX, AE_ERROR_LIMIT },
  { 16384, 16384, 65535, 64 << 20, AE_ERROR_LIMIT },
  { 16384, 16384, 64, 52, AE_ERROR_LIMIT },
  { 65535, 65535, 64, RIGHT, AE_ERROR_LIMIT },
  { 65535, 65535, 65535, UINT32_MAX, AE_ERROR_LIMIT },
  { 16385, 16, 2, 100, AE_ERROR_LIMIT },
  { 0, 0, 1, 100, AE_ERROR_LIMIT },
  { 0, 80, 1, 100, AE_ERROR_LIMIT },
  { WIDTH, HEIGHT, 1024, 64 << 20, AE_ERROR_FORMAT },
  { WIDTH, HEIGHT, 65535, 64 << 20, AE_ERROR_LIMIT },
  { WIDTH, HEIGHT, 1, UINT32_MAX, AE_ERROR_LIMIT },
  { WIDTH, HEIGHT, 1, (64 << 20) + 1, AE_ERROR_LIMIT },
  { WIDTH, HEIGHT, 1, 0, AE_ERROR_LIMIT },
  { 1920, 1080, 6, 81, AE_ERROR_FORMAT },
};
#define N_ANNOUNCED (sizeof announced / sizeof announced[0])

static void
put (uint8_t *at, int bytes, uint64_t value)
{
  for (int i = 0; i < bytes; i++)
    at[i] = (uint8_t) (value >> 8 * i);
}

/* The stream's first header with other numbers and the right checksum; see
 * packet.h. What follows is 0, which is also the checksum of slices without
 * bytes. */
static void
announce (const Stream *s, const Announced *a, uint8_t bytes[RIGHT])
{
  memset (bytes, 0, RIGHT);
  memcpy (bytes, s->clip.bytes, AE_PACKET_HEADER);
  put (bytes + 8, 4, a->size);
  put (bytes + 20, 2, (uint64_t) a->width);
  put (bytes + 22, 2, (uint64_t) a->height);
  put (bytes + 44, 2, (uint64_t) a->n_slices);
  put (bytes + 48, 4, crc32_z (0, bytes, 48));
}

static long
most_kb (void)
{
  struct rusage usage;
  getrusage (RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

/* All rows of the picture are the same one: nothing may be written to it. */
static AeStatus
decode_announced (AeDecoder *decoder, const Announced *a,
    const uint8_t *bytes, size_t size)
{
  static uint8_t row[65536];
  AeImage out = { .pixels = AE_PIXELS_I420, .width = a->width,
    .height = a->height, .plane = { row, row, row } };
  uint8_t *exact = malloc (size);
  AeError err = { 0 };
  int damaged;
  memcpy (exact, bytes, size);
  AeStatus status
      = ae_decoder_decode (decoder, exact, size, &out, &damaged, &err);
  ck_assert ((status == AE_OK) == !err.text[0]);
  free (exact);
  return status;
}

/* The header alone, with some of the payload, with all of it: refused before
 * anything is allocated. */
static void
refuse (const Stream *s, AeDecoder *decoder, const Announced *a)
{
  static const size_t sizes[] = { AE_PACKET_HEADER, 60, 100, RIGHT };
  uint8_t bytes[RIGHT];
  long before = most_kb ();
  announce (s, a, bytes);
  for (int i = 0; i < 8; i++) {
    if (i < 4)
      ae_mem_fail_at (1, true);
    AeStatus status
        = decode_announced (decoder, a, bytes, sizes[i % 4]);
    ae_mem_fail_at (0, false);
    ck_assert_msg (status == a->wanted,
        "%dx%d, %d slices, %u bytes, of which %zu are there: status %d "
        "instead of %d",
        a->width, a->height, a->n_slices, a->size, sizes[i % 4], status,
        a->wanted);
  }
  ck_assert_int_lt (most_kb () - before, GROWTH_KB);
}

START_TEST (test_announced_sizes)
{
  Stream s = open_stream ();
  AeDecoder *fresh;
  ck_assert_int_eq (ae_decoder_new (&fresh, s.codec, NULL, NULL), AE_OK);
  refuse (&s, fresh, &announced[_i]);
  refuse (&s, s.decoder, &announced[_i]);
  ae_decoder_free (&fresh);
  /* The stream goes on as if nothing had come between. */
  const uint8_t *rest = s.clip.bytes + s.clip.at[1];
  AeImage out = codec_clip_picture (AE_PIXELS_I420, WIDTH, HEIGHT);
  int damaged;
  ck_assert_int_eq (ae_decoder_decode (s.decoder, rest,
      s.clip.at[2] - s.clip.at[1], &out, &damaged, NULL), AE_OK);
  ck_assert_int_eq (damaged, 0);
  free (out.plane[0]);
  check_mended (&s, "header", (size_t) _i);
  close_stream (&s);
}
END_TEST

static Suite *
hostile_suite (void)
{
  Suite *suite = suite_create ("hostile streams");
  TCase *tcase = tcase_create ("hostile streams");
  tcase_add_loop_test (tcase, test_first_bits, 0, PARTS);
  tcase_add_loop_test (tcase, test_random_bits, 0, PARTS);
  tcase_add_loop_test (tcase, test_forged_payloads, 0, PARTS);
  tcase_add_loop_test (tcase, test_refreshed_bits, 0, 2);
  tcase_add_loop_test (tcase, test_forged_bands, 0, 2);
  tcase_add_loop_test (tcase, test_announced_sizes, 0, N_ANNOUNCED);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (hostile_suite)
