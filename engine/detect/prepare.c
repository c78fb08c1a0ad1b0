/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "detect/prepare.h"

#include "detect/grey.h"
#include "detect/plane.h"
#include "util/mem.h"

#include <math.h>

#define DARK 0.1f /* of the median light, added before the logarithm */

/* Pixels of the plane. */
static const struct {
  float x, y;   /* that what is around is averaged over */
  float spread; /* and how much it changes */
} around[AE_N_FLATTEN] = {
  [AE_FLATTEN_NONE] = { 5, 5, 5 },
  [AE_FLATTEN_COLUMNS] = { 0.5f, 12, 16 },
  [AE_FLATTEN_ROWS] = { 12, 0.5f, 16 },
};
#define SOFT 0.7f /* pixels: noise of single ones is no structure */
#define CONTRAST_SIGMA 4.0f
#define CONTRAST_UNIT 8.0f
#define LEAST_CONTRAST 0.01f /* of the logarithm */
#define LEAST_SPREAD 0.05f /* of the logarithm: noise of dull places */
#define LEAST_SPREAD_FLAT 0.03f

struct AePrepare {
  AePreparation p;
  float logarithm[256], light[256]; /* of bytes */
  AeObjectFinder *finder;
  AePose pose; /* of the last picture */
  float *picture; /* its light */
  float *log, *plane, *spread, *contrast, *scratch;
};

const char *
ae_align_name (AeAlign align)
{
  static const char *const names[AE_N_ALIGN] = { "none", "object" };
  return names[align];
}

const char *
ae_flatten_name (AeFlatten flatten)
{
  static const char *const names[AE_N_FLATTEN]
      = { "none", "columns", "rows" };
  return names[flatten];
}

AePrepare *
ae_prepare_new (const AePreparation *preparation)
{
  AePrepare *p = ae_calloc (1, sizeof *p);
  if (!p)
    return NULL;
  p->p = *preparation;
  size_t n = (size_t) p->p.plane_width * (size_t) p->p.plane_height;
  size_t pixels = (size_t) p->p.width * (size_t) p->p.height;
  p->log = ae_calloc (n, sizeof (float));
  p->plane = ae_calloc (n, sizeof (float));
  p->spread = ae_calloc (n, sizeof (float));
  p->contrast = ae_calloc (n, sizeof (float));
  p->scratch = ae_calloc (n, sizeof (float));
  p->picture = ae_calloc (pixels, sizeof (float));
  bool ok = p->log && p->plane && p->spread && p->contrast && p->scratch
            && p->picture;
  if (ok && p->p.align == AE_ALIGN_OBJECT)
    ok = (p->finder = ae_object_finder_new (p->p.width, p->p.height));
  for (int i = 0; i < 256; i++) {
    p->light[i] = (float) i / AE_GREY_MEDIAN;
    p->logarithm[i] = logf (DARK + p->light[i]);
  }
  if (!ok)
    ae_prepare_free (&p);
  return p;
}

void
ae_prepare_free (AePrepare **prepare)
{
  AePrepare *p = *prepare;
  *prepare = NULL;
  if (!p)
    return;
  ae_object_finder_free (&p->finder);
  ae_free (p->picture);
  ae_free (p->log);
  ae_free (p->plane);
  ae_free (p->spread);
  ae_free (p->contrast);
  ae_free (p->scratch);
  ae_free (p);
}

static void
take_light (AePrepare *p, const uint8_t *picture)
{
  size_t n = (size_t) p->p.width * (size_t) p->p.height;
  for (size_t i = 0; i < n; i++)
    p->picture[i] = p->light[picture[i]];
}

bool
ae_prepare_find (AePrepare *p, const uint8_t *picture, AePose *pose)
{
  take_light (p, picture);
  bool found = ae_object_find (p->finder, p->picture, &p->pose);
  *pose = p->pose;
  return found;
}

