/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "bench.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "aetool.h"
#include "method.h"
#include "noise.h"
#include "paths.h"
#include "shapes.h"

struct Bench {
  BenchOptions options;
  char *path;
  AeSession *session;
  guint8 **content; /* of each input: it is lost in a run */
  size_t n_inputs;
  char *shapes;
};

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
prepare (Bench *bench)
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

Bench *
bench_new (AeModel *model, const char *path, int width, int height,
    const BenchOptions *options, AeError *err)
{
  Bench *bench = g_new0 (Bench, 1);
  bench->options = *options;
  bench->path = g_strdup (path);
  AeSessionOptions session_options = { .n_threads = options->threads,
    .precision = options->precision,
    .strips = options->no_strips ? AE_STRIPS_NEVER : AE_STRIPS_AUTO };
  if (ae_session_new (&bench->session, model, &session_options, err) != AE_OK
      || shapes_bind (bench->session, model, width, height, err) != AE_OK) {
    bench_free (bench);
    return NULL;
  }
  prepare (bench);
  return bench;
}

void
bench_free (Bench *bench)
{
  for (size_t i = 0; i < bench->n_inputs; i++)
    g_free (bench->content[i]);
  g_free (bench->content);
  g_free (bench->shapes);
  g_free (bench->path);
  ae_session_free (&bench->session);
  g_free (bench);
}

const char *
bench_shapes (const Bench *bench)
{
  return bench->shapes;
}

static void
fill_inputs (const Bench *bench)
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

double
bench_median (double *values, int n)
{
  qsort (values, n, sizeof *values, compare);
  return values[n / 2];
}

/* Median of so many runs after a few to warm up. */
static double
measure (Bench *bench, double *min_ms)
{
  int runs = bench->options.runs;
  g_autofree double *ms = g_new (double, runs);
  for (int i = 0; i < 3; i++)
    run_ms (bench);
  for (int i = 0; i < runs; i++)
    ms[i] = run_ms (bench);
  double middle = bench_median (ms, runs);
  *min_ms = MIN (*min_ms, ms[0]);
  return middle;
}

/* The inputs as onnxruntime reads them. */
static gboolean
write_inputs (const Bench *bench, const char *folder, GError **error)
{
  for (size_t i = 0; i < bench->n_inputs; i++) {
    const AeTensor *input = ae_session_input (bench->session, i);
    g_autofree char *name = g_strdup_printf ("input_%zu.bin", i);
    g_autofree char *path = g_build_filename (folder, name, NULL);
    if (!g_file_set_contents (path, (const char *) bench->content[i],
            ae_shape_count (&input->shape) * ae_type_size (input->type),
            error))
      return FALSE;
  }
  return TRUE;
}

/* Largest difference to onnxruntime's first output, by its largest value. */
static double
compare_output (Bench *bench, const char *folder)
{
  g_autofree char *path = g_build_filename (folder, "output_0.bin", NULL);
  g_autofree char *bytes = NULL;
  gsize size;
  const AeTensor *own = ae_session_output (bench->session, 0);
  gsize n = ae_shape_count (&own->shape);
  if (own->type != AE_F32 || !g_file_get_contents (path, &bytes, &size, NULL)
      || size != n * sizeof (float))
    return NAN;
  run_ms (bench);
  const float *a = own->data;
  double worst = 0, largest = 0;
  for (gsize i = 0; i < n; i++) {
    float b;
    memcpy (&b, bytes + i * sizeof b, sizeof b);
    worst = fmax (worst, fabs (a[i] - b));
    largest = fmax (largest, fabs (b));
  }
  return worst / largest;
}

/* One round of onnxruntime, with the same inputs. */
static gboolean
run_ort (Bench *bench, BenchResult *result, GError **error)
{
  const BenchOptions *o = &bench->options;
  g_autofree char *folder = g_dir_make_tmp ("aetool-bench-XXXXXX", error);
  if (!folder)
    return FALSE;
  gboolean ok = write_inputs (bench, folder, error)
                && ort_bench (o->node_path, bench->path, bench->shapes,
                    folder, o->threads, o->runs, &result->ort, error);
  if (ok)
    result->difference = compare_output (bench, folder);
  paths_remove_folder (folder);
  return ok;
}

gboolean
bench_run (Bench *bench, BenchResult *result, GError **error)
{
  int rounds = bench->options.rounds;
  g_autofree double *own = g_new (double, rounds);
  g_autofree double *other = g_new (double, rounds);
  gboolean ok = TRUE;
  *result = (BenchResult){ .min_ms = INFINITY,
    .ort = { NAN, NAN },
    .difference = NAN };
  for (int i = 0; i < rounds; i++) {
    own[i] = measure (bench, &result->min_ms);
    if (!ok || !bench->options.node_path)
      continue;
    ok = run_ort (bench, result, error);
    other[i] = result->ort.median_ms;
  }
  result->median_ms = bench_median (own, rounds);
  result->ort.median_ms
      = ok && bench->options.node_path ? bench_median (other, rounds) : NAN;
  result->info = ae_session_info (bench->session);
  return ok;
}

const AeSession *
bench_profile (Bench *bench)
{
  fill_inputs (bench);
  ae_session_profile (bench->session);
  return bench->session;
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

double
bench_stream (
    AeModel *model, int width, int height, const BenchOptions *options)
{
  enum { PICTURES = 4, FIRST = 8 }; /* at first more is measured per frame */
  int n = options->runs * options->rounds;
  if (!shapes_is_denoiser (model))
    return NAN;
  AeDenoiser *denoiser = NULL;
  AeDenoiserOptions denoiser_options = { .n_threads = options->threads,
    .precision = options->precision };
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
  if (ae_denoiser_new (&denoiser, model, &denoiser_options, NULL) == AE_OK
      && ae_denoiser_bind (denoiser, &format, NULL) == AE_OK) {
    g_autofree double *ms = g_new (double, n);
    for (int i = -FIRST; i < n; i++) {
      /* forth and back, so that the motion stays small */
      int at = ABS ((i + FIRST) % (2 * PICTURES - 2) - (PICTURES - 1));
      AeImage from = picture_image (in[at]);
      gint64 start = g_get_monotonic_time ();
      ae_denoiser_process (denoiser, &from, &to, &params);
      if (i >= 0)
        ms[i] = (g_get_monotonic_time () - start) / 1e3;
    }
    result = bench_median (ms, n);
  }
  ae_denoiser_free (&denoiser);
  for (int i = 0; i < PICTURES; i++)
    picture_free (in[i]);
  return result;
}

