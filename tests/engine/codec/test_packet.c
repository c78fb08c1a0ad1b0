/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include "codec/packet.h"
#include "util/mem.h"

#include <stdlib.h>
#include <string.h>

static const uint8_t payload[3][5] = { "12345", "ab", "" };
static const AeSlice slices[3]
    = { { payload[0], 5 }, { payload[1], 2 }, { payload[2], 0 } };

static AePacket
example (void)
{
  return (AePacket){ .key = true, .has_pts = true,
    .format = AE_PACKET_YUV420, .level = 130,
    .model_id = { 1, 2, 3, 4, 5, 6, 7, 250 }, .width = 641, .height = 480,
    .number = 0xfffffff0, .pts = 0x123456789abcull, .duration = 33333333,
    .colour = { 1, 6, 13, 1 }, .n_slices = 3 };
}

/* A delta frame 3 frames later, `late` nanoseconds after it was expected. */
static AePacket
example_delta (int64_t late)
{
  AePacket p = example ();
  p.key = false;
  p.level = 7;
  p.number += 3;
  p.pts += 3 * 33333333 + (uint64_t) late;
  return p;
}

static AePacket
example_refresh (int begin, int end)
{
  AePacket p = example_delta (-3);
  p.refresh = (AeRefresh){ .on = true, .level = 201, .begin = begin,
    .end = end };
  return p;
}

/* Exactly the packet's bytes, freed with free. */
static uint8_t *
write_packet (AePacket *p, const AePacket *key, size_t *size)
{
  uint8_t *bytes = malloc (ae_packet_bound (slices, 3));
  ae_packet_write (p, key, slices, bytes);
  *size = p->size;
  return realloc (bytes, p->size);
}

/* A key frame, a delta frame, and one that refreshes; their headers' bytes. */
static const size_t headers[] = { AE_PACKET_HEADER, 13, 16 };

static uint8_t *
write_example (int i, size_t *size)
{
  AePacket first = example ();
  AePacket all[] = { first, example_delta (0), example_refresh (7, 9) };
  return write_packet (&all[i], &first, size);
}

static void
check_same (const AePacket *p, const AePacket *wanted)
{
  ck_assert (p->key == wanted->key && p->has_pts == wanted->has_pts);
  ck_assert (p->format == wanted->format);
  ck_assert_int_eq (p->level, wanted->level);
  ck_assert_uint_eq (p->size, wanted->size);
  ck_assert_uint_eq (p->header, wanted->header);
  ck_assert_mem_eq (p->model_id, wanted->model_id, 8);
  ck_assert_int_eq (p->width, wanted->width);
  ck_assert_int_eq (p->height, wanted->height);
  ck_assert_uint_eq (p->number, wanted->number);
  ck_assert (p->pts == wanted->pts);
  ck_assert_uint_eq (p->duration, wanted->duration);
  ck_assert_mem_eq (p->colour, wanted->colour, 4);
  ck_assert_int_eq (p->n_slices, wanted->n_slices);
  ck_assert (p->refresh.on == wanted->refresh.on);
  ck_assert_int_eq (p->refresh.level, wanted->refresh.level);
  ck_assert_int_eq (p->refresh.begin, wanted->refresh.begin);
  ck_assert_int_eq (p->refresh.end, wanted->refresh.end);
}

static void
check_slices (const AePacket *p, const uint8_t *bytes, size_t size)
{
  AeSlice found[3];
  ck_assert_int_eq (ae_packet_slices (p, bytes, size, found), 3);
  for (int i = 0; i < 3; i++) {
    ck_assert_uint_eq (found[i].size, slices[i].size);
    ck_assert_mem_eq (found[i].data, slices[i].data, slices[i].size);
  }
}

START_TEST (test_packets_come_back)
{
  size_t size;
  AePacket p, wanted = example ();
  AeError err;
  uint8_t *bytes = write_packet (&wanted, NULL, &size);
  ck_assert_int_eq (ae_packet_read (&p, NULL, bytes, size, &err), AE_OK);
  check_same (&p, &wanted);
  check_slices (&p, bytes, size);
  free (bytes);
}
END_TEST

