/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Streams that refresh: who lost frames, or came late, has the same pictures as
 * everybody after one whole sweep. */
#include "ae_test.h"
#include "codec_clip.h"

#include "coder/refresh.h"
#include "util/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LATENTS 64
#define MOST_FRAMES 80

typedef struct {
  int width, height, period;
  bool still;
} Shape;

/* One slice and several, odd sizes, pictures of one column, bands of many
 * columns, of one, and of less. */
static const Shape shapes[] = {
  { 64, 48, 4, false },
  { 160, 145, 5, false },
  { 160, 145, 5, true },
  { 37, 129, 2, false },
  { 75, 290, 3, false },
  { 200, 40, 7, false },
  { 96, 33, 15, false },
  { 96, 33, 6, true },
  { 128, 64, 1, false },
  { 16, 16, 3, false },
  { 9, 300, 4, false },
  { 1, 1, 2, false },
};
#define N_SHAPES (sizeof shapes / sizeof shapes[0])

/* The frames of a stream, coded, and as those have them who lost nothing. */
typedef struct {
  AeModel *model;
  AeCodec *codec;
  AeEncoder *encoder;
  AeDecoder *decoder;
  Shape shape;
  int n, keys;
  uint8_t *header, *packets[MOST_FRAMES];
  size_t header_size, sizes[MOST_FRAMES];
  AeRefresh bands[MOST_FRAMES];
  AeImage pictures[MOST_FRAMES];
} Stream;

static uint8_t *
copy_of (const uint8_t *packet, size_t size)
{
  return memcpy (malloc (size), packet, size);
}

static AeImage
new_picture (const Stream *s)
{
  return codec_clip_picture (
      AE_PIXELS_I420, s->shape.width, s->shape.height);
}

static AeDecoder *
new_decoder (const Stream *s)
{
  AeCodecOptions options = { .n_threads = 2 };
  AeDecoder *d;
  ck_assert_int_eq (ae_decoder_new (&d, s->codec, &options, NULL), AE_OK);
  return d;
}

static Stream
open_stream (const Shape *shape)
{
  Stream s = { .shape = *shape };
  AeCodecOptions options = { .n_threads = 2 };
  AePacketInfo info = { .level = 100 };
  const uint8_t *packet;
  s.model = codec_net (LATENTS);
  ck_assert_int_eq (ae_codec_new (&s.codec, s.model, NULL), AE_OK);
  ck_assert_int_eq (
      ae_encoder_new (&s.encoder, s.codec, &options, NULL), AE_OK);
  AeImage format = new_picture (&s);
  ck_assert_int_eq (ae_encoder_bind (s.encoder, &format, NULL), AE_OK);
  free (format.plane[0]);
  ck_assert_int_eq (
      ae_encoder_header (s.encoder, &info, &packet, NULL), AE_OK);
  s.header = copy_of (packet, info.size);
  s.header_size = info.size;
  s.decoder = new_decoder (&s);
  return s;
}

static void
close_stream (Stream *s)
{
  for (int i = 0; i < s->n; i++) {
    free (s->packets[i]);
    free (s->pictures[i].plane[0]);
  }
  free (s->header);
  ae_encoder_free (&s->encoder);
  ae_decoder_free (&s->decoder);
  ae_codec_unref (&s->codec);
  ae_model_unref (&s->model);
  ck_assert_int_eq (ae_mem_live (), 0);
}

static AeStatus
decode (AeDecoder *d, const uint8_t *packet, size_t size, const AeImage *out)
{
  AeError err = { 0 };
  int damaged;
  AeStatus status = ae_decoder_decode (d, packet, size, out, &damaged, &err);
  ck_assert (status == AE_OK || err.text[0]);
  return status;
}

static AeRefresh
band_of (Stream *s, int frame)
{
  AePacket p;
  ck_assert_int_eq (ae_packet_read (&p, NULL, s->packets[frame],
                        s->sizes[frame], NULL),
      AE_OK);
  s->keys += p.key;
  return p.refresh;
}

