/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Stands in for the detector until that exists: frame differences per cell of
 * 16x16 pixels, one fixed calibration. Keeps what ae/detector.h promises. */

#include <ae/detector.h>

#include "util/error.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CELL 16

struct AeDetector {
  AeModel *model;
  int width, height, columns, rows;
  uint8_t *luma, *before, *mask;
  float *grid;
  bool has_before;
  float level; /* of the light, over the last frames; below 0: not known */
  AeCalibration calibration;
};

const char *
ae_channel_name (AeChannel channel)
{
  static const char *const names[AE_N_CHANNELS] = { "fused", "discriminator",
    "reconstruction", "latent", "motion" };
  return names[channel];
}

AeStatus
ae_detector_new (AeDetector **out, AeModel *model,
    const AeDetectorOptions *options, AeError *err)
{
  const char *task = ae_model_meta (model, "ae.task");
  *out = NULL;
  if (!task || strcmp (task, "anomaly") != 0)
    return ae_fail (err, AE_ERROR_FORMAT,
        "not an anomaly detector: metadata ae.task is \"%s\", wanted "
        "\"anomaly\"",
        task ? task : "missing");
  bool bf16;
  AeStatus status = options
      ? ae_precision_is_bf16 (options->precision, &bf16, err)
      : AE_OK;
  if (status != AE_OK)
    return status;
  AeDetector *d = calloc (1, sizeof *d);
  if (!d)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for a detector");
  d->model = ae_model_ref (model);
  d->calibration
      = (AeCalibration) { .hours = 1, .start = 10, .rate = 60, .scale = 2 };
  *out = d;
  return AE_OK;
}

static void
forget_size (AeDetector *d)
{
  free (d->luma);
  free (d->before);
  free (d->mask);
  free (d->grid);
  d->luma = d->before = d->mask = NULL;
  d->grid = NULL;
}

void
ae_detector_free (AeDetector **detector)
{
  if (!*detector)
    return;
  forget_size (*detector);
  ae_model_unref (&(*detector)->model);
  free (*detector);
  *detector = NULL;
}

AeStatus
ae_detector_bind (AeDetector *d, const AeImage *format, AeError *err)
{
  size_t n = (size_t) format->width * format->height;
  forget_size (d);
  d->width = format->width;
  d->height = format->height;
  d->columns = (d->width + CELL - 1) / CELL;
  d->rows = (d->height + CELL - 1) / CELL;
  d->luma = malloc (n);
  d->before = malloc (n);
  d->grid = calloc ((size_t) d->columns * d->rows, sizeof (float));
  ae_detector_reset (d);
  if (!d->luma || !d->before || !d->grid)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for %d x %d", d->width,
        d->height);
  return AE_OK;
}

AeStatus
ae_detector_set_mask (AeDetector *d, const uint8_t *mask, AeError *err)
{
  size_t n = (size_t) d->width * d->height;
  if (mask) {
    bool any = false;
    for (size_t i = 0; i < n; i++)
      any = any || mask[i];
    if (!any)
      return ae_fail (err, AE_ERROR_ARGUMENT,
          "the mask leaves nothing of the picture");
  }
  free (d->mask);
  d->mask = NULL;
  if (!mask)
    return AE_OK;
  d->mask = malloc (n);
  if (!d->mask)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for a mask");
  memcpy (d->mask, mask, n);
  return AE_OK;
}

void
ae_detector_reset (AeDetector *d)
{
  d->has_before = false;
  d->level = -1;
}

void
ae_detector_grid_size (const AeDetector *d, int *columns, int *rows)
{
  *columns = d->columns;
  *rows = d->rows;
}

static int
luma (const AeImage *f, int x, int y)
{
  const uint8_t *row = f->plane[0] + y * f->stride[0];
  switch (f->pixels) {
    case AE_PIXELS_PACKED:
      return row[x * f->pixel_stride + f->g];
    case AE_PIXELS_I420_10:
      return (row[2 * x] | row[2 * x + 1] << 8) >> 2;
    case AE_PIXELS_P010:
      return row[2 * x + 1];
    default:
      return row[x];
  }
}

static void
look (AeDetector *d, AeDetection *detection)
{
  double sum = 0, squares = 0, n = (double) d->width * d->height;
  for (size_t i = 0; i < (size_t) d->width * d->height; i++) {
    sum += d->luma[i];
    squares += d->luma[i] * d->luma[i];
  }
  float mean = (float) (sum / n);
  detection->contrast = sqrtf (fmaxf (0, squares / n - mean * mean));
  if (d->level < 0)
    d->level = mean;
  detection->light = fabsf (log2f ((mean + 8) / (d->level + 8)));
  d->level += (mean - d->level) / 16;
}

