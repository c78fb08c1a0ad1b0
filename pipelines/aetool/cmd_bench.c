/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* aetool bench: how fast a model runs. */

#include <ae/cpu.h>
#include <ae/session.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "aetool.h"
#include "json.h"
#include "method.h"
#include "noise.h"
#include "ort.h"
#include "shapes.h"

static struct {
  char *size, *precision;
  AePrecision parsed_precision;
  int threads, runs, rounds;
  gboolean json, profile, no_onnxruntime, install, no_strips;
} option;

static const GOptionEntry entries[] = {
  { "size", 0, 0, G_OPTION_ARG_STRING, &option.size,
      "picture size for dimensions that the model leaves open (default: "
      "640x480)", "WxH" },
  { "threads", 0, 0, G_OPTION_ARG_INT, &option.threads,
      "threads, here and in onnxruntime (default: all cores)", "N" },
  { "precision", 0, 0, G_OPTION_ARG_STRING, &option.precision,
      "auto, f32 or bf16 (default: auto, which is bf16 where the processor "
      "has AMX)",
      "NAME" },
  { "runs", 0, 0, G_OPTION_ARG_INT, &option.runs,
      "runs to take the median of (default: 30)", "N" },
  { "rounds", 0, 0, G_OPTION_ARG_INT, &option.rounds,
      "how often both engines take turns; the median counts (default: 1)",
      "N" },
  { "profile", 0, 0, G_OPTION_ARG_NONE, &option.profile,
      "print the time of each step", NULL },
  { "no-strips", 0, 0, G_OPTION_ARG_NONE, &option.no_strips,
      "run one operator after the other on the whole picture", NULL },
  { "json", 0, 0, G_OPTION_ARG_NONE, &option.json, "print JSON", NULL },
  { "no-onnxruntime", 0, 0, G_OPTION_ARG_NONE, &option.no_onnxruntime,
      "do not compare", NULL },
  { "install-onnxruntime", 0, 0, G_OPTION_ARG_NONE, &option.install,
      "install onnxruntime-node with npm when it is missing", NULL },
  { 0 }
};

typedef struct {
  AeSession *session;
  guint8 **content; /* of each input: it is lost in a run */
  size_t n_inputs;
  char *shapes; /* "name=1x3x480x640,..." */
} Bench;

typedef struct {
  double median_ms, min_ms;
  double ort_median_ms; /* NaN: not measured */
  double peak_gflops;   /* of the machine */
  double stream_ms;     /* a frame through the whole denoiser; NaN: no such
                           model */
  AeSessionInfo info;
} Result;

/* Floats between 0 and 1 (Numerical Recipes' generator), other types 0. */
static void
fill (AeTensor *tensor, guint8 *content)
{
  size_t n = ae_shape_count (&tensor->shape);
  memset (content, 0, n * ae_type_size (tensor->type));
  if (tensor->type != AE_F32)
    return;
  guint32 seed = 1;
  for (size_t i = 0; i < n; i++) {
    seed = seed * 1664525u + 1013904223u;
    ((float *) content)[i] = (seed >> 8) / 16777216.0f;
  }
}

static void
bench_prepare (Bench *bench)
{
  g_autoptr (GString) shapes = g_string_new (NULL);
  bench->n_inputs = ae_session_n_inputs (bench->session);
  bench->content = g_new0 (guint8 *, bench->n_inputs + 1);
  for (size_t i = 0; i < bench->n_inputs; i++) {
    AeTensor *input = ae_session_input (bench->session, i);
    g_autofree char *text = shapes_text (&input->shape);
    bench->content[i] = g_malloc (
        ae_shape_count (&input->shape) * ae_type_size (input->type) + 1);
    fill (input, bench->content[i]);
    g_string_append_printf (shapes, "%s%s=%s", i ? "," : "",
        ae_session_input_name (bench->session, i), text);
  }
  bench->shapes = g_string_free (g_steal_pointer (&shapes), FALSE);
}