/* Codes another frame. */
static void
add_picture (Stream *s, AePacketInfo info, const AeImage *in)
{
  const uint8_t *packet;
  int i = s->n++;
  ck_assert_int_lt (i, MOST_FRAMES);
  ck_assert_int_eq (
      ae_encoder_encode (s->encoder, in, &info, &packet, NULL), AE_OK);
  s->packets[i] = copy_of (packet, info.size);
  s->sizes[i] = info.size;
  s->pictures[i] = new_picture (s);
  s->bands[i] = band_of (s, i);
  ck_assert_int_eq (
      decode (s->decoder, packet, info.size, &s->pictures[i]), AE_OK);
  ck_assert (ae_decoder_is_whole (s->decoder));
}

static void
add_frame (Stream *s, AePacketInfo info, int picture)
{
  AeImage in = new_picture (s);
  codec_clip_draw (&in, picture);
  add_picture (s, info, &in);
  free (in.plane[0]);
}

static void
add_frames (Stream *s, int n)
{
  for (int i = 0; i < n; i++)
    add_frame (s,
        (AePacketInfo){ .level = 100, .refresh = s->shape.period },
        s->shape.still ? 0 : s->n);
}

/* The first pixels of rows, in all planes. */
static bool
same_columns (const AeImage *a, const AeImage *b, int columns)
{
  for (int i = 0; i < 3; i++) {
    int h = i ? (a->height + 1) / 2 : a->height;
    int w = i ? (a->width + 1) / 2 : a->width;
    int n = i ? columns / 2 : columns;
    for (int y = 0; y < h; y++)
      if (memcmp (a->plane[i] + y * a->stride[i],
              b->plane[i] + y * b->stride[i], (size_t) (n < w ? n : w)))
        return false;
  }
  return true;
}

/* What a decoder does with a stream of which frames are missing. */
typedef struct {
  int first, lost; /* frames that are not there; first 0: it came late, and has
                      only the header */
  bool again;      /* two sweeps later another one is lost */
} Loss;

static bool
is_lost (const Loss *l, const Stream *s, int frame)
{
  int away = frame - l->first;
  return (away >= 0 && away < l->lost)
      || (l->again && away == l->lost + 2 * s->shape.period);
}

/* Clean columns are right from their frame on, all of them at the end of the
 * first whole sweep, and then for good. */
static void
check_frame (const Stream *s, const AeDecoder *d, int frame, int *clean,
    const AeImage *out)
{
  AeRefresh band = s->bands[frame];
  int columns = (s->shape.width + 15) / 16;
  if (*clean < columns) {
    if (band.begin == 0)
      *clean = 0;
    *clean = *clean == band.begin ? band.end : -1;
  }
  ck_assert_msg (ae_decoder_is_whole (d) == (*clean == columns),
      "frame %d, %d clean columns of %d", frame, *clean, columns);
  ck_assert_msg (*clean < 0 || same_columns (out, &s->pictures[frame], 16 * *clean),
      "frame %d differs in its first %d columns", frame, *clean);
}

static void
lose (const Stream *s, const Loss *l)
{
  AeDecoder *d = new_decoder (s);
  AeImage out = new_picture (s);
  int clean = (s->shape.width + 15) / 16, since = 0;
  ck_assert_int_eq (
      ae_decoder_header (d, s->header, s->header_size, NULL), AE_OK);
  ck_assert (!ae_decoder_is_whole (d));
  for (int i = 0; i < s->n; i++) {
    if (is_lost (l, s, i)) {
      clean = -1;
      since = 0;
      continue;
    }
    ck_assert_int_eq (
        decode (d, s->packets[i], s->sizes[i], &out), AE_OK);
    check_frame (s, d, i, &clean, &out);
    if (++since >= 2 * s->shape.period)
      ck_assert (ae_decoder_is_whole (d));
  }
  ck_assert (ae_decoder_is_whole (d));
  free (out.plane[0]);
  ae_decoder_free (&d);
}

