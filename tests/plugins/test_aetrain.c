/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Training from a stream: what is written when, what is said, and that the
 * stream never waits. The network is tiny and trained for a few steps. */

#include "labelmeta.h"
#include "plugin_test.h"

#include <ae/model.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

typedef struct {
  GstHarness *h;
  GstElement *train;
  GstBus *bus;
  GstVideoInfo info;
  gchar *model;
  guint n;
} Training;

/* `settings` follow "aetrain model-file=... recipe=denoise-fast". */
static void
open_training (Training *t, const gchar *settings)
{
  t->model = plugin_test_path ("trained.onnx");
  g_remove (t->model);
  gchar *launch = g_strdup_printf (
      "aetrain model-file=%s recipe=denoise-fast %s", t->model, settings);
  t->h = gst_harness_new_parse (launch);
  g_free (launch);
  t->train = gst_harness_find_element (t->h, "aetrain");
  t->bus = gst_bus_new ();
  t->n = 0;
  gst_element_set_bus (t->h->element, t->bus);

  GstCaps *caps = plugin_test_caps ("I420", 64, 48);
  ck_assert (gst_video_info_from_caps (&t->info, caps));
  gst_harness_set_src_caps (t->h, caps);
}

static void
close_training (Training *t)
{
  gst_element_set_bus (t->h->element, NULL);
  gst_object_unref (t->bus);
  gst_object_unref (t->train);
  gst_harness_teardown (t->h);
  g_remove (t->model);
  g_free (t->model);
}

static void
feed (Training *t, guint frames)
{
  for (guint i = 0; i < frames; i++) {
    GstBuffer *in = plugin_test_picture (&t->info, t->n);
    GST_BUFFER_PTS (in) = gst_util_uint64_scale (t->n++, GST_SECOND, 30);
    GST_BUFFER_DURATION (in) = GST_SECOND / 30;
    ck_assert_int_eq (gst_harness_push (t->h, in), GST_FLOW_OK);
    gst_buffer_unref (gst_harness_pull (t->h));
  }
}

static gchar *
state_of (Training *t)
{
  gint state = 0;

  g_object_get (t->train, "state", &state, NULL);
  GParamSpec *spec
      = g_object_class_find_property (G_OBJECT_GET_CLASS (t->train), "state");
  const GEnumValue *found
      = g_enum_get_value (G_PARAM_SPEC_ENUM (spec)->enum_class, state);
  ck_assert (found != NULL);
  return g_strdup (found->value_nick);
}

/* Until the element says so by itself. */
static void
wait_for_state (Training *t, const gchar *wanted)
{
  for (guint i = 0; i < 2000; i++) {
    gchar *state = state_of (t);
    gboolean there = strcmp (state, wanted) == 0;
    g_free (state);
    if (there)
      return;
    g_usleep (5000);
  }
  ck_abort_msg ("never %s", wanted);
}

static void
assert_loadable_as (const gchar *path, const gchar *task)
{
  AeError error = { 0 };
  AeModel *model = NULL;

  ck_assert_msg (
      ae_model_load (&model, path, &error) == AE_OK, "%s", error.text);
  ck_assert_str_eq (ae_model_meta (model, "ae.task"), task);
  ae_model_unref (&model);
}

static void
assert_loadable (const gchar *path)
{
  assert_loadable_as (path, "denoise");
}

/* The next message of that type, which must be there. */
static GstMessage *
next_message (Training *t, GstMessageType type)
{
  GstMessage *message
      = gst_bus_timed_pop_filtered (t->bus, 10 * GST_SECOND, type);

  ck_assert (message != NULL);
  return message;
}

static void
assert_error (Training *t, GQuark domain, gint code, const gchar *says)
{
  GError *error = NULL;
  GstMessage *message = next_message (t, GST_MESSAGE_ERROR);

  gst_message_parse_error (message, &error, NULL);
  ck_assert_msg (error->domain == domain && error->code == code,
      "%s, %d: %s", g_quark_to_string (error->domain), error->code,
      error->message);
  ck_assert_msg (strstr (error->message, says) != NULL, "%s", error->message);
  g_error_free (error);
  gst_message_unref (message);
}

GST_START_TEST (test_the_end_of_the_stream_waits_for_the_model)
{
  Training t;

  open_training (&t, "steps=5");
  feed (&t, 20);
  ck_assert (gst_harness_push_event (t.h, gst_event_new_eos ()));
  assert_loadable (t.model);
  gchar *state = state_of (&t);
  ck_assert_str_eq (state, "done");
  g_free (state);
  close_training (&t);
}
GST_END_TEST;

