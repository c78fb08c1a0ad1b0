/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "bench_walk.h"

#include <ae/timing_nets.h>
#include <math.h>
#include <stdio.h>

#include "aetool.h"
#include "paths.h"

#define LAYERS 3
#define MOST_MAC 30e9   /* of one run */
#define MOST_BYTES 4e8  /* of one layer */
#define CLIFF 0.5       /* of the slower neighbour's GFLOP/s */

static const struct {
  int width, height, batch;
} rows[] = {
  { 16, 16, 1 }, { 32, 32, 1 }, { 64, 64, 1 }, { 160, 120, 1 },
  { 320, 240, 1 }, { 640, 480, 1 }, { 1280, 720, 1 }, { 1920, 1080, 1 },
  { 3840, 2160, 1 }, { 16, 16, 8 }, { 64, 64, 8 }, { 320, 240, 8 },
  { 16, 16, 64 }, { 64, 64, 64 },
};
static const int channels[] = { 1, 3, 8, 16, 48, 128, 512 };
#define N_ROWS ((int) G_N_ELEMENTS (rows))
#define N_COLUMNS ((int) G_N_ELEMENTS (channels))

typedef struct {
  double gflops, ratio; /* NaN: not measured */
} Cell;

typedef struct {
  const BenchOptions *options;
  int width, height; /* of the largest picture */
  const char *path;  /* of a file for models */
  Cell cells[N_ROWS][N_COLUMNS];
} Walk;

static double
pixels_of (int row)
{
  return (double) rows[row].width * rows[row].height * rows[row].batch;
}

static gboolean
is_in (const Walk *walk, int width, int height)
{
  return width <= walk->width && height <= walk->height;
}

static gboolean
bench_net (const Walk *walk, AeModel *model, int width, int height,
    const BenchOptions *options, BenchResult *result, GError **error)
{
  AeError err;
  Bench *bench = NULL;
  if (ae_model_save (model, walk->path, &err) == AE_OK)
    bench = bench_new (model, walk->path, width, height, options, &err);
  if (!bench) {
    aetool_set_error (error, &err);
    return FALSE;
  }
  gboolean ok = bench_run (bench, result, error);
  bench_free (bench);
  return ok;
}

static gboolean
measure_cell (Walk *walk, int row, int column, GError **error)
{
  Cell *cell = &walk->cells[row][column];
  int c = channels[column];
  double mac = pixels_of (row) * c * c * 9 * LAYERS;
  if (mac > MOST_MAC || pixels_of (row) * c * sizeof (float) > MOST_BYTES)
    return TRUE;
  AeModel *model;
  AeError err;
  BenchResult result;
  if (ae_timing_chain_new (&model, rows[row].batch, c, LAYERS, &err)
      != AE_OK) {
    aetool_set_error (error, &err);
    return FALSE;
  }
  gboolean ok = bench_net (walk, model, rows[row].width, rows[row].height,
      walk->options, &result, error);
  ae_model_unref (&model);
  cell->gflops = 2e-6 * mac / result.median_ms;
  cell->ratio = result.ort.median_ms / result.median_ms;
  return ok;
}

static void
print_head (const BenchOptions *o)
{
  printf ("%d layers of 3x3, threads: %d: GFLOP/s%s\n\n| picture | batch |",
      LAYERS, o->threads,
      o->node_path ? " (times as fast as onnxruntime)" : "");
  for (int k = 0; k < N_COLUMNS; k++)
    printf (" %d channels |", channels[k]);
  printf ("\n| --- | --- |");
  for (int k = 0; k < N_COLUMNS; k++)
    printf (" --- |");
  printf ("\n");
}

static void
print_cell (const Cell *cell)
{
  if (isnan (cell->gflops))
    printf (" - |");
  else if (isnan (cell->ratio))
    printf (" %.1f |", cell->gflops);
  else
    printf (" %.1f (%.2f) |", cell->gflops, cell->ratio);
  fflush (stdout);
}

/* More pixels, or more channels, are never much slower per operation than
 * fewer. */
