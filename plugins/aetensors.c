/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "aetensors.h"

#include "aeerror.h"

#include <stdio.h>

#define LATENT 16 /* pixels */
#define MOST 1024 /* latents in a row or column */

GstCaps *
gst_ae_tensors_caps (const AeLatentImage *latents, const GstVideoInfo *video)
{
  gchar *dimensions = g_strdup_printf (
      "%d:%d:%d:1", latents->columns, latents->rows, latents->channels);
  GstCaps *caps = gst_caps_from_string (GST_AE_TENSORS_CAPS);

  gst_caps_set_simple (caps, "dimensions", G_TYPE_STRING, dimensions,
      "framerate", GST_TYPE_FRACTION, GST_VIDEO_INFO_FPS_N (video),
      GST_VIDEO_INFO_FPS_D (video), "width", G_TYPE_INT,
      GST_VIDEO_INFO_WIDTH (video), "height", G_TYPE_INT,
      GST_VIDEO_INFO_HEIGHT (video), NULL);
  g_free (dimensions);
  return caps;
}

gboolean
gst_ae_tensors_parse (const GstCaps *caps, AeLatentImage *latents,
    gint *width, gint *height, AeError *error)
{
  const GstStructure *s = gst_caps_get_structure (caps, 0);
  const gchar *dimensions = gst_structure_get_string (s, "dimensions");
  gint n = 0;

  *latents = (AeLatentImage) { 0 };
  if (dimensions == NULL
      || sscanf (dimensions, "%d:%d:%d%n", &latents->columns, &latents->rows,
             &latents->channels, &n)
          != 3
      || (dimensions[n] != '\0' && !g_str_equal (dimensions + n, ":1"))
      || latents->columns < 1 || latents->columns > MOST || latents->rows < 1
      || latents->rows > MOST || latents->channels < 1) {
    gst_ae_error_set (error, AE_ERROR_SHAPE,
        "tensors with dimensions=%s, wanted columns:rows:channels:1",
        dimensions ? dimensions : "(none)");
    return FALSE;
  }
  if (!gst_structure_get_int (s, "width", width))
    *width = LATENT * latents->columns;
  if (!gst_structure_get_int (s, "height", height))
    *height = LATENT * latents->rows;
  return TRUE;
}

gsize
gst_ae_tensors_size (const AeLatentImage *latents)
{
  return (gsize) latents->channels * latents->rows * latents->columns
      * sizeof (float);
}