static void
bench_clear (Bench *bench)
{
  for (size_t i = 0; bench->content && i < bench->n_inputs; i++)
    g_free (bench->content[i]);
  g_free (bench->content);
  g_free (bench->shapes);
  ae_session_free (&bench->session);
}

static void
fill_inputs (Bench *bench)
{
  for (size_t i = 0; i < bench->n_inputs; i++) {
    AeTensor *input = ae_session_input (bench->session, i);
    memcpy (input->data, bench->content[i],
        ae_shape_count (&input->shape) * ae_type_size (input->type));
  }
}

static double
run_ms (Bench *bench)
{
  fill_inputs (bench);
  gint64 start = g_get_monotonic_time ();
  ae_session_run (bench->session);
  return (g_get_monotonic_time () - start) / 1e3;
}

static int
compare (gconstpointer a, gconstpointer b)
{
  double x = *(const double *) a, y = *(const double *) b;
  return (x > y) - (x < y);
}

static double
median (double *values, int n)
{
  qsort (values, n, sizeof *values, compare);
  return values[n / 2];
}

/* Median of option.runs runs after a few to warm up. */
static double
measure (Bench *bench, double *min_ms)
{
  g_autofree double *ms = g_new (double, option.runs);
  for (int i = 0; i < 3; i++)
    run_ms (bench);
  for (int i = 0; i < option.runs; i++)
    ms[i] = run_ms (bench);
  double middle = median (ms, option.runs);
  *min_ms = MIN (*min_ms, ms[0]);
  return middle;
}

/* NULL: there is no onnxruntime to compare with. */
static char *
find_onnxruntime (void)
{
  char *path = option.no_onnxruntime ? NULL : ort_find ();
  if (path || !option.install)
    return path;
  GError *error = NULL;
  if (ort_install (&error))
    return ort_find ();
  aetool_g_error (error);
  return NULL;
}

static Result
run_rounds (Bench *bench, const char *model_path)
{
  g_autofree char *node_path = find_onnxruntime ();
  g_autofree double *own = g_new (double, option.rounds);
  g_autofree double *other = g_new (double, option.rounds);
  Result result = { .min_ms = INFINITY, .ort_median_ms = NAN };
  for (int i = 0; i < option.rounds; i++) {
    g_autoptr (GError) error = NULL;
    own[i] = measure (bench, &result.min_ms);
    if (node_path
        && !ort_bench (node_path, model_path, bench->shapes, option.threads,
            option.runs, &other[i], &error)) {
      aetool_error ("%s", error->message);
      g_clear_pointer (&node_path, g_free);
    }
  }
  result.median_ms = median (own, option.rounds);
  if (node_path)
    result.ort_median_ms = median (other, option.rounds);
  result.peak_gflops = ae_cpu_measure_peak (option.threads);
  result.info = ae_session_info (bench->session);
  return result;
}

/* Smooth picture with something in it, moved by `shift` pixels. */
static Picture *
make_picture (int width, int height, int shift)
{
  Picture *p = picture_new (GST_VIDEO_FORMAT_I420, width, height);
  for (int i = 0; i < 3; i++)
    for (int y = 0; y < p->plane_height[i]; y++)
      for (int x = 0; x < p->plane_width[i]; x++)
        p->plane[i][(gsize) y * p->plane_width[i] + x]
            = 128 + 60 * sin ((x + shift) * 0.05) * cos (y * 0.03);
  return p;
}

/* Median time of an I420 frame of a moving, noisy stream through all of the
 * denoiser: conversion, noise estimate, motion, network. */
