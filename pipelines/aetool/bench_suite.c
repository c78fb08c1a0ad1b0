/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "bench_suite.h"

#include <ae/timing_nets.h>
#include <math.h>
#include <stdio.h>

#include "aetool.h"
#include "bench_chart.h"
#include "json.h"
#include "paths.h"

typedef struct {
  const char *net; /* of timing_nets.h, or NULL */
  const char *bundled; /* a model's name without .onnx */
  int batch;
  int reduce;        /* the picture's size is divided by this */
  gboolean in_mean;  /* of networks on pictures of full size */
} Entry;

static const Entry entries[] = {
  { "ffdnet", NULL, 1, 1, TRUE },
  { "unet", NULL, 1, 1, TRUE },
  { "dncnn", NULL, 1, 1, TRUE },
  { "encoder", NULL, 1, 1, TRUE },
  { "decoder", NULL, 1, 16, TRUE },
  { "mlp", NULL, 1, 1, FALSE },
  { "mlp", NULL, 64, 1, FALSE },
  { "dcgan-discriminator", NULL, 1, 1, FALSE },
  { "dcgan-discriminator", NULL, 64, 1, FALSE },
  { "dcgan-generator", NULL, 1, 1, FALSE },
  { "dcgan-generator", NULL, 64, 1, FALSE },
  { NULL, "denoise-fast", 1, 1, FALSE },
  { NULL, "denoise-balanced", 1, 1, FALSE },
  { NULL, "denoise-quality", 1, 1, FALSE },
  { NULL, "anomaly", 1, 1, FALSE },
};

/* The model of an entry in a file, which onnxruntime reads: `folder` is for
 * those that are made. Caller frees. */
static char *
model_file (const Entry *entry, const char *folder, GError **error)
{
  if (entry->bundled) {
    g_autofree char *name = g_strconcat (entry->bundled, ".onnx", NULL);
    return paths_bundled (name, error);
  }
  AeModel *model;
  AeError err;
  char *path = g_build_filename (folder, "net.onnx", NULL);
  AeStatus status
      = ae_timing_net_new (&model, entry->net, entry->batch, &err);
  if (status == AE_OK)
    status = ae_model_save (model, path, &err);
  ae_model_unref (&model);
  if (status == AE_OK)
    return path;
  aetool_set_error (error, &err);
  g_free (path);
  return NULL;
}

static gboolean
bench_entry (const Entry *entry, int width, int height, const char *folder,
    const BenchOptions *options, BenchResult *result, GError **error)
{
  g_autofree char *path = model_file (entry, folder, error);
  AeModel *model = NULL;
  AeError err;
  if (!path)
    return FALSE;
  Bench *bench = NULL;
  if (ae_model_load (&model, path, &err) == AE_OK)
    bench = bench_new (model, path, width / entry->reduce,
        height / entry->reduce, options, &err);
  ae_model_unref (&model);
  if (!bench) {
    aetool_set_error (error, &err);
    return FALSE;
  }
  gboolean ok = bench_run (bench, result, error);
  bench_free (bench);
  return ok;
}

static char *
entry_name (const Entry *entry)
{
  if (entry->bundled)
    return g_strdup (entry->bundled);
  return entry->batch > 1
             ? g_strdup_printf ("%s, batch %d", entry->net, entry->batch)
             : g_strdup (entry->net);
}

/* A cell of the table: "-" for what was not measured. */
static void
print_cell (const char *format, double value)
{
  g_autofree char *text = NULL;
  if (isnan (value)) {
    printf (" - |");
    return;
  }
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  text = g_strdup_printf (format, value);
#pragma GCC diagnostic pop
  printf (" %s |", text);
}

/* "640x480, threads: 2, avx2 kernels, f32"; caller frees. */
static char *
circumstances (const BenchOptions *o, int width, int height)
{
  bool bf16 = false;
  ae_precision_is_bf16 (o->precision, &bf16, NULL);
  return g_strdup_printf ("%dx%d, threads: %d, %s kernels, %s", width, height,
      o->threads, ae_cpu_level_name (ae_cpu_level ()), bf16 ? "bf16" : "f32");
}