START_TEST (test_lost_frames)
{
  const Shape *shape = &shapes[_i];
  Stream s = open_stream (shape);
  int p = shape->period;
  add_frames (&s, 4 * p + 8);
  ck_assert (!s.bands[0].on && s.bands[1].on && s.bands[1].begin == 0);
  for (int first = 0; first < p + 2; first += 1 + p / 5) {
    lose (&s, &(Loss){ .first = first, .lost = 1 });
    lose (&s, &(Loss){ .first = first, .lost = 1, .again = true });
    lose (&s, &(Loss){ .first = first, .lost = p });
  }
  lose (&s, &(Loss){ .first = 0, .lost = 2 * p + 1 });
  lose (&s, &(Loss){ .first = 2, .lost = 3 });
  close_stream (&s);
}
END_TEST

/* Within a sweep, each column is refreshed once; nothing else is a key frame. */
START_TEST (test_bands_cover_the_picture)
{
  const Shape *shape = &shapes[_i];
  Stream s = open_stream (shape);
  int columns = (shape->width + 15) / 16, end = 0;
  add_frames (&s, 3 * shape->period + 1);
  for (int i = 1; i < s.n; i++) {
    const AeRefresh *band = &s.bands[i];
    ck_assert (band->on && band->begin == end && band->end >= band->begin);
    ck_assert_int_le (band->end - band->begin, columns / shape->period + 1);
    end = i % shape->period == 0 ? 0 : band->end;
    ck_assert (i % shape->period != 0 || band->end == columns);
  }
  close_stream (&s);
}
END_TEST

/* A slice that is damaged heals as a frame does. */
START_TEST (test_damaged_slices)
{
  Stream s = open_stream (&shapes[4]);
  AeImage out = new_picture (&s);
  int p = s.shape.period;
  add_frames (&s, 4 * p);
  for (int hit = 0; hit < p + 2; hit++) {
    AeDecoder *d = new_decoder (&s);
    int clean = (s.shape.width + 15) / 16;
    for (int i = 0; i < s.n; i++) {
      uint8_t *packet = copy_of (s.packets[i], s.sizes[i]);
      int damaged;
      if (i == hit)
        packet[s.sizes[i] - 2] ^= 16;
      ck_assert_int_eq (ae_decoder_decode (d, packet, s.sizes[i], &out,
                            &damaged, NULL),
          AE_OK);
      ck_assert_int_eq (damaged, i == hit);
      if (i == hit)
        clean = -1;
      else
        check_frame (&s, d, i, &clean, &out);
      ck_assert (i != hit || !ae_decoder_is_whole (d));
      free (packet);
    }
    ck_assert (ae_decoder_is_whole (d));
    ae_decoder_free (&d);
  }
  free (out.plane[0]);
  close_stream (&s);
}
END_TEST

/* What comes twice, or too late, is refused and changes nothing. */
START_TEST (test_late_packets)
{
  Stream s = open_stream (&shapes[0]);
  AeDecoder *d = new_decoder (&s);
  AeImage out = new_picture (&s);
  add_frames (&s, 12);
  for (int i = 0; i < s.n; i++) {
    ck_assert_int_eq (decode (d, s.packets[i], s.sizes[i], &out), AE_OK);
    ck_assert (same_columns (&out, &s.pictures[i], s.shape.width));
    for (int back = 0; i > 0 && back < 3 && back < i; back++)
      ck_assert_int_eq (
          decode (d, s.packets[i - back], s.sizes[i - back], &out),
          AE_ERROR_NEEDS_DATA);
    ck_assert (ae_decoder_is_whole (d));
  }
  free (out.plane[0]);
  ae_decoder_free (&d);
  close_stream (&s);
}
END_TEST

/* What is covered and comes back is not taken from the key frame, which those who
 * come late do not have. */
START_TEST (test_uncovered_places)
{
  Stream s = open_stream (&(Shape){ 160, 96, 5, false });
  AeImage in = new_picture (&s), other = new_picture (&s);
  codec_clip_draw (&other, 33);
  for (int i = 0; i < 32; i++) {
    codec_clip_draw (&in, 0);
    for (int y = 16; y < 64 && i % 2; y++)
      memcpy (in.plane[0] + y * in.stride[0] + 32,
          other.plane[0] + y * other.stride[0] + 32, 64);
    add_picture (&s, (AePacketInfo){ .level = 100, .refresh = 5 }, &in);
  }
  ck_assert_int_eq (s.keys, 1);
  for (int lost = 1; lost < 12; lost++)
    lose (&s, &(Loss){ .first = 0, .lost = lost });
  free (in.plane[0]);
  free (other.plane[0]);
  close_stream (&s);
}
END_TEST

