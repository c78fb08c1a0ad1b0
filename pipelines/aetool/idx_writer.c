/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "idx_writer.h"

#include <ae/types.h>
#include <gio/gio.h>

#include "aetool.h"

#define UNSIGNED_BYTES 0x08

struct IdxWriter {
  char *pictures_path, *labels_path;
  GOutputStream *pictures, *labels; /* labels: NULL without */
  gsize size;                       /* bytes of a picture */
  GError *error;                    /* the first */
};

static void
put (IdxWriter *w, GOutputStream *stream, const void *bytes, gsize n)
{
  if (!w->error)
    g_output_stream_write_all (stream, bytes, n, NULL, NULL, &w->error);
}

static void
put_header (IdxWriter *w, GOutputStream *stream, const guint32 *dimensions,
    guint8 n)
{
  guint8 magic[4] = { 0, 0, UNSIGNED_BYTES, n };
  put (w, stream, magic, sizeof magic);
  for (guint i = 0; i < n; i++) {
    guint32 dimension = GUINT32_TO_BE (dimensions[i]);
    put (w, stream, &dimension, sizeof dimension);
  }
}

static GOutputStream *
open_stream (IdxWriter *w, const char *path)
{
  if (w->error)
    return NULL;
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GFileOutputStream) plain = g_file_replace (
      file, NULL, FALSE, G_FILE_CREATE_REPLACE_DESTINATION, NULL, &w->error);
  return plain ? g_buffered_output_stream_new (G_OUTPUT_STREAM (plain))
               : NULL;
}

static void
open_labels (IdxWriter *w, gboolean labels, guint32 n)
{
  if (labels)
    w->labels = open_stream (w, w->labels_path);
  else if (g_file_test (w->labels_path, G_FILE_TEST_EXISTS))
    g_set_error (&w->error, AETOOL_DOMAIN, AE_ERROR_ARGUMENT,
        "%s: found labels, wanted none beside pictures without labels",
        w->labels_path);
  if (w->labels)
    put_header (w, w->labels, &n, 1);
}

IdxWriter *
idx_writer_new (const char *prefix, guint n, int width, int height,
    int channels, gboolean labels, GError **error)
{
  guint8 rank = channels == 1 ? 3 : 4;
  guint32 dimensions[]
      = { n, (guint32) height, (guint32) width, (guint32) channels };
  IdxWriter *w = g_new0 (IdxWriter, 1);
  w->size = (gsize) width * height * channels;
  w->pictures_path = g_strdup_printf ("%s-images-idx%u-ubyte", prefix, rank);
  w->labels_path = g_strconcat (prefix, "-labels-idx1-ubyte", NULL);
  open_labels (w, labels, n);
  w->pictures = open_stream (w, w->pictures_path);
  if (w->pictures)
    put_header (w, w->pictures, dimensions, rank);
  if (!w->error)
    return w;
  g_propagate_error (error, g_steal_pointer (&w->error));
  idx_writer_free (w);
  return NULL;
}

void
idx_writer_add (IdxWriter *w, const guint8 *pixels, int label)
{
  guint8 byte = (guint8) label;
  put (w, w->pictures, pixels, w->size);
  if (w->labels)
    put (w, w->labels, &byte, 1);
}

gboolean
idx_writer_finish (IdxWriter *w, GError **error)
{
  if (!w->error)
    g_output_stream_close (w->pictures, NULL, &w->error);
  if (!w->error && w->labels)
    g_output_stream_close (w->labels, NULL, &w->error);
  if (!w->error)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&w->error));
  return FALSE;
}

/* Ends a stream, whose file stays as it was unless it was closed. */
static void
drop (GOutputStream *stream)
{
  g_autoptr (GCancellable) never = g_cancellable_new ();
  if (!stream)
    return;
  g_cancellable_cancel (never);
  if (!g_output_stream_is_closed (stream))
    g_output_stream_close (stream, never, NULL);
  g_object_unref (stream);
}

void
idx_writer_free (IdxWriter *w)
{
  if (!w)
    return;
  drop (w->pictures);
  drop (w->labels);
  g_clear_error (&w->error);
  g_free (w->pictures_path);
  g_free (w->labels_path);
  g_free (w);
}

const char *
idx_writer_path (const IdxWriter *w)
{
  return w->pictures_path;
}
