/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/patch_plan.h"

#include "train/anomaly_samples.h"
#include "util/mem.h"

#include <math.h>

#define BESIDE 8 /* pixels of the strip on either side of the thing */
#define MOST_REACH 0.98 /* share of the things whose reach is no larger */
#define MOST_STRIP 1024 /* pixels of its width */

static int
rounded_up (double size, int unit)
{
  return ((int) ceil (size) + unit - 1) / unit * unit;
}

/* lengths and reaches: of the n things that were found. */
static void
plan_strip (AePreparation *p, const AePatchOptions *o, float *lengths,
    float *reaches, size_t n)
{
  double length = ae_sample_quantile (lengths, n, 0.5);
  double reach = ae_sample_quantile (reaches, n, MOST_REACH);
  p->scale = o->strip / length;
  p->plane_height = rounded_up (o->strip + 2 * AE_PREPARE_MARGIN, 8);
  p->plane_width = rounded_up (2 * (reach * p->scale + BESIDE), 8);
  if (p->plane_width > MOST_STRIP)
    p->plane_width = MOST_STRIP;
}

static AeStatus
measure_things (AePreparation *p, const AePatchOptions *o,
    const AePatchSource *s, AeError *err)
{
  size_t found = 0;
  AePose pose;
  p->plane_width = p->plane_height = 16; /* only poses are wanted */
  p->scale = 1;
  AePrepare *prepare = ae_prepare_new (p);
  float *lengths = ae_alloc (2 * s->n * sizeof *lengths);
  bool ok = prepare && lengths;
  float *reaches = ok ? lengths + s->n : NULL;
  for (size_t i = 0; ok && i < s->n; i++)
    if (ae_prepare_find (prepare, s->pictures[i], &pose)) {
      lengths[found] = (float) pose.length;
      reaches[found++] = (float) pose.reach;
    }
  if (ok && 2 * found >= s->n && found > 0)
    plan_strip (p, o, lengths, reaches, found);
  ae_prepare_free (&prepare);
  ae_free (lengths);
  if (!ok)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for %zu pictures", s->n);
  if (found == 0 || 2 * found < s->n)
    return ae_fail (err, AE_ERROR_NEEDS_DATA,
        "[anomaly] align = object: %zu of %zu pictures have one thing on a "
        "bright or dark background, wanted at least half",
        found, s->n);
  return AE_OK;
}

AeStatus
ae_patch_plan (AePreparation *p, int width, int height,
    const AePatchOptions *o, const AePatchSource *source, AeError *err)
{
  *p = (AePreparation){ .width = width, .height = height, .align = o->align,
    .flatten = o->flatten };
  if (o->align == AE_ALIGN_OBJECT)
    return measure_things (p, o, source, err);
  p->plane_width = width / o->reduce;
  p->plane_height = height / o->reduce;
  p->scale = 1.0 / o->reduce;
  return AE_OK;
}
