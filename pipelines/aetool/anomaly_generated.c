/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "anomaly_generated.h"

#include <ae/roc.h>

#include "aetool.h"
#include "anomaly_clips.h"
#include "frames.h"

/* Of scores that count, from a clip's start on: averages are of few pictures
 * before. */
#define SURE 0.999f

typedef struct {
  AeDetector *generator, *camera, *made;
  guint8 *seen, *expected;
  AeImage bound;     /* of the clips */
  AeImage grey;      /* what the generator gives */
  GArray *scores;    /* of float */
  GByteArray *labels;
} Run;

static gboolean
open_detector (AeDetector **out, const char *path,
    const AeDetectorOptions *options, GError **error)
{
  AeModel *model = NULL;
  AeError err;
  AeStatus status = ae_model_load (&model, path, &err);
  if (status != AE_OK) {
    aetool_set_error (error, &err); /* names the file */
    return FALSE;
  }
  status = ae_detector_new (out, model, options, &err);
  ae_model_unref (&model);
  if (status == AE_OK && !ae_detector_for_pictures (*out))
    return TRUE;
  g_set_error (error, AETOOL_DOMAIN, AE_ERROR_FORMAT, "%s: %s", path,
      status == AE_OK ? "found a model of pictures, wanted one of video"
                      : err.text);
  return FALSE;
}

static void
run_clear (Run *r)
{
  ae_detector_free (&r->generator);
  ae_detector_free (&r->camera);
  ae_detector_free (&r->made);
  g_free (r->seen);
  g_free (r->expected);
  g_clear_pointer (&r->scores, g_array_unref);
  g_clear_pointer (&r->labels, g_byte_array_unref);
}

static gboolean
run_init (Run *r, const AnomalyGeneratedTask *task, GError **error)
{
  *r = (Run) { .scores = g_array_new (FALSE, FALSE, sizeof (float)),
    .labels = g_byte_array_new () };
  if (!open_detector (&r->generator, task->generator, task->options, error)
      || !open_detector (&r->camera, task->model, task->options, error)
      || !open_detector (&r->made, task->model, task->options, error))
    return FALSE;
  AeImage *grey = &r->grey;
  ae_detector_size (r->generator, &grey->width, &grey->height);
  grey->pixels = AE_PIXELS_GRAY8;
  grey->stride[0] = grey->width;
  gsize bytes = (gsize) grey->width * (gsize) grey->height;
  r->seen = g_malloc (bytes);
  r->expected = g_malloc (bytes);
  AeError err;
  if (ae_detector_bind (r->camera, grey, &err) == AE_OK
      && ae_detector_bind (r->made, grey, &err) == AE_OK)
    return TRUE;
  aetool_set_error (error, &err);
  return FALSE;
}

static gboolean
bind (Run *r, const AeImage *image, const char *uri, GError **error)
{
  AeError err;
  if (r->bound.width == image->width && r->bound.height == image->height
      && r->bound.pixels == image->pixels && r->bound.matrix == image->matrix)
    return TRUE;
  AeStatus status = ae_detector_bind (r->generator, image, &err);
  if (status == AE_OK)
    r->bound = *image;
  else
    g_set_error (error, AETOOL_DOMAIN, status, "%s: %s", uri, err.text);
  return status == AE_OK;
}

static void
judge (Run *r, AeDetector *detector, guint8 *pixels, double seconds,
    guint8 label)
{
  AeDetection found;
  AeImage image = r->grey;
  image.plane[0] = pixels;
  ae_detector_process (detector, &image, seconds, &found);
  if (!found.ready || found.sure < SURE)
    return;
  g_array_append_val (r->scores, found.generated);
  g_byte_array_append (r->labels, &label, 1);
}

static gboolean
run_clip (Run *r, const AnomalyClip *clip, GError **error)
{
  GError *local = NULL;
  g_autoptr (FramesReader) reader
      = frames_reader_new (clip->uri, GST_VIDEO_FORMAT_I420, error);
  const GstVideoFrame *frame;
  guint taken = 0;
  if (!reader)
    return FALSE;
  for (guint i = 0; (frame = frames_reader_next (reader, &local)); i++) {
    AeImage image;
    AeDetection found;
    double seconds = frames_seconds (frame);
    frames_image (frame, &image);
    if (!bind (r, &image, clip->uri, &local))
      break;
    ae_detector_process (r->generator, &image, i ? seconds : 0, &found);
    if (!found.ready || !found.fresh || found.sure < SURE)
      continue;
    ae_detector_expected (r->generator, r->seen, r->expected);
    judge (r, r->camera, r->seen, taken ? seconds : 0, 0);
    judge (r, r->made, r->expected, taken ? seconds : 0, 1);
    taken++;
  }
  if (local)
    g_propagate_error (error, local);
  return local == NULL;
}

static gboolean
area_of (const Run *r, double *area, guint *n, GError **error)
{
  AeRoc roc;
  AeError err;
  *n = r->labels->len / 2;
  if (*n == 0) {
    g_set_error (error, AETOOL_DOMAIN, AE_ERROR_NEEDS_DATA,
        "too few frames for a generator to go on from");
    return FALSE;
  }
  if (ae_roc_measure (&roc, (const float *) (void *) r->scores->data,
          r->labels->data, r->labels->len, &err)
      != AE_OK) {
    aetool_set_error (error, &err);
    return FALSE;
  }
  *area = roc.area;
  return TRUE;
}

gboolean
anomaly_generated_measure (
    const AnomalyGeneratedTask *task, double *area, guint *n, GError **error)
{
  Run run;
  gboolean good = run_init (&run, task, error);
  for (guint i = 0; good && i < task->clips->len; i++)
    good = run_clip (&run, g_ptr_array_index (task->clips, i), error);
  good = good && area_of (&run, area, n, error);
  run_clear (&run);
  return good;
}
