/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What `gandiscriminate` does to frames - nothing - and what it says of them:
 * metas, messages, JSON lines. */

#include "discriminate_harness.h"

#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <png.h>

static const gchar *const formats[] = { "I420", "YV12", "NV12", "NV21", "Y42B",
  "Y444", "GRAY8", "RGB", "BGR", "RGBx", "BGRx", "xRGB", "xBGR", "RGBA",
  "BGRA", "ARGB", "ABGR", "I420_10LE", "P010_10LE" };

GST_START_TEST (test_every_format_passes_untouched)
{
  for (gsize f = 0; f < G_N_ELEMENTS (formats); f++) {
    Scene s;
    scene_open_bare (&s, EACH);
    scene_caps (&s, formats[f], 65, 65);
    for (guint i = 0; i < 3; i++) {
      GstBuffer *in = plugin_test_picture (&s.info, i);
      if (i == 2)
        in = plugin_test_pad (in, &s.info, 14, TRUE);
      GST_BUFFER_PTS (in) = i * GST_SECOND / 30;
      GstBuffer *wanted = plugin_test_picture (&s.info, i);
      GstBuffer *out = scene_push (&s, in);
      ck_assert_ptr_eq (out, in);
      plugin_test_assert_same (out, wanted, &s.info, formats[f]);
      scene_score (out, NULL);
      gst_buffer_unref (wanted);
    }
    ck_assert_uint_eq (scene_stat (&s, "processed"), 3);
    scene_close (&s);
  }
}
GST_END_TEST;

/* As behind a tee: another holds the buffer too. */
GST_START_TEST (test_a_shared_buffer_keeps_its_memory_and_gets_no_metas)
{
  static const gchar *const intervals[] = { "1", "0" };

  for (gsize i = 0; i < G_N_ELEMENTS (intervals); i++) {
    Scene s;
    scene_open (&s, EACH);
    scene_set (&s, "inference-interval", intervals[i]);
    for (guint frame = 0; frame < 6; frame++) {
      GstBuffer *in = scene_picture (&s, 60, -1, -1);
      GstBuffer *out = scene_push (&s, gst_buffer_ref (in));
      ck_assert_ptr_ne (in, out);
      ck_assert_uint_eq (gst_buffer_n_memory (out), 1);
      ck_assert_ptr_eq (
          gst_buffer_peek_memory (in, 0), gst_buffer_peek_memory (out, 0));
      ck_assert (gst_buffer_get_custom_meta (in, "GstAeAnomalyMeta") == NULL);
      ck_assert_uint_eq (GST_BUFFER_PTS (in), GST_BUFFER_PTS (out));
      scene_score (out, NULL);
      gst_buffer_unref (in);
    }
    scene_close (&s);
  }
}
GST_END_TEST;

GST_START_TEST (test_times_flags_and_metas_are_kept)
{
  Scene s;

  scene_open (&s, EACH);
  GstBuffer *in = scene_picture (&s, 60, -1, -1);
  GST_BUFFER_OFFSET (in) = 123;
  GST_BUFFER_FLAG_SET (in, GST_VIDEO_BUFFER_FLAG_INTERLACED);
  gst_buffer_add_video_region_of_interest_meta (in, "face", 1, 2, 3, 4);
  GstBuffer *out = scene_push (&s, in);
  ck_assert_uint_eq (GST_BUFFER_PTS (out), 0);
  ck_assert_uint_eq (GST_BUFFER_DURATION (out), GST_SECOND / 30);
  ck_assert_uint_eq (GST_BUFFER_OFFSET (out), 123);
  ck_assert (GST_BUFFER_FLAG_IS_SET (out, GST_VIDEO_BUFFER_FLAG_INTERLACED));
  ck_assert (gst_buffer_get_video_region_of_interest_meta (out) != NULL);
  gst_buffer_unref (out);
  scene_close (&s);
}
GST_END_TEST;

