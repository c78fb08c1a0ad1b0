/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What holds for every element of the plugin; the list is the plugin's own,
 * so that a new element is tested the day it is added. */

#include "plugin_test.h"

#include <ctype.h>
#include <string.h>

static GList *
factories (void)
{
  GList *list = gst_registry_get_feature_list_by_plugin (
      gst_registry_get (), "autoencoder");
  GList *found = NULL;

  for (GList *l = list; l != NULL; l = l->next)
    if (GST_IS_ELEMENT_FACTORY (l->data))
      found = g_list_prepend (found, gst_object_ref (l->data));
  gst_plugin_feature_list_free (list);
  ck_assert_msg (found != NULL, "the plugin or its elements are missing");
  return found;
}

/* Those that take a stream. */
static GList *
sinks (void)
{
  GList *all = factories (), *found = NULL;

  for (GList *l = all; l != NULL; l = l->next) {
    GstElement *element = gst_element_factory_create (l->data, NULL);
    GstPad *pad = gst_element_get_static_pad (element, "sink");
    if (pad != NULL)
      found = g_list_prepend (found, gst_object_ref (l->data));
    gst_clear_object (&pad);
    gst_object_unref (element);
  }
  gst_plugin_feature_list_free (all);
  ck_assert (found != NULL);
  return found;
}

/* One picture of one pixel. */
static void
give_picture (GstElement *source)
{
  static const gchar idx[] = { 0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1,
    9 };
  gchar *path = plugin_test_path ("one-picture");

  ck_assert (g_file_set_contents (path, idx, sizeof idx, NULL));
  g_object_set (source, "location", path, NULL);
  g_free (path);
}

static GstElement *
make (GstElementFactory *factory)
{
  GstElement *element = gst_element_factory_create (factory, NULL);

  ck_assert (element != NULL);
  /* Where an element must be told a file to write, it is. */
  if (strcmp (GST_OBJECT_NAME (factory), "aetrain") == 0) {
    gchar *path = plugin_test_path ("written.onnx");
    g_object_set (element, "model-file", path, "recipe", "denoise-fast", NULL);
    g_free (path);
  }
  if (strcmp (GST_OBJECT_NAME (factory), "aefilter") == 0) {
    gchar *path = g_build_filename (
        g_getenv ("AE_TEST_FILTERS"), "filter_blur.onnx", NULL);
    g_object_set (element, "model-file", path, NULL);
    g_free (path);
  }
  if (strcmp (GST_OBJECT_NAME (factory), "idxsrc") == 0)
    give_picture (element);
  return element;
}

static gboolean
lacks (const gchar *text)
{
  return text == NULL || text[0] == '\0';
}

GST_START_TEST (test_elements_say_what_they_are)
{
  static const gchar *const keys[] = { GST_ELEMENT_METADATA_LONGNAME,
    GST_ELEMENT_METADATA_DESCRIPTION, GST_ELEMENT_METADATA_AUTHOR,
    GST_ELEMENT_METADATA_KLASS };
  GList *list = factories ();

  for (GList *l = list; l != NULL; l = l->next) {
    const gchar *name = GST_OBJECT_NAME (l->data);
    for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
      ck_assert_msg (!lacks (gst_element_factory_get_metadata (l->data,
                         keys[i])),
          "%s has no %s", name, keys[i]);
    const gchar *klass = gst_element_factory_get_metadata (
        l->data, GST_ELEMENT_METADATA_KLASS);
    ck_assert_msg (strchr (klass, '/') != NULL, "%s: class %s", name, klass);
    ck_assert_int_ge (gst_element_factory_get_num_pad_templates (l->data), 1);
  }
  gst_plugin_feature_list_free (list);
}
GST_END_TEST;

