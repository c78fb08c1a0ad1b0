/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conv_trial.h"

#include "ae_test.h"
#include "util/mem.h"

#include <string.h>


/* Channels around the block size, images down to 1x1, strides that leave
 * rows unread, pads larger than the image. */
static const AeTrialShape shapes[] = {
  { 1, 16, 8, 8, 16, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1 },
  { 1, 48, 13, 70, 48, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1 },
  { 3, 17, 7, 9, 33, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1 },
  { 2, 13, 1, 1, 48, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1 },
  { 2, 40, 5, 6, 12, 3, 3, 1, 1, 1, 1, 0, 0, 0, 0 },
  { 1, 32, 9, 11, 64, 3, 3, 1, 1, 1, 1, 2, 1, 0, 2 },
  { 5, 64, 16, 16, 80, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1 },
  { 1, 3, 17, 19, 32, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1 },
  { 1, 1, 9, 23, 20, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1 },
  { 2, 32, 11, 13, 3, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1 },
  { 2, 48, 10, 14, 6, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1 },
  { 1, 6, 11, 13, 32, 5, 5, 2, 2, 1, 1, 2, 2, 2, 2 },
  { 1, 16, 9, 3, 5, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1 },
  { 2, 32, 11, 13, 1, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1 },
  { 1, 4, 21, 21, 4, 5, 5, 1, 1, 1, 1, 2, 2, 2, 2 },
  { 1, 20, 12, 31, 24, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0 },
  { 2, 20, 13, 15, 24, 1, 1, 2, 2, 1, 1, 0, 0, 0, 0 },
  { 1, 18, 15, 14, 24, 5, 5, 2, 2, 1, 1, 2, 2, 2, 2 },
  { 2, 32, 16, 13, 20, 4, 4, 2, 2, 1, 1, 1, 1, 1, 1 },
  { 1, 24, 10, 10, 40, 6, 6, 2, 2, 1, 1, 2, 2, 2, 2 },
  { 1, 3, 20, 22, 64, 5, 5, 2, 2, 1, 1, 2, 2, 2, 2 },
  { 2, 30, 9, 12, 18, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1 },
  { 2, 30, 9, 12, 18, 2, 2, 2, 2, 1, 1, 0, 0, 0, 0 },
  { 1, 19, 25, 24, 17, 3, 5, 3, 2, 1, 1, 1, 0, 2, 1 },
  { 1, 19, 14, 24, 17, 3, 3, 1, 1, 2, 3, 2, 3, 2, 3 },
  { 1, 16, 14, 15, 16, 3, 3, 2, 2, 2, 1, 2, 1, 2, 1 },
  { 1, 8, 3, 2, 8, 7, 7, 1, 1, 1, 1, 3, 3, 3, 3 },
  { 1, 16, 5, 5, 16, 1, 1, 4, 3, 1, 1, 0, 0, 0, 0 },
  { 9, 100, 1, 1, 30, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0 },
  { 1, 33, 4, 400, 35, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1 },
  { 1, 200, 3, 300, 17, 3, 1, 1, 1, 1, 1, 1, 0, 1, 0 },
  { 1, 48, 25, 44, 32, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1 },
  { 2, 16, 36, 61, 16, 4, 4, 2, 2, 1, 1, 0, 0, 1, 1 },
  { 1, 32, 49, 50, 32, 5, 5, 2, 2, 1, 1, 2, 2, 2, 2 },
  { 1, 300, 8, 6, 200, 4, 4, 2, 2, 1, 1, 1, 1, 1, 1 },
  { 2, 32, 9, 13, 32, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 32 },
  { 1, 48, 11, 20, 48, 5, 5, 2, 2, 1, 1, 2, 2, 2, 2, 48 },
  { 1, 64, 10, 11, 96, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 4 },
  { 1, 128, 6, 9, 128, 3, 3, 1, 1, 1, 1, 1, 1, 1, 1, 4 },
  { 1, 48, 7, 9, 64, 3, 3, 1, 1, 2, 2, 2, 2, 2, 2, 16 },
  { 1, 32, 8, 9, 64, 3, 3, 2, 2, 1, 1, 1, 1, 1, 1, 32 },
  { 1, 32, 5, 6, 20, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 4 },
};
#define N_FIXED ((int) (sizeof shapes / sizeof shapes[0]))

static int
pick (AeRng *rng, int least, int most)
{
  return least + (int) (ae_rng_uniform (rng) * (most - least + 1));
}

/* Channels from few to many, kernels that fit their strides, any padding that
 * leaves something. */
static AeTrialShape
random_shape (int seed)
{
  AeRng rng;
  ae_rng_seed (&rng, 1000 + (uint64_t) seed);
  AeTrialShape s = { .n = pick (&rng, 1, 2), .ic = pick (&rng, 1, 70),
    .h = pick (&rng, 1, 40), .w = pick (&rng, 1, 60),
    .oc = pick (&rng, 1, 70), .kh = pick (&rng, 1, 5), .dh = 1, .dw = 1 };
  s.kw = pick (&rng, 0, 3) ? s.kh : pick (&rng, 1, 5);
  s.sh = pick (&rng, 0, 1) ? 1 : pick (&rng, 1, 3);
  s.sw = s.sh;
  if (pick (&rng, 0, 5) == 0)
    s.dh = s.dw = 2;
  s.pt = s.pb = (s.kh - 1) * s.dh;
  s.pl = s.pr = (s.kw - 1) * s.dw;
  s.pb -= pick (&rng, 0, s.pb / 2);
  s.pl -= pick (&rng, 0, s.pl / 2);
  return s;
}