GST_START_TEST (test_the_first_frame_has_no_score_quiet_a_low_loud_a_high_one)
{
  Scene s;
  gboolean inferred = TRUE;

  scene_open (&s, EACH);
  ck_assert (scene_score (scene_quiet (&s), &inferred) == 0);
  ck_assert (!inferred);
  scene_run (&s, 20, 0);
  ck_assert (scene_score (scene_quiet (&s), &inferred) < 0.3);
  ck_assert (inferred);
  scene_run (&s, 0, 2);
  ck_assert (scene_score (scene_loud (&s), &inferred) > 0.6);
  ck_assert (inferred);
  scene_close (&s);
}
GST_END_TEST;

static guint64
get_uint64 (const GstStructure *s, const gchar *field)
{
  guint64 value = 0;

  ck_assert_msg (gst_structure_get_uint64 (s, field, &value), "%s", field);
  return value;
}

static gdouble
get_double (const GstStructure *s, const gchar *field)
{
  gdouble value = 0;

  ck_assert_msg (gst_structure_get_double (s, field, &value), "%s", field);
  return value;
}

static void
check_message (const GstStructure *m, const gchar *event, guint64 id)
{
  gint x, y, w, h;

  ck_assert_str_eq (gst_structure_get_string (m, "event"), event);
  ck_assert_uint_eq (get_uint64 (m, "event-id"), id);
  ck_assert (gst_structure_get (m, "x", G_TYPE_INT, &x, "y", G_TYPE_INT, &y,
      "w", G_TYPE_INT, &w, "h", G_TYPE_INT, &h, NULL));
  ck_assert (w > 0 && h > 0 && x >= 0 && y >= 0);
  ck_assert (x + w <= SIZE && y + h <= SIZE);
  ck_assert (x < SIZE / 2); /* that is where the square is */
  ck_assert (get_double (m, "threshold") == 0.5);
  ck_assert (get_double (m, "peak-score") >= 0.5);
  ck_assert (get_double (m, "raw-score") >= 0);
  ck_assert_uint_eq (
      get_uint64 (m, "running-time"), get_uint64 (m, "timestamp"));
  ck_assert_uint_eq (
      get_uint64 (m, "stream-time"), get_uint64 (m, "timestamp"));
  ck_assert_uint_eq (get_uint64 (m, "duration"), GST_SECOND / 30);
}

GST_START_TEST (test_an_event_begins_goes_on_and_ends_with_an_id)
{
  Scene s;

  scene_open (&s, EACH "hold-time=400000000");
  for (guint64 id = 1; id <= 2; id++) {
    static const gchar *const steps[] = { "begin", "update", "end" };
    scene_run (&s, 30, 40);
    scene_run (&s, 60, 0);
    for (gsize i = 0; i < G_N_ELEMENTS (steps); i++) {
      GstStructure *m = scene_message (&s, "gandiscriminate");
      ck_assert (m != NULL);
      check_message (m, steps[i], id);
      if (i == 2) {
        ck_assert (get_uint64 (m, "event-duration") > GST_SECOND);
        ck_assert (get_uint64 (m, "event-duration") < 2 * GST_SECOND);
      }
      gst_structure_free (m);
    }
    scene_expect_events (&s, "");
  }
  scene_close (&s);
}
GST_END_TEST;

GST_START_TEST (test_messages_are_what_is_asked_for)
{
  static const struct {
    const gchar *what;
    guint least, most;
  } cases[] = { { "none", 0, 0 }, { "events", 1, 2 }, { "all", 40, 40 } };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    Scene s;
    scene_open (&s, EACH);
    scene_set (&s, "post-messages", cases[i].what);
    scene_run (&s, 30, 10);
    gchar *events = scene_events (&s);
    ck_assert_uint_ge (strlen (events), cases[i].least);
    ck_assert_uint_le (strlen (events), cases[i].most);
    g_free (events);
    scene_close (&s);
  }
}
GST_END_TEST;