static double
measure_stream (AeModel *model, int width, int height)
{
  enum { PICTURES = 4 };
  AeDenoiser *denoiser = NULL;
  AeDenoiserOptions options = { .n_threads = option.threads,
    .precision = option.parsed_precision };
  AeDenoiseParams params
      = { .strength = 1, .noise_level = -1, .temporal = true };
  Picture *in[PICTURES];
  for (int i = 0; i < PICTURES; i++) {
    g_autoptr (Picture) clean = make_picture (width, height, 2 * i);
    in[i] = noise_add (clean, 15, FALSE, i);
  }
  g_autoptr (Picture) out = picture_copy (in[0]);
  AeImage to = picture_image (out), format = picture_image (in[0]);
  double result = NAN;
  if (ae_denoiser_new (&denoiser, model, &options, NULL) == AE_OK
      && ae_denoiser_bind (denoiser, &format, NULL) == AE_OK) {
    g_autofree double *ms = g_new (double, option.runs);
    for (int i = -3; i < option.runs; i++) {
      /* forth and back, so that the motion stays small */
      int at = ABS ((i + 3) % (2 * PICTURES - 2) - (PICTURES - 1));
      AeImage from = picture_image (in[at]);
      gint64 start = g_get_monotonic_time ();
      ae_denoiser_process (denoiser, &from, &to, &params);
      if (i >= 0)
        ms[i] = (g_get_monotonic_time () - start) / 1e3;
    }
    result = median (ms, option.runs);
  }
  ae_denoiser_free (&denoiser);
  for (int i = 0; i < PICTURES; i++)
    picture_free (in[i]);
  return result;
}

static void
print_profile (Bench *bench)
{
  fill_inputs (bench);
  ae_session_profile (bench->session);
  size_t n = ae_session_info (bench->session).n_steps;
  double total = 0;
  for (size_t i = 0; i < n; i++)
    total += ae_session_step (bench->session, i).ms;
  printf ("\n%8s %6s %8s %-18s %-16s %s\n", "ms", "%", "GFLOP/s", "operator",
      "output", "node");
  for (size_t i = 0; i < n; i++) {
    AeStepInfo step = ae_session_step (bench->session, i);
    g_autofree char *shape = shapes_text (&step.out_shape);
    printf ("%8.3f %6.1f %8.1f %-18s %-16s %s\n", step.ms,
        100 * step.ms / total, step.ms > 0 ? step.mac * 2e-6 / step.ms : 0,
        step.op, shape, step.node ? step.node : "");
  }
}

