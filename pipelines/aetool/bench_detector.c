/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bench_detector.h"

#include <ae/detector.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "aetool.h"
#include "frames.h"
#include "json.h"

#define FRAMES 24    /* drawn; they are shown forth and back */
#define WARM_UP 8    /* until averages are of as many pictures as they can be */
#define WALKERS 10
#define SECONDS 0.1  /* between frames */

static const struct {
  const char *name;
  size_t at;
} parts[] = {
  { "scaling", offsetof (AeDetectorTimes, scaling) },
  { "motion", offsetof (AeDetectorTimes, motion) },
  { "networks", offsetof (AeDetectorTimes, networks) },
  { "densities", offsetof (AeDetectorTimes, densities) },
  { "cells", offsetof (AeDetectorTimes, cells) },
};
#define N_PARTS G_N_ELEMENTS (parts)

/* Milliseconds, medians. */
typedef struct {
  double frame, least, part[N_PARTS];
} Times;

static double
backdrop (double x, double y)
{
  return 120 + 25 * sin (x * 21) * cos (y * 13) + 12 * sin (x * 90 + y * 40);
}

/* Ten people's size and speed in 240 rows, at x, y in shares of the height. */
static double
scene (double x, double y, double aspect, int frame)
{
  for (int i = 0; i < WALKERS; i++) {
    double speed = (i % 2 ? 1 : -1) * (0.004 + 0.0006 * i);
    double dx = x - fmod (i * 0.37 * aspect + speed * frame + aspect, aspect);
    double dy = y - (0.15 + 0.08 * i);
    if (dx * dx * 9 + dy * dy < 0.0036)
      return 60 + 10 * i + 30 * sin (dx * 300) * sin (dy * 200);
  }
  return backdrop (x, y);
}

static Picture *
draw (int width, int height, int frame)
{
  Picture *p = picture_new (GST_VIDEO_FORMAT_I420, width, height);
  guint32 noise = 12345u + (guint32) frame;
  memset (p->data, 128, p->size);
  for (int y = 0; y < height; y++)
    for (int x = 0; x < width; x++) {
      noise = noise * 1664525u + 1013904223u;
      double level = scene ((double) x / height, (double) y / height,
          (double) width / height, frame);
      p->plane[0][(gsize) y * p->plane_width[0] + x]
          = (guint8) (level + (noise >> 24) % 7);
    }
  return p;
}

static void
free_pictures (Picture **pictures)
{
  for (int i = 0; i < FRAMES; i++)
    picture_free (pictures[i]);
}

/* The median of `n` samples of each row. */
static void
take_medians (double *rows[N_PARTS + 1], int n, Times *times)
{
  for (gsize k = 0; k < N_PARTS; k++)
    times->part[k] = bench_median (rows[k], n);
  times->frame = bench_median (rows[N_PARTS], n);
  times->least = rows[N_PARTS][0];
}

static void
measure (AeDetector *detector, Picture **pictures, int n, Times *times)
{
  double *rows[N_PARTS + 1];
  for (gsize k = 0; k <= N_PARTS; k++)
    rows[k] = g_new0 (double, n);
  for (int i = -WARM_UP; i < n; i++) {
    int at = (i + WARM_UP) % (2 * FRAMES - 2);
    AeImage image
        = picture_image (pictures[at < FRAMES ? at : 2 * FRAMES - 2 - at]);
    AeDetection detection;
    gint64 begin = g_get_monotonic_time ();
    ae_detector_process (
        detector, &image, i > -WARM_UP ? SECONDS : 0, &detection);
    double ms = (g_get_monotonic_time () - begin) / 1e3;
    AeDetectorTimes t = ae_detector_times (detector);
    for (gsize k = 0; i >= 0 && k < N_PARTS; k++)
      rows[k][i] = G_STRUCT_MEMBER (double, &t, parts[k].at);
    if (i >= 0)
      rows[N_PARTS][i] = ms;
  }
  take_medians (rows, n, times);
  for (gsize k = 0; k <= N_PARTS; k++)
    g_free (rows[k]);
}

