/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Records what gandiscriminate finds: one file for each event, from some
 * seconds before it on.
 *
 *   record_events [OPTION...] SOURCE
 *
 * SOURCE is a file, a URI, a camera (/dev/video0) or `test'. Prints a JSON line
 * when an event begins and ends, and when its file is complete. Ctrl-C ends the
 * files properly.
 *
 * The thread that scores tells of events before the frame goes on to the
 * encoder; the encoder's thread has the last seconds of coded frames, and gives
 * them to the files. Each file is a pipeline of its own, so that it can be
 * ended while the rest goes on. */

#include <errno.h>
#include <glib-unix.h>
#include <gst/app/app.h>
#include <gst/gst.h>
#include <json-glib/json-glib.h>

/* Coded frames that a disk may be late with, in bytes. */
#define MAX_WAITING (64 << 20)

/* Per hour, as gandiscriminate takes them. */
#define LEAST_ALARMS 1e-6
#define MOST_ALARMS 1e6

static struct {
  char *model, *output;
  double before, after, alarms;
  gboolean no_display;
} option = { .before = 5, .after = 2, .alarms = 1 };

static const GOptionEntry entries[] = {
  { "model", 0, 0, G_OPTION_ARG_FILENAME, &option.model,
      "as aetool train made it", "ONNX" },
  { "output", 0, 0, G_OPTION_ARG_FILENAME, &option.output,
      "where files go (default: here)", "FOLDER" },
  { "before", 0, 0, G_OPTION_ARG_DOUBLE, &option.before,
      "recorded before an event, at least (default: 5)", "SECONDS" },
  { "after", 0, 0, G_OPTION_ARG_DOUBLE, &option.after,
      "recorded after it (default: 2)", "SECONDS" },
  { "alarms", 0, 0, G_OPTION_ARG_DOUBLE, &option.alarms,
      "false alarms per hour that are put up with (default: 1)", "RATE" },
  { "no-display", 0, 0, G_OPTION_ARG_NONE, &option.no_display,
      "show nothing", NULL },
  { NULL, 0, 0, 0, NULL, NULL, NULL }
};

/* The first that is installed is used. Without delay, and with a key frame each
 * second at 30 frames per second: a file begins with one. */
static const struct {
  const char *name, *text;
} encoders[] = {
  { "x264enc", "x264enc tune=zerolatency speed-preset=veryfast "
               "key-int-max=30 ! h264parse" },
  { "vp8enc", "vp8enc deadline=1 cpu-used=8 lag-in-frames=0 end-usage=cq "
              "cq-level=12 target-bitrate=4000000 keyframe-max-dist=30" },
  { "jpegenc", "jpegenc" },
};

typedef struct {
  char *path;
  guint64 event_id;
  GstElement *pipeline;
  GstAppSrc *input;
  GstClockTime first, last; /* running times of frames; NONE: there is none */
  GstClockTime until;       /* NONE: the event is on */
  gboolean ended;           /* no more frames */
  gint *n_failed;           /* counts the files that could not be written */
} File;

/* What happened to an event. */
typedef struct {
  gboolean begins;
  guint64 id;
  GstClockTime start, end; /* running times */
} News;

typedef struct {
  GstClockTime when; /* running time */
  gboolean is_key;
  GstBuffer *buffer;
} Frame;

typedef struct {
  GstElement *pipeline;
  GMainLoop *loop;
  const char *source;
  char *prefix; /* of the files' names */
  int status;
  gint n_failed;
  GAsyncQueue *news; /* of News, from the thread that scores */
  GQueue frames;     /* of Frame; the encoder's thread, as the next */
  GPtrArray *files;
} Recorder;

/* Output. */

static JsonBuilder *
begin_line (const char *type)
{
  JsonBuilder *b = json_builder_new ();
  json_builder_begin_object (b);
  json_builder_set_member_name (b, "type");
  json_builder_add_string_value (b, type);
  return b;
}

static void
add_seconds (JsonBuilder *b, const char *name, GstClockTime time)
{
  json_builder_set_member_name (b, name);
  json_builder_add_double_value (b, (double) time / GST_SECOND);
}

static void
add_file (JsonBuilder *b, guint64 event_id, const char *path)
{
  json_builder_set_member_name (b, "event-id");
  json_builder_add_int_value (b, (gint64) event_id);
  json_builder_set_member_name (b, "file");
  json_builder_add_string_value (b, path);
}

static void
end_line (JsonBuilder *b)
{
  json_builder_end_object (b);
  g_autoptr (JsonNode) root = json_builder_get_root (b);
  g_autofree char *text = json_to_string (root, FALSE);
  g_print ("%s\n", text);
  g_object_unref (b);
}

static void
add_fields (JsonBuilder *b, const GstStructure *s)
{
  static const char *const names[]
      = { "score", "peak-score", "zone", "x", "y", "w", "h" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++) {
    const GValue *value = gst_structure_get_value (s, names[i]);
    json_builder_set_member_name (b, names[i]);
    if (G_VALUE_HOLDS_STRING (value))
      json_builder_add_string_value (b, g_value_get_string (value));
    else if (G_VALUE_HOLDS_DOUBLE (value))
      json_builder_add_double_value (b, g_value_get_double (value));
    else
      json_builder_add_int_value (b, g_value_get_int (value));
  }
}

/* Files. */

static void
file_free (gpointer data)
{
  File *file = data;

  gst_element_set_state (file->pipeline, GST_STATE_NULL);
  gst_object_unref (file->input);
  gst_object_unref (file->pipeline);
  g_free (file->path);
  g_free (file);
}

static File *
file_new (char *path, guint64 event_id, GstCaps *caps)
{
  File *file = g_new0 (File, 1);

  *file = (File){ .path = path,
    .event_id = event_id,
    .first = GST_CLOCK_TIME_NONE,
    .until = GST_CLOCK_TIME_NONE };
  file->pipeline = gst_parse_launch (
      "appsrc name=in format=time ! matroskamux ! filesink name=out", NULL);
  file->input
      = GST_APP_SRC (gst_bin_get_by_name (GST_BIN (file->pipeline), "in"));
  gst_app_src_set_caps (file->input, caps);
  GstElement *out = gst_bin_get_by_name (GST_BIN (file->pipeline), "out");
  g_object_set (out, "location", path, NULL);
  gst_object_unref (out);
  gst_element_set_state (file->pipeline, GST_STATE_PLAYING);
  return file;
}

static void
file_end (File *file)
{
  if (!file->ended)
    gst_app_src_end_of_stream (file->input);
  file->ended = TRUE;
}

static void
file_fail (File *file, const char *text)
{
  g_printerr ("%s: %s\n", file->path, text);
  g_atomic_int_inc (file->n_failed);
}

static void
file_add (File *file, const Frame *frame)
{
  if (file->ended)
    return;
  if (gst_app_src_get_current_level_bytes (file->input) > MAX_WAITING) {
    file_fail (file, "the disk is too slow");
    file_end (file);
    return;
  }
  if (file->first == GST_CLOCK_TIME_NONE)
    file->first = frame->when;
  file->last = frame->when;
  /* A copy: the next event's file may hold the same frame. */
  GstBuffer *copy = gst_buffer_copy (frame->buffer);
  GST_BUFFER_PTS (copy) = frame->when - file->first;
  GST_BUFFER_DTS (copy) = GST_CLOCK_TIME_NONE;
  gst_app_src_push_buffer (file->input, copy);
}

/* Tells how the file ended, if it has within `patience`. */
static gboolean
file_is_done (File *file, GstClockTime patience)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (file->pipeline);
  g_autoptr (GstMessage) message = gst_bus_timed_pop_filtered (
      bus, patience, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);

  if (message == NULL)
    return FALSE;
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR) {
    g_autoptr (GError) error = NULL;
    gst_message_parse_error (message, &error, NULL);
    file_fail (file, error->message);
  } else if (file->first != GST_CLOCK_TIME_NONE) {
    JsonBuilder *b = begin_line ("file");
    add_file (b, file->event_id, file->path);
    add_seconds (b, "start", file->first);
    add_seconds (b, "duration", file->last - file->first);
    end_line (b);
  }
  return TRUE;
}

/* Frames. */

static void
frame_free (gpointer data)
{
  gst_buffer_unref (((Frame *) data)->buffer);
  g_free (data);
}

/* Up to the last key frame at or before `time`; the first frame there is, when
 * there is no such. */
static GList *
key_frame_before (Recorder *r, GstClockTimeDiff time)
{
  GList *found = r->frames.head;

  for (GList *l = found; l != NULL; l = l->next) {
    const Frame *frame = l->data;
    if (frame->is_key && (GstClockTimeDiff) frame->when <= time)
      found = l;
  }
  return found;
}

static char *
path_of (Recorder *r, guint64 event_id)
{
  g_autofree char *name = g_strdup_printf (
      "%s-%04" G_GUINT64_FORMAT ".mkv", r->prefix, event_id);
  return g_build_filename (option.output, name, NULL);
}

static void
take_news (Recorder *r, GstCaps *caps)
{
  for (News *news; (news = g_async_queue_try_pop (r->news)); g_free (news)) {
    if (news->begins) {
      File *file = file_new (path_of (r, news->id), news->id, caps);
      file->n_failed = &r->n_failed;
      g_ptr_array_add (r->files, file);
      GstClockTimeDiff from = (GstClockTimeDiff) news->start
          - (GstClockTimeDiff) (option.before * GST_SECOND);
      for (GList *l = key_frame_before (r, from); l != NULL; l = l->next)
        file_add (file, l->data);
      continue;
    }
    for (guint i = 0; i < r->files->len; i++) {
      File *file = g_ptr_array_index (r->files, i);
      if (file->event_id == news->id)
        file->until = news->end + (GstClockTime) (option.after * GST_SECOND);
    }
  }
}

/* Takes over `frame`. */
static void
take_frame (Recorder *r, Frame *frame)
{
  g_queue_push_tail (&r->frames, frame);
  for (guint i = r->files->len; i-- > 0;) {
    File *file = g_ptr_array_index (r->files, i);
    if (file->until != GST_CLOCK_TIME_NONE && frame->when > file->until)
      file_end (file);
    file_add (file, frame);
    if (file_is_done (file, 0))
      g_ptr_array_remove_index (r->files, i);
  }
  GList *oldest = key_frame_before (r,
      (GstClockTimeDiff) frame->when
          - (GstClockTimeDiff) (option.before * GST_SECOND));
  while (r->frames.head != oldest)
    frame_free (g_queue_pop_head (&r->frames));
}

static GstFlowReturn
on_sample (GstAppSink *sink, gpointer user_data)
{
  Recorder *r = user_data;
  g_autoptr (GstSample) sample = gst_app_sink_pull_sample (sink);

  if (sample == NULL)
    return GST_FLOW_EOS;
  GstBuffer *buffer = gst_sample_get_buffer (sample);
  GstClockTime when = gst_segment_to_running_time (
      gst_sample_get_segment (sample), GST_FORMAT_TIME,
      GST_BUFFER_PTS (buffer));
  gboolean is_key
      = !GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_DELTA_UNIT);
  if (when == GST_CLOCK_TIME_NONE || (r->frames.head == NULL && !is_key))
    return GST_FLOW_OK;
  take_news (r, gst_sample_get_caps (sample));
  Frame *frame = g_new (Frame, 1);
  *frame = (Frame){ when, is_key, gst_buffer_ref (buffer) };
  take_frame (r, frame);
  return GST_FLOW_OK;
}

/* Messages. */

static void
on_event (Recorder *r, const GstStructure *s)
{
  const char *event = gst_structure_get_string (s, "event");
  guint64 id, start, length;

  if (g_strcmp0 (event, "begin") != 0 && g_strcmp0 (event, "end") != 0)
    return;
  if (!gst_structure_get (s, "event-id", G_TYPE_UINT64, &id, "event-start",
          G_TYPE_UINT64, &start, "event-duration", G_TYPE_UINT64, &length,
          NULL))
    return;
  News *news = g_new (News, 1);
  *news = (News){ event[0] == 'b', id, start, start + length };
  g_async_queue_push (r->news, news);

  g_autofree char *path = path_of (r, id);
  JsonBuilder *b = begin_line (event);
  add_file (b, id, path);
  add_seconds (b, "start", start);
  add_seconds (b, "duration", length);
  add_fields (b, s);
  end_line (b);
}

/* In the thread that posts: a recording goes faster than the main loop does. */
static GstBusSyncReply
on_sync_message (GstBus *bus, GstMessage *message, gpointer user_data)
{
  if (gst_message_has_name (message, "gandiscriminate"))
    on_event (user_data, gst_message_get_structure (message));
  return GST_BUS_PASS;
}

static gboolean
on_message (GstBus *bus, GstMessage *message, gpointer user_data)
{
  Recorder *r = user_data;
  g_autoptr (GError) error = NULL;

  switch (GST_MESSAGE_TYPE (message)) {
    case GST_MESSAGE_ERROR:
      gst_message_parse_error (message, &error, NULL);
      g_printerr ("%s: %s\n", r->source, error->message);
      r->status = 1;
      g_main_loop_quit (r->loop);
      break;
    case GST_MESSAGE_WARNING:
      gst_message_parse_warning (message, &error, NULL);
      g_printerr ("%s\n", error->message);
      break;
    case GST_MESSAGE_EOS:
      g_main_loop_quit (r->loop);
      break;
    default:
      break;
  }
  return G_SOURCE_CONTINUE;
}

static gboolean
quit (gpointer loop)
{
  g_main_loop_quit (loop);
  return G_SOURCE_REMOVE;
}

/* A source that does not listen is left after three seconds; another Ctrl-C
 * ends all at once. */
static gboolean
on_interrupt (gpointer user_data)
{
  Recorder *r = user_data;

  gst_element_send_event (r->pipeline, gst_event_new_eos ());
  g_timeout_add_seconds (3, quit, r->loop);
  return G_SOURCE_REMOVE;
}

/* The whole. */

static const char *
encoder (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (encoders); i++) {
    GstElementFactory *factory = gst_element_factory_find (encoders[i].name);
    if (factory != NULL) {
      gst_object_unref (factory);
      return encoders[i].text;
    }
  }
  return encoders[0].text; /* says what is missing */
}

/* To be freed; NULL with an error. */
static char *
source_text (const char *name, GError **error)
{
  if (g_str_equal (name, "test"))
    return g_strdup ("videotestsrc is-live=true pattern=ball");
  if (g_str_has_prefix (name, "/dev/"))
    return g_strdup_printf ("v4l2src device=\"%s\" ! decodebin", name);
  g_autofree char *uri = gst_uri_is_valid (name)
      ? g_strdup (name)
      : gst_filename_to_uri (name, error);
  return uri ? g_strdup_printf ("uridecodebin uri=\"%s\"", uri) : NULL;
}

static GstElement *
build (const char *name, GError **error)
{
  g_autofree char *source = source_text (name, error);
  if (source == NULL)
    return NULL;
  g_autofree char *text = g_strdup_printf (
      "%s ! videoconvert ! gandiscriminate name=watch "
      "! tee name=t t. ! queue ! videoconvert ! %s "
      "! appsink name=coded sync=false async=false %s",
      source, encoder (),
      option.no_display ? "" : "t. ! queue ! videoconvert ! autovideosink");
  return gst_parse_launch (text, error);
}

static void
connect_all (Recorder *r)
{
  GstElement *watch = gst_bin_get_by_name (GST_BIN (r->pipeline), "watch");
  GstElement *coded = gst_bin_get_by_name (GST_BIN (r->pipeline), "coded");
  GstAppSinkCallbacks callbacks = { .new_sample = on_sample };

  g_object_set (watch, "model-file", option.model, "false-alarms-per-hour",
      option.alarms, NULL);
  gst_app_sink_set_callbacks (GST_APP_SINK (coded), &callbacks, r, NULL);
  gst_object_unref (coded);
  gst_object_unref (watch);
}

/* To the end of the stream, or Ctrl-C. */
static void
run (Recorder *r)
{
  g_autoptr (GstBus) bus = gst_element_get_bus (r->pipeline);

  gst_bus_set_sync_handler (bus, on_sync_message, r, NULL);
  gst_bus_add_watch (bus, on_message, r);
  g_unix_signal_add (SIGINT, on_interrupt, r);
  g_unix_signal_add (SIGTERM, on_interrupt, r);
  gst_element_set_state (r->pipeline, GST_STATE_PLAYING);
  g_main_loop_run (r->loop);
  gst_element_set_state (r->pipeline, GST_STATE_NULL);
  gst_bus_remove_watch (bus);
  for (guint i = 0; i < r->files->len; i++)
    file_end (g_ptr_array_index (r->files, i));
  for (guint i = 0; i < r->files->len; i++)
    file_is_done (g_ptr_array_index (r->files, i), 10 * GST_SECOND);
}

static void
recorder_clear (Recorder *r)
{
  g_ptr_array_unref (r->files);
  g_queue_clear_full (&r->frames, frame_free);
  g_async_queue_unref (r->news);
  g_clear_object (&r->pipeline);
  g_main_loop_unref (r->loop);
  g_free (r->prefix);
}

static gboolean
options_are_good (void)
{
  return option.before >= 0 && option.after >= 0
      && option.alarms >= LEAST_ALARMS && option.alarms <= MOST_ALARMS;
}

/* The source, or NULL with a text printed. */
static const char *
parse (int *argc, char ***argv)
{
  GOptionContext *context = g_option_context_new ("SOURCE");
  g_autoptr (GError) error = NULL;

  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_add_group (context, gst_init_get_option_group ());
  gboolean good = g_option_context_parse (context, argc, argv, &error);
  g_option_context_free (context);
  if (!good)
    g_printerr ("record_events: %s\n", error->message);
  else if (*argc != 2 || !options_are_good ())
    g_printerr ("record_events: wanted one SOURCE, no times below 0, and %g to "
                "%g false alarms per hour (--help lists the options)\n",
        LEAST_ALARMS, MOST_ALARMS);
  else
    return (*argv)[1];
  return NULL;
}

int
main (int argc, char **argv)
{
  const char *source = parse (&argc, &argv);
  if (source == NULL)
    return 2;
  if (option.output == NULL)
    option.output = g_strdup (".");
  if (g_mkdir_with_parents (option.output, 0777) != 0) {
    g_printerr ("record_events: %s: %s\n", option.output, g_strerror (errno));
    return 1;
  }

  g_autoptr (GDateTime) now = g_date_time_new_now_local ();
  g_autoptr (GError) error = NULL;
  Recorder r = { .source = source,
    .loop = g_main_loop_new (NULL, FALSE),
    .prefix = g_date_time_format (now, "%Y%m%d-%H%M%S"),
    .news = g_async_queue_new_full (g_free),
    .files = g_ptr_array_new_with_free_func (file_free) };
  r.pipeline = build (source, &error);
  if (error != NULL) {
    g_printerr ("record_events: %s\n", error->message);
    r.status = 1;
  } else {
    connect_all (&r);
    run (&r);
    r.status |= r.n_failed > 0;
  }
  recorder_clear (&r);
  g_free (option.model);
  g_free (option.output);
  return r.status;
}
