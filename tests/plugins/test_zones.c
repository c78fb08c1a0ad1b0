/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Zones: their text, which holds a point, and as a mask. */

#include "zones.h"

#include <gst/check/gstcheck.h>
#include <math.h>
#include <string.h>

static GstAeZones *
parse (const gchar *text)
{
  AeError error = { 0 };
  GstAeZones *zones = gst_ae_zones_parse (text, &error);

  ck_assert_msg (zones != NULL, "%s: %s", text, error.text);
  return zones;
}

GST_START_TEST (test_points_are_in_the_zones_that_hold_them)
{
  GstAeZones *zones = parse (" door: 0.1,0.2 0.5,0.2  0.5,0.9 ; "
                             "road:0,0.6 1,0.6 1,1 0,1;");

  ck_assert_uint_eq (gst_ae_zones_count (zones), 2);
  ck_assert_str_eq (gst_ae_zones_at (zones, 0.45, 0.5), "door");
  ck_assert_str_eq (gst_ae_zones_at (zones, 0.2, 0.5), "");
  ck_assert_str_eq (gst_ae_zones_at (zones, 0.9, 0.8), "road");
  /* In both: the first. */
  ck_assert_str_eq (gst_ae_zones_at (zones, 0.48, 0.7), "door");
  gst_ae_zones_free (&zones);
  ck_assert (zones == NULL);
  gst_ae_zones_free (&zones);
}
GST_END_TEST;

GST_START_TEST (test_no_text_is_no_zones_and_limits_nothing)
{
  static const gchar *const texts[] = { NULL, "", "  ", ";", " ; ;" };
  guint8 mask[4] = { 1, 1, 0, 1 };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++) {
    GstAeZones *zones = parse (texts[i]);
    ck_assert_uint_eq (gst_ae_zones_count (zones), 0);
    ck_assert_str_eq (gst_ae_zones_at (zones, 0.5, 0.5), "");
    gst_ae_zones_limit (zones, mask, 2, 2);
    ck_assert_int_eq (memcmp (mask, "\1\1\0\1", 4), 0);
    gst_ae_zones_free (&zones);
  }
}
GST_END_TEST;

static const struct {
  const gchar *text, *says;
} wrong[] = {
  { "door", "name:" },
  { "door:", "0 points" },
  { "door:0,0 1,1", "2 points" },
  { ":0,0 1,0 1,1", "name" },
  { "door:0,0 1,0 1", "\"1\"" },
  { "door:0,0 1,0 1;1", "\"1\"" },
  { "door:0,0 1,0 x,1", "\"x,1\"" },
  { "door:0,0 1,0 1,1,1", "\"1,1,1\"" },
  { "door:0,0 1,0 nan,1", "\"nan,1\"" },
  { "door:0,0 1,0 inf,1", "\"inf,1\"" },
  { "door:0,0 1,0 1,1.01", "1,1.01 of zone \"door\" is outside" },
  { "door:0,0 -0.1,0 1,1", "outside" },
  { "door:0,0 100,0 100,100", "outside" },
  { "a:0,0 1,0 1,1;a:0,0 1,0 1,1", "twice" },
  { "a\xff:0,0 1,0 1,1", "UTF-8" },
};

GST_START_TEST (test_wrong_texts_are_refused_by_what_is_wrong)
{
  AeError error = { 0 };
  GstAeZones *zones = gst_ae_zones_parse (wrong[__i__].text, &error);

  ck_assert_msg (zones == NULL, "%s is taken", wrong[__i__].text);
  ck_assert_int_eq (error.status, AE_ERROR_ARGUMENT);
  ck_assert_msg (strstr (error.text, wrong[__i__].says) != NULL,
      "%s: \"%s\" is missing: %s", wrong[__i__].text, wrong[__i__].says,
      error.text);
}
GST_END_TEST;

