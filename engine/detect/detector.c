/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <ae/detector.h>

#include "detect/channels.h"
#include "detect/grey.h"
#include "detect/patches.h"
#include "util/clock.h"
#include "util/fpenv.h"
#include "util/mem.h"

#include <math.h>
#include <string.h>

#define PROPORTIONS 0.05 /* that pictures may differ from the model's */
#define SOON 0.8 /* of the model's time between pictures: earlier ones wait */
/* Times between pictures, the model's or the stream's own where that is longer:
 * after more than these nothing is known of what moved meanwhile. */
#define GAP 5

struct AeDetector {
  AeModel *model;
  AeDetectorOptions options;
  AeFacts facts;
  AeObserver *observer; /* NULL: patches only */
  AePatches *patches;   /* NULL: a model of video */
  AeChannels channels;
  float *sorted; /* of cells; scratch */
  /* of the bound format */
  AeImage format;
  AeGrey *grey;
  uint8_t *picture; /* at the model's size */
  uint8_t *mask;    /* of cells; NULL: all count */
  double waited;    /* seconds since the last picture that was scored */
  double usual;     /* that time for the last one; 0: there was none */
  bool begun;       /* a picture was taken since the last reset */
  AeDetection last;
  AeDetectorTimes times;
};

const char *
ae_channel_name (AeChannel channel)
{
  static const char *const names[AE_N_CHANNELS] = { "fused",
    "discriminator", "reconstruction", "latent", "motion" };
  return (unsigned) channel < AE_N_CHANNELS ? names[channel] : "";
}

static AeStatus
make_scratch (AeDetector *d, AeError *err)
{
  size_t cells = (size_t) d->facts.columns * (size_t) d->facts.rows;
  d->sorted = ae_alloc (cells * sizeof *d->sorted);
  return d->sorted
             ? AE_OK
             : ae_fail (err, AE_ERROR_MEMORY, "no memory for %zu cells", cells);
}

AeStatus
ae_detector_new (AeDetector **out, AeModel *model,
    const AeDetectorOptions *options, AeError *err)
{
  *out = NULL;
  AeDetector *d = ae_calloc (1, sizeof *d);
  if (!d)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for a detector");
  d->options = options ? *options : (AeDetectorOptions){ 0 };
  d->model = ae_model_ref (model);
  AeStatus status = ae_facts_read (&d->facts, model, err);
  if (status == AE_OK && d->facts.patches)
    status = ae_patches_new (
        &d->patches, d->facts.patches, d->options.n_threads, err);
  if (status == AE_OK && d->facts.networks)
    status = ae_observer_new (&d->observer, model, &d->facts.shape,
        d->facts.latent, d->options.n_threads, d->options.precision, err);
  if (status == AE_OK)
    status = ae_channels_init (&d->channels, &d->facts, err);
  if (status == AE_OK)
    status = make_scratch (d, err);
  if (status == AE_OK)
    *out = d;
  else
    ae_detector_free (&d);
  return status;
}

float
ae_detection_sure_score (const AeDetection *detection, AeChannel channel)
{
  return detection->sure * detection->score[channel];
}

static void
unbind (AeDetector *d)
{
  ae_grey_free (&d->grey);
  ae_free (d->picture);
  ae_free (d->mask);
  d->picture = d->mask = NULL;
  d->format = (AeImage){ 0 };
}

void
ae_detector_free (AeDetector **detector)
{
  AeDetector *d = *detector;
  *detector = NULL;
  if (!d)
    return;
  unbind (d);
  ae_channels_clear (&d->channels);
  ae_free (d->sorted);
  ae_observer_free (&d->observer);
  ae_patches_free (&d->patches);
  ae_facts_clear (&d->facts);
  ae_model_unref (&d->model);
  ae_free (d);
}

static AeStatus
check_proportions (
    const AeDetector *d, const AeImage *format, AeError *err)
{
  const AeObserverShape *s = &d->facts.shape;
  double found = (double) format->width / format->height;
  double wanted = (double) s->width / s->height;
  if (d->facts.any_camera || fabs (found / wanted - 1) <= PROPORTIONS)
    return AE_OK;
  return ae_fail (err, AE_ERROR_SHAPE,
      "pictures of %dx%d (%.3f to 1), the model is for %dx%d (%.3f to 1): "
      "train one on this camera, or crop or scale the pictures",
      format->width, format->height, found, s->width, s->height, wanted);
}

AeStatus
ae_detector_bind (AeDetector *d, const AeImage *format, AeError *err)
{
  AeStatus status = check_proportions (d, format, err);
  if (status != AE_OK)
    return status;
  const AeObserverShape *s = &d->facts.shape;
  unbind (d);
  d->grey = ae_grey_new (
      format, s->width, s->height, d->options.n_threads);
  d->picture = ae_alloc ((size_t) s->width * (size_t) s->height);
  if (!d->grey || !d->picture) {
    unbind (d);
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for pictures of %dx%d",
        format->width, format->height);
  }
  if (d->patches)
    ae_grey_set_by_median (d->grey);
  d->format = *format;
  ae_detector_reset (d);
  return AE_OK;
}