static void
print_text (const Times *t, int width, int height, const BenchOptions *o)
{
  bool bf16 = false;
  ae_precision_is_bf16 (o->precision, &bf16, NULL);
  printf ("frames        %dx%d, threads %d, %s kernels, %s\n", width, height,
      o->threads, ae_cpu_level_name (ae_cpu_level ()), bf16 ? "bf16" : "f32");
  printf ("time          %.2f ms median, %.2f ms least of %d: %.0f frames per "
          "second\n",
      t->frame, t->least, o->runs * o->rounds, 1000 / t->frame);
  double sum = 0;
  for (gsize k = 0; k < N_PARTS; k++)
    sum += t->part[k];
  for (gsize k = 0; k < N_PARTS; k++)
    printf ("%-13s %.2f ms, %.0f %%\n", parts[k].name, t->part[k],
        100 * t->part[k] / sum);
}

static void
add_json (Json *json, const Times *t, int width, int height)
{
  g_autofree char *size = g_strdup_printf ("%dx%d", width, height);
  json_open (json, size, '{');
  json_number (json, "median_ms", t->frame);
  json_number (json, "min_ms", t->least);
  json_number (json, "frames_per_second", 1000 / t->frame);
  for (gsize k = 0; k < N_PARTS; k++) {
    g_autofree char *key = g_strdup_printf ("%s_ms", parts[k].name);
    json_number (json, key, t->part[k]);
  }
  json_close (json, '{');
}

/* json: NULL for text. */
static AeStatus
bench_size (AeModel *model, int width, int height, const BenchOptions *o,
    Json *json, AeError *err)
{
  AeDetectorOptions options
      = { .n_threads = o->threads, .precision = o->precision };
  AeDetector *detector = NULL;
  Picture *pictures[FRAMES];
  Times times;
  AeStatus status = ae_detector_new (&detector, model, &options, err);
  if (status != AE_OK)
    return status;
  for (int i = 0; i < FRAMES; i++)
    pictures[i] = draw (width, height, i);
  AeImage format = picture_image (pictures[0]);
  status = ae_detector_bind (detector, &format, err);
  if (status == AE_OK) {
    measure (detector, pictures, o->runs * o->rounds, &times);
    if (json)
      add_json (json, &times, width, height);
    else
      print_text (&times, width, height, o);
  }
  ae_detector_free (&detector);
  free_pictures (pictures);
  return status;
}

static gboolean
is_for_any_camera (const AeModel *model)
{
  return g_strcmp0 (ae_model_meta (model, "ae.anomaly.any_camera"), "yes")
         == 0;
}

/* Those of bench_detector.h that the model takes; returns how many. */
static int
choose_sizes (
    const AeModel *model, int width, int height, int sizes[2][2])
{
  const char *own = ae_model_meta (model, "ae.anomaly.size");
  sizes[0][0] = width;
  sizes[0][1] = height;
  if (width || !own
      || !aetool_parse_size (own, &sizes[0][0], &sizes[0][1]))
    return 1;
  sizes[1][0] = 1280;
  sizes[1][1] = 720;
  return is_for_any_camera (model) ? 2 : 1;
}

int
bench_detector (AeModel *model, int width, int height,
    const BenchOptions *options, gboolean as_json)
{
  int sizes[2][2], n = choose_sizes (model, width, height, sizes);
  g_autoptr (Json) json = as_json ? json_new () : NULL;
  AeError err;
  AeStatus status = AE_OK;
  if (json)
    json_open (json, NULL, '{');
  for (int i = 0; status == AE_OK && i < n; i++) {
    if (i > 0 && !json)
      printf ("\n");
    status
        = bench_size (model, sizes[i][0], sizes[i][1], options, json, &err);
  }
  if (status != AE_OK)
    return aetool_ae_error (&err);
  if (json) {
    json_close (json, '{');
    json_print (json);
  }
  return AETOOL_OK;
}