GST_START_TEST (test_a_frame_without_score_has_no_place_and_no_event)
{
  Scene s;
  gint x = 1, w = 1;

  scene_open (&s, EACH "post-messages=all");
  scene_run (&s, 1, 0);
  GstStructure *m = scene_message (&s, "gandiscriminate");
  ck_assert (m != NULL);
  ck_assert (gst_structure_get (m, "x", G_TYPE_INT, &x, "w", G_TYPE_INT, &w,
      NULL));
  ck_assert (x == 0 && w == 0);
  ck_assert_str_eq (gst_structure_get_string (m, "zone"), "");
  ck_assert_str_eq (gst_structure_get_string (m, "event"), "none");
  ck_assert_uint_eq (get_uint64 (m, "event-id"), 0);
  ck_assert_uint_eq (get_uint64 (m, "event-start"), GST_CLOCK_TIME_NONE);
  gst_structure_free (m);
  scene_close (&s);
}
GST_END_TEST;

GST_START_TEST (test_each_channel_can_be_the_score)
{
  static const gchar *const channels[] = { "fused", "discriminator",
    "reconstruction", "latent", "motion" };

  for (gsize i = 0; i < G_N_ELEMENTS (channels); i++) {
    Scene s;
    scene_open (&s, EACH);
    scene_set (&s, "score", channels[i]);
    scene_run (&s, 20, 0);
    scene_score (scene_loud (&s), NULL);
    scene_expect_no_trouble (&s);
    scene_close (&s);
  }
}
GST_END_TEST;

/* As it is by default, live: frames that a score comes too late for have the
 * last one, and what is odd is found all the same, if later. */
GST_START_TEST (test_a_live_stream_is_scored_as_long_as_it_is_in_time)
{
  Scene s;
  GstStructure *m = NULL;
  guint n = 0;

  scene_open (&s, "gandiscriminate light-change-guard=false");
  for (; m == NULL && n < 2000; n++) {
    gst_buffer_unref (n < 25 ? scene_quiet (&s) : scene_loud (&s));
    g_usleep (5000);
    m = scene_message (&s, "gandiscriminate");
  }
  ck_assert_msg (m != NULL, "no event in %u frames", n);
  ck_assert_str_eq (gst_structure_get_string (m, "event"), "begin");
  ck_assert_uint_ge (n, 25);
  gst_structure_free (m);
  ck_assert_uint_ge (scene_stat (&s, "processed"), 2);
  scene_close (&s);
}
GST_END_TEST;

GST_START_TEST (test_the_meta_holds_the_grid_and_survives_a_copy)
{
  Scene s;
  gint columns = 0, rows = 0;
  GBytes *grid = NULL;
  gsize size;
  gfloat most = 0;

  scene_open (&s, EACH);
  scene_run (&s, 20, 3);
  GstBuffer *out = scene_loud (&s);
  GstBuffer *copy = gst_buffer_copy_deep (out);
  const GstStructure *m = scene_meta (copy);
  ck_assert (gst_structure_get (m, "columns", G_TYPE_INT, &columns, "rows",
      G_TYPE_INT, &rows, "grid", G_TYPE_BYTES, &grid, NULL));
  const gfloat *scores = g_bytes_get_data (grid, &size);
  ck_assert_uint_eq (size, sizeof (gfloat) * columns * rows);
  for (gint i = 0; i < columns * rows; i++) {
    ck_assert (scores[i] >= 0 && scores[i] <= 1);
    most = MAX (most, scores[i]);
  }
  ck_assert (most > 0.5f);
  ck_assert_uint_eq (strlen (gst_structure_get_string (m, "model-id")), 32);
  g_bytes_unref (grid);
  gst_buffer_unref (copy);
  gst_buffer_unref (out);
  scene_close (&s);
}
GST_END_TEST;

GST_START_TEST (test_a_region_of_interest_is_there_while_an_event_is_on)
{
  Scene s;

  scene_open (&s, EACH);
  scene_run (&s, 20, 0);
  GstBuffer *out = scene_quiet (&s);
  ck_assert (gst_buffer_get_video_region_of_interest_meta (out) == NULL);
  gst_buffer_unref (out);
  scene_run (&s, 0, 2);
  out = scene_loud (&s);
  GstVideoRegionOfInterestMeta *roi
      = gst_buffer_get_video_region_of_interest_meta (out);
  ck_assert (roi != NULL);
  ck_assert_str_eq (g_quark_to_string (roi->roi_type), "anomaly");
  const GstStructure *d
      = gst_video_region_of_interest_meta_get_param (roi, "detection");
  ck_assert (d != NULL);
  ck_assert (get_double (d, "confidence") > 0.5);
  ck_assert (
      ABS (get_double (d, "x_min") * SIZE - (gdouble) roi->x) < 0.01);
  ck_assert (ABS (get_double (d, "y_max") * SIZE
                 - (gdouble) (roi->y + roi->h))
      < 0.01);
  ck_assert (get_double (d, "x_max") <= 1);
  ck_assert (gst_structure_has_field_typed (d, "label_id", G_TYPE_INT));
  gst_buffer_unref (out);
  scene_close (&s);
}
GST_END_TEST;

