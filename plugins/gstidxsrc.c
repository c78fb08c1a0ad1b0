/* SPDX-License-Identifier: LGPL-2.1-or-later */

/**
 * SECTION:element-idxsrc
 * @title: idxsrc
 * @short_description: pictures of a file in MNIST's format
 *
 * Reads a file of pictures in the idx format that the MNIST database and its
 * relatives have, packed by gzip or not, and gives them as frames of a video,
 * grey or RGB. The file is wholly in memory while the element runs.
 *
 * The digits, ten per second:
 *
 * |[
 * gst-launch-1.0 idxsrc location=t10k-images-idx3-ubyte.gz ! video/x-raw,framerate=10/1 ! videoconvert ! videoscale ! video/x-raw,width=280,height=280 ! autovideosink
 * ]|
 *
 * A thousand of them, drawn at random, to files:
 *
 * |[
 * gst-launch-1.0 idxsrc location=train-images-idx3-ubyte.gz shuffle=true seed=7 num-buffers=1000 ! pngenc ! multifilesink location=%04d.png
 * ]|
 *
 * ## Buffers
 * Where there are labels each frame carries a custom meta `GstAeLabelMeta`:
 * #gint `label`, and #guint64 `index`: the number of the picture in the file.
 *
 * Since: 0.1
 */

#include "config.h"

#include "gstidxsrc.h"

#include "aeerror.h"
#include "fixedframes.h"
#include "idxfile.h"
#include "labelmeta.h"

#include <gst/video/video.h>
#include <string.h>

GST_DEBUG_CATEGORY_STATIC (gst_idx_src_debug);
#define GST_CAT_DEFAULT gst_idx_src_debug


struct _GstIdxSrc {
  GstPushSrc parent;

  /* properties, under the object's lock */
  gchar *location, *labels_location;
  gboolean loop, shuffle;
  guint64 seed;

  /* from start to stop */
  GstAeIdxFile pictures, labels; /* no data in labels: there are none */
  gboolean looping, shuffling;
  guint64 seeded;
  guint32 *order; /* of the pictures in a round, when shuffling */
  guint64 round;  /* that the order is of */
  GstVideoInfo info;
  guint64 next; /* frame, counted over all rounds */
};

enum {
  PROP_0,
  PROP_LOCATION,
  PROP_LABELS_LOCATION,
  PROP_LOOP,
  PROP_SHUFFLE,
  PROP_SEED,
  N_PROPS
};
static GParamSpec *props[N_PROPS];

G_DEFINE_TYPE (GstIdxSrc, gst_idx_src, GST_TYPE_PUSH_SRC);
GST_ELEMENT_REGISTER_DEFINE (
    idxsrc, "idxsrc", GST_RANK_NONE, gst_idx_src_get_type ());

static GstStaticPadTemplate src_template = GST_STATIC_PAD_TEMPLATE ("src",
    GST_PAD_SRC, GST_PAD_ALWAYS,
    GST_STATIC_CAPS (GST_VIDEO_CAPS_MAKE ("{ GRAY8, RGB }")));

/* Properties. */

static void
set_path (GstIdxSrc *self, gchar **place, const GValue *value)
{
  GST_OBJECT_LOCK (self);
  g_free (*place);
  *place = g_value_dup_string (value);
  GST_OBJECT_UNLOCK (self);
}

static void
gst_idx_src_set_property (
    GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
  GstIdxSrc *self = GST_IDX_SRC (object);

  switch (id) {
  case PROP_LOCATION:
    set_path (self, &self->location, value);
    break;
  case PROP_LABELS_LOCATION:
    set_path (self, &self->labels_location, value);
    break;
  case PROP_LOOP:
    self->loop = g_value_get_boolean (value);
    break;
  case PROP_SHUFFLE:
    self->shuffle = g_value_get_boolean (value);
    break;
  case PROP_SEED:
    self->seed = g_value_get_uint64 (value);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
  }
}