GST_START_TEST (test_too_many_zones_and_points_are_refused)
{
  GString *many = g_string_new (NULL), *points = g_string_new ("a:");
  AeError error = { 0 };

  for (int i = 0; i <= GST_AE_MAX_ZONES; i++)
    g_string_append_printf (many, "z%d:0,0 1,0 1,1;", i);
  ck_assert (gst_ae_zones_parse (many->str, &error) == NULL);
  for (int i = 0; i <= GST_AE_MAX_ZONE_POINTS; i++)
    g_string_append (points, "0.5,0.5 ");
  ck_assert (gst_ae_zones_parse (points->str, &error) == NULL);
  g_string_free (many, TRUE);
  g_string_free (points, TRUE);
}
GST_END_TEST;

/* Random texts of the letters that have a meaning: refused or taken, and what
 * is taken can be drawn. */
GST_START_TEST (test_random_texts_do_no_harm)
{
  static const gchar letters[] = "ab:;,. 0159-e\t";
  GRand *rand = g_rand_new_with_seed (7);
  gchar text[64];
  guint8 mask[9 * 7];

  for (int i = 0; i < 20000; i++) {
    AeError error = { 0 };
    gint n = g_rand_int_range (rand, 0, sizeof text - 1);
    for (gint j = 0; j < n; j++)
      text[j] = letters[g_rand_int_range (rand, 0, sizeof letters - 1)];
    text[n] = '\0';
    GstAeZones *zones = gst_ae_zones_parse (text, &error);
    if (zones == NULL) {
      ck_assert_int_ne (error.text[0], '\0');
      continue;
    }
    gst_ae_zones_limit (zones, mask, 9, 7);
    gst_ae_zones_free (&zones);
  }
  g_rand_free (rand);
}
GST_END_TEST;

/* Pixel by pixel, the mask is what the points' test says of the centres. */
GST_START_TEST (test_the_mask_is_where_the_centres_are_inside)
{
  static const gchar *const texts[] = {
    "all:0,0 1,0 1,1 0,1",
    "left:0,0 0.5,0 0.5,1 0,1",
    "bow:0.1,0.1 0.9,0.93 0.9,0.07 0.1,0.87",
    "star:0.5,0 0.81,0.95 0.02,0.36 0.98,0.36 0.19,0.95",
    "a:0,0 0.31,0 0,0.77;b:0.2,0.2 0.93,0.31 0.53,0.97",
  };
  static const gint sizes[][2] = { { 1, 1 }, { 7, 1 }, { 1, 9 }, { 13, 7 },
    { 64, 48 }, { 385, 289 } };

  for (gsize t = 0; t < G_N_ELEMENTS (texts); t++) {
    GstAeZones *zones = parse (texts[t]);
    for (gsize s = 0; s < G_N_ELEMENTS (sizes); s++) {
      gint w = sizes[s][0], h = sizes[s][1];
      guint8 *mask = g_malloc ((gsize) w * h);
      memset (mask, 255, (gsize) w * h);
      gst_ae_zones_limit (zones, mask, w, h);
      guint wrong_pixels = 0;
      for (gint y = 0; y < h; y++)
        for (gint x = 0; x < w; x++)
          wrong_pixels += (mask[y * w + x] == 255)
              != (gst_ae_zones_at (zones, (x + 0.5) / w, (y + 0.5) / h)[0]
                  != '\0');
      /* Where a centre lies on an edge, rounding decides. */
      ck_assert_msg (wrong_pixels <= (guint) h / 40, "%s, %d x %d: %u",
          texts[t], w, h, wrong_pixels);
      g_free (mask);
    }
    gst_ae_zones_free (&zones);
  }
}
GST_END_TEST;

static Suite *
zones_suite (void)
{
  Suite *s = suite_create ("zones");
  TCase *tc = tcase_create ("zones");

  suite_add_tcase (s, tc);
  tcase_add_test (tc, test_points_are_in_the_zones_that_hold_them);
  tcase_add_test (tc, test_no_text_is_no_zones_and_limits_nothing);
  tcase_add_loop_test (tc, test_wrong_texts_are_refused_by_what_is_wrong, 0,
      G_N_ELEMENTS (wrong));
  tcase_add_test (tc, test_too_many_zones_and_points_are_refused);
  tcase_add_test (tc, test_random_texts_do_no_harm);
  tcase_add_test (tc, test_the_mask_is_where_the_centres_are_inside);
  return s;
}

GST_CHECK_MAIN (zones);
