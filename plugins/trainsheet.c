/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "trainsheet.h"

#include <gst/video/video.h>
#include <png.h>
#include <string.h>

static void
copy_rows (const AeTrainingSheet *sheet, GstVideoFrame *frame)
{
  gsize row = (gsize) sheet->width * sheet->channels;
  guint8 *to = GST_VIDEO_FRAME_PLANE_DATA (frame, 0);

  for (gint y = 0; y < sheet->height; y++)
    memcpy (to + (gsize) y * GST_VIDEO_FRAME_PLANE_STRIDE (frame, 0),
        sheet->pixels + y * row, row);
}

GstSample *
gst_ae_train_sheet_sample (const AeTrainingSheet *sheet)
{
  GstVideoInfo info;
  GstVideoFrame frame;

  gst_video_info_set_format (&info,
      sheet->channels == 3 ? GST_VIDEO_FORMAT_RGB : GST_VIDEO_FORMAT_GRAY8,
      sheet->width, sheet->height);
  info.fps_n = 0; /* a still picture */
  info.fps_d = 1;
  GstBuffer *buffer = gst_buffer_new_allocate (NULL, info.size, NULL);
  if (gst_video_frame_map (&frame, &info, buffer, GST_MAP_WRITE)) {
    copy_rows (sheet, &frame);
    gst_video_frame_unmap (&frame);
  }
  GstCaps *caps = gst_video_info_to_caps (&info);
  GstSample *sample = gst_sample_new (buffer, caps, NULL, NULL);
  gst_caps_unref (caps);
  gst_buffer_unref (buffer);
  return sample;
}

/* The bytes of the file; NULL with a message in `image`. */
static guint8 *
encode (const AeTrainingSheet *sheet, png_image *image, png_alloc_size_t *n)
{
  *image = (png_image){ .version = PNG_IMAGE_VERSION,
    .width = sheet->width,
    .height = sheet->height,
    .format = sheet->channels == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY };
  *n = PNG_IMAGE_PNG_SIZE_MAX (*image);
  guint8 *bytes = g_malloc (*n);
  if (png_image_write_to_memory (
          image, bytes, n, 0, sheet->pixels, 0, NULL))
    return bytes;
  g_free (bytes);
  return NULL;
}

gboolean
gst_ae_train_sheet_write (
    const AeTrainingSheet *sheet, const gchar *path, AeError *error)
{
  png_image image;
  png_alloc_size_t n;
  GError *cause = NULL;
  guint8 *bytes = encode (sheet, &image, &n);

  gboolean good = bytes != NULL
      && g_file_set_contents (path, (gchar *) bytes, n, &cause);
  if (!good)
    gst_ae_error_set (error, AE_ERROR_IO, "%s: contact sheet not written: %s",
        path, cause != NULL ? cause->message : image.message);
  g_clear_error (&cause);
  g_free (bytes);
  return good;
}