/* Packets that may have hardly any bytes: the band waits, but is not left out. */
START_TEST (test_small_packets_wait)
{
  Stream s = open_stream (&(Shape){ 160, 96, 5, false });
  int waits = 0;
  for (int i = 0; i < 40; i++)
    add_frame (&s,
        (AePacketInfo){ .level = 150, .refresh = 5,
            .most_size = i == 0 ? 0 : i % 3 == 0 ? 60 : 4000 },
        i);
  for (int i = 1; i < s.n; i++)
    waits += s.bands[i].begin == s.bands[i].end;
  ck_assert_int_ge (waits, 10);
  s.shape.period = 10; /* it takes longer */
  for (int first = 0; first < 8; first++)
    lose (&s, &(Loss){ .first = first, .lost = 2 });
  close_stream (&s);
}
END_TEST

/* Another period, none for a while, a key frame within a sweep. */
START_TEST (test_period_changes)
{
  static const int periods[] = { 4, 4, 4, 7, 7, 7, 7, 7, 7, 7, 7, 7, 0, 0, 3, 3,
    3, 3, 3, 3, 3, 3, 3, 3, 3 };
  Stream s = open_stream (&(Shape){ 160, 96, 7, false });
  AeImage out = new_picture (&s);
  int n = sizeof periods / sizeof periods[0];
  for (int i = 0; i < n; i++)
    add_frame (&s,
        (AePacketInfo){ .level = 100, .refresh = periods[i],
            .key = i == 18 },
        i);
  ck_assert_int_eq (s.bands[4].end, 10); /* the sweep of four ends so */
  ck_assert_int_eq (s.bands[5].end, 1);
  ck_assert (!s.bands[12].on && !s.bands[13].on && !s.bands[18].on);
  ck_assert (s.bands[14].begin == 0 && s.bands[19].begin == 0);
  for (int lost = 1; lost < n; lost++) {
    AeDecoder *d = new_decoder (&s);
    bool whole = true;
    for (int i = 0; i < n; i++) {
      if (i == lost) {
        whole = false;
        continue;
      }
      AeStatus status = decode (d, s.packets[i], s.sizes[i], &out);
      bool refused = !whole && (i == 12 || i == 13);
      ck_assert_int_eq (status, refused ? AE_ERROR_NEEDS_DATA : AE_OK);
      whole = whole || (!refused && ae_decoder_is_whole (d));
      ck_assert (refused || ae_decoder_is_whole (d) == whole);
      ck_assert (!whole
          || same_columns (&out, &s.pictures[i], s.shape.width));
    }
    ck_assert (whole == (lost < n - 3));
    ae_decoder_free (&d);
  }
  free (out.plane[0]);
  close_stream (&s);
}
END_TEST

/* New scenes are key frames all the same, and what is refreshed is none. */
START_TEST (test_new_scenes)
{
  Stream s = open_stream (&(Shape){ 128, 96, 1, false });
  add_frames (&s, 4);
  s.shape.period = 3;
  add_frames (&s, 4);
  ck_assert_int_eq (s.keys, 1);
  close_stream (&s);
}
END_TEST