static void
gst_idx_src_get_property (
    GObject *object, guint id, GValue *value, GParamSpec *spec)
{
  GstIdxSrc *self = GST_IDX_SRC (object);

  GST_OBJECT_LOCK (self);
  switch (id) {
  case PROP_LOCATION:
    g_value_set_string (value, self->location);
    break;
  case PROP_LABELS_LOCATION:
    g_value_set_string (value, self->labels_location);
    break;
  case PROP_LOOP:
    g_value_set_boolean (value, self->loop);
    break;
  case PROP_SHUFFLE:
    g_value_set_boolean (value, self->shuffle);
    break;
  case PROP_SEED:
    g_value_set_uint64 (value, self->seed);
    break;
  default:
    G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, spec);
  }
  GST_OBJECT_UNLOCK (self);
}

static void
gst_idx_src_finalize (GObject *object)
{
  GstIdxSrc *self = GST_IDX_SRC (object);

  g_free (self->location);
  g_free (self->labels_location);
  G_OBJECT_CLASS (gst_idx_src_parent_class)->finalize (object);
}

/* Files. */

/* Where they are said to be, or beside the pictures if there. */
static gchar *
find_labels (GstIdxSrc *self, const gchar *pictures)
{
  GST_OBJECT_LOCK (self);
  gchar *path = g_strdup (self->labels_location);
  GST_OBJECT_UNLOCK (self);
  if (path != NULL)
    return path;
  path = gst_ae_idx_labels_path (pictures);
  if (path != NULL && !g_file_test (path, G_FILE_TEST_IS_REGULAR))
    g_clear_pointer (&path, g_free);
  return path;
}

static gboolean
read_labels (GstIdxSrc *self, const gchar *pictures, AeError *error)
{
  gchar *path = find_labels (self, pictures);
  gboolean good = path == NULL
                  || gst_ae_idx_file_read_labels (&self->labels, path, error);

  if (good && path != NULL && self->labels.n != self->pictures.n) {
    gst_ae_error_set (error, AE_ERROR_FORMAT,
        "%s has %u labels, wanted one for each of the %u pictures of %s", path,
        self->labels.n, self->pictures.n, pictures);
    gst_ae_idx_file_clear (&self->labels);
    good = FALSE;
  }
  g_free (path);
  return good;
}

static gboolean
read_files (GstIdxSrc *self, AeError *error)
{
  GST_OBJECT_LOCK (self);
  gchar *path = g_strdup (self->location);
  GST_OBJECT_UNLOCK (self);
  if (path == NULL || *path == '\0') {
    g_free (path);
    gst_ae_error_set (error, AE_ERROR_NOT_FOUND,
        "location is not set: wanted an idx file of pictures");
    return FALSE;
  }
  gboolean good
      = gst_ae_idx_file_read_pictures (&self->pictures, path, error);
  if (good && !read_labels (self, path, error)) {
    gst_ae_idx_file_clear (&self->pictures);
    good = FALSE;
  }
  g_free (path);
  return good;
}

static gboolean
gst_idx_src_start (GstBaseSrc *base)
{
  GstIdxSrc *self = GST_IDX_SRC (base);
  AeError error = { 0 };

  if (!read_files (self, &error)) {
    GST_AE_ERROR (self, GST_AE_READING, &error);
    return FALSE;
  }
  GST_OBJECT_LOCK (self);
  self->looping = self->loop;
  self->shuffling = self->shuffle;
  self->seeded = self->seed;
  GST_OBJECT_UNLOCK (self);
  self->order = self->shuffling ? g_new (guint32, self->pictures.n) : NULL;
  self->round = G_MAXUINT64;
  self->next = 0;
  gst_video_info_init (&self->info);
  return TRUE;
}

static gboolean
gst_idx_src_stop (GstBaseSrc *base)
{
  GstIdxSrc *self = GST_IDX_SRC (base);

  gst_ae_idx_file_clear (&self->pictures);
  gst_ae_idx_file_clear (&self->labels);
  g_clear_pointer (&self->order, g_free);
  return TRUE;
}

/* Caps. */

static GstCaps *
gst_idx_src_get_caps (GstBaseSrc *base, GstCaps *filter)
{
  const GstAeIdxFile *idx = &GST_IDX_SRC (base)->pictures;

  return gst_ae_fixed_frames_caps (base,
      idx->data != NULL ? (gint) idx->channels : 0, (gint) idx->width,
      (gint) idx->height, filter);
}