GST_START_TEST (test_properties_have_names_and_blurbs)
{
  GList *list = factories ();

  for (GList *l = list; l != NULL; l = l->next) {
    GstElement *element = make (l->data);
    guint n;
    GParamSpec **specs
        = g_object_class_list_properties (G_OBJECT_GET_CLASS (element), &n);
    for (guint i = 0; i < n; i++) {
      if (specs[i]->owner_type != G_OBJECT_TYPE (element))
        continue;
      const gchar *blurb = g_param_spec_get_blurb (specs[i]);
      ck_assert_msg (blurb != NULL && strlen (blurb) > 20, "%s: %s",
          GST_OBJECT_NAME (l->data), specs[i]->name);
      ck_assert_msg (!lacks (g_param_spec_get_nick (specs[i])), "%s: %s",
          GST_OBJECT_NAME (l->data), specs[i]->name);
      ck_assert_msg (islower (specs[i]->name[0])
              && strchr (specs[i]->name, '_') == NULL,
          "%s: %s", GST_OBJECT_NAME (l->data), specs[i]->name);
    }
    g_free (specs);
    gst_object_unref (element);
  }
  gst_plugin_feature_list_free (list);
}
GST_END_TEST;

/* The smallest, the largest and the default value of a property's type; FALSE
 * when `which` has no such value. */
static gboolean
extreme (GParamSpec *spec, guint which, GValue *value)
{
#define CASE(TYPE, type) \
  if (G_IS_PARAM_SPEC_##TYPE (spec)) { \
    g_value_set_##type (value, which == 0 \
            ? G_PARAM_SPEC_##TYPE (spec)->minimum \
            : G_PARAM_SPEC_##TYPE (spec)->maximum); \
    return TRUE; \
  }
  if (which == 2) {
    g_param_value_set_default (spec, value);
    return TRUE;
  }
  CASE (INT, int)
  CASE (UINT, uint)
  CASE (INT64, int64)
  CASE (UINT64, uint64)
  CASE (FLOAT, float)
  CASE (DOUBLE, double)
#undef CASE
  if (G_IS_PARAM_SPEC_BOOLEAN (spec)) {
    g_value_set_boolean (value, which);
    return TRUE;
  }
  if (G_IS_PARAM_SPEC_ENUM (spec)) {
    GEnumClass *class = G_PARAM_SPEC_ENUM (spec)->enum_class;
    g_value_set_enum (
        value, class->values[which == 0 ? 0 : class->n_values - 1].value);
    return TRUE;
  }
  if (G_IS_PARAM_SPEC_STRING (spec)) {
    g_value_set_string (value, which == 0 ? "" : "/some/where");
    return TRUE;
  }
  return FALSE;
}

GST_START_TEST (test_properties_keep_every_value_of_their_range)
{
  GList *list = factories ();

  for (GList *l = list; l != NULL; l = l->next) {
    GstElement *element = make (l->data);
    guint n;
    GParamSpec **specs
        = g_object_class_list_properties (G_OBJECT_GET_CLASS (element), &n);
    for (guint i = 0; i < n; i++) {
      if (specs[i]->owner_type != G_OBJECT_TYPE (element))
        continue;
      for (guint which = 0; which < 3; which++) {
        GValue in = G_VALUE_INIT, out = G_VALUE_INIT;
        g_value_init (&in, specs[i]->value_type);
        g_value_init (&out, specs[i]->value_type);
        gboolean has = extreme (specs[i], which, &in);
        if (has && (specs[i]->flags & G_PARAM_WRITABLE))
          g_object_set_property (G_OBJECT (element), specs[i]->name, &in);
        g_object_get_property (G_OBJECT (element), specs[i]->name, &out);
        if (has && (specs[i]->flags & G_PARAM_WRITABLE))
          ck_assert_msg (
              g_param_values_cmp (specs[i], &in, &out) == 0, "%s: %s, %u",
              GST_OBJECT_NAME (l->data), specs[i]->name, which);
        g_value_unset (&in);
        g_value_unset (&out);
      }
    }
    g_free (specs);
    gst_object_unref (element);
  }
  gst_plugin_feature_list_free (list);
}
GST_END_TEST;