GST_START_TEST (test_the_written_model_runs_in_denoise)
{
  Training t;
  GstVideoInfo info;

  open_training (&t, "steps=2");
  feed (&t, 20);
  ck_assert (gst_harness_push_event (t.h, gst_event_new_eos ()));
  gchar *launch = g_strdup_printf ("denoise model-file=%s", t.model);
  GstHarness *h = gst_harness_new_parse (launch);
  GstCaps *caps = plugin_test_caps ("NV12", 33, 17);
  ck_assert (gst_video_info_from_caps (&info, caps));
  gst_harness_set_src_caps (h, caps);
  ck_assert_int_eq (
      gst_harness_push (h, plugin_test_picture (&info, 1)), GST_FLOW_OK);
  gst_buffer_unref (gst_harness_pull (h));
  gst_harness_teardown (h);
  g_free (launch);
  close_training (&t);
}
GST_END_TEST;

GST_START_TEST (test_progress_messages_are_complete)
{
  static const gchar *const times[]
      = { "timestamp", "stream-time", "running-time", "duration" };
  Training t;
  guint n = 0, last = 0;

  open_training (&t, "steps=6 report-interval=0");
  feed (&t, 20);
  ck_assert (gst_harness_push_event (t.h, gst_event_new_eos ()));
  for (;;) {
    GstMessage *message = gst_bus_pop_filtered (t.bus, GST_MESSAGE_ELEMENT);
    if (message == NULL)
      break;
    const GstStructure *s = gst_message_get_structure (message);
    guint64 step, steps, eta, skipped, time;
    gdouble epoch, loss, rate, speed;
    guint frames;
    ck_assert_str_eq (gst_structure_get_name (s), "aetrain");
    for (gsize i = 0; i < G_N_ELEMENTS (times); i++)
      ck_assert_msg (gst_structure_get_uint64 (s, times[i], &time)
              && GST_CLOCK_TIME_IS_VALID (time),
          "%s", times[i]);
    ck_assert (gst_structure_get (s, "step", G_TYPE_UINT64, &step, "steps",
        G_TYPE_UINT64, &steps, "epoch", G_TYPE_DOUBLE, &epoch, "loss",
        G_TYPE_DOUBLE, &loss, "learning-rate", G_TYPE_DOUBLE, &rate,
        "samples-per-second", G_TYPE_DOUBLE, &speed, "eta", G_TYPE_UINT64,
        &eta, "skipped-steps", G_TYPE_UINT64, &skipped, "frames", G_TYPE_UINT,
        &frames, NULL));
    ck_assert_uint_eq (steps, 6);
    ck_assert (step >= last && step <= steps);
    ck_assert (loss > 0 && rate > 0 && speed > 0 && epoch > 0);
    ck_assert (GST_CLOCK_TIME_IS_VALID (eta));
    ck_assert_uint_ge (frames, 16);
    last = step;
    n++;
    if (strcmp (gst_structure_get_string (s, "state"), "done") == 0)
      ck_assert_uint_eq (step, 6);
    gst_message_unref (message);
  }
  ck_assert_uint_eq (last, 6);
  ck_assert_uint_eq (n, 7);
  close_training (&t);
}
GST_END_TEST;

static void
note_state (GObject *object, GParamSpec *spec, GString *states)
{
  gint state = 0;

  g_object_get (object, "state", &state, NULL);
  g_string_append_printf (states, "%s ",
      g_enum_get_value (G_PARAM_SPEC_ENUM (spec)->enum_class, state)
          ->value_nick);
}

GST_START_TEST (test_states_come_in_order)
{
  Training t;
  GString *states = g_string_new (NULL);

  open_training (&t, "steps=3");
  gst_element_set_state (t.h->element, GST_STATE_NULL);
  g_signal_connect (t.train, "notify::state", G_CALLBACK (note_state), states);
  g_string_truncate (states, 0);
  gst_element_set_state (t.h->element, GST_STATE_PLAYING);
  GstCaps *caps = plugin_test_caps ("I420", 64, 48);
  gst_harness_set_src_caps (t.h, caps);
  feed (&t, 20);
  ck_assert (gst_harness_push_event (t.h, gst_event_new_eos ()));
  gst_element_set_state (t.h->element, GST_STATE_NULL);
  ck_assert_str_eq (states->str, "collecting training saving done idle ");
  g_string_free (states, TRUE);
  close_training (&t);
}
GST_END_TEST;

/* Without a step limit worth mentioning. */
#define ENDLESS "steps=1000000000 "

GST_START_TEST (test_stop_ends_the_training_and_writes)
{
  Training t;

  open_training (&t, ENDLESS);
  feed (&t, 20);
  wait_for_state (&t, "training");
  g_usleep (300000);
  g_signal_emit_by_name (t.train, "stop");
  wait_for_state (&t, "done");
  assert_loadable (t.model);
  /* The stream goes on. */
  feed (&t, 3);
  close_training (&t);
}
GST_END_TEST;