static const int64_t lateness[] = { 0, 1, -1, 63, -64, 20000000, -20000000,
  INT64_MAX, INT64_MIN };

/* Delta frames say what is their own, and leave the rest to their key frame. */
START_TEST (test_delta_frames_come_back)
{
  size_t size;
  AePacket p, key = example (), wanted = example_delta (lateness[_i]);
  AeError err;
  uint8_t *bytes = write_packet (&wanted, &key, &size);
  ck_assert_uint_le (size, _i < 5 ? 14 + 21 : 23 + 21);
  ck_assert_int_eq (ae_packet_read (&p, &key, bytes, size, &err), AE_OK);
  check_same (&p, &wanted);
  check_slices (&p, bytes, size);
  ck_assert_int_eq (ae_packet_read (&p, NULL, bytes, size, &err), AE_OK);
  ck_assert (!p.key && !p.has_pts && p.width == 0 && p.n_slices == 0);
  ck_assert_uint_eq (p.size, size);
  free (bytes);
}
END_TEST

/* The bands of 641 pixels, which are 41 places. */
START_TEST (test_bands_come_back)
{
  AePacket key = example (), found;
  size_t size;
  for (int begin = 0; begin <= 41; begin++)
    for (int end = begin; end <= 41; end++) {
      AePacket p = example_refresh (begin, end);
      uint8_t *bytes = write_packet (&p, &key, &size);
      ck_assert_int_eq (
          ae_packet_read (&found, &key, bytes, size, NULL), AE_OK);
      check_same (&found, &p);
      ck_assert_int_eq (
          ae_packet_read (&found, NULL, bytes, size, NULL), AE_OK);
      ck_assert (found.refresh.on && found.refresh.end == end);
      free (bytes);
    }
}
END_TEST

/* Bands that reach beyond the picture, and with no key frame known, beyond any
 * picture. */
START_TEST (test_impossible_bands_are_refused)
{
  static const struct {
    int begin, end;
    AeStatus wanted, unknown;
  } bands[] = { { 41, 41, AE_OK, AE_OK }, { 41, 42, AE_ERROR_LIMIT, AE_OK },
    { 0, 42, AE_ERROR_LIMIT, AE_OK }, { 42, 42, AE_ERROR_LIMIT, AE_OK },
    { 1, 1024, AE_ERROR_LIMIT, AE_OK },
    { 1, 1025, AE_ERROR_LIMIT, AE_ERROR_LIMIT },
    { 1025, 1025, AE_ERROR_LIMIT, AE_ERROR_LIMIT },
    { INT32_MAX, INT32_MAX, AE_ERROR_LIMIT, AE_ERROR_LIMIT },
    { 5, 4, AE_ERROR_LIMIT, AE_ERROR_LIMIT },
    { 0, -1, AE_ERROR_LIMIT, AE_ERROR_LIMIT },
    { -1, 2, AE_ERROR_LIMIT, AE_ERROR_LIMIT },
    { -1, -1, AE_ERROR_LIMIT, AE_ERROR_LIMIT } };
  AePacket key = example (), found;
  for (size_t i = 0; i < sizeof bands / sizeof bands[0]; i++) {
    size_t size;
    AePacket p = example_refresh (bands[i].begin, bands[i].end);
    uint8_t *bytes = write_packet (&p, &key, &size);
    ck_assert_int_eq (ae_packet_read (&found, &key, bytes, size, NULL),
        bands[i].wanted);
    ck_assert_int_eq (ae_packet_read (&found, NULL, bytes, size, NULL),
        bands[i].unknown);
    free (bytes);
  }
}
END_TEST

