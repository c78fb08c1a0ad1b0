/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "idxfile.h"

#include "aeerror.h"

#include <gio/gio.h>
#include <string.h>

#define UNSIGNED_BYTES 0x08
#define MOST_DIMENSIONS 4
#define MOST_SIDE 16384

typedef struct {
  const gchar *path, *wanted;
  GInputStream *stream;
  AeError *error;
} Reader;

static gboolean G_GNUC_PRINTF (3, 4)
refuse (const Reader *r, AeStatus status, const gchar *format, ...)
{
  va_list args;
  va_start (args, format);
  gchar *text = g_strdup_vprintf (format, args);
  va_end (args);
  gst_ae_error_set (r->error, status, "%s: %s, wanted %s", r->path, text,
      r->wanted);
  g_free (text);
  return FALSE;
}

static gboolean
is_regular (const Reader *r, GFile *file)
{
  GError *local = NULL;
  GFileInfo *info = g_file_query_info (file,
      G_FILE_ATTRIBUTE_STANDARD_TYPE, G_FILE_QUERY_INFO_NONE, NULL, &local);

  if (info == NULL) {
    gboolean missing
        = g_error_matches (local, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
    refuse (r, missing ? AE_ERROR_NOT_FOUND : AE_ERROR_IO, "%s",
        missing ? "found no such file" : local->message);
    g_error_free (local);
    return FALSE;
  }
  gboolean regular = g_file_info_get_file_type (info) == G_FILE_TYPE_REGULAR;
  g_object_unref (info);
  return regular
         || refuse (r, AE_ERROR_IO, "found a folder, pipe or device");
}

static gboolean
open_plain (Reader *r, GFile *file)
{
  GError *local = NULL;
  GFileInputStream *stream = g_file_read (file, NULL, &local);

  if (stream == NULL) {
    refuse (r, AE_ERROR_IO, "%s", local->message);
    g_error_free (local);
    return FALSE;
  }
  GInputStream *buffered
      = g_buffered_input_stream_new (G_INPUT_STREAM (stream));
  g_object_unref (stream);
  r->stream = buffered;
  return TRUE;
}

/* By its first two bytes. */
static void
decompress (Reader *r)
{
  GBufferedInputStream *plain = G_BUFFERED_INPUT_STREAM (r->stream);
  gsize n = 0;

  g_buffered_input_stream_fill (plain, 2, NULL, NULL);
  const guint8 *first = g_buffered_input_stream_peek_buffer (plain, &n);
  if (n < 2 || first[0] != 0x1f || first[1] != 0x8b)
    return;
  GZlibDecompressor *gzip
      = g_zlib_decompressor_new (G_ZLIB_COMPRESSOR_FORMAT_GZIP);
  GInputStream *unpacked
      = g_converter_input_stream_new (r->stream, G_CONVERTER (gzip));
  g_object_unref (gzip);
  g_object_unref (r->stream);
  r->stream = unpacked;
}

/* FALSE when there are fewer than n bytes; `what` they are. */
static gboolean
read_bytes (const Reader *r, gpointer to, gsize n, const gchar *what)
{
  GError *local = NULL;
  gsize found = 0;

  if (!g_input_stream_read_all (r->stream, to, n, &found, NULL, &local)) {
    refuse (r, AE_ERROR_FORMAT, "%s", local->message);
    g_error_free (local);
    return FALSE;
  }
  return found == n
         || refuse (r, AE_ERROR_FORMAT,
             "found %" G_GSIZE_FORMAT " bytes of %s, which has %"
             G_GSIZE_FORMAT, found, what, n);
}

static gboolean
read_header (const Reader *r, guint least, guint most, guint32 *dimensions,
    guint *n)
{
  guint8 magic[4];

  if (!read_bytes (r, magic, sizeof magic, "the first number"))
    return FALSE;
  if (magic[0] != 0 || magic[1] != 0 || magic[2] != UNSIGNED_BYTES)
    return refuse (r, AE_ERROR_FORMAT,
        "found the bytes %02x %02x %02x %02x at the start, not 00 00 08",
        magic[0], magic[1], magic[2], magic[3]);
  *n = magic[3];
  if (*n < least || *n > most)
    return refuse (r, AE_ERROR_FORMAT, "found %u as the number of dimensions", *n);
  if (!read_bytes (r, dimensions, *n * sizeof *dimensions, "the dimensions"))
    return FALSE;
  for (guint i = 0; i < *n; i++)
    dimensions[i] = GUINT32_FROM_BE (dimensions[i]);
  return TRUE;
}

static gboolean
check_size (const Reader *r, const GstAeIdxFile *idx)
{
  if (idx->n == 0 || idx->width == 0 || idx->height == 0)
    return refuse (r, AE_ERROR_FORMAT, "found %u of %ux%u, which is nothing",
        idx->n, idx->width, idx->height);
  if (idx->width > MOST_SIDE || idx->height > MOST_SIDE)
    return refuse (r, AE_ERROR_LIMIT,
        "found %ux%u pixels, more than %d to a side", idx->width, idx->height,
        MOST_SIDE);
  if (idx->channels != 1 && idx->channels != 3)
    return refuse (
        r, AE_ERROR_FORMAT, "found %u channels, not 1 or 3", idx->channels);
  guint64 bytes = (guint64) gst_ae_idx_file_size (idx) * idx->n;
  if (bytes > GST_AE_IDX_MOST_BYTES)
    return refuse (r, AE_ERROR_LIMIT,
        "found %" G_GUINT64_FORMAT " bytes, more than %" G_GUINT64_FORMAT,
        bytes, GST_AE_IDX_MOST_BYTES);
  return TRUE;
}

/* Memory is asked for as it is filled: a header alone takes none. */
static gboolean
read_data (const Reader *r, GstAeIdxFile *idx)
{
  gsize wanted = gst_ae_idx_file_size (idx) * idx->n;
  GByteArray *data = g_byte_array_new ();
  guint8 piece[65536];

  while (data->len < wanted) {
    gsize n = MIN (sizeof piece, wanted - data->len);
    gssize found = g_input_stream_read (r->stream, piece, n, NULL, NULL);
    if (found <= 0)
      break;
    g_byte_array_append (data, piece, (guint) found);
  }
  if (data->len == wanted) {
    idx->data = g_byte_array_free_to_bytes (data);
    return TRUE;
  }
  refuse (r, AE_ERROR_FORMAT,
      "found %u bytes of data, not %u x %u x %u x %u", data->len, idx->n,
      idx->height, idx->width, idx->channels);
  g_byte_array_unref (data);
  return FALSE;
}

static gboolean
check_end (const Reader *r)
{
  guint8 more;
  GError *local = NULL;
  gssize found = g_input_stream_read (r->stream, &more, 1, NULL, &local);

  if (found > 0)
    return refuse (
        r, AE_ERROR_FORMAT, "found more data than its header says");
  if (found < 0) { /* the end of what is packed is missing or damaged */
    refuse (r, AE_ERROR_FORMAT, "%s", local->message);
    g_error_free (local);
  }
  return found == 0;
}

static gboolean
read_all (const Reader *r, GstAeIdxFile *idx, guint least, guint most)
{
  guint32 d[MOST_DIMENSIONS] = { 0, 1, 1, 1 };
  guint n = 0;

  if (!read_header (r, least, most, d, &n))
    return FALSE;
  *idx = (GstAeIdxFile){ .n = d[0], .height = n > 1 ? d[1] : 1,
    .width = n > 2 ? d[2] : 1, .channels = n > 3 ? d[3] : 1 };
  if (!check_size (r, idx) || !read_data (r, idx))
    return FALSE;
  if (check_end (r))
    return TRUE;
  gst_ae_idx_file_clear (idx);
  return FALSE;
}

static gboolean
read_file (GstAeIdxFile *idx, const gchar *path, const gchar *wanted,
    guint least, guint most, AeError *error)
{
  Reader r = { path, wanted, NULL, error };
  GFile *file = g_file_new_for_path (path);
  gboolean good = is_regular (&r, file) && open_plain (&r, file);

  g_object_unref (file);
  if (good) {
    decompress (&r);
    good = read_all (&r, idx, least, most);
  }
  g_clear_object (&r.stream);
  return good;
}

gboolean
gst_ae_idx_file_read_pictures (
    GstAeIdxFile *idx, const gchar *path, AeError *error)
{
  return read_file (
      idx, path, "an idx file of pictures (N x H x W bytes)", 3, 4, error);
}

gboolean
gst_ae_idx_file_read_labels (
    GstAeIdxFile *idx, const gchar *path, AeError *error)
{
  return read_file (idx, path, "an idx file of labels (N bytes)", 1, 1, error);
}

void
gst_ae_idx_file_clear (GstAeIdxFile *idx)
{
  g_clear_pointer (&idx->data, g_bytes_unref);
  *idx = (GstAeIdxFile){ 0 };
}

gsize
gst_ae_idx_file_size (const GstAeIdxFile *idx)
{
  return (gsize) idx->height * idx->width * idx->channels;
}

gchar *
gst_ae_idx_labels_path (const gchar *path)
{
  gchar *folder = g_path_get_dirname (path);
  gchar *name = g_path_get_basename (path);
  GString *other = g_string_new (name);
  guint changed = g_string_replace (other, "images", "labels", 1);
  gchar *found = NULL;

  if (g_string_replace (other, "idx3", "idx1", 1) == 0)
    g_string_replace (other, "idx4", "idx1", 1);
  if (changed == 1)
    found = g_build_filename (folder, other->str, NULL);
  g_string_free (other, TRUE);
  g_free (folder);
  g_free (name);
  return found;
}
