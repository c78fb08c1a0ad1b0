/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* aetool eval --codec: rate and quality of a codec and of others. */

#include <math.h>
#include <stdio.h>

#include "aetool.h"
#include "coder.h"
#include "colour.h"
#include "inputs.h"
#include "json.h"
#include "paths.h"
#include "progress.h"
#include "quality.h"
#include "rd_chart.h"

static struct {
  char *model, *chart, *precision, *metric;
  char **stills, **clips, **fixed;
  gboolean peers, json;
  int frames, threads, key_interval;
} option;

static const GOptionEntry entries[] = {
  { "codec", 0, 0, G_OPTION_ARG_FILENAME, &option.model,
      "a codec's model file, or `bundled'", "MODEL" },
  { "stills", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &option.stills,
      "folder of pictures: key frames, PSNR of R, G and B", "DIR" },
  { "clip", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &option.clips,
      "clip: PSNR of Y over all its frames", "FILE" },
  { "fixed", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &option.fixed,
      "clip of a camera that does not move: the same", "FILE" },
  { "metric", 0, 0, G_OPTION_ARG_STRING, &option.metric,
      "psnr, or ms-ssim of Y: -10 log10 (1 - MS-SSIM) (default: psnr)",
      "NAME" },
  { "peers", 0, 0, G_OPTION_ARG_NONE, &option.peers,
      "also JPEG and WebP (OpenCV), MJPEG and x264 (ffmpeg), and how much "
      "more or less rate all take than the first",
      NULL },
  { "key-interval", 0, 0, G_OPTION_ARG_INT, &option.key_interval,
      "frames from one key frame of ours to the next (default: one at the "
      "begin)",
      "N" },
  { "frames", 0, 0, G_OPTION_ARG_INT, &option.frames,
      "use at most so many frames of each clip (default: all)", "N" },
  { "threads", 0, 0, G_OPTION_ARG_INT, &option.threads,
      "threads of our codec (default: all cores)", "N" },
  { "precision", 0, 0, G_OPTION_ARG_STRING, &option.precision,
      "auto, f32 or bf16 (default: auto)", "NAME" },
  { "chart", 0, 0, G_OPTION_ARG_FILENAME, &option.chart,
      "draw the curves: NAME-stills.svg, ...", "NAME" },
  { "json", 0, 0, G_OPTION_ARG_NONE, &option.json, "print JSON", NULL },
  { 0 }
};

typedef struct {
  const char *key, *title, *quality;
  gboolean stills;
  GPtrArray *items; /* of Pictures: RGB of stills, I420 of clips */
} Set;

/* What a coder reached. */
typedef struct {
  Coder *coder;
  GPtrArray *curves; /* per item: GArray of RdPoint */
  double encode_ms, decode_ms;
  guint runs;
} Result;

static void
result_free (Result *r)
{
  g_ptr_array_unref (r->curves);
  g_free (r);
}

static Pictures *
convert_all (const Pictures *from, Picture *(*convert) (const Picture *))
{
  Pictures *to = pictures_new ();
  for (guint i = 0; i < from->len; i++)
    g_ptr_array_add (to, convert (g_ptr_array_index (from, i)));
  return to;
}

static Picture *
to_i420 (const Picture *rgb)
{
  g_autoptr (Picture) yuv = colour_to_yuv (rgb);
  return colour_halve (yuv);
}

static Picture *
to_rgb (const Picture *i420)
{
  g_autoptr (Picture) yuv = colour_double (i420);
  return colour_to_rgb (yuv);
}

/* Our codec takes 4:2:0. */
static gboolean
run_coder (Coder *coder, const Pictures *item, double quality, Coded *coded,
    GError **error)
{
  const Picture *first = g_ptr_array_index (item, 0);
  if (!coder->codec || first->format != GST_VIDEO_FORMAT_RGB)
    return coder->run (coder, item, quality, coded, error);
  g_autoptr (GPtrArray) halved = convert_all (item, to_i420);
  if (!coder->run (coder, halved, quality, coded, error))
    return FALSE;
  g_autoptr (GPtrArray) decoded = g_steal_pointer (&coded->decoded);
  coded->decoded = convert_all (decoded, to_rgb);
  return TRUE;
}