GST_START_TEST (test_save_writes_and_the_training_goes_on)
{
  Training t;
  gboolean there = FALSE;

  open_training (&t, ENDLESS);
  feed (&t, 20);
  wait_for_state (&t, "training");
  g_signal_emit_by_name (t.train, "save");
  for (guint i = 0; i < 2000 && !there; i++) {
    there = g_file_test (t.model, G_FILE_TEST_EXISTS);
    g_usleep (5000);
  }
  ck_assert (there);
  assert_loadable (t.model);
  wait_for_state (&t, "training");
  close_training (&t);
}
GST_END_TEST;

/* Whatever the element is doing, it goes down at once and keeps the work. */
GST_START_TEST (test_going_down_is_quick_and_saves)
{
  Training t;

  open_training (&t, ENDLESS);
  feed (&t, 20);
  wait_for_state (&t, "training");
  g_usleep (300000);
  gint64 start = g_get_monotonic_time ();
  ck_assert_int_eq (gst_element_set_state (t.h->element, GST_STATE_NULL),
      GST_STATE_CHANGE_SUCCESS);
  ck_assert (g_get_monotonic_time () - start < G_USEC_PER_SEC);
  assert_loadable (t.model);
  close_training (&t);
}
GST_END_TEST;

static gpointer
push_eos (gpointer data)
{
  Training *t = data;

  gst_harness_push_event (t->h, gst_event_new_eos ());
  return NULL;
}

GST_START_TEST (test_going_down_while_the_end_is_held_back)
{
  Training t;

  open_training (&t, ENDLESS);
  feed (&t, 20);
  GThread *thread = g_thread_new ("eos", push_eos, &t);
  g_usleep (200000);
  gint64 start = g_get_monotonic_time ();
  ck_assert_int_eq (gst_element_set_state (t.h->element, GST_STATE_NULL),
      GST_STATE_CHANGE_SUCCESS);
  ck_assert (g_get_monotonic_time () - start < G_USEC_PER_SEC);
  g_thread_join (thread);
  close_training (&t);
}
GST_END_TEST;

GST_START_TEST (test_a_flush_ends_the_wait_at_the_end)
{
  Training t;

  open_training (&t, ENDLESS);
  feed (&t, 20);
  GThread *thread = g_thread_new ("eos", push_eos, &t);
  g_usleep (200000);
  gst_harness_push_event (t.h, gst_event_new_flush_start ());
  g_thread_join (thread);
  gst_harness_push_event (t.h, gst_event_new_flush_stop (TRUE));
  GstSegment segment;
  gst_segment_init (&segment, GST_FORMAT_TIME);
  gst_harness_push_event (t.h, gst_event_new_segment (&segment));
  feed (&t, 5);
  gchar *state = state_of (&t);
  ck_assert_str_eq (state, "training");
  g_free (state);
  close_training (&t);
}
GST_END_TEST;

GST_START_TEST (test_without_drain_the_end_ends_the_training)
{
  Training t;

  open_training (&t, ENDLESS "drain-at-eos=false");
  feed (&t, 20);
  wait_for_state (&t, "training");
  g_usleep (300000);
  ck_assert (gst_harness_push_event (t.h, gst_event_new_eos ()));
  assert_loadable (t.model);
  close_training (&t);
}
GST_END_TEST;

GST_START_TEST (test_limits_end_the_training)
{
  static const gchar *const limits[]
      = { ENDLESS "epochs=1", ENDLESS "duration=300000000", "steps=2",
          ENDLESS "duration=500000000 num-frames=4" };

  for (gsize i = 0; i < G_N_ELEMENTS (limits); i++) {
    Training t;
    open_training (&t, limits[i]);
    feed (&t, 20);
    wait_for_state (&t, "done");
    assert_loadable (t.model);
    close_training (&t);
  }
}
GST_END_TEST;

GST_START_TEST (test_num_frames_limits_what_is_kept)
{
  Training t;
  guint frames = 0;

  open_training (&t, "steps=2 num-frames=7");
  feed (&t, 30);
  wait_for_state (&t, "done");
  GstMessage *message = next_message (&t, GST_MESSAGE_ELEMENT);
  ck_assert (gst_structure_get_uint (
      gst_message_get_structure (message), "frames", &frames));
  ck_assert_uint_eq (frames, 7);
  gst_message_unref (message);
  close_training (&t);
}
GST_END_TEST;

GST_START_TEST (test_eos_at_done_ends_the_stream)
{
  Training t;
  GstFlowReturn flow = GST_FLOW_OK;

  open_training (&t, "steps=2 eos-at-done=true");
  /* Training may end while frames still come. */
  for (guint i = 0; i < 4000 && flow == GST_FLOW_OK; i++) {
    g_usleep (5000);
    flow = gst_harness_push (t.h, plugin_test_picture (&t.info, i % 20));
  }
  ck_assert_int_eq (flow, GST_FLOW_EOS);
  wait_for_state (&t, "done");
  close_training (&t);
}
GST_END_TEST;

