/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Times every method of convolution on shapes of many kinds, and looks for the
 * costs with which the choice between them loses least. */
#include <ae/tuning.h>

#include "kernels/conv.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/mem.h"

#include <math.h>
#include <string.h>

#define REPEATS 5
#define FORBIDDEN 1e12 /* a cost that keeps a method from being chosen */
enum { TAPS, SMALL, LARGE, N_METHODS };

/* ic, oc, height, width, kernel, stride */
static const int shapes[][6] = {
  { 3, 32, 240, 320, 3, 1 },   { 3, 64, 240, 320, 5, 2 },
  { 8, 8, 240, 320, 3, 1 },    { 8, 16, 240, 320, 3, 1 },
  { 16, 16, 240, 320, 3, 1 },  { 16, 32, 120, 160, 3, 1 },
  { 32, 16, 240, 320, 3, 1 },  { 32, 32, 120, 160, 3, 1 },
  { 32, 32, 30, 40, 3, 1 },    { 48, 48, 120, 160, 3, 1 },
  { 48, 48, 16, 16, 3, 1 },    { 48, 12, 120, 160, 3, 1 },
  { 64, 64, 60, 80, 3, 1 },    { 64, 64, 15, 20, 3, 1 },
  { 128, 128, 30, 40, 3, 1 },  { 128, 128, 8, 8, 3, 1 },
  { 256, 256, 15, 20, 3, 1 },  { 256, 128, 8, 8, 3, 1 },
  { 16, 32, 240, 320, 3, 2 },  { 32, 64, 120, 160, 3, 2 },
  { 32, 32, 240, 320, 2, 2 },  { 64, 64, 120, 160, 5, 2 },
  { 64, 128, 32, 32, 4, 2 },   { 256, 512, 8, 8, 4, 2 },
};
#define N_SHAPES ((int) (sizeof shapes / sizeof shapes[0]))

static const double candidates[] = { 8, 12, 16, 20, 24, 28, 32, 40, 48, 60 };
#define N_CANDIDATES ((int) (sizeof candidates / sizeof candidates[0]))

static AeConvGeo
geometry (const AeTunedShape *s)
{
  int pad = s->kernel == 4 ? 1 : (s->kernel - 1) / 2;
  int room = 2 * pad - s->kernel;
  return (AeConvGeo){ .n = 1, .ic = s->ic, .ih = s->height, .iw = s->width,
    .oc = s->oc, .oh = (s->height + room) / s->stride + 1,
    .ow = (s->width + room) / s->stride + 1, .kh = s->kernel,
    .kw = s->kernel, .sh = s->stride, .sw = s->stride, .dh = 1, .dw = 1,
    .pt = pad, .pl = pad };
}

/* The plan with these costs; the method it takes. */
static int
plan_with (AeConvPlan *plan, const AeTunedShape *s, const AeConvCosts *costs)
{
  AeKernels kernels = *ae_kernels ();
  AeConvGeo g = geometry (s);
  kernels.costs = costs;
  if (!ae_conv_plan (plan, &g, AE_CONV_FORWARD, s->ic <= 4, &kernels))
    return -1;
  return plan->method != AE_CONV_WINOGRAD ? TAPS
      : plan->tile == 4                   ? SMALL
                                          : LARGE;
}

/* Costs that leave one method. */
static AeConvCosts
only (int method)
{
  AeConvCosts c = { { FORBIDDEN, FORBIDDEN }, { 0, 0 } };
  if (method == SMALL)
    c.in[AE_TILES_4] = -FORBIDDEN;
  if (method == LARGE)
    c.in[AE_TILES_6] = -FORBIDDEN;
  return c;
}

static size_t
blocked_floats (int c, int h, int w)
{
  return (size_t) ae_blocks (c) * AE_BLOCK * h * w;
}

/* The least of some runs. */
static double
time_plan (const AeConvPlan *plan, const AeConvRun *run, const float *x,
    const float *packed, float *y)
{
  double least = HUGE_VAL;
  for (int i = 0; i < REPEATS; i++) {
    double start = ae_now_ms ();
    ae_conv_run (plan, run, x, packed, NULL, NULL, y);
    double ms = ae_now_ms () - start;
    least = ms < least ? ms : least;
  }
  return least;
}

