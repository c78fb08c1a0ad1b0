/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "anomaly_scorer.h"

#include "aetool.h"

gboolean
anomaly_scorer_init (AnomalyScorer *s, const char *path,
    const AeDetectorOptions *options, GError **error)
{
  *s = (AnomalyScorer) { 0 };
  AeModel *model = NULL;
  AeError err;
  if (ae_model_load (&model, path, &err) != AE_OK) {
    aetool_set_error (error, &err); /* names the file */
    return FALSE;
  }
  AeStatus status = ae_detector_new (&s->detector, model, options, &err);
  ae_model_unref (&model);
  if (status != AE_OK) {
    g_set_error (error, AETOOL_DOMAIN, status, "%s: %s", path, err.text);
    return FALSE;
  }
  s->shots = anomaly_shots_new ();
  s->ms = g_array_new (FALSE, FALSE, sizeof (double));
  for (int c = 0; c < AE_N_CHANNELS; c++)
    s->pixels[c] = anomaly_pixels_new ();
  return TRUE;
}

void
anomaly_scorer_clear (AnomalyScorer *s)
{
  ae_detector_free (&s->detector);
  g_clear_pointer (&s->shots, anomaly_shots_free);
  g_clear_pointer (&s->ms, g_array_unref);
  for (int c = 0; c < AE_N_CHANNELS; c++)
    g_clear_pointer (&s->pixels[c], anomaly_pixels_free);
}

static gboolean
bind (AnomalyScorer *s, const char *path, const AeImage *image, GError **error)
{
  AeError err;
  if (s->bound.width == image->width && s->bound.height == image->height
      && s->bound.matrix == image->matrix)
    return TRUE;
  AeStatus status = ae_detector_bind (s->detector, image, &err);
  if (status != AE_OK) {
    g_set_error (error, AETOOL_DOMAIN, status, "%s: %s", path, err.text);
    return FALSE;
  }
  s->bound = *image;
  ae_detector_grid_size (s->detector, &s->columns, &s->rows);
  return TRUE;
}

static gboolean
check_mask (const AnomalyFrame *f, GError **error)
{
  int width = GST_VIDEO_FRAME_WIDTH (f->frame);
  int height = GST_VIDEO_FRAME_HEIGHT (f->frame);
  if (!f->mask
      || (GST_VIDEO_FRAME_WIDTH (f->mask) == width
          && GST_VIDEO_FRAME_HEIGHT (f->mask) == height))
    return TRUE;
  g_set_error (error, AETOOL_DOMAIN, AE_ERROR_SHAPE,
      "the mask of %s has %dx%d pixels, wanted its %dx%d", f->path,
      GST_VIDEO_FRAME_WIDTH (f->mask), GST_VIDEO_FRAME_HEIGHT (f->mask), width,
      height);
  return FALSE;
}

static void
count_pixels (AnomalyScorer *s, const guint8 *mask, int width, int height,
    gsize stride, gboolean ready)
{
  s->has_masks = TRUE;
  for (int c = 0; c < AE_N_CHANNELS; c++)
    anomaly_pixels_add (s->pixels[c],
        ready ? ae_detector_grid (s->detector, (AeChannel) c) : NULL,
        s->columns, s->rows, mask, width, height, stride);
}

static void
count_frame (AnomalyScorer *s, const AnomalyFrame *f, gboolean ready)
{
  gsize width = (gsize) GST_VIDEO_FRAME_WIDTH (f->frame);
  gsize height = (gsize) GST_VIDEO_FRAME_HEIGHT (f->frame);
  if (f->mask) {
    count_pixels (s, GST_VIDEO_FRAME_PLANE_DATA (f->mask, 0), (int) width,
        (int) height, (gsize) GST_VIDEO_FRAME_PLANE_STRIDE (f->mask, 0),
        ready);
  } else if (f->blank) {
    g_autofree guint8 *none = g_malloc0 (width * height);
    count_pixels (s, none, (int) width, (int) height, width, ready);
  }
}

static void
keep_shot (AnomalyScorer *s, const AnomalyFrame *f, float score)
{
  if (!anomaly_shots_want (s->shots, score, f->time))
    return;
  AnomalyShot shot = { .caption = f->caption, .score = score, .time = f->time,
    .grid = ae_detector_grid (s->detector, AE_CHANNEL_FUSED),
    .columns = s->columns, .rows = s->rows, .frame = f->frame,
    .truth = f->mask };
  anomaly_shots_add (s->shots, &shot);
}