static GstCaps *
gst_idx_src_fixate (GstBaseSrc *base, GstCaps *caps)
{
  return GST_BASE_SRC_CLASS (gst_idx_src_parent_class)
      ->fixate (base, gst_ae_fixed_frames_fixate (caps));
}

static gboolean
gst_idx_src_negotiate (GstBaseSrc *base)
{
  return gst_ae_fixed_frames_negotiate (
      base, GST_BASE_SRC_CLASS (gst_idx_src_parent_class));
}

static gboolean
gst_idx_src_set_caps (GstBaseSrc *base, GstCaps *caps)
{
  GstIdxSrc *self = GST_IDX_SRC (base);

  if (!gst_video_info_from_caps (&self->info, caps))
    return FALSE;
  gst_base_src_set_blocksize (base, (guint) GST_VIDEO_INFO_SIZE (&self->info));
  return TRUE;
}

/* Frames. */

/* The same seed and round give the same order (Fisher and Yates). */
static void
shuffle_round (GstIdxSrc *self, guint64 round)
{
  guint32 n = self->pictures.n;
  guint32 words[4] = { (guint32) self->seeded, (guint32) (self->seeded >> 32),
    (guint32) round, (guint32) (round >> 32) };
  GRand *rand = g_rand_new_with_seed_array (words, G_N_ELEMENTS (words));

  for (guint32 i = 0; i < n; i++)
    self->order[i] = i;
  for (guint32 i = n; i > 1; i--) {
    guint32 other = (guint32) (g_rand_double (rand) * i);
    guint32 kept = self->order[i - 1];
    self->order[i - 1] = self->order[other];
    self->order[other] = kept;
  }
  g_rand_free (rand);
  self->round = round;
}

static guint32
picture_of (GstIdxSrc *self, guint64 frame)
{
  guint64 round = frame / self->pictures.n;
  guint32 at = (guint32) (frame % self->pictures.n);

  if (self->order == NULL)
    return at;
  if (self->round != round)
    shuffle_round (self, round);
  return self->order[at];
}

static gboolean
copy_picture (GstIdxSrc *self, GstBuffer *buffer, guint32 index)
{
  const GstAeIdxFile *idx = &self->pictures;
  GstVideoFrame frame;
  gsize row = (gsize) idx->width * idx->channels;
  const guint8 *from = g_bytes_get_data (idx->data, NULL);

  if (!gst_video_frame_map (&frame, &self->info, buffer, GST_MAP_WRITE))
    return FALSE;
  from += gst_ae_idx_file_size (idx) * index;
  guint8 *to = GST_VIDEO_FRAME_PLANE_DATA (&frame, 0);
  gint stride = GST_VIDEO_FRAME_PLANE_STRIDE (&frame, 0);
  for (guint y = 0; y < idx->height; y++)
    memcpy (to + (gssize) y * stride, from + y * row, row);
  gst_video_frame_unmap (&frame);
  return TRUE;
}

static void
add_label (GstIdxSrc *self, GstBuffer *buffer, guint32 index)
{
  if (self->labels.data == NULL)
    return;
  const guint8 *labels = g_bytes_get_data (self->labels.data, NULL);
  gst_ae_label_meta_attach (buffer, labels[index], index);
}

static GstFlowReturn
gst_idx_src_fill (GstPushSrc *push, GstBuffer *buffer)
{
  GstIdxSrc *self = GST_IDX_SRC (push);

  if (!self->looping && self->next >= self->pictures.n)
    return GST_FLOW_EOS;
  guint32 index = picture_of (self, self->next);
  if (!copy_picture (self, buffer, index)) {
    GST_ELEMENT_ERROR (self, RESOURCE, FAILED, (NULL),
        ("a buffer of downstream's pool cannot be written to"));
    return GST_FLOW_ERROR;
  }
  add_label (self, buffer, index);
  GST_BUFFER_PTS (buffer) = gst_ae_fixed_frames_time (&self->info, self->next);
  GST_BUFFER_DURATION (buffer)
      = gst_ae_fixed_frames_time (&self->info, self->next + 1)
        - GST_BUFFER_PTS (buffer);
  GST_BUFFER_OFFSET (buffer) = self->next;
  GST_BUFFER_OFFSET_END (buffer) = ++self->next;
  return GST_FLOW_OK;
}