GST_START_TEST (test_overlays_are_drawn_but_not_into_shared_pixels)
{
  static const gchar *const overlays[] = { "score", "heatmap" };

  for (gsize i = 0; i < G_N_ELEMENTS (overlays); i++) {
    Scene s;
    scene_open (&s, EACH);
    scene_set (&s, "overlay", overlays[i]);
    scene_run (&s, 20, 2);
    guint n = s.n;
    GstBuffer *in = scene_picture (&s, 60, 4, 4);
    s.n = n;
    GstBuffer *untouched = scene_picture (&s, 60, 4, 4);
    GstBuffer *out = scene_push (&s, gst_buffer_ref (in));
    plugin_test_assert_same (in, untouched, &s.info, "what others hold");
    GByteArray *a = plugin_test_pixels (in, &s.info);
    GByteArray *b = plugin_test_pixels (out, &s.info);
    ck_assert (memcmp (a->data, b->data, a->len) != 0);
    g_byte_array_unref (a);
    g_byte_array_unref (b);
    gst_buffer_unref (in);
    gst_buffer_unref (out);

    /* In place, where nobody else has the buffer. */
    in = scene_picture (&s, 60, 30, 60);
    GstMemory *memory = gst_buffer_peek_memory (in, 0);
    out = scene_push (&s, in);
    ck_assert_ptr_eq (memory, gst_buffer_peek_memory (out, 0));
    gst_buffer_unref (out);
    gst_buffer_unref (untouched);
    scene_close (&s);
  }
}
GST_END_TEST;

GST_START_TEST (test_an_interval_scores_every_so_manyth_frame)
{
  Scene s;

  scene_open (&s, "gandiscriminate inference-interval=3");
  scene_run (&s, 60, 0);
  guint64 skipped = scene_stat (&s, "skipped");
  gdouble last = -1;
  for (guint i = 0; i < 18; i++) {
    gboolean inferred = FALSE;
    gdouble score = scene_score (
        i < 9 ? scene_quiet (&s) : scene_loud (&s), &inferred);
    ck_assert_int_eq (inferred, i % 3 == 0);
    ck_assert (inferred || score == last);
    last = score;
  }
  ck_assert_uint_eq (scene_stat (&s, "processed"), 26);
  ck_assert_uint_eq (scene_stat (&s, "skipped"), skipped + 12);
  ck_assert_uint_eq (scene_stat (&s, "dropped"), 0);
  scene_close (&s);
}
GST_END_TEST;

/* Of 60 frames per second a model for 30 looks at every second one. */
GST_START_TEST (test_frames_too_soon_for_the_model_have_the_last_score)
{
  Scene s;
  guint n = 0;

  scene_open (&s, EACH "post-messages=none");
  g_signal_emit_by_name (s.element, "recalibrate", 2);
  for (guint i = 0; i < 130; i++) {
    gboolean inferred;
    GstBuffer *in = scene_picture (&s, 60, -1, -1);
    GST_BUFFER_PTS (in) = gst_util_uint64_scale (i, GST_SECOND, 60);
    GST_BUFFER_DURATION (in) = GST_SECOND / 60;
    scene_score (scene_push (&s, in), &inferred);
    ck_assert_int_eq (inferred, i > 0 && i % 2 == 0);
  }
  ck_assert_uint_eq (scene_stat (&s, "processed"), 65);
  ck_assert_uint_eq (scene_stat (&s, "skipped"), 66);
  GstStructure *m = scene_message (&s, "gandiscriminate-calibration");
  ck_assert (m != NULL);
  ck_assert (gst_structure_get_uint (m, "scores", &n));
  ck_assert_uint_ge (n, 59);
  ck_assert_uint_le (n, 62);
  gst_structure_free (m);
  scene_close (&s);
}
GST_END_TEST;