/* Without frames: told, of another model refused, of another size forgotten. */
START_TEST (test_headers)
{
  Stream s = open_stream (&shapes[0]);
  Stream other = open_stream (&shapes[1]);
  AeDecoder *d = new_decoder (&s);
  AeImage out = new_picture (&s);
  AeError err;
  add_frames (&s, 8);
  ck_assert_int_eq (
      decode (d, s.packets[3], s.sizes[3], &out), AE_ERROR_NEEDS_DATA);
  ck_assert_int_eq (
      decode (d, s.header, s.header_size, &out), AE_ERROR_FORMAT);
  ck_assert_int_eq (ae_decoder_header (d, s.packets[1], s.sizes[1], &err),
      AE_ERROR_FORMAT);
  for (size_t cut = 0; cut < s.header_size; cut++)
    ck_assert_int_eq (
        ae_decoder_header (d, s.header, cut, &err), AE_ERROR_NEEDS_DATA);
  s.header[12] ^= 1; /* the checksum tells */
  ck_assert_int_eq (ae_decoder_header (d, s.header, s.header_size, &err),
      AE_ERROR_FORMAT);
  s.header[12] ^= 1;
  for (int i = 0; i < 6; i++) {
    ck_assert_int_eq (
        ae_decoder_header (d, s.header, s.header_size, &err), AE_OK);
    ck_assert_int_eq (decode (d, s.packets[i], s.sizes[i], &out), AE_OK);
    ck_assert (ae_decoder_is_whole (d));
    ck_assert (same_columns (&out, &s.pictures[i], s.shape.width));
  }
  ck_assert_int_eq (
      ae_decoder_header (d, other.header, other.header_size, &err), AE_OK);
  ck_assert (!ae_decoder_is_whole (d));
  ck_assert_int_eq (
      decode (d, s.packets[6], s.sizes[6], &out), AE_ERROR_SHAPE);
  free (out.plane[0]);
  ae_decoder_free (&d);
  for (int i = 0; i < s.n; i++)
    free (s.packets[i]), free (s.pictures[i].plane[0]);
  s.n = 0;
  free (other.header);
  ae_encoder_free (&other.encoder);
  ae_decoder_free (&other.decoder);
  ae_codec_unref (&other.codec);
  ae_model_unref (&other.model);
  close_stream (&s);
}
END_TEST

/* Places keep to what is clean: the band itself, before it, behind it. */
START_TEST (test_what_places_may_be)
{
  static const AeRefresh r = { .on = true, .begin = 4, .end = 6 };
  static const AeVector none = { 0, 0 };
  for (int column = 0; column < 9; column++) {
    bool band = column == 4 || column == 5;
    ck_assert (ae_refresh_allows (&r, column, AE_PLACE_INTRA, none));
    ck_assert (ae_refresh_allows (&r, column, AE_PLACE_SKIP, none) == !band);
    ck_assert (ae_refresh_allows (&r, column, AE_PLACE_MOVED, none) == !band);
    ck_assert (!ae_refresh_allows (&r, column, AE_PLACE_KEY, none));
    ck_assert (!ae_refresh_allows (&r, column, AE_PLACE_KEY_AND, none));
    ck_assert (ae_refresh_allows (
        &(AeRefresh){ 0 }, column, AE_PLACE_KEY, none));
  }
  for (int x = -200; x < 200; x++) {
    AeVector v = { (int16_t) x, 3 };
    for (int column = 0; column < 4; column++) {
      int last = 16 * column + 15 + (x >> 2) + (x % 8 ? x % 4 ? 4 : 3 : 0);
      bool allowed = ae_refresh_allows (&r, column, AE_PLACE_SKIP, v);
      ck_assert (allowed == (last < 64));
    }
    ck_assert (ae_refresh_allows (&r, 6, AE_PLACE_MOVED, v));
  }
}
END_TEST

static Suite *
refresh_suite (void)
{
  Suite *suite = suite_create ("refresh");
  TCase *tcase = tcase_create ("refresh");
  tcase_add_loop_test (tcase, test_lost_frames, 0, N_SHAPES);
  tcase_add_loop_test (tcase, test_bands_cover_the_picture, 0, N_SHAPES);
  tcase_add_test (tcase, test_damaged_slices);
  tcase_add_test (tcase, test_late_packets);
  tcase_add_test (tcase, test_uncovered_places);
  tcase_add_test (tcase, test_small_packets_wait);
  tcase_add_test (tcase, test_period_changes);
  tcase_add_test (tcase, test_new_scenes);
  tcase_add_test (tcase, test_headers);
  tcase_add_test (tcase, test_what_places_may_be);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (refresh_suite)