static gboolean
gst_idx_src_do_seek (GstBaseSrc *base, GstSegment *segment)
{
  GstIdxSrc *self = GST_IDX_SRC (base);

  return gst_ae_fixed_frames_seek (&self->info, segment, &self->next);
}

static gboolean
gst_idx_src_query (GstBaseSrc *base, GstQuery *query)
{
  GstIdxSrc *self = GST_IDX_SRC (base);
  GstFormat format;

  if (GST_QUERY_TYPE (query) != GST_QUERY_DURATION || self->looping
      || GST_VIDEO_INFO_FPS_N (&self->info) == 0)
    return GST_BASE_SRC_CLASS (gst_idx_src_parent_class)->query (base, query);
  gst_query_parse_duration (query, &format, NULL);
  if (format != GST_FORMAT_TIME)
    return GST_BASE_SRC_CLASS (gst_idx_src_parent_class)->query (base, query);
  gst_query_set_duration (query, format,
      (gint64) gst_ae_fixed_frames_time (&self->info, self->pictures.n));
  return TRUE;
}

static void
install_properties (GObjectClass *object)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS
                            | GST_PARAM_MUTABLE_READY;

  props[PROP_LOCATION] = g_param_spec_string ("location", "Location",
      "Idx file of pictures, packed by gzip or not", NULL, flags);
  props[PROP_LABELS_LOCATION] = g_param_spec_string ("labels-location",
      "Labels location",
      "Idx file of their labels (not set = beside the pictures, with `labels` "
      "and `idx1` in the name for `images` and `idx3` or `idx4`, if there is "
      "one)",
      NULL, flags);
  props[PROP_LOOP] = g_param_spec_boolean ("loop", "Loop",
      "Begin again after the last picture", FALSE, flags);
  props[PROP_SHUFFLE] = g_param_spec_boolean ("shuffle", "Shuffle",
      "Pictures in random order, another one each time they are repeated",
      FALSE, flags);
  props[PROP_SEED] = g_param_spec_uint64 ("seed", "Seed",
      "Of the random order: the same seed gives the same order", 0, G_MAXUINT64,
      1, flags);
  g_object_class_install_properties (object, N_PROPS, props);
}

static void
gst_idx_src_class_init (GstIdxSrcClass *klass)
{
  GObjectClass *object = G_OBJECT_CLASS (klass);
  GstBaseSrcClass *base = GST_BASE_SRC_CLASS (klass);

  GST_DEBUG_CATEGORY_INIT (
      gst_idx_src_debug, "idxsrc", 0, "pictures of idx files");
  object->set_property = gst_idx_src_set_property;
  object->get_property = gst_idx_src_get_property;
  object->finalize = gst_idx_src_finalize;
  install_properties (object);
  gst_element_class_add_static_pad_template (
      GST_ELEMENT_CLASS (klass), &src_template);
  gst_element_class_set_static_metadata (GST_ELEMENT_CLASS (klass),
      "Idx source", "Source/File/Video",
      "Pictures and labels of files in MNIST's format", GST_AE_AUTHOR);
  base->start = gst_idx_src_start;
  base->stop = gst_idx_src_stop;
  base->get_caps = gst_idx_src_get_caps;
  base->fixate = gst_idx_src_fixate;
  base->negotiate = gst_idx_src_negotiate;
  base->set_caps = gst_idx_src_set_caps;
  base->get_times = gst_ae_fixed_frames_get_times;
  base->is_seekable = gst_ae_fixed_frames_is_seekable;
  base->do_seek = gst_idx_src_do_seek;
  base->query = gst_idx_src_query;
  GST_PUSH_SRC_CLASS (klass)->fill = gst_idx_src_fill;
  gst_ae_label_meta_register ();
}

static void
gst_idx_src_init (GstIdxSrc *self)
{
  self->seed = 1;
  gst_base_src_set_format (GST_BASE_SRC (self), GST_FORMAT_TIME);
}
