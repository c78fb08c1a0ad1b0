/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "bench_training.h"

#include <ae/timing_nets.h>
#include <ae/trainer.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "aetool.h"
#include "bench_chart.h"
#include "json.h"
#include "peer_script.h"

typedef struct {
  const char *net; /* of timing_nets.h and torch-bench.py */
  int batch, size; /* size: of pictures whose size the network leaves open */
} Entry;

static const Entry entries[] = {
  { "ffdnet", 32, 64 },
  { "dncnn", 8, 64 },
  { "autoencoder", 8, 128 },
  { "mlp", 128, 0 },
  { "vae", 128, 0 },
  { "gan", 64, 0 },
};

/* What a step is made of. */
typedef struct {
  AeTrainer *trainer;
  AeTrainer *discriminator; /* of a GAN, with its own step before */
  AeSession *generator;     /* makes half of what that sees */
} Step;

static void
fill (AeTensor *tensor)
{
  size_t n = ae_shape_count (&tensor->shape);
  for (size_t i = 0; i < n; i++)
    ((float *) tensor->data)[i] = (float) (i * 7919 % 1000) / 1000;
}

static AeTensor
input_of (AeModel *model, size_t index, int batch, int size)
{
  AeTensor input = { .type = AE_F32,
    .shape = ae_model_input_shape (model, index) };
  input.shape.dim[0] = batch;
  for (int i = 1; i < input.shape.rank; i++)
    if (input.shape.dim[i] < 0)
      input.shape.dim[i] = size;
  return input;
}

/* A trainer of the network with its batch in place. */
static AeStatus
new_trainer (AeTrainer **out, const char *net, int batch, int size,
    const BenchOptions *o, AeError *err)
{
  enum { MOST = 2 };
  AeModel *model;
  AeTensor inputs[MOST];
  AeTrainerOptions options = { .n_threads = o->threads,
    .precision = o->precision,
    .learning_rate = 1e-4f };
  AeStatus status = ae_timing_net_new (&model, net, -1, err);
  if (status != AE_OK)
    return status;
  size_t n_in = ae_model_n_inputs (model), n_out = ae_model_n_outputs (model);
  for (size_t i = 0; i < n_in; i++)
    inputs[i] = input_of (model, i, batch, size);
  status = ae_trainer_new (out, model, &options, err);
  if (status == AE_OK)
    status = ae_trainer_bind (*out, inputs, n_in, err);
  for (size_t i = 0; status == AE_OK && i < n_in; i++)
    fill (ae_trainer_input (*out, i));
  for (size_t i = 0; status == AE_OK && i < n_out; i++)
    fill (ae_trainer_target (*out, i));
  ae_model_unref (&model);
  return status;
}

static AeStatus
new_generator (
    AeSession **out, int batch, const BenchOptions *o, AeError *err)
{
  AeModel *model;
  AeSessionOptions options
      = { .n_threads = o->threads, .precision = o->precision };
  AeStatus status = ae_timing_net_new (&model, "gan-generator", -1, err);
  if (status == AE_OK)
    status = ae_session_new (out, model, &options, err);
  if (status == AE_OK) {
    AeTensor input = input_of (model, 0, batch, 0);
    status = ae_session_bind (*out, &input, 1, err);
  }
  if (status == AE_OK)
    fill (ae_session_input (*out, 0));
  ae_model_unref (&model);
  return status;
}

static AeStatus
open_step (
    Step *step, const Entry *entry, const BenchOptions *o, AeError *err)
{
  *step = (Step){ NULL };
  AeStatus status = new_trainer (
      &step->trainer, entry->net, entry->batch, entry->size, o, err);
  if (status != AE_OK || !g_str_equal (entry->net, "gan"))
    return status;
  status = new_trainer (&step->discriminator, "gan-discriminator",
      2 * entry->batch, 0, o, err);
  return status == AE_OK
             ? new_generator (&step->generator, entry->batch, o, err)
             : status;
}

static void
close_step (Step *step)
{
  ae_trainer_free (&step->trainer);
  ae_trainer_free (&step->discriminator);
  ae_session_free (&step->generator);
}

/* The generated pictures take the second half of the batch. */
static void
show_generated (const Step *step)
{
  ae_session_run (step->generator);
  const AeTensor *made = ae_session_output (step->generator, 0);
  size_t n = ae_shape_count (&made->shape);
  float *seen = ae_trainer_input (step->discriminator, 0)->data;
  memcpy (seen + n, made->data, n * sizeof *seen);
}

static AeStatus
run_step (const Step *step, AeError *err)
{
  AeStatus status = AE_OK;
  if (step->discriminator) {
    show_generated (step);
    status = ae_trainer_step (step->discriminator, NULL, err);
  }
  return status == AE_OK ? ae_trainer_step (step->trainer, NULL, err) : status;
}

/* Median of so many steps of Adam on the mean squared error. */
static AeStatus
time_steps (const Step *step, int runs, double *median_ms, AeError *err)
{
  g_autofree double *ms = g_new (double, runs);
  for (int i = -3; i < runs; i++) {
    gint64 start = g_get_monotonic_time ();
    AeStatus status = run_step (step, err);
    if (status != AE_OK)
      return status;
    if (i >= 0)
      ms[i] = (g_get_monotonic_time () - start) / 1e3;
  }
  *median_ms = bench_median (ms, runs);
  return AE_OK;
}

