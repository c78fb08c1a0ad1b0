/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Masks are read from pictures, scores are drawn into pictures: of every
 * format, at odd sizes, without a byte outside. */

#include "maskfile.h"
#include "scoreoverlay.h"

#include "plugin_test.h"

#include <glib/gstdio.h>
#include <math.h>
#include <png.h>
#include <string.h>
#include <sys/stat.h>

static const gchar *const formats[] = { "I420", "YV12", "NV12", "NV21", "Y42B",
  "Y444", "GRAY8", "RGB", "BGR", "RGBx", "BGRx", "xRGB", "xBGR", "RGBA",
  "BGRA", "ARGB", "ABGR", "I420_10LE", "P010_10LE" };

static const gint sizes[][2]
    = { { 1, 1 }, { 7, 1 }, { 1, 9 }, { 13, 7 }, { 33, 18 }, { 200, 150 } };

static void
draw (GstBuffer *buffer, const GstVideoInfo *info, gdouble score)
{
  static const gfloat grid[] = { 0, 0.5f, 1, 0, 7, -1 };
  GstVideoFrame frame;

  ck_assert (gst_video_frame_map (&frame, info, buffer, GST_MAP_READWRITE));
  gst_ae_overlay_heatmap (&frame, grid, 3, 2);
  gst_ae_overlay_score (&frame, score, 0.5);
  gst_video_frame_unmap (&frame);
}

static void
get_info (GstVideoInfo *info, const gchar *format, gint width, gint height)
{
  GstCaps *caps = plugin_test_caps (format, width, height);

  ck_assert (gst_video_info_from_caps (info, caps));
  gst_caps_unref (caps);
}

/* In memory of its own the drawing stays within (a sanitizer would tell), and
 * rows' padding and alpha stay as they are. */
GST_START_TEST (test_every_format_and_size_is_drawn_into_within_its_rows)
{
  for (gsize f = 0; f < G_N_ELEMENTS (formats); f++)
    for (gsize s = 0; s < G_N_ELEMENTS (sizes); s++) {
      GstVideoInfo info;
      get_info (&info, formats[f], sizes[s][0], sizes[s][1]);
      GstBuffer *plain = plugin_test_picture (&info, 1);
      GstBuffer *drawn = plugin_test_picture (&info, 1);
      GstBuffer *padded
          = plugin_test_pad (plugin_test_picture (&info, 1), &info, 14, TRUE);
      draw (drawn, &info, 0.9);
      draw (padded, &info, 0.9);
      plugin_test_assert_same (drawn, padded, &info, formats[f]);
      GByteArray *a = plugin_test_pixels (plain, &info);
      GByteArray *b = plugin_test_pixels (drawn, &info);
      ck_assert_msg (memcmp (a->data, b->data, a->len) != 0,
          "%s: nothing is drawn", formats[f]);
      if (GST_VIDEO_INFO_HAS_ALPHA (&info)) {
        gsize n = (gsize) info.width * info.height; /* alpha comes last */
        ck_assert_int_eq (
            memcmp (a->data + a->len - n, b->data + b->len - n, n), 0);
      }
      g_byte_array_unref (a);
      g_byte_array_unref (b);
      gst_buffer_unref (plain);
      gst_buffer_unref (drawn);
      gst_buffer_unref (padded);
    }
}
GST_END_TEST;

GST_START_TEST (test_only_cells_with_a_score_become_red)
{
  static const gfloat grid[] = { 0, 1 };
  GstVideoInfo info;
  GstVideoFrame frame;

  get_info (&info, "RGB", 21, 5);
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, info.size, NULL);
  gst_buffer_memset (buffer, 0, 100, -1);
  ck_assert (gst_video_frame_map (&frame, &info, buffer, GST_MAP_READWRITE));
  gst_ae_overlay_heatmap (&frame, grid, 2, 1);
  const guint8 *row = GST_VIDEO_FRAME_PLANE_DATA (&frame, 0);
  for (gint x = 0; x < 21; x++) {
    gboolean hot = x * 2 / 21 == 1;
    ck_assert_uint_eq (row[3 * x] > 150, hot);
    ck_assert_uint_eq (row[3 * x + 1] < 90, hot);
  }
  gst_video_frame_unmap (&frame);
  gst_buffer_unref (buffer);
}
GST_END_TEST;

GST_START_TEST (test_numbers_that_are_none_can_be_drawn)
{
  static const gdouble scores[] = { -1, 0, 0.004, 0.996, 1, 2, NAN };
  GstVideoInfo info;

  get_info (&info, "I420", 160, 120);
  for (gsize i = 0; i < G_N_ELEMENTS (scores); i++) {
    GstBuffer *buffer = plugin_test_picture (&info, 1);
    draw (buffer, &info, scores[i]);
    gst_buffer_unref (buffer);
  }
}
GST_END_TEST;

static void
write_png (const gchar *path, guint width, guint height, guint32 format,
    const guint8 *pixels)
{
  png_image image = { .version = PNG_IMAGE_VERSION };

  image.width = width;
  image.height = height;
  image.format = format;
  ck_assert (png_image_write_to_file (&image, path, 0, pixels, 0, NULL));
}

/* Left half white, or opaque; the right black, or clear. */
static void
write_half (const gchar *path, guint width, guint height, gboolean colour)
{
  guint n = colour ? 4 : 1;
  guint8 *pixels = g_malloc (width * height * n);

  for (guint i = 0; i < width * height; i++)
    memset (pixels + n * i, i % width < width / 2 ? 255 : 0, n);
  write_png (path, width, height, colour ? PNG_FORMAT_RGBA : PNG_FORMAT_GRAY,
      pixels);
  g_free (pixels);
}