GST_START_TEST (test_buffers_pass_as_they_are)
{
  Training t;

  open_training (&t, "steps=1");
  GstBuffer *in = plugin_test_picture (&t.info, 1);
  GstBuffer *same = plugin_test_picture (&t.info, 1);
  GstBuffer *kept = gst_buffer_ref (in);
  ck_assert_int_eq (gst_harness_push (t.h, in), GST_FLOW_OK);
  GstBuffer *out = gst_harness_pull (t.h);
  ck_assert (out == kept);
  plugin_test_assert_same (out, same, &t.info, "passed");
  gst_buffer_unref (out);
  gst_buffer_unref (kept);
  gst_buffer_unref (same);
  close_training (&t);
}
GST_END_TEST;

/* Feeding a camera's worth of frames takes no longer while steps run. */
GST_START_TEST (test_the_stream_does_not_wait_for_steps)
{
  Training t;

  open_training (&t, ENDLESS);
  feed (&t, 20);
  wait_for_state (&t, "training");
  for (guint i = 0; i < 60; i++) {
    GstBuffer *in = plugin_test_picture (&t.info, i);
    gint64 start = g_get_monotonic_time ();
    ck_assert_int_eq (gst_harness_push (t.h, in), GST_FLOW_OK);
    ck_assert (g_get_monotonic_time () - start < 200000);
    gst_buffer_unref (gst_harness_pull (t.h));
  }
  close_training (&t);
}
GST_END_TEST;

GST_START_TEST (test_a_checkpoint_is_resumed)
{
  Training t;
  gchar *checkpoint = plugin_test_path ("checkpoint");
  gchar *settings = g_strdup_printf ("checkpoint-file=%s steps=4", checkpoint);
  guint64 step = 0;

  g_remove (checkpoint);
  open_training (&t, settings);
  feed (&t, 20);
  ck_assert (gst_harness_push_event (t.h, gst_event_new_eos ()));
  close_training (&t);
  ck_assert (g_file_test (checkpoint, G_FILE_TEST_EXISTS));
  g_free (settings);

  settings = g_strdup_printf (
      "checkpoint-file=%s steps=8 report-interval=0", checkpoint);
  open_training (&t, settings);
  feed (&t, 20);
  ck_assert (gst_harness_push_event (t.h, gst_event_new_eos ()));
  GstMessage *message = next_message (&t, GST_MESSAGE_ELEMENT);
  ck_assert (gst_structure_get_uint64 (
      gst_message_get_structure (message), "step", &step));
  ck_assert_uint_eq (step, 5);
  gst_message_unref (message);
  close_training (&t);

  /* A broken one is refused, training does not start anew. */
  ck_assert (g_file_set_contents (checkpoint, "broken", -1, NULL));
  GstElement *train = gst_element_factory_make ("aetrain", NULL);
  g_object_set (train, "model-file", "/tmp/never.onnx", "recipe",
      "denoise-fast", "checkpoint-file", checkpoint, NULL);
  ck_assert_int_eq (gst_element_set_state (train, GST_STATE_PAUSED),
      GST_STATE_CHANGE_FAILURE);
  gst_element_set_state (train, GST_STATE_NULL);
  gst_object_unref (train);
  g_remove (checkpoint);
  g_free (checkpoint);
  g_free (settings);
}
GST_END_TEST;

GST_START_TEST (test_wrong_settings_are_one_error_at_the_start)
{
  gchar *text = plugin_test_path ("text.ini");
  gchar *good = plugin_test_path ("good.onnx");
  const struct {
    const gchar *model_file, *recipe, *base_model;
    GQuark domain;
    gint code;
    const gchar *says;
  } cases[] = {
    { NULL, "denoise-fast", NULL, GST_RESOURCE_ERROR,
        GST_RESOURCE_ERROR_SETTINGS, "model-file" },
    { "/not/there/x.onnx", "denoise-fast", NULL, GST_RESOURCE_ERROR,
        GST_RESOURCE_ERROR_OPEN_WRITE, "/not/there/x.onnx" },
    { "/tmp", "denoise-fast", NULL, GST_RESOURCE_ERROR,
        GST_RESOURCE_ERROR_OPEN_WRITE, "/tmp" },
    { "/dev/full", "denoise-fast", NULL, GST_RESOURCE_ERROR,
        GST_RESOURCE_ERROR_OPEN_WRITE, "/dev/full" },
    { good, "no-such-recipe", NULL, GST_RESOURCE_ERROR,
        GST_RESOURCE_ERROR_NOT_FOUND, "no-such-recipe" },
    { good, "/not/there.ini", NULL, GST_RESOURCE_ERROR,
        GST_RESOURCE_ERROR_NOT_FOUND, "/not/there.ini" },
    { good, text, NULL, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_READ, text },
    { good, "denoise-fast", "/not/there.onnx", GST_RESOURCE_ERROR,
        GST_RESOURCE_ERROR_NOT_FOUND, "/not/there.onnx" },
    { good, "denoise-fast", text, GST_RESOURCE_ERROR,
        GST_RESOURCE_ERROR_READ, text },
  };

  ck_assert (g_file_set_contents (text, "[nonsense]\nx = 1\n", -1, NULL));
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++) {
    Training t = { .bus = gst_bus_new () };
    t.train = gst_element_factory_make ("aetrain", NULL);
    gst_element_set_bus (t.train, t.bus);
    g_object_set (t.train, "model-file", cases[i].model_file, "recipe",
        cases[i].recipe, "base-model", cases[i].base_model, NULL);
    ck_assert_int_eq (gst_element_set_state (t.train, GST_STATE_PAUSED),
        GST_STATE_CHANGE_FAILURE);
    assert_error (&t, cases[i].domain, cases[i].code, cases[i].says);
    gst_element_set_state (t.train, GST_STATE_NULL);
    gst_element_set_bus (t.train, NULL);
    gst_object_unref (t.train);
    gst_object_unref (t.bus);
  }
  ck_assert (!g_file_test (good, G_FILE_TEST_EXISTS));
  g_remove (text);
  g_free (text);
  g_free (good);
}
GST_END_TEST;

