/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether Winograd's method pays for a convolution, and with which tiles. */
#include "kernels/winograd.h"

#define STRIP_BYTES (448 << 10) /* of transformed values per job */
#define LEAST_STRIP 24
#define WIDE_TILES 128 /* up to which all may be one strip */
#define WIDE_WEIGHTS (256 << 10) /* bytes from which that pays */
#define TAP_PIXELS 256 /* of a job of sums over taps, roughly */
#define OWN_CACHE 1e6  /* bytes of it that weights may take */
#define SHARED_CACHE 2e7

/* Forms that stride-1 convolutions of 3x3 taps can stand for. */
static bool
has_form (const AeConvGeo *g)
{
  if (g->dh != 1 || g->dw != 1 || g->sh != g->sw || g->sh > 2)
    return false;
  return g->sh == 2 || (g->kh == 3 && g->kw == 3);
}

static int
tiles_along (int size, int tile)
{
  return (size + tile - 1) / tile;
}

/* Vector operations that take as long as reading so many bytes of weights
 * again and again: from the core's own cache they come in time. */
static double
cost_of_weights (double bytes, double times)
{
  double per_vector = bytes < OWN_CACHE ? 0.5 : bytes < SHARED_CACHE ? 6 : 14;
  return bytes / 64 * per_vector * (times > 1 ? times : 1);
}

/* Vector operations per block of 16 lanes: the products of all frequencies,
 * and the measured cost of the transforms per pixel. */
static double
cost_of (const AeConvPlan *p, int tile, const AeConvCosts *costs)
{
  int size = tile == 4 ? AE_TILES_4 : AE_TILES_6;
  double in = costs->in[size], out = costs->out[size];
  double pixels = (double) tile * tile, freqs = (tile + 2.0) * (tile + 2.0);
  double transforms = in * ae_winograd_in_blocks (p)
      + out * ae_virtual_out_blocks (p);
  double products = (double) ae_phases_in (p) * p->src_c
      * ae_virtual_out_blocks (p);
  double tiles = (double) tiles_along (ae_virtual_size (p, p->dst_h), tile)
      * tiles_along (ae_virtual_size (p, p->dst_w), tile) * p->geo.n;
  double strips = tiles > WIDE_TILES ? tiles / LEAST_STRIP : 1;
  return tiles * (products * freqs + transforms * pixels)
         + cost_of_weights (products * freqs * 64, strips);
}

/* The same of one product per tap. */
static double
cost_of_taps (const AeConvPlan *p)
{
  const AeConvGeo *g = &p->geo;
  double products = (double) p->src_c * p->dst_blocks * g->kh * g->kw;
  double pixels = (double) g->n
      * (p->kind == AE_CONV_TRANSPOSED ? (double) p->src_h * p->src_w
                                       : (double) p->dst_h * p->dst_w);
  return products * pixels
         + cost_of_weights (products * 64, pixels / TAP_PIXELS);
}

/* 0 when sums over taps are cheaper. */
static int
choose_tile (const AeConvPlan *p, const AeConvCosts *costs)
{
  double small = cost_of (p, 4, costs), large = cost_of (p, 6, costs);
  /* Gradients of weights are small sums of large numbers. */
  int tile = large < small && p->kind != AE_CONV_WEIGHTS ? 6 : 4;
  return cost_of (p, tile, costs) < cost_of_taps (p) ? tile : 0;
}

static bool
is_wide (const AeConvPlan *p)
{
  double weights = 4.0 * ae_winograd_freqs (p) * ae_winograd_weight_freq (p);
  return p->kind != AE_CONV_WEIGHTS && ae_winograd_tiles (p) <= WIDE_TILES
         && weights >= WIDE_WEIGHTS;
}

static void
choose_strip (AeConvPlan *p, const AeKernels *kernels)
{
  int unit = kernels->gemm_px (ae_virtual_out_blocks (p));
  int bytes = ae_winograd_freqs (p) * 64
              * (ae_winograd_in_blocks (p) + ae_virtual_out_blocks (p));
  int strip = STRIP_BYTES / bytes / unit * unit;
  int least = (LEAST_STRIP + unit - 1) / unit * unit;
  int most = 64 / unit * unit;
  strip = strip < least ? least : strip > most ? most : strip;
  /* Small images: leave some jobs for every core. */
  while (strip > unit && ae_winograd_tiles (p) < (size_t) strip * 8)
    strip -= unit;
  p->strip = strip;
  p->n_jobs = (ae_winograd_tiles (p) + strip - 1) / strip;
}

static bool
any_tap (const AeConvPlan *p, const AeRealWeights *w, bool row, int place)
{
  for (int other = 0; other < 3; other++)
    if (ae_real_tap (p, w, row ? place : other, row ? other : place) >= 0)
      return true;
  return false;
}

static uint8_t
missing_taps (const AeConvPlan *p, int in, int out)
{
  AeRealWeights w
      = ae_real_weights (p, in * p->src_c, out * p->dst_blocks);
  return (any_tap (p, &w, true, 0) ? 0 : AE_NO_FIRST_ROW)
         | (any_tap (p, &w, true, 2) ? 0 : AE_NO_LAST_ROW)
         | (any_tap (p, &w, false, 0) ? 0 : AE_NO_FIRST_COLUMN)
         | (any_tap (p, &w, false, 2) ? 0 : AE_NO_LAST_COLUMN);
}

bool
ae_winograd_plan (AeConvPlan *p, const AeKernels *kernels)
{
  if (!has_form (&p->geo))
    return false;
  ae_phases_plan (p);
  if (p->taps_y > 3 || p->taps_x > 3
      || (p->plain_src && ae_phases_in (p) * p->src_c > AE_BLOCK))
    return false;
  p->tile = choose_tile (p, kernels->costs);
  if (p->tile == 0)
    return false;
  p->tiles_y = tiles_along (ae_virtual_size (p, p->dst_h), p->tile);
  p->tiles_x = tiles_along (ae_virtual_size (p, p->dst_w), p->tile);
  p->wide = is_wide (p);
  if (p->wide) {
    p->strip = (int) ae_winograd_tiles (p);
    p->n_jobs = 1;
  } else {
    choose_strip (p, kernels);
  }
  p->packed =
      p->dst_blocks * 16 + ae_winograd_freqs (p) * ae_winograd_weight_freq (p);
  p->work = p->wide ? 0 : ae_winograd_work (p);
  p->partial = p->wide ? ae_winograd_work (p) : 0;
  p->n_partial = p->wide;
  for (int i = 0; i < ae_phases_in (p) * ae_phases_out (p); i++)
    p->missing[i] = p->in_step > 1 ? missing_taps (p, i, 0)
                                   : missing_taps (p, 0, i);
  if (p->kind == AE_CONV_WEIGHTS)
    ae_winograd_plan_weights (p);
  return true;
}