static AeStatus
time_entry (const Entry *entry, const BenchOptions *o, double *median_ms,
    AeError *err)
{
  Step step;
  AeStatus status = open_step (&step, entry, o, err);
  if (status == AE_OK)
    status = time_steps (&step, o->runs, median_ms, err);
  close_step (&step);
  return status;
}

/* NAN where torch is not there. */
static gboolean
time_torch (const Entry *entry, const BenchOptions *o, double *median_ms,
    GError **error)
{
  g_autofree char *threads = g_strdup_printf ("%d", o->threads);
  g_autofree char *runs = g_strdup_printf ("%d", o->runs);
  g_autofree char *batch = g_strdup_printf ("%d", entry->batch);
  g_autofree char *size = g_strdup_printf ("%d", entry->size);
  const char *const arguments[]
      = { threads, runs, entry->net, batch, size, NULL };
  const char *python = g_getenv ("AE_PYTHON");
  g_auto (GStrv) environment = g_get_environ ();
  g_autofree char *out = peer_script_run ("torch",
      python ? python : "/usr/bin/python3", "torch-bench.py", arguments,
      environment, error);
  return out && peer_script_number (out, "median_ms", median_ms);
}

typedef struct {
  double own_ms, torch_ms;
} Times;

/* Both in turn; the medians of the rounds. */
static AeStatus
run_entry (const Entry *entry, const BenchOptions *o, gboolean *with_torch,
    Times *times, AeError *err)
{
  g_autofree double *own = g_new (double, o->rounds);
  g_autofree double *torch = g_new (double, o->rounds);
  for (int i = 0; i < o->rounds; i++) {
    g_autoptr (GError) error = NULL;
    AeStatus status = time_entry (entry, o, &own[i], err);
    if (status != AE_OK)
      return status;
    if (*with_torch && !time_torch (entry, o, &torch[i], &error)) {
      aetool_error ("%s", error ? error->message : "torch: no median_ms");
      *with_torch = FALSE;
    }
  }
  times->own_ms = bench_median (own, o->rounds);
  times->torch_ms = *with_torch ? bench_median (torch, o->rounds) : NAN;
  return AE_OK;
}

/* "Training, threads: 2, avx2 kernels, f32"; caller frees. */
static char *
circumstances (const BenchOptions *o)
{
  bool bf16 = false;
  ae_precision_is_bf16 (o->precision, &bf16, NULL);
  return g_strdup_printf ("Training, threads: %d, %s kernels, %s", o->threads,
      ae_cpu_level_name (ae_cpu_level ()), bf16 ? "bf16" : "f32");
}

static void
print_head (const BenchOptions *o, const char *what)
{
  printf ("%s, medians of %d rounds of %d steps\n\n"
          "| network | batch | ms per step | torch, ms | times as fast |\n"
          "| --- | --- | --- | --- | --- |\n",
      what, o->rounds, o->runs);
}

static void
print_row (const Entry *entry, const Times *t)
{
  g_autofree char *size
      = entry->size > 0
            ? g_strdup_printf (" x %dx%d", entry->size, entry->size)
            : g_strdup ("");
  printf ("| %s | %d%s | %.2f |", entry->net, entry->batch, size, t->own_ms);
  if (isnan (t->torch_ms))
    printf (" - | - |\n");
  else
    printf (" %.2f | %.2f |\n", t->torch_ms, t->torch_ms / t->own_ms);
  fflush (stdout);
}

static void
json_row (Json *json, const Entry *entry, const Times *t)
{
  json_open (json, entry->net, '{');
  json_number (json, "step_ms", t->own_ms);
  json_number (json, "torch_step_ms", t->torch_ms);
  json_number (json, "torch_ratio", t->torch_ms / t->own_ms);
  json_close (json, '{');
}

static AeStatus
run_entries (const BenchOptions *options, Json *json, BenchChart *chart,
    AeError *err)
{
  gboolean with_torch = !options->no_peers;
  for (gsize i = 0; i < G_N_ELEMENTS (entries); i++) {
    Times times;
    AeStatus status
        = run_entry (&entries[i], options, &with_torch, &times, err);
    if (status != AE_OK)
      return status;
    bench_chart_add (
        chart, entries[i].net, times.torch_ms / times.own_ms);
    if (json)
      json_row (json, &entries[i], &times);
    else
      print_row (&entries[i], &times);
  }
  return AE_OK;
}

int
bench_training (const BenchOptions *options, gboolean as_json)
{
  g_autofree char *what = circumstances (options);
  g_autoptr (Json) json = as_json ? json_new () : NULL;
  if (json)
    json_open (json, NULL, '{');
  else
    print_head (options, what);
  BenchChart chart;
  AeError err;
  GError *error = NULL;
  bench_chart_init (&chart, what, "PyTorch");
  AeStatus status = run_entries (options, json, &chart, &err);
  if (status == AE_OK && options->chart)
    bench_chart_save (&chart, options->chart, &error);
  bench_chart_clear (&chart);
  if (status != AE_OK)
    return aetool_ae_error (&err);
  if (error)
    return aetool_g_error (error);
  if (json) {
    json_close (json, '{');
    json_print (json);
  }
  return AETOOL_OK;
}