static AeStatus
time_method (AeTunedShape *s, int method, AeError *err)
{
  AeConvPlan plan;
  AeConvCosts costs = only (method);
  s->ms[method] = HUGE_VAL;
  if (plan_with (&plan, s, &costs) != method)
    return AE_OK;
  AeConvRun run = { ae_kernels (), ae_pool_shared (), 1, NULL };
  size_t in = blocked_floats (s->ic, s->height, s->width);
  size_t out = blocked_floats (plan.geo.oc, plan.geo.oh, plan.geo.ow);
  size_t n_w = (size_t) s->oc * s->ic * s->kernel * s->kernel;
  float *x = ae_calloc (in, sizeof *x), *y = ae_calloc (out, sizeof *y);
  float *w = ae_calloc (n_w, sizeof *w);
  float *packed = ae_calloc (plan.packed, sizeof *packed);
  run.work = ae_alloc (ae_conv_work_size (&plan, 1));
  bool ok = x && y && w && packed && run.work;
  if (ok) {
    ae_conv_pack (&plan, &run, w, NULL, packed);
    s->ms[method] = time_plan (&plan, &run, x, packed, y);
  }
  void *all[] = { x, y, w, packed, run.work };
  for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
    ae_free (all[i]);
  return ok ? AE_OK : ae_fail (err, AE_ERROR_MEMORY, "out of memory");
}

static double
loss_of (const AeTunedShape *s, int chosen)
{
  double least = s->ms[TAPS];
  for (int m = SMALL; m < N_METHODS; m++)
    least = s->ms[m] < least ? s->ms[m] : least;
  return chosen < 0 ? 0 : s->ms[chosen] / least - 1;
}

static double
mean_loss (const AeTuning *t, const AeConvCosts *costs)
{
  AeConvPlan plan;
  double sum = 0;
  for (int i = 0; i < t->n_shapes; i++)
    sum += loss_of (&t->shapes[i], plan_with (&plan, &t->shapes[i], costs));
  return sum / t->n_shapes;
}

/* One cost after the other to where the loss is least, as long as that
 * helps. */
static double
descend (const AeTuning *t, AeConvCosts *costs)
{
  double *all[] = { &costs->in[0], &costs->in[1], &costs->out[0],
    &costs->out[1] };
  double least = mean_loss (t, costs), before;
  do {
    before = least;
    for (int k = 0; k < 4; k++) {
      double best = *all[k];
      for (int c = 0; c < N_CANDIDATES; c++) {
        *all[k] = candidates[c];
        double loss = mean_loss (t, costs);
        if (loss < least) {
          least = loss;
          best = candidates[c];
        }
      }
      *all[k] = best;
    }
  } while (least < before);
  return least;
}

static void
tune (AeTuning *t)
{
  AeConvPlan plan;
  AeConvCosts costs = *ae_kernels ()->costs;
  t->loss = mean_loss (t, &costs);
  for (int i = 0; i < t->n_shapes; i++)
    t->shapes[i].chosen = plan_with (&plan, &t->shapes[i], &costs);
  t->tuned_loss = descend (t, &costs);
  for (int i = 0; i < t->n_shapes; i++)
    t->shapes[i].tuned = plan_with (&plan, &t->shapes[i], &costs);
  memcpy (t->in, costs.in, sizeof t->in);
  memcpy (t->out, costs.out, sizeof t->out);
}

AeStatus
ae_tuning_new (AeTuning **out, void (*progress) (double fraction, void *user),
    void *user, AeError *err)
{
  AeTuning *t = *out
      = ae_calloc (1, sizeof *t + N_SHAPES * sizeof (AeTunedShape));
  if (!t)
    return ae_fail (err, AE_ERROR_MEMORY, "out of memory");
  t->shapes = (AeTunedShape *) (t + 1);
  t->n_shapes = N_SHAPES;
  for (int i = 0; i < N_SHAPES; i++)
    memcpy (&t->shapes[i], shapes[i], sizeof shapes[i]);
  AeStatus status = AE_OK;
  for (int i = 0; status == AE_OK && i < N_SHAPES; i++) {
    for (int m = 0; status == AE_OK && m < N_METHODS; m++)
      status = time_method (&t->shapes[i], m, err);
    if (progress)
      progress ((i + 1.0) / N_SHAPES, user);
  }
  if (status == AE_OK)
    tune (t);
  else
    ae_tuning_free (out);
  return status;
}

void
ae_tuning_free (AeTuning **tuning)
{
  ae_free (*tuning);
  *tuning = NULL;
}