static void
print_head (const BenchOptions *o, const char *what)
{
  printf ("%s, medians of %d rounds of %d runs%s\n\n", what, o->rounds,
      o->runs, o->node_path ? "" : "; onnxruntime is not installed");
  printf ("| network | ms | onnxruntime, ms | times as fast | activations, "
          "MiB | onnxruntime's process, MiB | largest difference |\n"
          "| --- | --- | --- | --- | --- | --- | --- |\n");
}

static void
print_row (const char *name, const BenchResult *r)
{
  printf ("| %s |", name);
  print_cell ("%.3f", r->median_ms);
  print_cell ("%.3f", r->ort.median_ms);
  print_cell ("%.2f", r->ort.median_ms / r->median_ms);
  print_cell ("%.1f", r->info.arena_bytes / 1048576.0);
  print_cell ("%.0f", r->ort.peak_mib);
  print_cell ("%.1e", r->difference);
  printf ("\n");
  fflush (stdout);
}

static void
json_row (Json *json, const char *name, const BenchResult *r)
{
  json_open (json, name, '{');
  json_number (json, "median_ms", r->median_ms);
  json_number (json, "onnxruntime_median_ms", r->ort.median_ms);
  json_number (json, "onnxruntime_ratio", r->ort.median_ms / r->median_ms);
  json_number (json, "activation_bytes", r->info.arena_bytes);
  json_number (json, "onnxruntime_process_mib", r->ort.peak_mib);
  json_number (json, "onnxruntime_difference", r->difference);
  json_close (json, '{');
}

/* Geometric mean and least of the ratios of the networks that count. */
typedef struct {
  double sum, least;
  int n;
} Ratios;

static void
add_ratio (Ratios *ratios, double ratio)
{
  ratios->sum += log (ratio);
  ratios->least = fmin (ratios->least, ratio);
  ratios->n++;
}

static gboolean
run_entries (int width, int height, const char *folder,
    const BenchOptions *options, Json *json, BenchChart *chart,
    Ratios *ratios, GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (entries); i++) {
    g_autofree char *name = entry_name (&entries[i]);
    BenchResult result;
    if (!bench_entry (&entries[i], width, height, folder, options, &result,
            error))
      return FALSE;
    double ratio = result.ort.median_ms / result.median_ms;
    if (entries[i].in_mean)
      add_ratio (ratios, ratio);
    bench_chart_add (chart, name, ratio);
    if (json)
      json_row (json, name, &result);
    else
      print_row (name, &result);
  }
  return TRUE;
}

int
bench_suite (
    int width, int height, const BenchOptions *options, gboolean as_json)
{
  Ratios ratios = { 0, INFINITY, 0 };
  GError *error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("aetool-suite-XXXXXX", &error);
  if (!folder)
    return aetool_g_error (error);
  g_autofree char *what = circumstances (options, width, height);
  g_autoptr (Json) json = as_json ? json_new () : NULL;
  if (json)
    json_open (json, NULL, '{');
  else
    print_head (options, what);
  BenchChart chart;
  bench_chart_init (&chart, what, "onnxruntime");
  gboolean ok = run_entries (width, height, folder, options, json, &chart,
      &ratios, &error);
  paths_remove_folder (folder);
  if (ok && options->chart)
    ok = bench_chart_save (&chart, options->chart, &error);
  bench_chart_clear (&chart);
  if (!ok)
    return aetool_g_error (error);
  double mean = exp (ratios.sum / ratios.n);
  if (json) {
    json_number (json, "geometric_mean", mean);
    json_number (json, "least", options->node_path ? ratios.least : NAN);
    json_close (json, '{');
    json_print (json);
  } else if (options->node_path) {
    printf ("\nThe first five: geometric mean %.2f times as fast, least "
            "%.2f.\n",
        mean, ratios.least);
  }
  return AETOOL_OK;
}