static gboolean
by_similarity (void)
{
  return g_strcmp0 (option.metric, "ms-ssim") == 0;
}

/* dB, by the mean over the pictures. */
static double
quality_of (const Pictures *item, const Pictures *decoded)
{
  double sum = 0;
  for (guint i = 0; i < item->len; i++) {
    const Picture *a = g_ptr_array_index (item, i);
    const Picture *b = g_ptr_array_index (decoded, i);
    sum += by_similarity () ? quality_ms_ssim (a, b) : quality_mse (a, b);
  }
  sum /= item->len;
  return by_similarity () ? quality_similarity_db (sum) : quality_psnr (sum);
}

static RdPoint
point_of (const Pictures *item, const Coded *coded)
{
  const Picture *first = g_ptr_array_index (item, 0);
  double pixels = (double) first->width * first->height * item->len;
  return (RdPoint){ 8 * coded->bytes / pixels,
    quality_of (item, coded->decoded) };
}

static GArray *
curve_of (Result *r, const Pictures *item, GError **error)
{
  g_autoptr (GArray) curve = g_array_new (FALSE, FALSE, sizeof (RdPoint));
  for (const double *q = r->coder->qualities; *q >= 0; q++) {
    Coded coded;
    if (!run_coder (r->coder, item, *q, &coded, error))
      return NULL;
    RdPoint point = point_of (item, &coded);
    g_array_append_val (curve, point);
    r->encode_ms += coded.encode_ms;
    r->decode_ms += coded.decode_ms;
    r->runs++;
    coded_clear (&coded);
  }
  return g_steal_pointer (&curve);
}

static Result *
run_set_coder (
    const Set *set, Coder *coder, Progress *progress, GError **error)
{
  Result *r = g_new0 (Result, 1);
  r->coder = coder;
  r->curves
      = g_ptr_array_new_with_free_func ((GDestroyNotify) g_array_unref);
  for (guint i = 0; i < set->items->len; i++) {
    GArray *curve
        = curve_of (r, g_ptr_array_index (set->items, i), error);
    if (!curve) {
      result_free (r);
      return NULL;
    }
    g_ptr_array_add (r->curves, curve);
    if (progress_due (progress))
      progress_show (
          progress, (i + 1.0) / set->items->len, coder->name);
  }
  return r;
}

/* Means over the items at each quality. */
static GArray *
mean_curve (const Result *r)
{
  const GArray *first = g_ptr_array_index (r->curves, 0);
  GArray *mean = g_array_new (FALSE, TRUE, sizeof (RdPoint));
  g_array_set_size (mean, first->len);
  for (guint i = 0; i < r->curves->len; i++) {
    const GArray *curve = g_ptr_array_index (r->curves, i);
    for (guint k = 0; k < curve->len; k++) {
      RdPoint *to = &g_array_index (mean, RdPoint, k);
      const RdPoint *from = &g_array_index (curve, RdPoint, k);
      to->rate += from->rate / r->curves->len;
      to->quality += from->quality / r->curves->len;
    }
  }
  return mean;
}

/* Mean over the items. */
static double
difference (const Result *anchor, const Result *r)
{
  double sum = 0;
  for (guint i = 0; i < r->curves->len; i++)
    sum += rd_difference (g_ptr_array_index (anchor->curves, i),
        g_ptr_array_index (r->curves, i));
  return sum / r->curves->len;
}

static void
print_result (const Result *r, const Result *anchor)
{
  g_autoptr (GArray) mean = mean_curve (r);
  printf ("| %s |", r->coder->name);
  if (anchor)
    printf (" %+.1f |", difference (anchor, r));
  if (r->encode_ms > 0)
    printf (" %.1f | %.1f |", r->encode_ms / r->runs, r->decode_ms / r->runs);
  else
    printf (" - | - |");
  for (guint i = 0; i < mean->len; i++) {
    const RdPoint *p = &g_array_index (mean, RdPoint, i);
    printf (" %.3f:%.2f", p->rate, p->quality);
  }
  printf (" |\n");
}

