/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "bench_training.h"

#include <ae/timing_nets.h>
#include <ae/trainer.h>
#include <math.h>
#include <stdio.h>

#include "aetool.h"
#include "json.h"
#include "peer_script.h"

typedef struct {
  const char *net; /* of timing_nets.h and torch-bench.py */
  int batch, size; /* size 0: vectors */
} Entry;

static const Entry entries[] = {
  { "ffdnet", 32, 64 },
  { "dncnn", 8, 64 },
  { "autoencoder", 8, 128 },
  { "mlp", 128, 0 },
};

static void
fill (AeTensor *tensor)
{
  size_t n = ae_shape_count (&tensor->shape);
  for (size_t i = 0; i < n; i++)
    ((float *) tensor->data)[i] = (float) (i * 7919 % 1000) / 1000;
}

/* Median of so many steps of Adam on the mean squared error. */
static AeStatus
time_steps (AeTrainer *trainer, int runs, double *median_ms, AeError *err)
{
  g_autofree double *ms = g_new (double, runs);
  fill (ae_trainer_input (trainer, 0));
  fill (ae_trainer_target (trainer, 0));
  for (int i = -3; i < runs; i++) {
    gint64 start = g_get_monotonic_time ();
    AeStatus status = ae_trainer_step (trainer, NULL, err);
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
  AeModel *model;
  AeTrainer *trainer = NULL;
  AeTrainerOptions options = { .n_threads = o->threads,
    .precision = o->precision,
    .learning_rate = 1e-4f };
  AeStatus status = ae_timing_net_new (&model, entry->net, -1, err);
  if (status == AE_OK)
    status = ae_trainer_new (&trainer, model, &options, err);
  AeTensor input = { .type = AE_F32,
    .shape = entry->size > 0
                 ? ae_shape (4, entry->batch, 3, entry->size, entry->size)
                 : ae_shape (2, entry->batch, 784) };
  if (status == AE_OK)
    status = ae_trainer_bind (trainer, &input, 1, err);
  if (status == AE_OK)
    status = time_steps (trainer, o->runs, median_ms, err);
  ae_trainer_free (&trainer);
  ae_model_unref (&model);
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

static void
print_head (const BenchOptions *o)
{
  bool bf16 = false;
  ae_precision_is_bf16 (o->precision, &bf16, NULL);
  printf ("Training, threads: %d, %s kernels, %s, medians of %d rounds of %d "
          "steps\n\n"
          "| network | batch | ms per step | torch, ms | times as fast |\n"
          "| --- | --- | --- | --- | --- |\n",
      o->threads, ae_cpu_level_name (ae_cpu_level ()), bf16 ? "bf16" : "f32",
      o->rounds, o->runs);
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

int
bench_training (const BenchOptions *options, gboolean as_json)
{
  g_autoptr (Json) json = as_json ? json_new () : NULL;
  gboolean with_torch = !options->no_peers;
  if (json)
    json_open (json, NULL, '{');
  else
    print_head (options);
  for (gsize i = 0; i < G_N_ELEMENTS (entries); i++) {
    Times times;
    AeError err;
    if (run_entry (&entries[i], options, &with_torch, &times, &err) != AE_OK)
      return aetool_ae_error (&err);
    if (json)
      json_row (json, &entries[i], &times);
    else
      print_row (&entries[i], &times);
  }
  if (json) {
    json_close (json, '{');
    json_print (json);
  }
  return AETOOL_OK;
}