/* A cell counts where half of its pixels do. */
static size_t
shrink_mask (const AeDetector *d, const uint8_t *mask, uint8_t *cells)
{
  const AeFacts *f = &d->facts;
  int width = d->format.width, height = d->format.height;
  size_t left = 0;
  for (int r = 0; r < f->rows; r++)
    for (int c = 0; c < f->columns; c++) {
      int x0 = c * width / f->columns, x1 = (c + 1) * width / f->columns;
      int y0 = r * height / f->rows, y1 = (r + 1) * height / f->rows;
      x1 = x1 > x0 ? x1 : x0 + 1;
      y1 = y1 > y0 ? y1 : y0 + 1;
      int n = 0;
      for (int y = y0; y < y1; y++)
        for (int x = x0; x < x1; x++)
          n += mask[(size_t) y * (size_t) width + (size_t) x] != 0;
      bool counts = 2 * n >= (x1 - x0) * (y1 - y0);
      cells[r * f->columns + c] = counts;
      left += counts;
    }
  return left;
}

AeStatus
ae_detector_set_mask (AeDetector *d, const uint8_t *mask, AeError *err)
{
  uint8_t *cells = NULL;
  if (mask) {
    cells = ae_alloc ((size_t) d->facts.columns * (size_t) d->facts.rows);
    if (!cells)
      return ae_fail (err, AE_ERROR_MEMORY, "no memory for a mask");
    if (shrink_mask (d, mask, cells) == 0) {
      ae_free (cells);
      return ae_fail (err, AE_ERROR_ARGUMENT,
          "nothing is left to look at: expected at least one cell of %dx%d "
          "pixels of the model's %dx%d half inside, found none",
          AE_CELL, AE_CELL, d->facts.shape.width, d->facts.shape.height);
    }
  }
  ae_free (d->mask);
  d->mask = cells;
  return AE_OK;
}

void
ae_detector_reset (AeDetector *d)
{
  if (d->observer)
    ae_observer_reset (d->observer);
  if (d->grey)
    ae_grey_reset (d->grey);
  ae_channels_reset (&d->channels);
  d->begun = false;
  d->waited = d->usual = 0;
  d->last = (AeDetection){ 0 };
}

void
ae_detector_grid_size (const AeDetector *d, int *columns, int *rows)
{
  *columns = d->facts.columns;
  *rows = d->facts.rows;
}

/* The median of the cells that count. */
static float
median_of (AeDetector *d, AeChannel channel)
{
  size_t cells = (size_t) d->facts.columns * (size_t) d->facts.rows, n = 0;
  const float *values = d->channels.cells[channel];
  for (size_t i = 0; i < cells; i++)
    if (!d->mask || d->mask[i])
      d->sorted[n++] = values[i];
  return n ? ae_cells_nth (d->sorted, n, n / 2) : 0;
}

/* What moves is forgotten after a gap; the light is not, it knows about time. */
static void
take_time (AeDetector *d)
{
  if (d->usual > 0
      && d->waited > GAP * fmax (d->usual, 1 / d->facts.frame_rate)) {
    ae_observer_reset (d->observer);
    ae_channels_reset (&d->channels);
    d->last = (AeDetection){ .fresh = true };
  }
  d->usual = d->waited;
  ae_observer_set_pace (d->observer, d->waited * d->facts.frame_rate);
}

static void
score_picture (AeDetector *d)
{
  AeObservation seen;
  const AeFacts *f = &d->facts;
  float *cells = d->channels.cells[AE_CHANNEL_LATENT];
  if (d->observer)
    ae_observer_add (d->observer, d->picture, &seen);
  float found = ae_patches_score (
      d->patches, d->picture, f->columns, f->rows, d->mask, cells);
  ae_channels_score_picture (
      &d->channels, d->observer ? &seen : NULL, found);
  d->last.ready = true;
  d->last.sure = 1;
}

static void
score_frame (AeDetector *d)
{
  AeObservation seen;
  d->last.ready = ae_observer_add (d->observer, d->picture, &seen);
  ae_observer_times (d->observer, &d->times);
  if (!d->last.ready)
    return;
  d->last.sure = seen.sure;
  double start = ae_now_ms ();
  ae_channels_score (&d->channels, &seen);
  d->times.cells += ae_now_ms () - start;
}

