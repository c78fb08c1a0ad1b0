/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* aetool eval --anomaly: how well a detector finds what is unusual. */

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "aetool.h"
#include "anomaly_chart.h"
#include "anomaly_csv.h"
#include "anomaly_generated.h"
#include "anomaly_pictures.h"
#include "anomaly_report.h"
#include "anomaly_scorer.h"
#include "json.h"
#include "paths.h"
#include "progress.h"

#define USUAL_ALARMS 6 /* per hour */

static struct {
  char *model, *generator, *plot, *precision, *normal;
  double per_hour;
  gboolean json;
  int threads;
} option = { .per_hour = USUAL_ALARMS };

static const GOptionEntry entries[] = {
  { "anomaly", 0, 0, G_OPTION_ARG_FILENAME, &option.model,
      "a detector's model file, or `bundled'", "MODEL" },
  { "false-alarms-per-hour", 0, 0, G_OPTION_ARG_DOUBLE, &option.per_hour,
      "what the threshold is calibrated for (default: 6)", "RATE" },
  { "generator", 0, 0, G_OPTION_ARG_FILENAME, &option.generator,
      "another model of task anomaly: are frames that it predicts told from "
      "the clips'?",
      "MODEL" },
  { "normal", 0, 0, G_OPTION_ARG_FILENAME, &option.normal,
      "of pictures: others that are as normal as good/ and were not learned "
      "from; all figures against them too",
      "FOLDER" },
  { "plot", 0, 0, G_OPTION_ARG_FILENAME, &option.plot,
      "write roc.svg, score-CLIP.svg, scores.csv and sheet.png (the highest "
      "scores, where they are, and the truth) into the folder",
      "FOLDER" },
  { "threads", 0, 0, G_OPTION_ARG_INT, &option.threads,
      "threads (default: all cores)", "N" },
  { "precision", 0, 0, G_OPTION_ARG_STRING, &option.precision,
      "auto, f32 or bf16 (default: auto)", "NAME" },
  { "json", 0, 0, G_OPTION_ARG_NONE, &option.json, "print JSON", NULL },
  { 0 }
};

static int
compare (gconstpointer a, gconstpointer b)
{
  double x = *(const double *) a, y = *(const double *) b;
  return (x > y) - (x < y);
}

/* Median milliseconds of a frame, and frames per second. */
static void
measure_time (const AnomalyScorer *s, double *ms, double *rate)
{
  double sum = 0;
  g_array_sort (s->ms, compare);
  for (guint i = 0; i < s->ms->len; i++)
    sum += g_array_index (s->ms, double, i);
  *ms = g_array_index (s->ms, double, s->ms->len / 2);
  *rate = s->ms->len * 1000.0 / MAX (sum, 1e-3);
}

/* The raw score that normal footage reaches as often as asked for. */
static double
threshold_of (const AnomalyScorer *s, int channel)
{
  return ae_calibration_threshold (
      ae_detector_calibration (s->detector, (AeChannel) channel),
      option.per_hour);
}

static void
measure_pixels (const AnomalyScorer *s, double *all, double *unusual)
{
  for (int c = 0; c < AE_N_CHANNELS; c++) {
    all[c] = anomaly_pixels_area (s->pixels[c], FALSE);
    unusual[c] = anomaly_pixels_area (s->pixels[c], TRUE);
  }
}

/* Charts of the tracks, time lines of those that are clips, and the sheet. */
static gboolean
plot (const AnomalyScorer *s, const GPtrArray *tracks,
    const AnomalyFigures *figures, GError **error)
{
  if (!option.plot)
    return TRUE;
  double threshold = threshold_of (s, AE_CHANNEL_FUSED);
  g_autofree char *roc = g_build_filename (option.plot, "roc.svg", NULL);
  g_autofree char *csv = g_build_filename (option.plot, "scores.csv", NULL);
  g_autofree char *sheet = g_build_filename (option.plot, "sheet.png", NULL);
  for (guint i = 0; i < tracks->len; i++) {
    const AnomalyTrack *t = g_ptr_array_index (tracks, i);
    g_autofree char *name = g_strdup_printf ("score-%s.svg", t->name);
    g_autofree char *path = g_build_filename (option.plot, name, NULL);
    if (t->seconds > 0 && !anomaly_chart_time (t, threshold, path, error))
      return FALSE;
  }
  return anomaly_chart_roc (tracks, figures, roc, error)
         && anomaly_csv_save (tracks, csv, error)
         && anomaly_shots_save (s->shots, threshold, sheet, error);
}

static GPtrArray *
score_clips (AnomalyScorer *s, const GPtrArray *clips, GError **error)
{
  g_autoptr (GPtrArray) tracks
      = g_ptr_array_new_with_free_func ((GDestroyNotify) anomaly_track_free);
  Progress progress;
  AnomalyTrack *track = NULL;
  progress_start (&progress, 10);
  for (guint i = 0; i < clips->len; i++) {
    const AnomalyClip *clip = g_ptr_array_index (clips, i);
    if (progress_due (&progress))
      progress_show (&progress, (double) i / clips->len, clip->name);
    if (!(track = anomaly_score_clip (s, clip, error)))
      break;
    g_ptr_array_add (tracks, track);
  }
  progress_end (&progress);
  return track ? g_steal_pointer (&tracks) : NULL;
}