/* Files may not grow: what a full disk does to a writer. */
GST_START_TEST (test_a_full_disk_is_an_error_and_the_old_file_stays)
{
  Training t;
  struct rlimit old_limit, none;
  gchar *before = NULL, *after = NULL;
  gsize size_before = 0, size_after = 0;

  open_training (&t, ENDLESS);
  plugin_test_write_model (t.model, "5");
  ck_assert (g_file_get_contents (t.model, &before, &size_before, NULL));
  feed (&t, 20);
  wait_for_state (&t, "training");
  g_usleep (300000);
  signal (SIGXFSZ, SIG_IGN);
  ck_assert_int_eq (getrlimit (RLIMIT_FSIZE, &old_limit), 0);
  none = old_limit;
  none.rlim_cur = 8;
  ck_assert_int_eq (setrlimit (RLIMIT_FSIZE, &none), 0);
  g_signal_emit_by_name (t.train, "stop");
  wait_for_state (&t, "error");
  ck_assert_int_eq (setrlimit (RLIMIT_FSIZE, &old_limit), 0);

  assert_error (
      &t, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_WRITE, t.model);
  ck_assert (g_file_get_contents (t.model, &after, &size_after, NULL));
  ck_assert_uint_eq (size_before, size_after);
  ck_assert_int_eq (memcmp (before, after, size_after), 0);
  g_free (before);
  g_free (after);
  close_training (&t);
}
GST_END_TEST;

GST_START_TEST (test_frames_that_cannot_be_used_are_said_once)
{
  Training t;
  guint warnings = 0;
  GstMessage *message;

  open_training (&t, "steps=2");
  for (guint i = 0; i < 5; i++) {
    GstBuffer *bad = gst_buffer_new_allocate (NULL, 100, NULL);
    ck_assert_int_eq (gst_harness_push (t.h, bad), GST_FLOW_OK);
    gst_buffer_unref (gst_harness_pull (t.h));
  }
  while ((message = gst_bus_pop_filtered (t.bus, GST_MESSAGE_WARNING))) {
    warnings++;
    gst_message_unref (message);
  }
  ck_assert_uint_eq (warnings, 1);
  feed (&t, 20);
  ck_assert (gst_harness_push_event (t.h, gst_event_new_eos ()));
  assert_loadable (t.model);
  close_training (&t);
}
GST_END_TEST;

GST_START_TEST (test_an_empty_stream_is_a_warning_and_no_file)
{
  Training t;

  open_training (&t, "steps=2");
  ck_assert (gst_harness_push_event (t.h, gst_event_new_eos ()));
  gst_message_unref (next_message (&t, GST_MESSAGE_WARNING));
  ck_assert (!g_file_test (t.model, G_FILE_TEST_EXISTS));
  close_training (&t);
}
GST_END_TEST;

GST_START_TEST (test_sizes_may_change_while_training)
{
  Training t;

  open_training (&t, "steps=4");
  for (guint i = 0; i < 24; i++) {
    GstCaps *caps = plugin_test_caps (i % 2 ? "RGB" : "I420", 40 + i, 60 - i);
    ck_assert (gst_video_info_from_caps (&t.info, caps));
    gst_harness_set_src_caps (t.h, caps);
    feed (&t, 1);
  }
  ck_assert (gst_harness_push_event (t.h, gst_event_new_eos ()));
  assert_loadable (t.model);
  close_training (&t);
}
GST_END_TEST;

