/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Times the convolutions: bench_kernels [THREADS [LEVEL]]. For every shape and
 * kind prints the best ms of some repeats, GFLOP/s (2 per multiply-add of the
 * direct form, so Winograd may exceed the peak), the fraction of the measured
 * peak, and the GFLOP/s of the plain definition on a part of the shape. */
#include "kernels/conv.h"
#include "kernels/conv_plain.h"
#include "util/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef struct {
  const char *name;
  int n, ic, oc, h, w, kernel, stride;
} Shape;

static const Shape shapes[] = {
  { "3>32", 1, 3, 32, 480, 640, 3, 1 },
  { "13>48", 1, 13, 48, 240, 320, 3, 1 },
  { "48>48", 1, 48, 48, 240, 320, 3, 1 },
  { "48>12", 1, 48, 12, 240, 320, 3, 1 },
  { "32>32", 1, 32, 32, 480, 640, 3, 1 },
  { "32>3", 1, 32, 3, 480, 640, 3, 1 },
  { "64>64", 1, 64, 64, 120, 160, 3, 1 },
  { "16>16", 1, 16, 16, 480, 640, 3, 1 },
  { "128>128", 1, 128, 128, 60, 80, 3, 1 },
  { "64>64 1x1", 1, 64, 64, 120, 160, 1, 1 },
  { "32>64 3x3/2", 1, 32, 64, 240, 320, 3, 2 },
  { "16>32 2x2/2", 1, 16, 32, 480, 640, 2, 2 },
  { "64>64 5x5/2", 1, 64, 64, 240, 320, 5, 2 },
  { "3>64 5x5/2", 1, 3, 64, 480, 640, 5, 2 },
  { "16x 32>32", 16, 32, 32, 32, 32, 3, 1 },
  { "16x 48>48", 16, 48, 48, 32, 32, 3, 1 },
  { "16x 64>64", 16, 64, 64, 16, 16, 3, 1 },
  { "16x 128>128", 16, 128, 128, 16, 16, 3, 1 },
};

static const char *const kinds[] = { "forward", "transposed", "weights" };

typedef struct {
  AeConvGeo g;
  AeConvPlan plan;
  AeConvRun run;
  float *in, *out, *w, *packed;
} Bench;