static gboolean
measure_generated (AnomalyReport *r, const AeDetectorOptions *options,
    GPtrArray *clips, GError **error)
{
  AnomalyGeneratedTask task
      = { option.model, option.generator, options, clips };
  return !option.generator
         || anomaly_generated_measure (
             &task, &r->generated, &r->n_generated, error);
}

static gboolean
run_clips (AnomalyScorer *s, char **inputs, int n,
    const AeDetectorOptions *options, Json *json, GError **error)
{
  if (option.normal) {
    g_set_error (error, AETOOL_DOMAIN, AE_ERROR_ARGUMENT,
        "--normal %s: wanted a model of pictures, %s is for video",
        option.normal, option.model);
    return FALSE;
  }
  for (int i = 0; i < n; i++)
    if (anomaly_pictures_is_set (inputs[i])) {
      g_set_error (error, AETOOL_DOMAIN, AE_ERROR_ARGUMENT,
          "%s: found a folder of pictures (it has good/), wanted clips: %s is "
          "for video",
          inputs[i], option.model);
      return FALSE;
    }
  g_autoptr (GPtrArray) clips = anomaly_clips (inputs, n, error);
  g_autoptr (GPtrArray) tracks = clips ? score_clips (s, clips, error) : NULL;
  if (!tracks)
    return FALSE;
  AnomalyReport r = { .tracks = tracks, .has_masks = s->has_masks,
    .per_hour = option.per_hour };
  for (int c = 0; c < AE_N_CHANNELS; c++)
    if (!anomaly_figures (&r.figures[c], tracks, (AeChannel) c,
            threshold_of (s, c), error))
      return FALSE;
  measure_time (s, &r.ms, &r.rate);
  measure_pixels (s, r.pixels, r.pixels_unusual);
  if (!measure_generated (&r, options, clips, error))
    return FALSE;
  if (json)
    anomaly_report_json (json, &r);
  else
    anomaly_report_print (&r);
  return plot (s, tracks, r.figures, error);
}

/* The area of one kind of defect against the good ones. */
static gboolean
measure_kind (AnomalyKind *kind, AnomalyTrack *good, AnomalyTrack *defect,
    GError **error)
{
  AnomalyFigures f;
  g_autoptr (GPtrArray) both = g_ptr_array_new ();
  g_ptr_array_add (both, good);
  g_ptr_array_add (both, defect);
  *kind = (AnomalyKind) { defect->name, anomaly_track_length (defect) };
  for (int c = 0; c < AE_N_CHANNELS; c++) {
    if (!anomaly_figures (&f, both, (AeChannel) c, INFINITY, error))
      return FALSE;
    kind->area[c] = f.area;
  }
  return TRUE;
}

/* Of each kind, and of all as the last, against the normal ones. */
static GArray *
measure_kinds (const GPtrArray *kinds, AnomalyTrack *normal, GError **error)
{
  AnomalyKind all = { "all" }, kind;
  g_autoptr (GPtrArray) tracks = g_ptr_array_new ();
  g_autoptr (GArray) found = g_array_new (FALSE, FALSE, sizeof all);
  g_ptr_array_add (tracks, normal);
  for (guint i = 1; i < kinds->len; i++) {
    AnomalyTrack *defect = g_ptr_array_index (kinds, i);
    if (!measure_kind (&kind, normal, defect, error))
      return NULL;
    all.n += kind.n;
    g_array_append_val (found, kind);
    g_ptr_array_add (tracks, defect);
  }
  for (int c = 0; c < AE_N_CHANNELS; c++) {
    AnomalyFigures f;
    if (!anomaly_figures (&f, tracks, (AeChannel) c, INFINITY, error))
      return NULL;
    all.area[c] = f.area;
  }
  g_array_append_val (found, all);
  return g_steal_pointer (&found);
}

/* The same against other normal ones, and the good ones as if they were a kind:
 * near a half where both sets are alike. */
static GArray *
measure_others (const GPtrArray *kinds, AnomalyTrack *others, GError **error)
{
  AnomalyTrack *good = g_ptr_array_index (kinds, 0);
  AnomalyKind kind;
  g_autoptr (GArray) found = measure_kinds (kinds, others, error);
  if (!found)
    return NULL;
  memset (good->unusual->data, 1, good->unusual->len);
  gboolean ok = measure_kind (&kind, others, good, error);
  memset (good->unusual->data, 0, good->unusual->len);
  if (!ok)
    return NULL;
  g_array_append_val (found, kind);
  return g_steal_pointer (&found);
}

/* Pictures whose fused score is at least the threshold. */
static guint
count_alarms (const AnomalyScorer *s, const AnomalyTrack *track)
{
  double threshold = threshold_of (s, AE_CHANNEL_FUSED);
  guint n = 0;
  for (guint i = 0; i < anomaly_track_length (track); i++)
    n += anomaly_track_score (track, AE_CHANNEL_FUSED, i) >= threshold;
  return n;
}