GST_START_TEST (test_elements_go_up_and_down_repeatedly)
{
  static const GstState walk[] = { GST_STATE_READY, GST_STATE_PAUSED,
    GST_STATE_PLAYING, GST_STATE_PAUSED, GST_STATE_READY, GST_STATE_PAUSED,
    GST_STATE_NULL, GST_STATE_PLAYING, GST_STATE_READY, GST_STATE_NULL };
  GList *list = factories ();

  for (GList *l = list; l != NULL; l = l->next) {
    GstElement *element = make (l->data);
    for (guint round = 0; round < 5; round++)
      for (gsize i = 0; i < G_N_ELEMENTS (walk); i++)
        ck_assert_msg (gst_element_set_state (element, walk[i])
                == GST_STATE_CHANGE_SUCCESS,
            "%s: to %s", GST_OBJECT_NAME (l->data),
            gst_element_state_get_name (walk[i]));
    gst_object_unref (element);
  }
  gst_plugin_feature_list_free (list);
}
GST_END_TEST;

static gpointer
state_storm (gpointer data)
{
  GRand *rand = g_rand_new_with_seed (GPOINTER_TO_UINT (g_thread_self ()));

  for (guint i = 0; i < 200; i++)
    gst_element_set_state (
        data, (GstState) g_rand_int_range (rand, GST_STATE_NULL,
                  GST_STATE_PLAYING + 1));
  g_rand_free (rand);
  return NULL;
}

GST_START_TEST (test_two_threads_may_change_the_state)
{
  GList *list = factories ();

  for (GList *l = list; l != NULL; l = l->next) {
    GstElement *element = make (l->data);
    GThread *one = g_thread_new ("one", state_storm, element);
    GThread *two = g_thread_new ("two", state_storm, element);
    g_thread_join (one);
    g_thread_join (two);
    ck_assert_int_eq (gst_element_set_state (element, GST_STATE_NULL),
        GST_STATE_CHANGE_SUCCESS);
    gst_object_unref (element);
  }
  gst_plugin_feature_list_free (list);
}
GST_END_TEST;

static GstEvent *
new_caps_event (GstCaps *caps)
{
  GstEvent *event = gst_event_new_caps (caps);

  gst_caps_unref (caps);
  return event;
}

/* Events in orders that no well-behaved element sends. */
GST_START_TEST (test_odd_orders_of_events_do_no_harm)
{
  GList *list = sinks ();

  for (GList *l = list; l != NULL; l = l->next) {
    GstElement *element = make (l->data);
    GstHarness *h = gst_harness_new_with_element (element, "sink", "src");
    GstSegment segment;
    gst_segment_init (&segment, GST_FORMAT_TIME);
    gst_harness_push_event (h, gst_event_new_flush_start ());
    gst_harness_push_event (h, gst_event_new_flush_stop (TRUE));
    gst_harness_push_event (h, gst_event_new_stream_start ("a"));
    gst_harness_push_event (h, gst_event_new_segment (&segment));
    gst_harness_push_event (h, gst_event_new_gap (0, GST_SECOND));
    gst_harness_push (h, gst_buffer_new_allocate (NULL, 10, NULL));
    gst_harness_push_upstream_event (h, gst_event_new_reconfigure ());
    gst_harness_push_upstream_event (
        h, gst_event_new_navigation (gst_structure_new_empty ("x")));
    gst_harness_push_event (h, gst_event_new_eos ());
    gst_harness_push_event (h, gst_event_new_eos ());
    gst_harness_push (h, gst_buffer_new ());
    gst_harness_push_event (h, gst_event_new_flush_start ());
    gst_harness_push_event (h, gst_event_new_flush_stop (TRUE));
    gst_harness_push_event (h, gst_event_new_stream_start ("b"));
    gst_harness_push_event (
        h, new_caps_event (plugin_test_caps ("I420", 32, 32)));
    gst_harness_push_event (h, gst_event_new_segment (&segment));
    gst_harness_push_event (h, gst_event_new_gap (0, GST_SECOND));
    gst_harness_push (h, gst_buffer_new ());
    gst_harness_push_event (h, gst_event_new_stream_start ("c"));
    gst_harness_push_event (h, gst_event_new_eos ());
    gst_harness_push (h, gst_buffer_new ());
    gst_harness_teardown (h);
    gst_object_unref (element);
  }
  gst_plugin_feature_list_free (list);
}
GST_END_TEST;