static void
print_table (const Set *set, const GPtrArray *results, const Result *anchor)
{
  printf ("\n%s, %u of them\n\n| coder |", set->title, set->items->len);
  if (anchor)
    printf (" rate against %s, %% |", anchor->coder->name);
  printf (" encode ms | decode ms | bits per pixel : %s |\n| --- | %s--- | "
          "--- | --- |\n",
      set->quality, anchor ? "---: | " : "");
  for (guint i = 0; i < results->len; i++)
    print_result (g_ptr_array_index (results, i), anchor);
}

static void
add_json (Json *json, const Set *set, const GPtrArray *results,
    const Result *anchor)
{
  json_open (json, set->key, '{');
  for (guint i = 0; i < results->len; i++) {
    const Result *r = g_ptr_array_index (results, i);
    g_autoptr (GArray) mean = mean_curve (r);
    json_open (json, r->coder->name, '{');
    if (anchor)
      json_number (json, "rate_difference", difference (anchor, r));
    json_number (json, "encode_ms", r->encode_ms / r->runs);
    json_number (json, "decode_ms", r->decode_ms / r->runs);
    json_open (json, "points", '[');
    for (guint k = 0; k < mean->len; k++) {
      json_open (json, NULL, '[');
      json_number (json, NULL, g_array_index (mean, RdPoint, k).rate);
      json_number (json, NULL, g_array_index (mean, RdPoint, k).quality);
      json_close (json, '[');
    }
    json_close (json, '[');
    json_close (json, '{');
  }
  json_close (json, '{');
}

static gboolean
draw (const Set *set, const GPtrArray *results, GError **error)
{
  RdChart chart;
  g_autofree char *path
      = g_strdup_printf ("%s-%s.svg", option.chart, set->key);
  rd_chart_init (&chart, set->title, set->quality);
  for (guint i = 0; i < results->len; i++) {
    const Result *r = g_ptr_array_index (results, i);
    g_autoptr (GArray) mean = mean_curve (r);
    rd_chart_add (&chart, r->coder->name, mean);
  }
  gboolean ok = rd_chart_save (&chart, path, error);
  rd_chart_clear (&chart);
  return ok;
}

static gboolean
run_coders (
    const Set *set, const GPtrArray *coders, GPtrArray *results, GError **error)
{
  Progress progress;
  gboolean ok = TRUE;
  progress_start (&progress, 2);
  for (guint i = 0; ok && i < coders->len; i++) {
    Result *r = run_set_coder (
        set, g_ptr_array_index (coders, i), &progress, error);
    if ((ok = r != NULL))
      g_ptr_array_add (results, r);
  }
  progress_end (&progress);
  return ok;
}

static gboolean
run_set (const Set *set, AeCodec *codec, const AeCodecOptions *options,
    Json *json, GError **error)
{
  guint interval = option.key_interval ? option.key_interval : G_MAXUINT;
  g_autoptr (GPtrArray) coders
      = g_ptr_array_new_with_free_func ((GDestroyNotify) coder_free);
  g_ptr_array_add (coders, coder_ours ("ours", codec, options, interval));
  if (option.peers)
    g_ptr_array_extend_and_steal (coders, coder_peers (set->stills));
  g_autoptr (GPtrArray) results
      = g_ptr_array_new_with_free_func ((GDestroyNotify) result_free);
  if (!run_coders (set, coders, results, error))
    return FALSE;
  const Result *anchor
      = results->len > 1 ? g_ptr_array_index (results, 1) : NULL;
  if (json)
    add_json (json, set, results, anchor);
  else
    print_table (set, results, anchor);
  return !option.chart || draw (set, results, error);
}