#define RIGHT "right:0.5,0 1,0 1,1 0.5,1"
/* Optical flow finds motion beside what jumps too. */
#define NO_FLOW "score=reconstruction "

GST_START_TEST (test_only_zones_count_and_are_named)
{
  Scene s;

  scene_open (&s, EACH NO_FLOW);
  scene_set (&s, "zones", RIGHT);
  /* Taken over while the stream runs, as every setting. */
  g_usleep (200000);
  scene_run (&s, 30, 20);
  scene_expect_events (&s, "");
  for (guint i = 0; i < 20; i++)
    gst_buffer_unref (scene_quiet (&s));
  scene_expect_events (&s, "");
  for (guint i = 0; i < 5; i++)
    gst_buffer_unref (scene_loud_at (&s, TRUE));
  GstStructure *m = scene_message (&s, "gandiscriminate");
  ck_assert (m != NULL);
  ck_assert_str_eq (gst_structure_get_string (m, "event"), "begin");
  ck_assert_str_eq (gst_structure_get_string (m, "zone"), "right");
  gst_structure_free (m);
  scene_close (&s);
}
GST_END_TEST;

static void
write_mask (const gchar *path, guint width, guint height)
{
  png_image image = { .version = PNG_IMAGE_VERSION };
  guint8 *pixels = g_malloc (width * height);

  for (guint i = 0; i < width * height; i++)
    pixels[i] = i % width < width / 2 ? 0 : 255;
  image.width = width;
  image.height = height;
  image.format = PNG_FORMAT_GRAY;
  ck_assert (png_image_write_to_file (&image, path, 0, pixels, 0, NULL));
  g_free (pixels);
}

GST_START_TEST (test_a_mask_of_another_size_hides_its_dark_half)
{
  Scene s;
  gchar *path = plugin_test_path ("half.png");
  gchar *launch = g_strdup_printf (EACH NO_FLOW "mask-file=%s", path);

  write_mask (path, 16, 16);
  scene_open (&s, launch);
  scene_run (&s, 30, 20);
  scene_expect_events (&s, "");
  scene_run (&s, 20, 0);
  for (guint i = 0; i < 5; i++)
    gst_buffer_unref (scene_loud_at (&s, TRUE));
  gchar *events = scene_events (&s);
  ck_assert_int_eq (events[0], 'b');
  g_free (events);
  scene_close (&s);
  g_remove (path);
  g_free (launch);
  g_free (path);
}
GST_END_TEST;

GST_START_TEST (test_json_lines_tell_of_frames_and_events)
{
  Scene s;
  gchar *path = plugin_test_path ("scores.jsonl"), *text = NULL;
  gchar *launch = g_strdup_printf (
      EACH "hold-time=100000000 json-location=%s", path);
  guint frames = 0, inferred = 0;
  GString *events = g_string_new (NULL);

  scene_open (&s, launch);
  scene_run (&s, 20, 10);
  scene_run (&s, 20, 0);
  ck_assert_uint_eq (scene_stat (&s, "json-dropped"), 0);
  scene_close (&s);
  ck_assert (g_file_get_contents (path, &text, NULL, NULL));
  gchar **lines = g_strsplit (g_strchomp (text), "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++) {
    JsonNode *node = json_from_string (lines[i], NULL);
    ck_assert_msg (node != NULL, "no JSON: %s", lines[i]);
    JsonObject *o = json_node_get_object (node);
    if (strcmp (json_object_get_string_member (o, "type"), "frame") == 0) {
      JsonObject *channels = json_object_get_object_member (o, "channels");
      ck_assert_uint_eq (json_object_get_size (channels), 5);
      ck_assert (json_object_get_double_member (channels, "fused")
          == json_object_get_double_member (o, "score"));
      ck_assert_int_eq (json_object_get_int_member (o, "pts"),
          gst_util_uint64_scale (frames, GST_SECOND, 30));
      inferred += json_object_get_boolean_member (o, "inferred");
      frames++;
    } else {
      g_string_append_c (
          events, json_object_get_string_member (o, "event")[0]);
      ck_assert_int_eq (json_object_get_int_member (o, "event-id"), 1);
      ck_assert_str_eq (json_object_get_string_member (o, "zone"), "");
    }
    json_node_unref (node);
  }
  ck_assert_uint_eq (frames, 50);
  ck_assert_uint_lt (inferred, 50); /* not the first */
  ck_assert_uint_ge (inferred, 30);
  ck_assert_str_eq (events->str, "be");
  g_string_free (events, TRUE);
  g_strfreev (lines);
  g_remove (path);
  g_free (launch);
  g_free (text);
  g_free (path);
}
GST_END_TEST;

