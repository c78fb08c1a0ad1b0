/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef DISCRIMINATE_HARNESS_H
#define DISCRIMINATE_HARNESS_H

/* What the tests of `gandiscriminate` share: a stream that is quiet but for a
 * bright square, which comes and jumps about. Nothing depends on what the
 * detector finds but: quiet has a low score, the square a high one. */

#include "anomaly_scene.h"
#include "plugin_test.h"

#include <string.h>

#define SIZE 128
#define SQUARE 48
/* Every frame is scored before it passes. */
#define EACH \
  "gandiscriminate inference-interval=1 n-threads=1 light-change-guard=false "

typedef struct {
  GstHarness *h;
  GstElement *element; /* gandiscriminate itself */
  GstBus *bus;
  GstVideoInfo info;
  guint n; /* frames so far */
} Scene;

static inline void
scene_caps (Scene *s, const gchar *format, gint width, gint height)
{
  GstCaps *caps = plugin_test_caps (format, width, height);

  ck_assert (gst_video_info_from_caps (&s->info, caps));
  gst_harness_set_src_caps (s->h, caps);
}

static inline void
scene_open_bare (Scene *s, const gchar *launch)
{
  memset (s, 0, sizeof *s);
  s->h = gst_harness_new_parse (launch);
  s->element = gst_harness_find_element (s->h, "gandiscriminate");
  s->bus = gst_bus_new ();
  gst_element_set_bus (s->h->element, s->bus);
}

static inline void
scene_open (Scene *s, const gchar *launch)
{
  scene_open_bare (s, launch);
  scene_caps (s, "GRAY8", SIZE, SIZE);
}

static inline void
scene_close (Scene *s)
{
  gst_element_set_bus (s->h->element, NULL);
  gst_object_unref (s->bus);
  gst_object_unref (s->element);
  gst_harness_teardown (s->h);
}

/* The ground from brightness `level` on; x < 0: no square. GRAY8. */
static inline GstBuffer *
scene_picture (Scene *s, gint level, gint x, gint y)
{
  gint width = s->info.width, height = s->info.height;
  gint stride = GST_VIDEO_INFO_PLANE_STRIDE (&s->info, 0);
  GstBuffer *buffer
      = gst_buffer_new_allocate (NULL, GST_VIDEO_INFO_SIZE (&s->info), NULL);
  GstMapInfo map;

  ck_assert (gst_buffer_map (buffer, &map, GST_MAP_WRITE));
  for (gint r = 0; r < height; r++)
    for (gint c = 0; c < width; c++) {
      gboolean in = x >= 0 && c >= x && c < x + SQUARE && r >= y
          && r < y + SQUARE;
      map.data[r * stride + c] = in ? 255
          : level + anomaly_scene_ground ((gdouble) c / width,
              (gdouble) r / height);
    }
  gst_buffer_unmap (buffer, &map);
  GST_BUFFER_PTS (buffer) = gst_util_uint64_scale (s->n, GST_SECOND, 30);
  GST_BUFFER_DURATION (buffer) = GST_SECOND / 30;
  s->n++;
  return buffer;
}

static inline GstBuffer *
scene_push (Scene *s, GstBuffer *buffer)
{
  ck_assert_int_eq (gst_harness_push (s->h, buffer), GST_FLOW_OK);
  GstBuffer *out = gst_harness_try_pull (s->h);
  ck_assert (out != NULL);
  return out;
}

static inline GstBuffer *
scene_quiet (Scene *s)
{
  return scene_push (s, scene_picture (s, 60, -1, -1));
}

/* Jumps between two places of the left half, or the right one. */
static inline GstBuffer *
scene_loud_at (Scene *s, gboolean right)
{
  gint x = (right ? SIZE / 2 + 4 : 4) + (s->n % 2) * 6;

  return scene_push (s, scene_picture (s, 60, x, (s->n % 2) * 70));
}

static inline GstBuffer *
scene_loud (Scene *s)
{
  return scene_loud_at (s, FALSE);
}