/* A codec: messages say what is done while the model is made. */
GST_START_TEST (test_a_codec_is_trained)
{
  Training t;
  gboolean score = FALSE, saving = FALSE;
  GstMessage *message;

  open_training (&t, "recipe=codec steps=4 report-interval=0");
  feed (&t, 10);
  ck_assert (gst_harness_push_event (t.h, gst_event_new_eos ()));
  assert_loadable_as (t.model, "codec");
  while ((message = gst_bus_pop_filtered (t.bus, GST_MESSAGE_ELEMENT))) {
    const GstStructure *s = gst_message_get_structure (message);
    score = score || gst_structure_has_field (s, "rate-distortion");
    ck_assert (!gst_structure_has_field (s, "psnr"));
    saving = saving
        || strcmp (gst_structure_get_string (s, "state"), "saving") == 0;
    gst_message_unref (message);
  }
  ck_assert (score && saving);
  close_training (&t);
}
GST_END_TEST;

/* What frames show comes with them. */
static void
feed_labelled (Training *t, guint frames)
{
  for (guint i = 0; i < frames; i++) {
    GstBuffer *in = plugin_test_picture (&t->info, t->n++);
    gst_ae_label_meta_attach (in, i % 2, i);
    ck_assert_int_eq (gst_harness_push (t->h, in), GST_FLOW_OK);
    gst_buffer_unref (gst_harness_pull (t->h));
  }
}

GST_START_TEST (test_an_autoencoder_is_told_of_labels)
{
  Training t;
  gdouble divergence = 0, score = 0;
  GstMessage *message;
  gchar *path = plugin_test_path ("classes.ini");
  gchar *settings
      = g_strdup_printf ("recipe=%s steps=4 report-interval=0", path);

  ck_assert (g_file_set_contents (path,
      "[model]\ntask = autoencoder\n[autoencoder]\nnet = dense\nwidths = 8\n"
      "latent = 2\ncode = variational\nclasses = 2\nsize = 16x12\n",
      -1, NULL));
  gst_ae_label_meta_register ();
  open_training (&t, settings);
  feed (&t, 1);
  message = next_message (&t, GST_MESSAGE_WARNING);
  gst_message_unref (message);
  feed_labelled (&t, 20);
  ck_assert (gst_harness_push_event (t.h, gst_event_new_eos ()));
  assert_loadable_as (t.model, "autoencoder");
  while ((message = gst_bus_pop_filtered (t.bus, GST_MESSAGE_ELEMENT))) {
    const GstStructure *s = gst_message_get_structure (message);
    GstStructure *figures;
    guint frames = 0;
    ck_assert (gst_structure_get_uint (s, "frames", &frames));
    ck_assert_uint_le (frames, 20);
    gst_structure_get_double (s, "elbo", &score);
    if (gst_structure_get (s, "figures", GST_TYPE_STRUCTURE, &figures, NULL)) {
      gst_structure_get_double (figures, "divergence", &divergence);
      gst_structure_free (figures);
    }
    gst_message_unref (message);
  }
  ck_assert (divergence > 0 && score != 0);
  close_training (&t);
  g_remove (path);
  g_free (path);
  g_free (settings);
}
GST_END_TEST;

static void
assert_sheet (GstSample *sheet, const gchar *path)
{
  GstVideoInfo info;
  gchar *bytes = NULL;
  gsize n;

  ck_assert (sheet != NULL);
  ck_assert (
      gst_video_info_from_caps (&info, gst_sample_get_caps (sheet)));
  ck_assert_int_eq (GST_VIDEO_INFO_FORMAT (&info), GST_VIDEO_FORMAT_GRAY8);
  /* ten columns; two pairs of rows and four of what is drawn */
  ck_assert_int_eq (info.width, 2 + 10 * (16 + 2));
  ck_assert_int_eq (info.height, 2 + 8 * (12 + 2));
  ck_assert_uint_eq (
      gst_buffer_get_size (gst_sample_get_buffer (sheet)), info.size);
  ck_assert (g_file_get_contents (path, &bytes, &n, NULL));
  ck_assert (n > 100 && memcmp (bytes, "\211PNG", 4) == 0);
  g_free (bytes);
}

