/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The fuzz corpus of coded streams (AE_TEST_CORPUS), and what chance makes of
 * it, in pipelines: each ends, with an error or at its end. */
#include "plugin_test.h"

#include "codec_mend.h"
#include "mutate.h"

#define MUTATIONS 200
#define MAX_PIXELS (256 * 256)

static const gchar *const middles[] = { "aedecode model-file=%s", "aeparse",
  "aeparse ! aedecode model-file=%s" };

static CodecMend
mend_for (const gchar *file)
{
  CodecMend mend = { .most_pixels = 0 };
  AeError error;
  AeModel *model;
  AeCodec *codec;

  ck_assert_int_eq (ae_model_load (&model, file, &error), AE_OK);
  ck_assert_int_eq (ae_codec_new (&codec, model, &error), AE_OK);
  ae_codec_id (codec, mend.id);
  ae_codec_unref (&codec);
  ae_model_unref (&model);
  return mend;
}

/* In pieces of up to `most` bytes. */
static void
push (GstElement *source, const guint8 *bytes, gsize size, gsize most,
    Mutations *m)
{
  GstFlowReturn flow = GST_FLOW_OK;

  for (gsize at = 0, n; at < size && flow == GST_FLOW_OK; at += n) {
    n = MIN (1 + mutate_pick (m, most), size - at);
    GstBuffer *piece = gst_buffer_new_memdup (bytes + at, n);
    g_signal_emit_by_name (source, "push-buffer", piece, &flow);
    gst_buffer_unref (piece);
  }
  g_signal_emit_by_name (source, "end-of-stream", &flow);
}

/* The error that the pipeline ends with; NULL at its end. To be freed. */
static gchar *
play (const gchar *middle, const guint8 *bytes, gsize size, Mutations *m)
{
  gchar *line = g_strdup_printf ("appsrc name=s max-bytes=0 caps=video/x-ae ! "
                                 "%s ! fakesink sync=false",
      middle);
  GstElement *pipeline = gst_parse_launch (line, NULL);
  GstElement *source = gst_bin_get_by_name (GST_BIN (pipeline), "s");
  GstBus *bus = gst_element_get_bus (pipeline);

  gst_element_set_state (pipeline, GST_STATE_PLAYING);
  push (source, bytes, size, mutate_pick (m, 2) ? size : 20, m);
  GstMessage *message = gst_bus_timed_pop_filtered (
      bus, 30 * GST_SECOND, GST_MESSAGE_ERROR | GST_MESSAGE_EOS);
  ck_assert_msg (message != NULL, "%s hangs", line);
  gchar *text = NULL;
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
    GError *error;
    gst_message_parse_error (message, &error, &text);
    g_error_free (error);
  }
  gst_message_unref (message);
  gst_element_set_state (pipeline, GST_STATE_NULL);
  gst_object_unref (bus);
  gst_object_unref (source);
  gst_object_unref (pipeline);
  g_free (line);
  return text;
}

/* What a picture of any size would need is not what is tried here. */
static void
play_mutations (const gchar *middle, const gchar *name, const guint8 *bytes,
    gsize size, CodecMend mend)
{
  Mutations m = mutations (name);
  gsize room = size + 256;
  guint8 *changed = g_malloc (room);

  for (guint i = 0; i < MUTATIONS; i++) {
    memcpy (changed, bytes, size);
    gsize n = mutate (&m, changed, size, room);
    mend.checksums = i % 2;
    codec_mend (&mend, changed, n);
    if (n > 0 && mend.most_pixels <= MAX_PIXELS)
      g_free (play (middle, changed, n, &m));
  }
  g_free (changed);
}

static void
play_file (const gchar *middle, const gchar *name, CodecMend mend)
{
  gchar *path = g_build_filename (g_getenv ("AE_TEST_CORPUS"), name, NULL);
  gchar *bytes;
  gsize size;
  Mutations m = mutations (name);

  ck_assert (g_file_get_contents (path, &bytes, &size, NULL));
  codec_mend (&mend, (guint8 *) bytes, size);
  gchar *text = play (middle, (guint8 *) bytes, size, &m);
  ck_assert_msg (text == NULL || !g_str_has_prefix (name, "ok-"),
      "%s ! %s: %s", name, middle, text);
  play_mutations (middle, name, (guint8 *) bytes, size, mend);
  g_free (text);
  g_free (bytes);
  g_free (path);
}

GST_START_TEST (test_corpus_plays)
{
  const gchar *file = g_getenv ("AE_TEST_CODEC"), *name;
  gchar *middle = g_strdup_printf (middles[__i__], file);
  gchar *line = g_strdup_printf ("aedecode model-file=%s", file);
  GstHarness *holder = gst_harness_new_parse (line); /* of the model */
  GDir *dir = g_dir_open (g_getenv ("AE_TEST_CORPUS"), 0, NULL);
  CodecMend mend = mend_for (file);
  guint n = 0;

  ck_assert (dir != NULL);
  for (; (name = g_dir_read_name (dir)) != NULL; n++)
    play_file (middle, name, mend);
  ck_assert_uint_gt (n, 0);
  g_dir_close (dir);
  gst_harness_teardown (holder);
  g_free (line);
  g_free (middle);
}
GST_END_TEST;

static Suite *
hostile_suite (void)
{
  Suite *s = suite_create ("hostile streams");
  TCase *tc = tcase_create ("hostile streams");

  suite_add_tcase (s, tc);
  tcase_set_timeout (tc, 280);
  tcase_add_loop_test (tc, test_corpus_plays, 0, G_N_ELEMENTS (middles));
  return s;
}

int
main (int argc, char **argv)
{
  return plugin_test_run (argc, argv, hostile_suite);
}