static int
print_cliffs (const Walk *walk)
{
  const Cell(*cells)[N_COLUMNS] = walk->cells;
  int n = 0;
  for (int r = 0; r < N_ROWS; r++)
    for (int k = 0; k < N_COLUMNS; k++) {
      gboolean larger = r > 0 && rows[r].batch == rows[r - 1].batch;
      double before = larger ? cells[r - 1][k].gflops : NAN;
      double fewer = k > 0 ? cells[r][k - 1].gflops : NAN;
      double other = fmin (before, fewer); /* NaN only when both are */
      if (!(cells[r][k].gflops < CLIFF * other))
        continue;
      printf ("cliff: %dx%d, batch %d, %d channels: %.1f GFLOP/s after %.1f\n",
          rows[r].width, rows[r].height, rows[r].batch, channels[k],
          cells[r][k].gflops, other);
      n++;
    }
  return n;
}

static void
print_least (const Walk *walk)
{
  const Cell(*cells)[N_COLUMNS] = walk->cells;
  double least = INFINITY, sum = 0;
  int n = 0, at_r = 0, at_k = 0;
  for (int r = 0; r < N_ROWS; r++)
    for (int k = 0; k < N_COLUMNS; k++) {
      if (isnan (cells[r][k].ratio))
        continue;
      sum += log (cells[r][k].ratio);
      n++;
      if (cells[r][k].ratio < least) {
        least = cells[r][k].ratio;
        at_r = r;
        at_k = k;
      }
    }
  if (n > 0)
    printf ("Geometric mean %.2f times as fast as onnxruntime; least %.2f at "
            "%dx%d, batch %d, %d channels.\n",
        exp (sum / n), least, rows[at_r].width, rows[at_r].height,
        rows[at_r].batch, channels[at_k]);
}

static gboolean
print_growth (const Walk *walk, GError **error)
{
  static const int sizes[][2]
      = { { 320, 240 }, { 640, 480 }, { 1280, 720 }, { 1920, 1080 },
          { 3840, 2160 } };
  BenchOptions alone = *walk->options;
  double least = INFINITY, most = 0;
  AeModel *model;
  AeError err;
  alone.node_path = NULL;
  if (ae_timing_net_new (&model, "ffdnet", 1, &err) != AE_OK) {
    aetool_set_error (error, &err);
    return FALSE;
  }
  gboolean ok = TRUE;
  printf ("\nffdnet, nanoseconds per pixel:\n");
  for (gsize i = 0; ok && i < G_N_ELEMENTS (sizes); i++) {
    int width = sizes[i][0], height = sizes[i][1];
    BenchResult result;
    if (!is_in (walk, width, height))
      continue;
    ok = bench_net (walk, model, width, height, &alone, &result, error);
    double ns = result.median_ms * 1e6 / width / height;
    least = fmin (least, ns);
    most = fmax (most, ns);
    printf ("%dx%d %.1f\n", width, height, ns);
    fflush (stdout);
  }
  ae_model_unref (&model);
  if (most > 0)
    printf ("The most is %.2f times the least.\n", most / least);
  return ok;
}

static gboolean
fill_table (Walk *walk, GError **error)
{
  print_head (walk->options);
  for (int r = 0; r < N_ROWS; r++) {
    for (int k = 0; k < N_COLUMNS; k++)
      walk->cells[r][k] = (Cell){ NAN, NAN };
    if (!is_in (walk, rows[r].width, rows[r].height))
      continue;
    printf ("| %dx%d | %d |", rows[r].width, rows[r].height, rows[r].batch);
    for (int k = 0; k < N_COLUMNS; k++) {
      if (!measure_cell (walk, r, k, error))
        return FALSE;
      print_cell (&walk->cells[r][k]);
    }
    printf ("\n");
  }
  printf ("\n");
  return TRUE;
}

int
bench_walk (int width, int height, const BenchOptions *options)
{
  GError *error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("aetool-walk-XXXXXX", &error);
  if (!folder)
    return aetool_g_error (error);
  g_autofree char *path = g_build_filename (folder, "net.onnx", NULL);
  Walk walk = { .options = options,
    .width = width,
    .height = height,
    .path = path };
  gboolean ok = fill_table (&walk, &error);
  if (ok && print_cliffs (&walk) == 0)
    printf ("No cell is below %.1f of its neighbours.\n", CLIFF);
  if (ok)
    print_least (&walk);
  ok = ok && print_growth (&walk, &error);
  paths_remove_folder (folder);
  return ok ? AETOOL_OK : aetool_g_error (error);
}