AeTrialShape
trial_shape (int i)
{
  return i < N_FIXED ? shapes[i] : random_shape (i - N_FIXED);
}

typedef struct {
  size_t bytes;
  uint8_t guard[56];
} Guarded;

#define GUARD 0xa7

void *
trial_alloc (size_t bytes)
{
  Guarded *g = ae_alloc (sizeof *g + bytes + 64);
  g->bytes = bytes;
  memset (g->guard, GUARD, sizeof g->guard);
  memset ((uint8_t *) (g + 1) + bytes, GUARD, 64);
  return g + 1;
}

void
trial_free (void *p)
{
  if (!p)
    return;
  Guarded *g = (Guarded *) p - 1;
  const uint8_t *behind = (uint8_t *) p + g->bytes;
  for (size_t i = 0; i < sizeof g->guard; i++)
    ck_assert_msg (g->guard[i] == GUARD, "written in front of a buffer");
  for (int i = 0; i < 64; i++)
    ck_assert_msg (behind[i] == GUARD, "written %d bytes behind a buffer", i);
  ae_free (g);
}

static int
out_size (int in, int k, int s, int d, int begin, int end)
{
  return (in + begin + end - (k - 1) * d - 1) / s + 1;
}

AeConvGeo
trial_geometry (const AeTrialShape *s)
{
  return (AeConvGeo){ .n = s->n, .ic = s->ic, .ih = s->h, .iw = s->w,
    .oc = s->oc, .oh = out_size (s->h, s->kh, s->sh, s->dh, s->pt, s->pb),
    .ow = out_size (s->w, s->kw, s->sw, s->dw, s->pl, s->pr), .kh = s->kh,
    .kw = s->kw, .sh = s->sh, .sw = s->sw, .dh = s->dh, .dw = s->dw,
    .pt = s->pt, .pl = s->pl, .groups = s->groups };
}

AeConvPlain
trial_plain (const AeConvGeo *g)
{
  return (AeConvPlain){ .n = g->n, .groups = g->groups ? g->groups : 1,
    .ic = g->ic, .oc = g->oc, .in = { 1, g->ih, g->iw }, .out = { 1, g->oh, g->ow },
    .kernel = { 1, g->kh, g->kw }, .stride = { 1, g->sh, g->sw },
    .dilation = { 1, g->dh, g->dw }, .pad = { 0, g->pt, g->pl },
    .f64 = true, .n_threads = 1 };
}

size_t
plain_count (Dims d)
{
  return (size_t) d.n * d.c * d.h * d.w;
}

static size_t
blocked_count (Dims d)
{
  return (size_t) d.n * ae_blocks (d.c) * 16 * d.h * d.w;
}

Dims
in_dims (const AeConvGeo *g)
{
  return (Dims){ g->n, g->ic, g->ih, g->iw };
}

Dims
out_dims (const AeConvGeo *g)
{
  return (Dims){ g->n, g->oc, g->oh, g->ow };
}

float *
random_floats (AeRng *rng, size_t n)
{
  float *x = trial_alloc ((n + 1) * sizeof *x);
  for (size_t i = 0; i < n; i++)
    x[i] = ae_rng_uniform (rng) * 2 - 1;
  return x;
}

void
round_floats (float *x, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    union {
      uint32_t u;
      float f;
    } bits = { (uint32_t) ae_to_bf16 (x[i]) << 16 };
    x[i] = bits.f;
  }
}

double *
as_doubles (const float *x, size_t n)
{
  double *d = trial_alloc ((n + 1) * sizeof *d);
  for (size_t i = 0; i < n; i++)
    d[i] = x ? x[i] : 0;
  return d;
}

float *
as_blocked (const AeConvRun *run, const float *plain, Dims d)
{
  float *b = trial_alloc (blocked_count (d) * sizeof *b + 64);
  ae_to_blocked (run, plain, d.n, d.c, d.h, d.w, false, b);
  for (size_t p = 0; p < (size_t) d.n * d.h; p++)
    for (int x = 0; x < d.w; x++)
      for (int l = ae_last_block (d.c); l < 16; l++)
        b[((p * ae_blocks (d.c) + ae_blocks (d.c) - 1) * d.w + x) * 16 + l]
            = 1e6f;
  return b;
}

/* The bf16 values of AE_LAYOUT_PIXELS: element (n, c, y, x). */
static AeBf16 *
pixel_at (float *pixels, Dims d, int n, int c, int y, int x)
{
  size_t row = (size_t) n * d.h + y;
  AeBf16 *values = (AeBf16 *) (pixels + row * ae_pixels_row (d.c, d.w));
  return values + (size_t) x * d.c + c;
}

float *
as_pixels (const float *plain, Dims d)
{
  size_t floats = (size_t) d.n * d.h * ae_pixels_row (d.c, d.w);
  float *p = trial_alloc (floats * sizeof *p + 64);
  memset (p, 0xff, floats * sizeof *p);
  for (int n = 0; n < d.n; n++)
    for (int c = 0; c < d.c; c++)
      for (int y = 0; y < d.h; y++)
        for (int x = 0; x < d.w; x++)
          *pixel_at (p, d, n, c, y, x) = ae_to_bf16 (*plain++);
  return p;
}

void
from_pixels (float *pixels, Dims d, float *plain)
{
  for (int n = 0; n < d.n; n++)
    for (int c = 0; c < d.c; c++)
      for (int y = 0; y < d.h; y++)
        for (int x = 0; x < d.w; x++) {
          uint32_t bits = (uint32_t) *pixel_at (pixels, d, n, c, y, x) << 16;
          memcpy (plain++, &bits, sizeof bits);
        }
}