GST_START_TEST (test_contact_sheets_are_written_and_posted)
{
  Training t;
  GstMessage *message;
  GstSample *sheet = NULL;
  guint n = 0;
  gchar *path = plugin_test_path ("vae.ini");
  gchar *file = plugin_test_path ("sheet.png");
  gchar *settings = g_strdup_printf (
      "recipe=%s steps=4 report-interval=0 sheet-file=%s post-sheets=true",
      path, file);

  ck_assert (g_file_set_contents (path,
      "[model]\ntask = autoencoder\n[autoencoder]\nnet = dense\nwidths = 8\n"
      "latent = 2\ncode = variational\nsize = 16x12\n",
      -1, NULL));
  open_training (&t, settings);
  feed (&t, 20);
  ck_assert (gst_harness_push_event (t.h, gst_event_new_eos ()));
  while ((message = gst_bus_pop_filtered (t.bus, GST_MESSAGE_ELEMENT))) {
    const GstStructure *s = gst_message_get_structure (message);
    if (gst_structure_has_field (s, "sheet")) {
      g_clear_pointer (&sheet, gst_sample_unref);
      gst_structure_get (s, "sheet", GST_TYPE_SAMPLE, &sheet, NULL);
      n++;
    }
    gst_message_unref (message);
  }
  ck_assert_uint_ge (n, 4);
  assert_sheet (sheet, file);
  gst_sample_unref (sheet);
  close_training (&t);
  g_remove (path);
  g_remove (file);
  g_free (path);
  g_free (file);
  g_free (settings);
}
GST_END_TEST;

/* A discriminator that nothing bounds and that learns so fast is soon never
 * wrong. */
GST_START_TEST (test_a_gan_that_goes_wrong_is_said)
{
  Training t;
  GError *said = NULL;
  GstMessage *message;
  gdouble returns = 0, coverage = -1;
  gchar *path = plugin_test_path ("gan.ini");
  gchar *settings
      = g_strdup_printf ("recipe=%s steps=100 report-interval=0", path);

  ck_assert (g_file_set_contents (path,
      "[model]\ntask = gan\n[gan]\nnet = dense\nwidths = 8\nlatent = 4\n"
      "size = 16x12\nwatch = 5\nspectral_limit = 0\ndiscriminator_rate = 0.1\n",
      -1, NULL));
  open_training (&t, settings);
  feed (&t, 20);
  ck_assert (gst_harness_push_event (t.h, gst_event_new_eos ()));
  assert_loadable_as (t.model, "gan");
  message = next_message (&t, GST_MESSAGE_WARNING);
  gst_message_parse_warning (message, &said, NULL);
  ck_assert_msg (strstr (said->message, "back to where it went well") != NULL,
      "%s", said->message);
  g_error_free (said);
  gst_message_unref (message);
  while ((message = gst_bus_pop_filtered (t.bus, GST_MESSAGE_ELEMENT))) {
    const GstStructure *s = gst_message_get_structure (message);
    GstStructure *figures;
    gst_structure_get_double (s, "coverage", &coverage);
    if (gst_structure_get (s, "figures", GST_TYPE_STRUCTURE, &figures, NULL)) {
      gst_structure_get_double (figures, "returns", &returns);
      gst_structure_free (figures);
    }
    gst_message_unref (message);
  }
  ck_assert (returns >= 1 && coverage >= 0);
  close_training (&t);
  g_remove (path);
  g_free (path);
  g_free (settings);
}
GST_END_TEST;

GST_START_TEST (test_a_codec_goes_on_from_a_base_model)
{
  Training t;
  gchar *base = plugin_test_path ("base.onnx");

  open_training (&t, "recipe=codec steps=2");
  feed (&t, 4);
  ck_assert (gst_harness_push_event (t.h, gst_event_new_eos ()));
  ck_assert_int_eq (g_rename (t.model, base), 0);
  close_training (&t);
  gchar *settings
      = g_strdup_printf ("recipe=codec steps=2 base-model=%s", base);
  open_training (&t, settings);
  feed (&t, 4);
  ck_assert (gst_harness_push_event (t.h, gst_event_new_eos ()));
  assert_loadable_as (t.model, "codec");
  close_training (&t);
  g_remove (base);
  g_free (base);
  g_free (settings);
}
GST_END_TEST;

/* Whatever runs: seconds, under a sanitizer too. */
static void
go_down (Training *t)
{
  gint64 start = g_get_monotonic_time ();

  ck_assert_int_eq (gst_element_set_state (t->h->element, GST_STATE_NULL),
      GST_STATE_CHANGE_SUCCESS);
  ck_assert (g_get_monotonic_time () - start < 5 * G_USEC_PER_SEC);
}

/* The model of a codec takes minutes: the checkpoint keeps the work, of which
 * the model is made another time. */
GST_START_TEST (test_going_down_does_not_wait_for_a_codec)
{
  Training t;
  gchar *checkpoint = plugin_test_path ("codec.ckpt");
  gchar *settings = g_strdup_printf (
      "recipe=codec checkpoint-file=%s " ENDLESS, checkpoint);

  g_remove (checkpoint);
  open_training (&t, settings);
  feed (&t, 20);
  wait_for_state (&t, "training");
  g_usleep (300000);
  go_down (&t);
  gst_message_unref (next_message (&t, GST_MESSAGE_WARNING));
  ck_assert (!g_file_test (t.model, G_FILE_TEST_EXISTS));
  ck_assert (g_file_test (checkpoint, G_FILE_TEST_EXISTS));
  close_training (&t);
  g_free (settings);

  settings = g_strdup_printf (
      "recipe=codec checkpoint-file=%s steps=1", checkpoint);
  open_training (&t, settings);
  feed (&t, 10);
  ck_assert (gst_harness_push_event (t.h, gst_event_new_eos ()));
  assert_loadable_as (t.model, "codec");
  close_training (&t);
  g_remove (checkpoint);
  g_free (checkpoint);
  g_free (settings);
}
GST_END_TEST;