/* Files of each name, all frames. */
static GPtrArray *
load (char **names, gboolean stills, GError **error)
{
  g_autoptr (GPtrArray) items
      = g_ptr_array_new_with_free_func ((GDestroyNotify) g_ptr_array_unref);
  g_autoptr (GPtrArray) uris
      = inputs_expand (names, (int) g_strv_length (names), error);
  for (guint i = 0; uris && i < uris->len; i++) {
    Pictures *pictures = picture_load (g_ptr_array_index (uris, i),
        stills ? GST_VIDEO_FORMAT_RGB : GST_VIDEO_FORMAT_I420,
        stills ? 1 : (guint) option.frames, error);
    if (!pictures)
      return NULL;
    g_ptr_array_add (items, pictures);
    const Picture *p = g_ptr_array_index (pictures, 0);
    if (stills && (p->width % 2 || p->height % 2)) {
      g_set_error (error, AETOOL_DOMAIN, AE_ERROR_SHAPE,
          "%s has %dx%d pixels, wanted even numbers",
          (char *) g_ptr_array_index (uris, i), p->width, p->height);
      return NULL;
    }
  }
  return uris ? g_steal_pointer (&items) : NULL;
}

static gboolean
run_all (AeCodec *codec, const AeCodecOptions *options, Json *json,
    GError **error)
{
  Set sets[] = {
    { "stills", "Stills", "PSNR of RGB, dB", TRUE },
    { "clips", "Clips", "PSNR of Y, dB", FALSE },
    { "fixed", "Clips of a fixed camera", "PSNR of Y, dB", FALSE },
  };
  for (gsize i = 0; by_similarity () && i < G_N_ELEMENTS (sets); i++)
    sets[i].quality = "MS-SSIM of Y, dB";
  char **names[] = { option.stills, option.clips, option.fixed };
  for (gsize i = 0; i < G_N_ELEMENTS (sets); i++) {
    if (!names[i])
      continue;
    g_autoptr (GPtrArray) items = load (names[i], sets[i].stills, error);
    sets[i].items = items;
    if (!items || !run_set (&sets[i], codec, options, json, error))
      return FALSE;
  }
  return TRUE;
}

static AeStatus
open_codec (AeCodec **codec, const char *path, AeError *err)
{
  AeModel *model;
  AeStatus status = ae_model_load (&model, path, err);
  if (status == AE_OK)
    status = ae_codec_new (codec, model, err);
  ae_model_unref (&model);
  return status;
}

static int
run (const char *path, const AeCodecOptions *options)
{
  GError *error = NULL;
  AeCodec *codec = NULL;
  AeError err;
  if (open_codec (&codec, path, &err) != AE_OK)
    return aetool_ae_error (&err);
  g_autoptr (Json) json = option.json ? json_new () : NULL;
  if (json)
    json_open (json, NULL, '{');
  gboolean ok = run_all (codec, options, json, &error);
  if (ok && json) {
    json_close (json, '{');
    json_print (json);
  }
  ae_codec_unref (&codec);
  return ok ? AETOOL_OK : aetool_g_error (error);
}

int
aetool_eval_codec (int argc, char **argv)
{
  AeCodecOptions options = { 0 };
  if (!aetool_parse (&argc, &argv, "",
          "Prints rate and quality of a codec over its levels of quality.",
          "Rates are those of whole streams. Rate against another coder: the "
          "mean difference at\nthe same quality, over the range that both have "
          "(BD-rate).",
          entries))
    return AETOOL_USAGE;
  if (!option.stills && !option.clips && !option.fixed)
    return aetool_usage ("wanted --stills, --clip or --fixed");
  if (option.key_interval < 0 || option.frames < 0 || option.threads < 0)
    return aetool_usage ("numbers are above 0");
  if (option.metric && !by_similarity ()
      && g_strcmp0 (option.metric, "psnr") != 0)
    return aetool_usage ("a metric is psnr or ms-ssim");
  if (!aetool_parse_precision (option.precision, &options.precision))
    return AETOOL_USAGE;
  options.n_threads = option.threads;
  GError *error = NULL;
  g_autofree char *path = g_strcmp0 (option.model, "bundled")
      ? g_strdup (option.model)
      : paths_bundled ("codec.onnx", &error);
  return path ? run (path, &options) : aetool_g_error (error);
}