static gboolean
report_pictures (AnomalyScorer *s, const GPtrArray *tracks,
    AnomalyTrack *others, Json *json, GError **error)
{
  AnomalyTrack *good = g_ptr_array_index (tracks, 0);
  g_autoptr (GArray) kinds = measure_kinds (tracks, good, error);
  g_autoptr (GArray) controls = NULL;
  if (!kinds
      || (others && !(controls = measure_others (tracks, others, error))))
    return FALSE;
  AnomalyPicturesReport r = { .kinds = kinds,
    .n_good = anomaly_track_length (good), .others = controls,
    .n_others = others ? anomaly_track_length (others) : 0,
    .per_hour = option.per_hour, .n_false = count_alarms (s, good),
    .networks = ae_detector_has_channel (
        s->detector, AE_CHANNEL_DISCRIMINATOR) };
  for (guint i = 1; i < tracks->len; i++)
    r.n_found += count_alarms (s, g_ptr_array_index (tracks, i));
  for (int c = 0; c < AE_N_CHANNELS; c++)
    if (!anomaly_figures (&r.figures[c], tracks, (AeChannel) c,
            threshold_of (s, c), error))
      return FALSE;
  r.figures[AE_CHANNEL_MOTION].area = NAN; /* there is none */
  measure_time (s, &r.ms, &r.rate);
  measure_pixels (s, r.pixels, r.pixels_unusual);
  if (json)
    anomaly_report_json_pictures (json, &r);
  else
    anomaly_report_print_pictures (&r);
  return plot (s, tracks, r.figures, error);
}

static gboolean
run_pictures (
    AnomalyScorer *s, char **inputs, int n, Json *json, GError **error)
{
  if (n != 1) {
    g_set_error (error, AETOOL_DOMAIN, AE_ERROR_ARGUMENT,
        "found %d inputs, wanted one folder with good/ and defects: %s is for "
        "pictures",
        n, option.model);
    return FALSE;
  }
  AnomalyTrack *others = NULL;
  g_autoptr (GPtrArray) tracks = anomaly_pictures_score (s, inputs[0], error);
  if (!tracks
      || (option.normal
          && !(others = anomaly_pictures_score_normal (
                   s, option.normal, error))))
    return FALSE;
  gboolean ok = report_pictures (s, tracks, others, json, error);
  g_clear_pointer (&others, anomaly_track_free);
  return ok;
}

static int
run (char **inputs, int n, const AeDetectorOptions *options)
{
  GError *error = NULL;
  AnomalyScorer scorer;
  g_autoptr (Json) json = option.json ? json_new () : NULL;
  if (option.plot && g_mkdir_with_parents (option.plot, 0777) != 0)
    return aetool_error ("%s: cannot make the folder", option.plot);
  if (json)
    json_open (json, NULL, '{');
  gboolean ok = anomaly_scorer_init (&scorer, option.model, options, &error);
  if (ok)
    ok = ae_detector_for_pictures (scorer.detector)
             ? run_pictures (&scorer, inputs, n, json, &error)
             : run_clips (&scorer, inputs, n, options, json, &error);
  if (ok && json) {
    json_close (json, '{');
    json_print (json);
  }
  anomaly_scorer_clear (&scorer);
  return ok ? AETOOL_OK : aetool_g_error (error);
}

int
aetool_eval_anomaly (int argc, char **argv)
{
  AeDetectorOptions options = { 0 };
  if (!aetool_parse (&argc, &argv, "INPUT...",
          "Prints how well a detector tells what is unusual.",
          "An INPUT is a clip or a folder of clips NAME.mkv; beside them "
          "NAME.labels.txt (a line\nfor each frame, 1 = unusual; without it "
          "all frames count as usual) and NAME.mask.mkv\n(white = unusual). "
          "For a model of pictures it is a folder with good/ and folders of\n"
          "defects; masks in ../masks/DEFECT/NAME.png.\nAUC: area under the "
          "curve, all clips together; EER: equal error rate; AP: average "
          "precision;\nready: without frames that come before the detector is "
          "ready, which have the score 0;\nin unusual frames: of their pixels "
          "only.",
          entries))
    return AETOOL_USAGE;
  if (argc < 2)
    return aetool_usage ("wanted clips or a folder of clips");
  if (!(option.per_hour > 0 && option.per_hour <= 1e6))
    return aetool_usage ("--false-alarms-per-hour %g: wanted above 0, at most "
                         "1000000", option.per_hour);
  if (option.threads < 0)
    return aetool_usage ("--threads %d: wanted 0 or more", option.threads);
  if (!aetool_parse_precision (option.precision, &options.precision))
    return AETOOL_USAGE;
  options.n_threads = option.threads;
  if (g_strcmp0 (option.model, "bundled") == 0) {
    GError *error = NULL;
    g_free (option.model);
    option.model = paths_bundled ("anomaly.onnx", &error);
    if (!option.model)
      return aetool_g_error (error);
  }
  return run (argv + 1, argc - 1, &options);
}