/* Sizes around those at which their own bytes become more. */
START_TEST (test_sizes_count_themselves)
{
  static const uint8_t zeros[20000];
  uint8_t *bytes = malloc (sizeof zeros + 100);
  AePacket key = example (), p, found;
  for (size_t n = 0; n < sizeof zeros; n += n == 200 ? 16000 : 1) {
    AeSlice one = { zeros, n };
    p = example_delta (0);
    p.n_slices = key.n_slices = 1;
    ck_assert_uint_le (ae_packet_bound (&one, 1), sizeof zeros + 100);
    ae_packet_write (&p, &key, &one, bytes);
    ck_assert_uint_eq (p.size, p.header + 4 + n);
    ck_assert_int_eq (
        ae_packet_read (&found, &key, bytes, p.size, NULL), AE_OK);
    check_same (&found, &p);
  }
  free (bytes);
}
END_TEST

/* The layout is that of the page, not that of the compiler. */
START_TEST (test_bytes_are_as_documented)
{
  size_t size;
  uint8_t *bytes = write_example (0, &size);
  static const uint8_t begin[] = { 0xa5, 'A', 'E', 'V', 1, 3, 130, 0, 73, 0, 0,
    0, 1, 2, 3, 4, 5, 6, 7, 250, 0x81, 2, 0xe0, 1, 0xf0, 0xff, 0xff, 0xff,
    0xbc, 0x9a, 0x78, 0x56, 0x34, 0x12, 0, 0, 0x55, 0xa0, 0xfc, 1, 1, 6, 13,
    1, 3, 0, 0, 0 };
  ck_assert_uint_eq (sizeof begin, 48);
  ck_assert_mem_eq (bytes, begin, sizeof begin);
  ck_assert_uint_eq (bytes[52], 5);
  ck_assert_mem_eq (bytes + 57, "12345", 5);
  free (bytes);
  AePacket key = example (), p = example_delta (-3);
  bytes = write_packet (&p, &key, &size);
  static const uint8_t delta[]
      = { 0xa5, 'A', 'E', 'V', 1, 2, 7, 0xf3, 0xff, 34, 5 };
  ck_assert_mem_eq (bytes, delta, sizeof delta);
  ck_assert_uint_eq (bytes[13], 5);
  ck_assert_mem_eq (bytes + 18, "12345", 5);
  free (bytes);
  p = example_refresh (3, 5);
  bytes = write_packet (&p, &key, &size);
  static const uint8_t band[]
      = { 0xa5, 'A', 'E', 'V', 1, 10, 7, 0xf3, 0xff, 37, 5, 3, 2, 201 };
  ck_assert_mem_eq (bytes, band, sizeof band);
  ck_assert_mem_eq (bytes + 21, "12345", 5);
  free (bytes);
}
END_TEST

/* How many slices lie before `cut`, which is in the payload. */
static int
slices_before (const AePacket *p, size_t cut)
{
  size_t first = p->header + 1 + 4 + 5u;
  return cut < first ? 0 : cut < first + 1 + 4 + 2 ? 1 : 2;
}

START_TEST (test_every_truncation)
{
  size_t size;
  AePacket key = example ();
  uint8_t *bytes = write_example (_i, &size);
  for (size_t cut = 0; cut < size; cut++) {
    uint8_t *exact = malloc (cut + 1);
    memcpy (exact, bytes, cut);
    AePacket p;
    AeSlice found[3];
    AeError err = { 0 };
    AeStatus status = ae_packet_read (&p, &key, exact, cut, &err);
    if (cut < headers[_i]) {
      ck_assert_int_eq (status, AE_ERROR_NEEDS_DATA);
      ck_assert_uint_gt (strlen (err.text), 0);
    } else {
      ck_assert_int_eq (status, AE_OK);
      int whole = ae_packet_slices (&p, exact, cut, found);
      ck_assert_int_eq (whole, slices_before (&p, cut));
      for (int i = 0; i < 3; i++)
        ck_assert ((found[i].data != NULL) == (i < whole));
    }
    free (exact);
  }
  free (bytes);
}
END_TEST

/* A damaged header is refused, a damaged slice is missing, the others are
 * there. */