GST_START_TEST (test_wrong_caps_are_refused)
{
  static const gchar *const bad[] = {
    "video/x-raw, format=I420, width=0, height=10, framerate=30/1",
    "video/x-raw, format=I420, width=10, framerate=30/1",
    "video/x-raw, format=I420, width=2147483647, height=2147483647, "
    "framerate=30/1",
    "video/x-raw, format=UYVY, width=10, height=10, framerate=30/1",
    "video/x-raw, width=10, height=10, framerate=30/1",
    "video/x-raw(memory:DMABuf), format=I420, width=10, height=10, "
    "framerate=30/1",
    "audio/x-raw",
  };
  GList *list = sinks ();

  for (GList *l = list; l != NULL; l = l->next) {
    for (gsize i = 0; i < G_N_ELEMENTS (bad); i++) {
      GstElement *element = make (l->data);
      GstHarness *h = gst_harness_new_with_element (element, "sink", "src");
      gst_harness_set_src_caps (h, gst_caps_from_string (bad[i]));
      ck_assert_msg (gst_harness_push (h, gst_buffer_new_allocate (
                         NULL, 1000, NULL))
              == GST_FLOW_NOT_NEGOTIATED,
          "%s takes %s", GST_OBJECT_NAME (l->data), bad[i]);
      gst_harness_teardown (h);
      gst_object_unref (element);
    }
  }
  gst_plugin_feature_list_free (list);
}
GST_END_TEST;

static gboolean
takes (GstElement *element, GstCaps *caps)
{
  GstPadTemplate *sink = gst_element_class_get_pad_template (
      GST_ELEMENT_GET_CLASS (element), "sink");
  GstCaps *all = gst_pad_template_get_caps (sink);
  gboolean meet = gst_caps_can_intersect (all, caps);

  gst_caps_unref (all);
  return meet;
}

/* Frame rate 0/1 (a still picture, or a variable rate) is no reason to fail. */
GST_START_TEST (test_a_variable_frame_rate_is_taken)
{
  GList *list = sinks ();

  for (GList *l = list; l != NULL; l = l->next) {
    GstElement *element = make (l->data);
    GstHarness *h = gst_harness_new_with_element (element, "sink", "src");
    GstVideoInfo info;
    GstCaps *caps = plugin_test_caps ("I420", 32, 32);
    gst_caps_set_simple (
        caps, "framerate", GST_TYPE_FRACTION, 0, 1, NULL);
    ck_assert (gst_video_info_from_caps (&info, caps));
    if (takes (element, caps)) {
      gst_harness_set_src_caps (h, caps);
      ck_assert_int_eq (
          gst_harness_push (h, plugin_test_picture (&info, 1)), GST_FLOW_OK);
      gst_buffer_unref (gst_harness_pull (h));
    } else {
      gst_caps_unref (caps);
    }
    gst_harness_teardown (h);
    gst_object_unref (element);
  }
  gst_plugin_feature_list_free (list);
}
GST_END_TEST;

static Suite *
elements_suite (void)
{
  Suite *s = suite_create ("elements");
  TCase *tc = tcase_create ("all");

  suite_add_tcase (s, tc);
  tcase_add_test (tc, test_elements_say_what_they_are);
  tcase_add_test (tc, test_properties_have_names_and_blurbs);
  tcase_add_test (tc, test_properties_keep_every_value_of_their_range);
  tcase_add_test (tc, test_elements_go_up_and_down_repeatedly);
  tcase_add_test (tc, test_two_threads_may_change_the_state);
  tcase_add_test (tc, test_odd_orders_of_events_do_no_harm);
  tcase_add_test (tc, test_wrong_caps_are_refused);
  tcase_add_test (tc, test_a_variable_frame_rate_is_taken);
  return s;
}

int
main (int argc, char **argv)
{
  return plugin_test_run (argc, argv, elements_suite);
}