GST_START_TEST (test_a_mask_of_any_size_of_the_same_proportions_fits)
{
  static const struct {
    guint mask[2], video[2];
  } cases[] = { { { 64, 48 }, { 64, 48 } }, { { 32, 24 }, { 64, 48 } },
    { { 640, 480 }, { 64, 48 } }, { { 86, 48 }, { 1366, 768 } },
    { { 480, 270 }, { 1920, 1080 } } };
  gchar *path = plugin_test_path ("mask.png");

  for (gsize i = 0; i < 2 * G_N_ELEMENTS (cases); i++) {
    AeError error = { 0 };
    guint w = cases[i / 2].video[0], h = cases[i / 2].video[1];
    write_half (path, cases[i / 2].mask[0], cases[i / 2].mask[1], i % 2);
    GstAeMaskFile *mask = gst_ae_mask_file_read (path, &error);
    ck_assert_msg (mask != NULL, "%s", error.text);
    guint8 *pixels = g_malloc (w * h);
    memset (pixels, 255, w * h);
    ck_assert_msg (
        gst_ae_mask_file_limit (mask, pixels, (gint) w, (gint) h, &error),
        "%s", error.text);
    guint wrong = 0;
    for (guint p = 0; p < w * h; p++)
      wrong += pixels[p] != (p % w < w / 2 ? 255 : 0);
    ck_assert_uint_eq (wrong, 0);
    g_free (pixels);
    gst_ae_mask_file_free (&mask);
  }
  g_remove (path);
  g_free (path);
}
GST_END_TEST;

GST_START_TEST (test_other_proportions_are_refused_with_both_sizes)
{
  static const gint videos[][2]
      = { { 64, 64 }, { 48, 64 }, { 1920, 1080 }, { 16384, 1 } };
  AeError error = { 0 };
  gchar *path = plugin_test_path ("mask.png");

  write_half (path, 64, 48, FALSE);
  GstAeMaskFile *mask = gst_ae_mask_file_read (path, &error);
  for (gsize i = 0; i < G_N_ELEMENTS (videos); i++) {
    guint8 *pixels = g_malloc0 (videos[i][0] * videos[i][1]);
    gchar *size
        = g_strdup_printf ("%d x %d", videos[i][0], videos[i][1]);
    ck_assert (!gst_ae_mask_file_limit (
        mask, pixels, videos[i][0], videos[i][1], &error));
    ck_assert_int_eq (error.status, AE_ERROR_SHAPE);
    ck_assert (strstr (error.text, size) && strstr (error.text, "64 x 48"));
    g_free (size);
    g_free (pixels);
  }
  gst_ae_mask_file_free (&mask);
  g_remove (path);
  g_free (path);
}
GST_END_TEST;

/* Without waiting for the disk. */
static void
write_plain (const gchar *path, const gchar *bytes, gsize size)
{
  FILE *file = fopen (path, "wb");

  ck_assert (file != NULL);
  ck_assert_uint_eq (fwrite (bytes, 1, size, file), size);
  fclose (file);
}

/* A file of every length of a whole one, and one with every byte changed. */
GST_START_TEST (test_what_is_no_picture_is_refused)
{
  gchar *path = plugin_test_path ("mask.png"), *bytes = NULL;
  gsize size = 0;
  AeError error = { 0 };

  write_half (path, 16, 12, TRUE);
  ck_assert (g_file_get_contents (path, &bytes, &size, NULL));
  for (gsize n = 0; n < 2 * size; n++) {
    gsize length = n < size ? n : size;
    if (n >= size)
      bytes[n - size] ^= 0x55;
    write_plain (path, bytes, length);
    GstAeMaskFile *mask = gst_ae_mask_file_read (path, &error);
    if (n >= size)
      bytes[n - size] ^= 0x55;
    else if (n < size - 12) /* without its end mark it may be whole */
      ck_assert_msg (mask == NULL, "%zu of %zu bytes", n, size);
    gst_ae_mask_file_free (&mask);
  }
  g_free (bytes);
  g_remove (path);
  ck_assert (gst_ae_mask_file_read (path, &error) == NULL);
  ck_assert_int_eq (error.status, AE_ERROR_NOT_FOUND);
  ck_assert_int_eq (mkfifo (path, 0600), 0);
  ck_assert (gst_ae_mask_file_read (path, &error) == NULL);
  ck_assert (strstr (error.text, "pipe") && strstr (error.text, path));
  g_remove (path);
  g_free (path);
}
GST_END_TEST;

static Suite *
overlay_suite (void)
{
  Suite *s = suite_create ("overlay");
  TCase *tc = tcase_create ("overlay");

  suite_add_tcase (s, tc);
  tcase_add_test (
      tc, test_every_format_and_size_is_drawn_into_within_its_rows);
  tcase_add_test (tc, test_only_cells_with_a_score_become_red);
  tcase_add_test (tc, test_numbers_that_are_none_can_be_drawn);
  tcase_add_test (tc, test_a_mask_of_any_size_of_the_same_proportions_fits);
  tcase_add_test (tc, test_other_proportions_are_refused_with_both_sizes);
  tcase_add_test (tc, test_what_is_no_picture_is_refused);
  return s;
}

int
main (int argc, char **argv)
{
  return plugin_test_run (argc, argv, overlay_suite);
}
