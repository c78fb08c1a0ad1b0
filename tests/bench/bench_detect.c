/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Times what a detector does to each frame: bench_detect [THREADS]. Prints the
 * best ms of some repeats. */
#include "detect/grey.h"
#include "util/rng.h"
#include "video/flow.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { W = 1280, H = 720, REPEATS = 40 };

static uint8_t frame[2][W * H], grey[W * H];

static double
now (void)
{
  struct timespec t;
  clock_gettime (CLOCK_MONOTONIC, &t);
  return (double) t.tv_sec * 1e3 + (double) t.tv_nsec * 1e-6;
}

/* A noisy scene in which a disc moves 9 pixels. */
static void
draw (int index)
{
  AeRng rng;
  ae_rng_seed (&rng, (uint64_t) index);
  for (int y = 0; y < H; y++)
    for (int x = 0; x < W; x++) {
      int dx = x - 500 - 9 * index, dy = y - 300;
      float at = dx * dx + dy * dy < 10000 ? (float) (dx + dy) * 0.3f
                                           : (float) (2 * x - y) * 0.1f;
      float v = 120 + 60 * sinf (at) + 3 * ae_rng_normal (&rng);
      frame[index][y * W + x] = (uint8_t) v;
    }
}

static void
time_grey (int w, int h, int threads)
{
  AeImage in = { .pixels = AE_PIXELS_I420, .width = W, .height = H };
  AeGrey *g = ae_grey_new (&in, w, h, threads);
  double best = 1e9;
  for (int i = 0; g && i < REPEATS; i++) {
    in.plane[0] = frame[i & 1];
    in.stride[0] = W;
    double start = now ();
    ae_grey_load (g, &in, 0.04, grey);
    best = fmin (best, now () - start);
  }
  printf ("grey %dx%d to %dx%d: %.2f ms\n", W, H, w, h, best);
  ae_grey_free (&g);
}

static void
time_flow (int w, int h, int threads)
{
  AeFlow *flow = ae_flow_new (w, h, threads);
  AeFlowField field;
  double best = 1e9;
  for (int i = 0; flow && i < REPEATS; i++) {
    double start = now ();
    ae_flow_add (flow, frame[i & 1] + 200 * W + 400, W);
    ae_flow_field (flow, &field);
    if (i > 0)
      best = fmin (best, now () - start);
  }
  printf ("flow %dx%d: %.2f ms\n", w, h, best);
  ae_flow_free (&flow);
}

int
main (int argc, char **argv)
{
  int threads = argc > 1 ? atoi (argv[1]) : 1;
  draw (0);
  draw (1);
  time_grey (360, 208, threads);
  time_grey (360, 240, threads);
  time_flow (360, 208, threads);
  time_flow (360, 240, threads);
  return 0;
}