/* A lamp that is switched on. */
GST_START_TEST (test_no_event_begins_while_the_light_jumps)
{
  static const gchar *const guards[] = { "true", "false" };

  for (guint i = 0; i < 2; i++) {
    Scene s;
    scene_open (&s, EACH);
    scene_set (&s, "light-change-guard", guards[i]);
    scene_run (&s, 40, 0);
    gst_buffer_unref (scene_push (&s, scene_picture (&s, 200, -1, -1)));
    gchar *events = scene_events (&s);
    if (i == 0)
      ck_assert_str_eq (events, "");
    g_free (events);
    scene_close (&s);
  }
}
GST_END_TEST;

GST_START_TEST (test_a_recalibration_sets_the_scale_anew)
{
  Scene s;
  guint n = 0;

  scene_open (&s, EACH "post-messages=none");
  scene_run (&s, 10, 0);
  /* From now on the square is normal. */
  scene_run (&s, 0, 10);
  gdouble before = scene_score (scene_loud (&s), NULL);
  g_signal_emit_by_name (s.element, "recalibrate", 2);
  scene_run (&s, 0, 70);
  GstStructure *m = scene_message (&s, "gandiscriminate-calibration");
  ck_assert (m != NULL);
  ck_assert (gst_structure_get_uint (m, "scores", &n));
  ck_assert_uint_ge (n, 59);
  ck_assert_uint_le (n, 62);
  ck_assert (get_double (m, "seconds") == 2);
  ck_assert (gst_structure_has_field (m, "raw-threshold"));
  gst_structure_free (m);
  gdouble after = scene_score (scene_loud (&s), NULL);
  ck_assert_msg (after < before, "%g, then %g", before, after);
  scene_expect_no_trouble (&s);

  /* Too short, cut by the end: a warning, and the scale stays. */
  g_signal_emit_by_name (s.element, "recalibrate", 60);
  scene_run (&s, 0, 5);
  gst_harness_push_event (s.h, gst_event_new_eos ());
  scene_expect_trouble (&s, GST_MESSAGE_WARNING, GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_SETTINGS, "expected 30 scores or more, found 5");
  g_signal_emit_by_name (s.element, "recalibrate", 0);
  scene_expect_trouble (&s, GST_MESSAGE_WARNING, GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_SETTINGS, "found 0");
  gst_element_set_state (s.h->element, GST_STATE_READY);
  g_signal_emit_by_name (s.element, "recalibrate", 3);
  scene_expect_trouble (&s, GST_MESSAGE_WARNING, GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_SETTINGS, "stream that runs");
  scene_close (&s);
}
GST_END_TEST;

static gboolean
save_calibration (Scene *s, const gchar *location)
{
  gboolean saved = FALSE;

  g_signal_emit_by_name (s->element, "save-calibration", location, &saved);
  return saved;
}

