/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PLUGIN_TEST_H
#define PLUGIN_TEST_H

/* What every test program of the plugin shares: a folder of small models made
 * on the spot, where the elements find them as if they were the bundled ones. */

#include <gst/check/gstcheck.h>
#include <gst/check/gstharness.h>
#include <gst/video/video.h>

/* Runs the suite; the value is main()'s. Makes the folder first, points
 * AE_MODEL_PATH at it and removes it at the end. */
int plugin_test_run (int argc, char **argv, Suite *(*suite) (void));

/* A path in that folder; to be freed. */
gchar *plugin_test_path (const gchar *name);

/* Writes a model with few, random weights; other seeds, other weights. */
void plugin_test_write_model (const gchar *path, const gchar *seed);

/* A model that loads, with another task than "denoise". */
void plugin_test_write_other_model (const gchar *path);

/* A model of task "anomaly". */
void plugin_test_write_anomaly_model (const gchar *path);

/* A buffer with a picture that depends on format (only on its colour model),
 * size and seed, its planes packed as the format's default says. */
GstBuffer *plugin_test_picture (const GstVideoInfo *info, guint seed);

/* The same picture in rows that are `padding` bytes longer, each plane in a
 * memory of its own if `apart`, with a GstVideoMeta. Takes the buffer. */
GstBuffer *plugin_test_pad (GstBuffer *packed, const GstVideoInfo *info,
    guint padding, gboolean apart);

/* The visible bytes of all planes, one after the other. */
GByteArray *plugin_test_pixels (GstBuffer *buffer, const GstVideoInfo *info);

/* Fails unless both hold the same visible bytes. */
void plugin_test_assert_same (GstBuffer *a, GstBuffer *b,
    const GstVideoInfo *info, const gchar *what);

/* "video/x-raw" caps of that format and size at 30 frames per second. */
GstCaps *plugin_test_caps (const gchar *format, gint width, gint height);

#endif