/* Means of step x step pixels' logarithms. */
static void
reduce (AePrepare *p, const uint8_t *picture)
{
  int step = (int) lround (1 / p->p.scale);
  float share = 1 / (float) (step * step);
  float *to = p->log;
  for (int y = 0; y < p->p.plane_height; y++)
    for (int x = 0; x < p->p.plane_width; x++) {
      const uint8_t *from = picture + (y * p->p.width + x) * step;
      float sum = 0;
      for (int j = 0; j < step; j++)
        for (int i = 0; i < step; i++)
          sum += p->logarithm[from[j * p->p.width + i]];
      *to++ = sum * share;
    }
}

static void
cut_strip (AePrepare *p)
{
  float *to = p->log, px, py;
  for (int y = 0; y < p->p.plane_height; y++)
    for (int x = 0; x < p->p.plane_width; x++) {
      ae_prepare_place (p, (float) x, (float) y, &px, &py);
      float light = ae_plane_cubic (
          p->picture, p->p.width, p->p.height, px, py);
      *to++ = logf (DARK + fmaxf (light, 0));
    }
}

/* From the squares of the changes. */
static void
take_contrast (AePrepare *p, const float *squares)
{
  int w = p->p.plane_width, h = p->p.plane_height;
  ae_plane_blur (squares, w, h, CONTRAST_SIGMA, CONTRAST_SIGMA, p->contrast,
      p->scratch);
  for (int i = 0; i < w * h; i++)
    p->contrast[i]
        = 0.5f * CONTRAST_UNIT
          * logf (p->contrast[i] + LEAST_CONTRAST * LEAST_CONTRAST);
}

/* From p->log to p->plane and p->contrast. */
static void
make_local (AePrepare *p)
{
  int w = p->p.plane_width, h = p->p.plane_height;
  size_t n = (size_t) w * (size_t) h;
  AeFlatten flatten = p->p.flatten;
  float least = flatten == AE_FLATTEN_NONE ? LEAST_SPREAD : LEAST_SPREAD_FLAT;
  float sigma = around[flatten].spread;
  ae_plane_blur (p->log, w, h, around[flatten].x, around[flatten].y, p->plane,
      p->scratch);
  for (size_t i = 0; i < n; i++) {
    p->plane[i] = p->log[i] - p->plane[i];
    p->spread[i] = p->plane[i] * p->plane[i];
  }
  take_contrast (p, p->spread);
  ae_plane_blur (p->spread, w, h, sigma, sigma, p->spread, p->scratch);
  for (size_t i = 0; i < n; i++)
    p->plane[i] /= sqrtf (p->spread[i] + least * least);
  ae_plane_blur (p->plane, w, h, SOFT, SOFT, p->plane, p->scratch);
}

const float *
ae_prepare_contrast (const AePrepare *p)
{
  return p->contrast;
}

const float *
ae_prepare_run (AePrepare *p, const uint8_t *picture)
{
  if (p->p.align == AE_ALIGN_OBJECT) {
    AePose pose;
    if (!ae_prepare_find (p, picture, &pose))
      return NULL;
    cut_strip (p);
  } else {
    reduce (p, picture);
  }
  make_local (p);
  return p->plane;
}

void
ae_prepare_place (const AePrepare *p, float plane_x, float plane_y, float *x,
    float *y)
{
  float step = (float) (1 / p->p.scale);
  if (p->p.align == AE_ALIGN_NONE) {
    *x = (plane_x + 0.5f) * step - 0.5f;
    *y = (plane_y + 0.5f) * step - 0.5f;
    return;
  }
  const AePose *pose = &p->pose;
  float along = (plane_y - AE_PREPARE_MARGIN) * step;
  float across = (plane_x - 0.5f * (float) (p->p.plane_width - 1)) * step;
  *x = (float) (pose->x + along * pose->dx - across * pose->dy);
  *y = (float) (pose->y + along * pose->dy + across * pose->dx);
}

bool
ae_prepare_on_thing (const AePrepare *p, float plane_x, float plane_y)
{
  float x, y;
  if (p->p.align == AE_ALIGN_NONE)
    return true;
  ae_prepare_place (p, plane_x, plane_y, &x, &y);
  int px = (int) floorf (x + 0.5f), py = (int) floorf (y + 0.5f);
  if (px < 0 || py < 0 || px >= p->p.width || py >= p->p.height)
    return false;
  return ae_object_mask (p->finder)[py * p->p.width + px];
}