static inline void
scene_run (Scene *s, guint quiet, guint loud)
{
  for (guint i = 0; i < quiet; i++)
    gst_buffer_unref (scene_quiet (s));
  for (guint i = 0; i < loud; i++)
    gst_buffer_unref (scene_loud (s));
}

static inline const GstStructure *
scene_meta (GstBuffer *buffer)
{
  GstCustomMeta *meta
      = gst_buffer_get_custom_meta (buffer, "GstAeAnomalyMeta");

  ck_assert (meta != NULL);
  return gst_custom_meta_get_structure (meta);
}

/* Takes the buffer. */
static inline gdouble
scene_score (GstBuffer *buffer, gboolean *inferred)
{
  const GstStructure *s = scene_meta (buffer);
  gdouble score = -1;

  ck_assert (gst_structure_get (s, "score", G_TYPE_DOUBLE, &score, NULL));
  if (inferred != NULL)
    ck_assert (gst_structure_get_boolean (s, "inferred", inferred));
  ck_assert (score >= 0 && score <= 1);
  gst_buffer_unref (buffer);
  return score;
}

static inline guint64
scene_stat (Scene *s, const gchar *field)
{
  GstStructure *stats = NULL;
  guint64 value = 0;

  g_object_get (s->element, "stats", &stats, NULL);
  ck_assert (gst_structure_get_uint64 (stats, field, &value));
  gst_structure_free (stats);
  return value;
}

static inline void
scene_set (Scene *s, const gchar *property, const gchar *value)
{
  gst_util_set_object_arg (G_OBJECT (s->element), property, value);
}

/* The next element message of that name, or NULL; to be freed. */
static inline GstStructure *
scene_message (Scene *s, const gchar *name)
{
  GstMessage *message;

  while ((message = gst_bus_pop_filtered (s->bus, GST_MESSAGE_ELEMENT))) {
    GstStructure *found = NULL;
    if (gst_message_has_name (message, name))
      found = gst_structure_copy (gst_message_get_structure (message));
    gst_message_unref (message);
    if (found != NULL)
      return found;
  }
  return NULL;
}

/* The events of all messages, a letter each: "bue". */
static inline gchar *
scene_events (Scene *s)
{
  GString *letters = g_string_new (NULL);
  GstStructure *m;

  while ((m = scene_message (s, "gandiscriminate"))) {
    g_string_append_c (letters, gst_structure_get_string (m, "event")[0]);
    gst_structure_free (m);
  }
  return g_string_free (letters, FALSE);
}

static inline void
scene_expect_events (Scene *s, const gchar *wanted)
{
  gchar *found = scene_events (s);

  ck_assert_str_eq (found, wanted);
  g_free (found);
}

/* A warning or an error within some seconds, whose text holds `says`. */
static inline void
scene_expect_trouble (Scene *s, GstMessageType type, GQuark domain, gint code,
    const gchar *says)
{
  GstMessage *message
      = gst_bus_timed_pop_filtered (s->bus, 5 * GST_SECOND, type);
  GError *error = NULL;

  ck_assert_msg (message != NULL, "no message with \"%s\"", says);
  if (type == GST_MESSAGE_ERROR)
    gst_message_parse_error (message, &error, NULL);
  else
    gst_message_parse_warning (message, &error, NULL);
  ck_assert_msg (strstr (error->message, says) != NULL,
      "\"%s\" is missing: %s", says, error->message);
  ck_assert_msg (error->domain == domain && error->code == code,
      "%s, %d: %s", g_quark_to_string (error->domain), error->code,
      error->message);
  g_error_free (error);
  gst_message_unref (message);
}

static inline void
scene_expect_no_trouble (Scene *s)
{
  GstMessage *message = gst_bus_pop_filtered (
      s->bus, GST_MESSAGE_ERROR | GST_MESSAGE_WARNING);

  ck_assert_msg (message == NULL, "%s",
      message ? gst_structure_to_string (gst_message_get_structure (message))
              : "");
}

#endif
