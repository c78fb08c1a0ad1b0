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

static uint8_t *
write_example (size_t *size)
{
  AePacket p = example ();
  *size = ae_packet_bytes (slices, 3);
  uint8_t *bytes = malloc (*size);
  ae_packet_write (&p, slices, bytes);
  ck_assert_uint_eq (p.size, *size);
  return bytes;
}

START_TEST (test_packets_come_back)
{
  size_t size;
  uint8_t *bytes = write_example (&size);
  AePacket p, wanted = example ();
  AeSlice found[3];
  AeError err;
  ck_assert_int_eq (ae_packet_read (&p, bytes, size, &err), AE_OK);
  wanted.size = (uint32_t) size;
  ck_assert (p.key && p.has_pts && p.format == wanted.format);
  ck_assert_int_eq (p.level, 130);
  ck_assert_uint_eq (p.size, size);
  ck_assert_mem_eq (p.model_id, wanted.model_id, 8);
  ck_assert_int_eq (p.width, 641);
  ck_assert_int_eq (p.height, 480);
  ck_assert_uint_eq (p.number, 0xfffffff0);
  ck_assert (p.pts == wanted.pts);
  ck_assert_uint_eq (p.duration, 33333333);
  ck_assert_mem_eq (p.colour, wanted.colour, 4);
  ck_assert_int_eq (ae_packet_slices (&p, bytes, size, found), 3);
  for (int i = 0; i < 3; i++) {
    ck_assert_uint_eq (found[i].size, slices[i].size);
    ck_assert_mem_eq (found[i].data, slices[i].data, slices[i].size);
  }
  free (bytes);
}
END_TEST

/* The layout is that of the page, not that of the compiler. */
START_TEST (test_bytes_are_as_documented)
{
  size_t size;
  uint8_t *bytes = write_example (&size);
  static const uint8_t begin[] = { 0xa5, 'A', 'E', 'V', 1, 3, 0, 130, 83, 0, 0,
    0, 1, 2, 3, 4, 5, 6, 7, 250, 0x81, 2, 0xe0, 1, 0xf0, 0xff, 0xff, 0xff,
    0xbc, 0x9a, 0x78, 0x56, 0x34, 0x12, 0, 0, 0x55, 0xa0, 0xfc, 1, 1, 6, 13,
    1, 3, 0, 0, 0 };
  ck_assert_uint_eq (sizeof begin, 48);
  ck_assert_mem_eq (bytes, begin, sizeof begin);
  ck_assert_uint_eq (bytes[52], 5);
  ck_assert_mem_eq (bytes + 60, "12345", 5);
  free (bytes);
}
END_TEST

START_TEST (test_every_truncation)
{
  size_t size;
  uint8_t *bytes = write_example (&size);
  for (size_t cut = 0; cut < size; cut++) {
    uint8_t *exact = malloc (cut + 1);
    memcpy (exact, bytes, cut);
    AePacket p;
    AeSlice found[3];
    AeError err = { 0 };
    AeStatus status = ae_packet_read (&p, exact, cut, &err);
    if (cut < AE_PACKET_HEADER) {
      ck_assert_int_eq (status, AE_ERROR_FORMAT);
      ck_assert_uint_gt (strlen (err.text), 0);
    } else {
      ck_assert_int_eq (status, AE_OK);
      int whole = ae_packet_slices (&p, exact, cut, found);
      ck_assert_int_eq (whole, cut < 65 ? 0 : cut < 75 ? 1 : 2);
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
  uint8_t *bytes = write_example (&size);
  for (size_t i = 0; i < size; i++) {
    AePacket p;
    AeSlice found[3];
    AeError err;
    bytes[i] ^= 0x10;
    AeStatus status = ae_packet_read (&p, bytes, size, &err);
    if (i < AE_PACKET_HEADER)
      ck_assert_int_eq (status, AE_ERROR_FORMAT);
    else
      ck_assert_int_lt (ae_packet_slices (&p, bytes, size, found), 3);
    bytes[i] ^= 0x10;
  }
  free (bytes);
}
END_TEST

START_TEST (test_impossible_values_are_refused)
{
  size_t size = ae_packet_bytes (slices, 3);
  uint8_t *bytes = malloc (size);
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
    if (i == 3)
      p.n_slices = 0;
    ae_packet_write (&p, slices, bytes);
    ck_assert_int_ne (ae_packet_read (&p, bytes, size, &err), AE_OK);
    ck_assert_uint_gt (strlen (err.text), 0);
  }
  free (bytes);
}
END_TEST

START_TEST (test_packets_are_found_in_noise)
{
  size_t size;
  uint8_t *bytes = write_example (&size);
  uint8_t *noise = malloc (size + 40);
  for (int i = 0; i < 40; i++)
    noise[i] = (uint8_t) (0xa5 + (i % 3 == 0 ? 0 : i));
  memcpy (noise + 40, bytes, size);
  ck_assert_uint_eq (ae_packet_find (noise, size + 40), 40);
  ck_assert_uint_eq (ae_packet_find (bytes, size), 0);
  /* the begin of a header may be the begin of a packet */
  for (size_t n = 1; n < AE_PACKET_HEADER; n++)
    ck_assert_uint_eq (ae_packet_find (noise + 37, 3 + n), n < 1 ? 0 : 3);
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
  tcase_add_test (tcase, test_bytes_are_as_documented);
  tcase_add_test (tcase, test_every_truncation);
  tcase_add_test (tcase, test_every_damaged_byte_is_found);
  tcase_add_test (tcase, test_impossible_values_are_refused);
  tcase_add_test (tcase, test_packets_are_found_in_noise);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (packet_suite)