GST_START_TEST (test_a_recalibration_can_be_saved)
{
  Scene s;
  gchar *path = plugin_test_path ("calibrated.onnx");
  gchar *launch = g_strdup_printf (EACH "model-file=%s", path);

  scene_open (&s, EACH "post-messages=none");
  scene_run (&s, 10, 0);
  g_signal_emit_by_name (s.element, "recalibrate", 2);
  scene_run (&s, 0, 80);
  gdouble changed = scene_score (scene_loud (&s), NULL);
  ck_assert (save_calibration (&s, path));
  ck_assert (save_calibration (&s, path)); /* replaces it */
  scene_expect_no_trouble (&s);
  ck_assert (!save_calibration (&s, "/not/there/model.onnx"));
  scene_expect_trouble (&s, GST_MESSAGE_WARNING, GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_OPEN_WRITE, "/not/there");
  ck_assert (!save_calibration (&s, NULL));
  scene_expect_trouble (&s, GST_MESSAGE_WARNING, GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_SETTINGS, "expected a path");
  gst_element_set_state (s.h->element, GST_STATE_READY);
  ck_assert (!save_calibration (&s, path));
  scene_expect_trouble (&s, GST_MESSAGE_WARNING, GST_RESOURCE_ERROR,
      GST_RESOURCE_ERROR_SETTINGS, "an element that is started");
  scene_close (&s);

  scene_open (&s, launch); /* the same scene: the same scores */
  scene_run (&s, 10, 80);
  gdouble loaded = scene_score (scene_loud (&s), NULL);
  ck_assert_msg (ABS (loaded - changed) < 1e-6, "%g, then %g", changed,
      loaded);
  scene_close (&s);
  g_free (launch);
  g_free (path);
}
GST_END_TEST;

GST_START_TEST (test_the_threshold_says_what_is_an_event)
{
  Scene s;

  /* Nothing reaches 1; everything is at 0 or above. */
  scene_open (&s, EACH "threshold=1 false-alarms-per-hour=0.000001");
  scene_run (&s, 20, 0);
  scene_expect_events (&s, "");
  scene_set (&s, "threshold", "0");
  scene_run (&s, 5, 0);
  gchar *events = scene_events (&s);
  ck_assert_int_eq (events[0], 'b');
  g_free (events);
  scene_close (&s);
}
GST_END_TEST;

static Suite *
discriminate_suite (void)
{
  Suite *s = suite_create ("discriminate");
  TCase *tc = tcase_create ("discriminate");

  suite_add_tcase (s, tc);
  tcase_add_test (tc, test_every_format_passes_untouched);
  tcase_add_test (
      tc, test_a_shared_buffer_keeps_its_memory_and_gets_no_metas);
  tcase_add_test (tc, test_times_flags_and_metas_are_kept);
  tcase_add_test (
      tc, test_the_first_frame_has_no_score_quiet_a_low_loud_a_high_one);
  tcase_add_test (tc, test_an_event_begins_goes_on_and_ends_with_an_id);
  tcase_add_test (tc, test_messages_are_what_is_asked_for);
  tcase_add_test (
      tc, test_a_frame_without_score_has_no_place_and_no_event);
  tcase_add_test (tc, test_each_channel_can_be_the_score);
  tcase_add_test (tc, test_a_live_stream_is_scored_as_long_as_it_is_in_time);
  tcase_add_test (tc, test_the_meta_holds_the_grid_and_survives_a_copy);
  tcase_add_test (
      tc, test_a_region_of_interest_is_there_while_an_event_is_on);
  tcase_add_test (tc, test_overlays_are_drawn_but_not_into_shared_pixels);
  tcase_add_test (tc, test_an_interval_scores_every_so_manyth_frame);
  tcase_add_test (
      tc, test_frames_too_soon_for_the_model_have_the_last_score);
  tcase_add_test (tc, test_only_zones_count_and_are_named);
  tcase_add_test (tc, test_a_mask_of_another_size_hides_its_dark_half);
  tcase_add_test (tc, test_json_lines_tell_of_frames_and_events);
  tcase_add_test (tc, test_no_event_begins_while_the_light_jumps);
  tcase_add_test (tc, test_a_recalibration_sets_the_scale_anew);
  tcase_add_test (tc, test_a_recalibration_can_be_saved);
  tcase_add_test (tc, test_the_threshold_says_what_is_an_event);
  return s;
}

int
main (int argc, char **argv)
{
  return plugin_test_run (argc, argv, discriminate_suite);
}