static void
score (AeDetector *d)
{
  if (d->patches)
    score_picture (d);
  else
    score_frame (d);
  if (!d->last.ready)
    return;
  for (int i = 0; i < AE_N_CHANNELS; i++)
    d->last.score[i]
        = ae_channels_picture (&d->channels, (AeChannel) i, d->mask);
  d->last.generated = median_of (d, AE_CHANNEL_DISCRIMINATOR);
}

static void
look_at (AeDetector *d, const AeImage *frame)
{
  if (d->begun && !d->patches)
    take_time (d);
  double start = ae_now_ms ();
  AeLight light = ae_grey_load (
      d->grey, frame, d->begun ? d->waited : 0, d->picture);
  d->times.scaling = ae_now_ms () - start;
  d->last.light = light.light;
  d->last.contrast = light.contrast;
  d->begun = true;
  d->waited = 0;
  score (d);
}

void
ae_detector_process (AeDetector *d, const AeImage *frame, double seconds,
    AeDetection *detection)
{
  if (!(seconds > 0))
    ae_detector_reset (d);
  d->waited += seconds;
  d->last.fresh = !d->begun || d->patches
                  || d->waited >= SOON / d->facts.frame_rate;
  if (d->last.fresh) {
    /* all threads that work on it compute alike */
    unsigned mode = ae_fpenv_enter ();
    look_at (d, frame);
    ae_fpenv_leave (mode);
  }
  *detection = d->last;
}

const float *
ae_detector_grid (const AeDetector *d, AeChannel channel)
{
  return d->channels.cells[channel];
}

/* Cells around the largest that have at least this share of its score. */
#define PEAK_SHARE 0.6f
#define PEAK_REACH 8

static bool
in_peak (const AeDetector *d, AeChannel channel, int x, int y, float least)
{
  const AeFacts *f = &d->facts;
  int at = y * f->columns + x;
  return (!d->mask || d->mask[at]) && d->channels.cells[channel][at] >= least;
}

static int
largest_cell (const AeDetector *d, AeChannel channel)
{
  int cells = d->facts.columns * d->facts.rows, best = -1;
  const float *values = d->channels.cells[channel];
  for (int i = 0; i < cells; i++)
    if ((!d->mask || d->mask[i]) && (best < 0 || values[i] > values[best]))
      best = i;
  return best < 0 ? 0 : best;
}

void
ae_detector_peak (
    const AeDetector *d, AeChannel channel, AeRegion *region)
{
  const AeFacts *f = &d->facts;
  int best = largest_cell (d, channel);
  int cx = best % f->columns, cy = best / f->columns;
  float least = PEAK_SHARE * d->channels.cells[channel][best];
  int x0 = cx, x1 = cx, y0 = cy, y1 = cy;
  for (int k = 1; k <= PEAK_REACH; k++) {
    if (x0 == cx - k + 1 && x0 > 0 && in_peak (d, channel, x0 - 1, cy, least))
      x0--;
    if (x1 == cx + k - 1 && x1 < f->columns - 1
        && in_peak (d, channel, x1 + 1, cy, least))
      x1++;
    if (y0 == cy - k + 1 && y0 > 0 && in_peak (d, channel, cx, y0 - 1, least))
      y0--;
    if (y1 == cy + k - 1 && y1 < f->rows - 1
        && in_peak (d, channel, cx, y1 + 1, least))
      y1++;
  }
  float w = 1.0f / (float) f->columns, h = 1.0f / (float) f->rows;
  *region = (AeRegion){ (float) x0 * w, (float) y0 * h,
    (float) (x1 - x0 + 1) * w, (float) (y1 - y0 + 1) * h };
}

void
ae_detector_size (const AeDetector *d, int *width, int *height)
{
  *width = d->facts.shape.width;
  *height = d->facts.shape.height;
}

void
ae_detector_expected (
    const AeDetector *d, uint8_t *seen, uint8_t *expected)
{
  const AeObserverShape *s = &d->facts.shape;
  memcpy (seen, d->picture, (size_t) s->width * (size_t) s->height);
  if (d->observer)
    ae_observer_prediction (d->observer, expected);
  else
    memcpy (expected, seen, (size_t) s->width * (size_t) s->height);
}

AeDetectorTimes
ae_detector_times (const AeDetector *d)
{
  return d->times;
}

const AeCalibration *
ae_detector_calibration (const AeDetector *d, AeChannel channel)
{
  return &d->facts.calibration[channel];
}

bool
ae_detector_has_channel (const AeDetector *d, AeChannel channel)
{
  switch (channel) {
    case AE_CHANNEL_MOTION:
      return d->facts.shape.past > 0;
    case AE_CHANNEL_DISCRIMINATOR:
    case AE_CHANNEL_RECONSTRUCTION:
      return d->facts.networks;
    default:
      return true;
  }
}

bool
ae_detector_for_pictures (const AeDetector *d)
{
  return d->facts.shape.past == 0;
}