GST_START_TEST (test_going_down_while_a_codec_is_made)
{
  static const gchar text[]
      = "[model]\ntask = codec\n"
        "[codec]\nlatents = 64\ncore = 16\nwidths = 8,8\n"
        "context_steps = 1000000\n"
        "[training]\nbatch = 1\npatch = 32\n";
  Training t;
  gchar *recipe = plugin_test_path ("long.ini");
  gchar *settings = g_strdup_printf ("recipe=%s steps=2", recipe);

  ck_assert (g_file_set_contents (recipe, text, -1, NULL));
  open_training (&t, settings);
  feed (&t, 4);
  GThread *thread = g_thread_new ("eos", push_eos, &t);
  wait_for_state (&t, "saving");
  g_usleep (500000);
  go_down (&t);
  g_thread_join (thread);
  gst_message_unref (next_message (&t, GST_MESSAGE_WARNING));
  ck_assert (!g_file_test (t.model, G_FILE_TEST_EXISTS));
  close_training (&t);
  g_remove (recipe);
  g_free (recipe);
  g_free (settings);
}
GST_END_TEST;

GST_START_TEST (test_frames_smaller_than_a_patch_are_said)
{
  Training t;
  GError *error = NULL;

  open_training (&t, "recipe=codec steps=2");
  GstCaps *caps = plugin_test_caps ("I420", 24, 24);
  ck_assert (gst_video_info_from_caps (&t.info, caps));
  gst_harness_set_src_caps (t.h, caps);
  feed (&t, 3);
  GstMessage *message = next_message (&t, GST_MESSAGE_WARNING);
  gst_message_parse_warning (message, &error, NULL);
  ck_assert_msg (
      strstr (error->message, "training.patch") != NULL, "%s", error->message);
  g_error_free (error);
  gst_message_unref (message);
  close_training (&t);
}
GST_END_TEST;

static Suite *
aetrain_suite (void)
{
  Suite *s = suite_create ("aetrain");
  TCase *tc = tcase_create ("training");

  suite_add_tcase (s, tc);
  tcase_add_test (tc, test_the_end_of_the_stream_waits_for_the_model);
  tcase_add_test (tc, test_the_written_model_runs_in_denoise);
  tcase_add_test (tc, test_progress_messages_are_complete);
  tcase_add_test (tc, test_states_come_in_order);
  tcase_add_test (tc, test_stop_ends_the_training_and_writes);
  tcase_add_test (tc, test_save_writes_and_the_training_goes_on);
  tcase_add_test (tc, test_going_down_is_quick_and_saves);
  tcase_add_test (tc, test_going_down_while_the_end_is_held_back);
  tcase_add_test (tc, test_a_flush_ends_the_wait_at_the_end);
  tcase_add_test (tc, test_without_drain_the_end_ends_the_training);
  tcase_add_test (tc, test_limits_end_the_training);
  tcase_add_test (tc, test_num_frames_limits_what_is_kept);
  tcase_add_test (tc, test_eos_at_done_ends_the_stream);
  tcase_add_test (tc, test_buffers_pass_as_they_are);
  tcase_add_test (tc, test_the_stream_does_not_wait_for_steps);
  tcase_add_test (tc, test_a_checkpoint_is_resumed);
  tcase_add_test (tc, test_wrong_settings_are_one_error_at_the_start);
  tcase_add_test (tc, test_a_full_disk_is_an_error_and_the_old_file_stays);
  tcase_add_test (tc, test_frames_that_cannot_be_used_are_said_once);
  tcase_add_test (tc, test_an_empty_stream_is_a_warning_and_no_file);
  tcase_add_test (tc, test_sizes_may_change_while_training);
  tcase_add_test (tc, test_a_codec_is_trained);
  tcase_add_test (tc, test_an_autoencoder_is_told_of_labels);
  tcase_add_test (tc, test_contact_sheets_are_written_and_posted);
  tcase_add_test (tc, test_a_gan_that_goes_wrong_is_said);
  tcase_add_test (tc, test_a_codec_goes_on_from_a_base_model);
  tcase_add_test (tc, test_going_down_does_not_wait_for_a_codec);
  tcase_add_test (tc, test_going_down_while_a_codec_is_made);
  tcase_add_test (tc, test_frames_smaller_than_a_patch_are_said);
  return s;
}

int
main (int argc, char **argv)
{
  return plugin_test_run (argc, argv, aetrain_suite);
}
