/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "anomaly_csv.h"

#include <string.h>

/* A field with quotes where it needs them. */
static void
add_text (GString *csv, const char *text)
{
  if (!strpbrk (text, ",\"\n")) {
    g_string_append (csv, text);
    return;
  }
  g_string_append_c (csv, '"');
  for (; *text; text++)
    g_string_append (csv, *text == '"' ? "\"\"" : (char[]) { *text, 0 });
  g_string_append_c (csv, '"');
}

static void
add_track (GString *csv, const AnomalyTrack *t)
{
  for (guint i = 0; i < anomaly_track_length (t); i++) {
    add_text (csv, t->name);
    g_string_append_printf (
        csv, ",%u,%d,%d", i, t->unusual->data[i], t->ready->data[i]);
    for (int c = 0; c < AE_N_CHANNELS; c++)
      g_string_append_printf (csv, ",%.9g", anomaly_track_score (t, c, i));
    g_string_append_c (csv, '\n');
  }
}

gboolean
anomaly_csv_save (const GPtrArray *tracks, const char *path, GError **error)
{
  g_autoptr (GString) csv = g_string_new ("clip,frame,unusual,ready");
  for (int c = 0; c < AE_N_CHANNELS; c++)
    g_string_append_printf (csv, ",%s", ae_channel_name ((AeChannel) c));
  g_string_append_c (csv, '\n');
  for (guint i = 0; i < tracks->len; i++)
    add_track (csv, g_ptr_array_index (tracks, i));
  return g_file_set_contents (path, csv->str, (gssize) csv->len, error);
}