static double
now_ms (void)
{
  struct timespec t;
  clock_gettime (getenv ("AE_BENCH_CPU_TIME") ? CLOCK_PROCESS_CPUTIME_ID
                                              : CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e3 + t.tv_nsec * 1e-6;
}

static AeConvGeo
geometry (const Shape *s)
{
  AeConvGeo g = { .n = s->n, .ic = s->ic, .ih = s->h, .iw = s->w,
    .oc = s->oc, .kh = s->kernel, .kw = s->kernel, .sh = s->stride,
    .sw = s->stride, .dh = 1, .dw = 1, .pt = (s->kernel - 1) / 2,
    .pl = (s->kernel - 1) / 2 };
  g.oh = (g.ih + 2 * g.pt - g.kh) / g.sh + 1;
  g.ow = (g.iw + 2 * g.pl - g.kw) / g.sw + 1;
  return g;
}

static double
flops (const AeConvGeo *g)
{
  return 2.0 * g->n * g->oc * g->oh * g->ow * g->ic * g->kh * g->kw;
}

static float *
floats (size_t n)
{
  float *x = ae_alloc ((n + 16) * sizeof *x);
  if (!x)
    abort ();
  for (size_t i = 0; i < n; i++)
    x[i] = (float) (i * 2654435761u % 1000) * 1e-3f - 0.5f;
  return x;
}

static void
run_once (Bench *b)
{
  switch (b->plan.kind) {
    case AE_CONV_FORWARD:
      ae_conv_run (&b->plan, &b->run, b->in, b->packed, NULL,
          &(AeClamp){ 1, 0, 1e30f }, b->out);
      break;
    case AE_CONV_TRANSPOSED:
      ae_conv_run (
          &b->plan, &b->run, b->out, b->packed, NULL, NULL, b->in);
      break;
    case AE_CONV_WEIGHTS:
      ae_conv_run_weights (&b->plan, &b->run, b->in, b->out, false, b->w);
      break;
  }
}

static double
best_ms (Bench *b)
{
  double best = 1e30, start = now_ms ();
  int runs = 0;
  do {
    double t = now_ms ();
    run_once (b);
    t = now_ms () - t;
    best = t < best ? t : best;
  } while (++runs < 3 || now_ms () - start < 60);
  return best;
}

/* GFLOP/s of the definition on the first rows. */
static double
plain_rate (const AeConvGeo *geo, AeConvKind kind)
{
  AeConvGeo g = *geo;
  g.n = 1;
  g.ih = g.ih < 16 ? g.ih : 16;
  g.oh = (g.ih + 2 * g.pt - g.kh) / g.sh + 1;
  AeConvPlain p = { .n = 1, .groups = 1, .ic = g.ic, .oc = g.oc,
    .in = { 1, g.ih, g.iw }, .out = { 1, g.oh, g.ow },
    .kernel = { 1, g.kh, g.kw }, .stride = { 1, g.sh, g.sw },
    .dilation = { 1, 1, 1 }, .pad = { 0, g.pt, g.pl }, .n_threads = 1 };
  float *in = floats ((size_t) g.ic * g.ih * g.iw);
  float *out = floats ((size_t) g.oc * g.oh * g.ow);
  float *w = floats ((size_t) g.oc * g.ic * g.kh * g.kw);
  double t = now_ms ();
  if (kind == AE_CONV_FORWARD)
    ae_conv_plain (&p, in, w, NULL, false, out);
  else if (kind == AE_CONV_TRANSPOSED)
    ae_conv_plain_transposed (&p, out, w, NULL, false, in);
  else
    ae_conv_plain_weights (&p, in, out, false, w);
  t = now_ms () - t;
  ae_free (in);
  ae_free (out);
  ae_free (w);
  return flops (&g) * 1e-6 / t;
}

static const char *const methods[] = { "taps", "winograd", "matrix" };

static void
bench (const Shape *s, AeConvKind kind, const AeConvRun *run, double peak)
{
  Bench b = { .g = geometry (s), .run = *run };
  int few = kind == AE_CONV_TRANSPOSED ? s->oc : s->ic;
  bool plain = few <= 4;
  if (!ae_conv_plan (&b.plan, &b.g, kind, plain, run->kernels))
    return;
  b.in = floats (
      (size_t) s->n * ae_blocks (s->ic) * 16 * b.g.ih * b.g.iw);
  b.out = floats (
      (size_t) s->n * ae_blocks (s->oc) * 16 * b.g.oh * b.g.ow);
  b.w = floats ((size_t) s->oc * s->ic * b.g.kh * b.g.kw);
  b.packed = floats (b.plan.packed);
  b.run.work = ae_alloc (ae_conv_work_size (&b.plan, run->n_threads));
  if (kind != AE_CONV_WEIGHTS)
    ae_conv_pack (&b.plan, &b.run, b.w, NULL, b.packed);
  double ms = best_ms (&b), rate = flops (&b.g) * 1e-6 / ms;
  printf ("%-14s %-10s %-8s %8.3f ms %7.1f GFLOP/s %5.2f of peak, plain %5.1f\n",
      s->name, kinds[kind], methods[b.plan.method], ms, rate,
      rate / peak, plain_rate (&b.g, kind));
  ae_free (b.in);
  ae_free (b.out);
  ae_free (b.w);
  ae_free (b.packed);
  ae_free (b.run.work);
}

int
main (int argc, char **argv)
{
  int n_threads = ae_pool_threads (argc > 1 ? atoi (argv[1]) : 1);
  AeCpuLevel level = ae_cpu_level ();
  for (int i = 0; argc > 2 && i <= AE_CPU_AMX; i++)
    if (strcmp (argv[2], ae_cpu_level_name ((AeCpuLevel) i)) == 0)
      level = (AeCpuLevel) i;
  AeConvRun run = { ae_kernels_at (level), ae_pool_shared (), n_threads,
    NULL };
  if (!run.kernels)
    return EXIT_FAILURE;
  double peak = ae_cpu_measure_peak (n_threads);
  printf ("%s, %d threads, peak %.1f GFLOP/s at the machine's best level\n",
      ae_cpu_level_name (level), n_threads, peak);
  for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
    for (int kind = AE_CONV_FORWARD; kind <= AE_CONV_WEIGHTS; kind++)
      bench (&shapes[i], (AeConvKind) kind, &run, peak);
  return EXIT_SUCCESS;
}