START_TEST (test_every_damaged_byte_is_found)
{
  size_t size;
  AePacket key = example ();
  uint8_t *bytes = write_example (_i, &size);
  for (size_t i = 0; i < size; i++)
    for (int bit = 0; bit < 8; bit++) {
      AePacket p;
      AeSlice found[3];
      AeError err;
      bytes[i] ^= (uint8_t) (1 << bit);
      AeStatus status = ae_packet_read (&p, &key, bytes, size, &err);
      if (i < headers[_i])
        ck_assert (status == AE_ERROR_FORMAT || status == AE_ERROR_NEEDS_DATA);
      else
        ck_assert_int_lt (ae_packet_slices (&p, bytes, size, found), 3);
      bytes[i] ^= (uint8_t) (1 << bit);
    }
  free (bytes);
}
END_TEST

START_TEST (test_impossible_values_are_refused)
{
  uint8_t *bytes = malloc (ae_packet_bound (slices, 3));
  AePacket p;
  AeError err;
  for (int i = 0; i < 4; i++) {
    p = example ();
    if (i == 0)
      p.width = 0;
    if (i == 1)
      p.height = AE_PACKET_MAX_SIDE + 1;
    if (i == 2)
      p.format = (AePacketFormat) 2;
    ae_packet_write (&p, NULL, slices, bytes);
    if (i == 3)
      bytes[4] = 9;
    ck_assert_int_ne (ae_packet_read (&p, NULL, bytes, 100, &err), AE_OK);
    ck_assert_uint_gt (strlen (err.text), 0);
  }
  ck_assert_ptr_nonnull (strstr (err.text, "version 9, wanted 1"));
  free (bytes);
}
END_TEST

/* What only tells of frames to come. */
START_TEST (test_headers_without_frames)
{
  uint8_t bytes[AE_PACKET_HEADER];
  AePacket p = example (), found;
  p.n_slices = 0;
  ck_assert_uint_le (ae_packet_bound (NULL, 0), sizeof bytes);
  ae_packet_write (&p, NULL, NULL, bytes);
  ck_assert_int_eq (
      ae_packet_read (&found, NULL, bytes, sizeof bytes, NULL), AE_OK);
  check_same (&found, &p);
}
END_TEST

START_TEST (test_packets_are_found_in_noise)
{
  size_t size, header = headers[_i];
  uint8_t *bytes = write_example (_i, &size);
  uint8_t *noise = malloc (size + 40);
  for (int i = 0; i < 40; i++)
    noise[i] = (uint8_t) (0xa5 + (i % 3 == 0 ? 0 : i));
  memcpy (noise + 40, bytes, size);
  ck_assert_uint_eq (ae_packet_find (noise, size + 40), 40);
  ck_assert_uint_eq (ae_packet_find (bytes, size), 0);
  /* the begin of a header may be the begin of a packet */
  for (size_t n = 1; n < header; n++)
    ck_assert_uint_eq (ae_packet_find (noise + 37, 3 + n), 3);
  ck_assert_uint_eq (ae_packet_find (noise + 1, 2), 2);
  ck_assert_uint_eq (ae_packet_find (noise, 0), 0);
  free (noise);
  free (bytes);
}
END_TEST

static Suite *
packet_suite (void)
{
  Suite *suite = suite_create ("packet");
  TCase *tcase = tcase_create ("packet");
  tcase_add_test (tcase, test_packets_come_back);
  tcase_add_loop_test (tcase, test_delta_frames_come_back, 0,
      sizeof lateness / sizeof lateness[0]);
  tcase_add_test (tcase, test_bands_come_back);
  tcase_add_test (tcase, test_impossible_bands_are_refused);
  tcase_add_test (tcase, test_sizes_count_themselves);
  tcase_add_test (tcase, test_bytes_are_as_documented);
  tcase_add_loop_test (tcase, test_every_truncation, 0, 3);
  tcase_add_loop_test (tcase, test_every_damaged_byte_is_found, 0, 3);
  tcase_add_test (tcase, test_impossible_values_are_refused);
  tcase_add_test (tcase, test_headers_without_frames);
  tcase_add_loop_test (tcase, test_packets_are_found_in_noise, 0, 3);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (packet_suite)