static float
cell_score (const AeDetector *d, int column, int row)
{
  int sum = 0, n = 0;
  for (int y = row * CELL; y < row * CELL + CELL && y < d->height; y++)
    for (int x = column * CELL; x < column * CELL + CELL && x < d->width;
         x++) {
      size_t i = (size_t) y * d->width + x;
      if (d->mask && !d->mask[i])
        continue;
      sum += abs (d->luma[i] - d->before[i]);
      n++;
    }
  return n ? (float) sum / n : 0;
}

void
ae_detector_process (AeDetector *d, const AeImage *frame, double seconds,
    AeDetection *detection)
{
  float most = 0;
  memset (detection, 0, sizeof *detection);
  memset (d->grid, 0, sizeof (float) * d->columns * d->rows);
  for (int y = 0; y < d->height; y++)
    for (int x = 0; x < d->width; x++)
      d->luma[(size_t) y * d->width + x] = luma (frame, x, y);
  look (d, detection);
  detection->ready = d->has_before && seconds > 0;
  if (detection->ready) {
    for (int i = 0; i < d->columns * d->rows; i++) {
      d->grid[i] = cell_score (d, i % d->columns, i / d->columns);
      most = fmaxf (most, d->grid[i]);
    }
    for (int i = 0; i < AE_N_CHANNELS; i++)
      detection->score[i] = most;
  }
  d->has_before = true;
  uint8_t *older = d->before;
  d->before = d->luma;
  d->luma = older;
}

const float *
ae_detector_grid (const AeDetector *d, AeChannel channel)
{
  return d->grid;
}

void
ae_detector_peak (const AeDetector *d, AeChannel channel, AeRegion *region)
{
  int best = 0;
  for (int i = 1; i < d->columns * d->rows; i++)
    best = d->grid[i] > d->grid[best] ? i : best;
  float left = best % d->columns * CELL, top = best / d->columns * CELL;
  region->x = left / d->width;
  region->y = top / d->height;
  region->width = fminf (CELL, d->width - left) / d->width;
  region->height = fminf (CELL, d->height - top) / d->height;
}

const AeCalibration *
ae_detector_calibration (const AeDetector *d, AeChannel channel)
{
  return &d->calibration;
}

bool
ae_detector_for_pictures (const AeDetector *d)
{
  return false;
}

/* An exponential tail. */
AeStatus
ae_calibration_fit (AeCalibration *c, const float *scores, size_t n,
    const size_t *run_lengths, size_t n_runs, double seconds, AeError *err)
{
  double most = 0, sum = 0;
  if (n == 0 || !(seconds > 0))
    return ae_fail (err, AE_ERROR_ARGUMENT, "no score to calibrate with");
  for (size_t i = 0; i < n; i++) {
    most = fmax (most, scores[i]);
    sum += scores[i];
  }
  double hours = n * seconds / 3600;
  *c = (AeCalibration) { .hours = hours,
    .start = most,
    .rate = 1 / hours,
    .scale = fmax (most - sum / n, 0.1) };
  return AE_OK;
}

double
ae_calibration_rate (const AeCalibration *c, double score)
{
  return fmax (1e-300, c->rate * exp (-(score - c->start) / c->scale));
}

double
ae_calibration_threshold (const AeCalibration *c, double per_hour)
{
  return c->start + c->scale * log (c->rate / per_hour);
}

double
ae_calibration_probability (
    const AeCalibration *c, double score, double per_hour)
{
  return per_hour / (per_hour + ae_calibration_rate (c, score));
}

double
ae_calibration_score (
    const AeCalibration *c, double probability, double per_hour)
{
  return ae_calibration_threshold (c, per_hour / probability - per_hour);
}

void
ae_calibration_write (const AeCalibration *c, char text[AE_CALIBRATION_TEXT])
{
  snprintf (text, AE_CALIBRATION_TEXT, "%.9g %.9g %.9g %.9g", c->hours,
      c->start, c->rate, c->scale);
}

AeStatus
ae_calibration_read (AeCalibration *c, const char *text, AeError *err)
{
  memset (c, 0, sizeof *c);
  if (sscanf (text, "%lf %lf %lf %lf", &c->hours, &c->start, &c->rate,
          &c->scale)
      != 4)
    return ae_fail (err, AE_ERROR_FORMAT, "no calibration: %.40s", text);
  return AE_OK;
}
