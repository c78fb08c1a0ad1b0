/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* aetool bench: how fast a model runs. */

#include <ae/cpu.h>
#include <math.h>
#include <stdio.h>
#include <sys/resource.h>

#include "aetool.h"
#include "bench.h"
#include "bench_codec.h"
#include "bench_detector.h"
#include "bench_load.h"
#include "bench_suite.h"
#include "bench_training.h"
#include "bench_walk.h"
#include "json.h"
#include "shapes.h"

static struct {
  char *size, *precision, *chart;
  AePrecision parsed_precision;
  int threads, runs, rounds;
  gboolean json, profile, no_onnxruntime, install, no_strips;
  gboolean suite, training, walk, load;
} option;

static const GOptionEntry entries[] = {
  { "suite", 0, 0, G_OPTION_ARG_NONE, &option.suite,
      "time networks of many kinds and the bundled models; no MODEL", NULL },
  { "training", 0, 0, G_OPTION_ARG_NONE, &option.training,
      "time steps of training beside PyTorch (Debian's python3-torch); no "
      "MODEL",
      NULL },
  { "walk", 0, 0, G_OPTION_ARG_NONE, &option.walk,
      "walk from small pictures and few channels to large ones and many; no "
      "MODEL",
      NULL },
  { "load", 0, 0, G_OPTION_ARG_NONE, &option.load,
      "what a busy thread costs, and how fairly denoisers share; no MODEL",
      NULL },
  { "chart", 0, 0, G_OPTION_ARG_FILENAME, &option.chart,
      "with --suite or --training: draw the ratios as an SVG picture",
      "FILE" },
  { "size", 0, 0, G_OPTION_ARG_STRING, &option.size,
      "picture size for dimensions that the model leaves open (default: "
      "640x480; a detector's own, and 1280x720); with --walk: the largest "
      "(3840x2160)", "WxH" },
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
      "print the time of each step; of a detector's networks, which run by "
      "themselves then", NULL },
  { "no-strips", 0, 0, G_OPTION_ARG_NONE, &option.no_strips,
      "run one operator after the other on the whole picture", NULL },
  { "json", 0, 0, G_OPTION_ARG_NONE, &option.json, "print JSON", NULL },
  { "no-onnxruntime", 0, 0, G_OPTION_ARG_NONE, &option.no_onnxruntime,
      "do not compare, nor with PyTorch", NULL },
  { "install-onnxruntime", 0, 0, G_OPTION_ARG_NONE, &option.install,
      "install onnxruntime-node with npm when it is missing", NULL },
  { 0 }
};

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