gboolean
anomaly_score_frame (AnomalyScorer *s, AnomalyTrack *track,
    const AnomalyFrame *f, GError **error)
{
  AeImage image;
  AeDetection found;
  frames_image (f->frame, &image);
  if (!check_mask (f, error) || !bind (s, f->path, &image, error))
    return FALSE;
  gint64 begin = g_get_monotonic_time ();
  ae_detector_process (s->detector, &image, f->seconds, &found);
  double ms = (double) (g_get_monotonic_time () - begin) / 1000;
  g_array_append_val (s->ms, ms);
  anomaly_track_add (track, &found, f->unusual);
  count_frame (s, f, found.ready);
  if (found.ready)
    keep_shot (s, f, found.score[AE_CHANNEL_FUSED]);
  return TRUE;
}

/* A clip and its mask, side by side. */
typedef struct {
  const AnomalyClip *clip;
  FramesReader *frames, *masks;
  guint n;
} Reading;

/* The mask of the frame at hand; FALSE when it is missing. */
static gboolean
next_mask (Reading *r, const GstVideoFrame **mask, GError **error)
{
  *mask = NULL;
  if (!r->masks)
    return TRUE;
  GError *local = NULL;
  if ((*mask = frames_reader_next (r->masks, &local)))
    return TRUE;
  if (local)
    g_propagate_error (error, local);
  else
    g_set_error (error, AETOOL_DOMAIN, AE_ERROR_FORMAT,
        "%s has %u frames, wanted as many as %s, which has more",
        r->clip->mask_uri, r->n, r->clip->uri);
  return FALSE;
}

static gboolean
check_lengths (Reading *r, GError **error)
{
  const AnomalyClip *clip = r->clip;
  if (r->n == 0) {
    g_set_error (error, AETOOL_DOMAIN, AE_ERROR_FORMAT,
        "%s: no video frame in it", clip->uri);
  } else if (clip->labels && clip->labels->len != r->n) {
    g_set_error (error, AETOOL_DOMAIN, AE_ERROR_FORMAT,
        "%s has %u lines, wanted one for each of the %u frames of %s",
        clip->labels_path, clip->labels->len, r->n, clip->uri);
  } else {
    GError *local = NULL;
    if (!r->masks || (!frames_reader_next (r->masks, &local) && !local))
      return TRUE;
    if (local)
      g_propagate_error (error, local);
    else
      g_set_error (error, AETOOL_DOMAIN, AE_ERROR_FORMAT,
          "%s has more frames than %s, which has %u, wanted as many",
          clip->mask_uri, clip->uri, r->n);
  }
  return FALSE;
}

static gboolean
score_next (AnomalyScorer *s, Reading *r, AnomalyTrack *track,
    const GstVideoFrame *frame, GError **error)
{
  const AnomalyClip *clip = r->clip;
  double time = r->n * track->seconds;
  g_autofree char *caption = g_strdup_printf ("%s %.1f s", clip->name, time);
  AnomalyFrame f = { .path = clip->uri, .caption = caption, .frame = frame,
    .seconds = r->n ? track->seconds : 0, .time = time,
    .unusual
    = clip->labels && r->n < clip->labels->len && clip->labels->data[r->n] };
  if (!next_mask (r, &f.mask, error)
      || !anomaly_score_frame (s, track, &f, error))
    return FALSE;
  r->n++;
  return TRUE;
}

static AnomalyTrack *
score_all (AnomalyScorer *s, Reading *r, GError **error)
{
  AnomalyTrack *track = NULL;
  GError *local = NULL;
  const GstVideoFrame *frame;
  while (!local && (frame = frames_reader_next (r->frames, &local))) {
    if (!track)
      track = anomaly_track_new (r->clip->name, frames_seconds (frame));
    score_next (s, r, track, frame, &local);
  }
  if (!local && check_lengths (r, &local))
    return track;
  g_propagate_error (error, local);
  g_clear_pointer (&track, anomaly_track_free);
  return NULL;
}

AnomalyTrack *
anomaly_score_clip (AnomalyScorer *s, const AnomalyClip *clip, GError **error)
{
  g_autoptr (FramesReader) frames
      = frames_reader_new (clip->uri, GST_VIDEO_FORMAT_I420, error);
  if (!frames)
    return NULL;
  g_autoptr (FramesReader) masks = NULL;
  if (clip->mask_uri
      && !(masks = frames_reader_new (
               clip->mask_uri, GST_VIDEO_FORMAT_GRAY8, error)))
    return NULL;
  Reading r = { .clip = clip, .frames = frames, .masks = masks };
  AnomalyTrack *track = score_all (s, &r, error);
  anomaly_shots_end_clip (s->shots);
  return track;
}