/* Largest memory of the process so far. */
static double
peak_megabytes (void)
{
  struct rusage usage;
  getrusage (RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024.0;
}

static const char *
precision_name (void)
{
  bool bf16 = false;
  ae_precision_is_bf16 (option.parsed_precision, &bf16, NULL);
  return bf16 ? "bf16" : "f32";
}

static void
print_text (const Result *r, const Bench *bench)
{
  double gflops = r->info.mac * 2e-6 / r->median_ms;
  printf ("inputs        %s\n", bench->shapes);
  printf ("threads       %d, %s kernels, %s\n", option.threads,
      ae_cpu_level_name (ae_cpu_level ()), precision_name ());
  printf ("time          %.3f ms median, %.3f ms least of %d: %.1f per "
          "second\n",
      r->median_ms, r->min_ms, option.runs * option.rounds,
      1000 / r->median_ms);
  printf ("arithmetic    %.3g GMAC, %.1f GFLOP/s, %.0f %% of the machine's "
          "measured %.0f\n",
      r->info.mac / 1e9, gflops, 100 * gflops / r->peak_gflops,
      r->peak_gflops);
  printf ("memory        %.1f MiB of activations, %.1f MiB of parameters, "
          "process %.0f MiB\n",
      r->info.arena_bytes / 1048576.0, r->info.param_bytes / 1048576.0,
      peak_megabytes ());
  if (isnan (r->ort_median_ms))
    printf ("onnxruntime   not compared%s\n",
        option.no_onnxruntime ? ""
                              : " (--install-onnxruntime installs it)");
  else
    printf ("onnxruntime   %.3f ms median: we are %.2f times as fast\n",
        r->ort_median_ms, r->ort_median_ms / r->median_ms);
  if (!isnan (r->stream_ms))
    printf ("as a denoiser %.3f ms per frame with conversion, noise estimate "
            "and motion: %.1f per second\n",
        r->stream_ms, 1000 / r->stream_ms);
}

static void
print_json (const Result *r, const char *path)
{
  g_autoptr (Json) json = json_new ();
  double gflops = r->info.mac * 2e-6 / r->median_ms;
  json_open (json, NULL, '{');
  json_string (json, "model", path);
  json_number (json, "threads", option.threads);
  json_string (json, "cpu", ae_cpu_level_name (ae_cpu_level ()));
  json_string (json, "precision", precision_name ());
  json_number (json, "runs", option.runs * option.rounds);
  json_number (json, "median_ms", r->median_ms);
  json_number (json, "min_ms", r->min_ms);
  json_number (json, "mac", r->info.mac);
  json_number (json, "gflops", gflops);
  json_number (json, "peak_gflops", r->peak_gflops);
  json_number (json, "peak_fraction", gflops / r->peak_gflops);
  json_number (json, "activation_bytes", r->info.arena_bytes);
  json_number (json, "parameter_bytes", r->info.param_bytes);
  json_number (json, "process_mib", peak_megabytes ());
  json_number (json, "onnxruntime_median_ms", r->ort_median_ms);
  json_number (
      json, "onnxruntime_ratio", r->ort_median_ms / r->median_ms);
  json_number (json, "denoiser_median_ms", r->stream_ms);
  json_close (json, '{');
  json_print (json);
}

static int
bench_model (AeModel *model, const char *path, int width, int height)
{
  Bench bench = { 0 };
  AeError err;
  AeSessionOptions options = { .n_threads = option.threads,
    .precision = option.parsed_precision,
    .strips = option.no_strips ? AE_STRIPS_NEVER : AE_STRIPS_AUTO };
  if (ae_session_new (&bench.session, model, &options, &err) != AE_OK
      || shapes_bind (bench.session, model, width, height, &err) != AE_OK) {
    ae_session_free (&bench.session);
    return aetool_ae_error (&err);
  }
  bench_prepare (&bench);
  Result result = run_rounds (&bench, path);
  result.stream_ms = shapes_is_denoiser (model)
                         ? measure_stream (model, width, height)
                         : NAN;
  if (option.json)
    print_json (&result, path);
  else
    print_text (&result, &bench);
  if (option.profile)
    print_profile (&bench);
  bench_clear (&bench);
  return AETOOL_OK;
}

int
aetool_bench (int argc, char **argv)
{
  int width = 640, height = 480;
  if (!aetool_parse (&argc, &argv, "MODEL",
          "Times a model: any ONNX file of operators the engine has.",
          "onnxruntime is found below AE_ORT, on NODE_PATH or where\n"
          "--install-onnxruntime puts it.",
          entries))
    return AETOOL_USAGE;
  if (argc != 2)
    return aetool_usage ("wanted one model file, found %d", argc - 1);
  if (option.size && !aetool_parse_size (option.size, &width, &height))
    return aetool_usage ("--size %s: wanted WxH, 1x1 to 16384x16384",
        option.size);
  if (option.threads < 0 || option.runs < 0 || option.rounds < 0)
    return aetool_usage ("--threads, --runs and --rounds are above 0");
  if (!aetool_parse_precision (option.precision, &option.parsed_precision))
    return AETOOL_USAGE;
  option.threads = option.threads ? option.threads : ae_cpu_count ();
  option.runs = option.runs ? option.runs : 30;
  option.rounds = option.rounds ? option.rounds : 1;
  AeError err;
  AeModel *model;
  if (ae_model_load (&model, argv[1], &err) != AE_OK)
    return aetool_ae_error (&err);
  int status = bench_model (model, argv[1], width, height);
  ae_model_unref (&model);
  return status;
}