static void
print_profile (Bench *bench)
{
  const AeSession *session = bench_profile (bench);
  size_t n = ae_session_info (session).n_steps;
  double total = 0;
  for (size_t i = 0; i < n; i++)
    total += ae_session_step (session, i).ms;
  printf ("\n%8s %6s %8s %-18s %-16s %s\n", "ms", "%", "GFLOP/s", "operator",
      "output", "node");
  for (size_t i = 0; i < n; i++) {
    AeStepInfo step = ae_session_step (session, i);
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
print_text (const BenchResult *r, double peak, double stream_ms,
    const Bench *bench)
{
  double gflops = r->info.mac * 2e-6 / r->median_ms;
  printf ("inputs        %s\n", bench_shapes (bench));
  printf ("threads       %d, %s kernels, %s\n", option.threads,
      ae_cpu_level_name (ae_cpu_level ()), precision_name ());
  printf ("time          %.3f ms median, %.3f ms least of %d: %.1f per "
          "second\n",
      r->median_ms, r->min_ms, option.runs * option.rounds,
      1000 / r->median_ms);
  printf ("arithmetic    %.3g GMAC, %.1f GFLOP/s, %.0f %% of the machine's "
          "measured %.0f\n",
      r->info.mac / 1e9, gflops, 100 * gflops / peak, peak);
  printf ("memory        %.1f MiB of activations, %.1f MiB of parameters, "
          "process %.0f MiB\n",
      r->info.arena_bytes / 1048576.0, r->info.param_bytes / 1048576.0,
      peak_megabytes ());
  if (isnan (r->ort.median_ms))
    printf ("onnxruntime   not compared%s\n",
        option.no_onnxruntime ? ""
                              : " (--install-onnxruntime installs it)");
  else
    printf ("onnxruntime   %.3f ms median: we are %.2f times as fast\n",
        r->ort.median_ms, r->ort.median_ms / r->median_ms);
  if (!isnan (stream_ms))
    printf ("as a denoiser %.3f ms per frame with conversion, noise estimate "
            "and motion: %.1f per second\n",
        stream_ms, 1000 / stream_ms);
}

static void
print_json (
    const BenchResult *r, double peak, double stream_ms, const char *path)
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
  json_number (json, "peak_gflops", peak);
  json_number (json, "peak_fraction", gflops / peak);
  json_number (json, "activation_bytes", r->info.arena_bytes);
  json_number (json, "parameter_bytes", r->info.param_bytes);
  json_number (json, "process_mib", peak_megabytes ());
  json_number (json, "onnxruntime_median_ms", r->ort.median_ms);
  json_number (
      json, "onnxruntime_ratio", r->ort.median_ms / r->median_ms);
  json_number (json, "onnxruntime_difference", r->difference);
  json_number (json, "denoiser_median_ms", stream_ms);
  json_close (json, '{');
  json_print (json);
}

static int
bench_model (AeModel *model, const char *path, int width, int height,
    const BenchOptions *options)
{
  AeError err;
  Bench *bench = bench_new (model, path, width, height, options, &err);
  if (!bench)
    return aetool_ae_error (&err);
  BenchResult result;
  g_autoptr (GError) error = NULL;
  if (!bench_run (bench, &result, &error))
    aetool_error ("%s", error->message);
  double peak = ae_cpu_measure_peak (options->threads);
  double stream_ms = bench_stream (model, width, height, options);
  if (option.json)
    print_json (&result, peak, stream_ms, path);
  else
    print_text (&result, peak, stream_ms, bench);
  if (option.profile)
    print_profile (bench);
  bench_free (bench);
  return AETOOL_OK;
}

static int
bench_file (const char *path, int width, int height,
    const BenchOptions *options)
{
  AeError err;
  AeModel *model;
  if (ae_model_load (&model, path, &err) != AE_OK)
    return aetool_ae_error (&err);
  const char *task = ae_model_meta (model, "ae.task");
  int status;
  if (g_strcmp0 (task, "codec") == 0)
    status = bench_codec (model, width, height, options);
  else if (g_strcmp0 (task, "anomaly") == 0 && !option.profile)
    status = bench_detector (model, option.size ? width : 0, height, options,
        option.json);
  else
    status = bench_model (model, path, width, height, options);
  ae_model_unref (&model);
  return status;
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
  gboolean tables
      = option.suite || option.training || option.walk || option.load;
  if (argc != (tables ? 1 : 2))
    return aetool_usage (tables
            ? "--suite, --training, --walk and --load want no model file, "
              "found %d"
            : "wanted one model file, found %d",
        argc - 1);
  if (option.chart && !option.suite && !option.training)
    return aetool_usage ("--chart wants --suite or --training");
  if (option.walk) {
    width = 3840;
    height = 2160;
  }
  if (option.size && !aetool_parse_size (option.size, &width, &height))
    return aetool_usage ("--size %s: wanted WxH, 1x1 to 16384x16384",
        option.size);
  if (option.threads < 0 || option.runs < 0 || option.rounds < 0)
    return aetool_usage ("--threads, --runs and --rounds are above 0");
  if (!aetool_parse_precision (option.precision, &option.parsed_precision))
    return AETOOL_USAGE;
  option.threads = option.threads ? option.threads : ae_cpu_count ();
  option.runs = option.runs ? option.runs : tables ? 15 : 30;
  if (!option.rounds)
    option.rounds = tables && !option.walk ? 3 : 1;
  g_autofree char *node_path = find_onnxruntime ();
  BenchOptions options = { .threads = option.threads,
    .runs = option.runs,
    .rounds = option.rounds,
    .precision = option.parsed_precision,
    .no_strips = option.no_strips,
    .node_path = node_path,
    .no_peers = option.no_onnxruntime,
    .chart = option.chart };
  if (option.walk)
    return bench_walk (width, height, &options);
  if (option.load)
    return bench_load (width, height, &options);
  if (option.training)
    return bench_training (&options, option.json);
  return option.suite ? bench_suite (width, height, &options, option.json)
                      : bench_file (argv[1], width, height, &options);
}
