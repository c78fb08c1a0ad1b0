/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "detect/object.h"

#include "detect/plane.h"
#include "util/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DARKER 0.72f /* than the background around, to belong to a thing */
/* Shares of the picture's longer side. */
#define BACKGROUND_REACH (12.0f / 256)
#define BACKGROUND_SIGMA (12.0f / 256)
#define LEAST_SHARE 0.002 /* of the picture that a thing covers, */
#define MOST_SHARE 0.8
#define LEAST_PIXELS 32
#define OUTLIERS 0.003 /* of its pixels, beyond either end */
#define END 0.12       /* of its length: what is compared to tell the ends */
#define MIDDLE_BEGIN 0.2 /* where the middle line is measured */
#define MIDDLE_END 0.9
#define ROUNDS 3
#define FITS 4 /* of a line, each without what is far from the one before */

struct AeObjectFinder {
  int width, height;
  float *light, *background, *scratch;
  uint8_t *mask;
  int *stack;
  size_t n; /* pixels of the thing, */
  float *x, *y, *along, *across; /* where they are */
  float *sorted;
  double *middle; /* of each step along */
};

AeObjectFinder *
ae_object_finder_new (int width, int height)
{
  AeObjectFinder *f = ae_calloc (1, sizeof *f);
  if (!f)
    return NULL;
  size_t n = (size_t) width * (size_t) height;
  f->width = width;
  f->height = height;
  float **planes[] = { &f->light, &f->background, &f->scratch, &f->x, &f->y,
    &f->along, &f->across, &f->sorted };
  bool ok = true;
  for (size_t i = 0; i < sizeof planes / sizeof *planes; i++) {
    *planes[i] = ae_calloc (n, sizeof (float));
    ok = ok && *planes[i];
  }
  f->mask = ae_calloc (n, 1);
  f->stack = ae_calloc (n, sizeof *f->stack);
  f->middle = ae_calloc (2 * (size_t) (width + height), sizeof *f->middle);
  if (!ok || !f->mask || !f->stack || !f->middle)
    ae_object_finder_free (&f);
  return f;
}

void
ae_object_finder_free (AeObjectFinder **finder)
{
  AeObjectFinder *f = *finder;
  *finder = NULL;
  if (!f)
    return;
  float *planes[] = { f->light, f->background, f->scratch, f->x, f->y,
    f->along, f->across, f->sorted };
  for (size_t i = 0; i < sizeof planes / sizeof *planes; i++)
    ae_free (planes[i]);
  ae_free (f->mask);
  ae_free (f->stack);
  ae_free (f->middle);
  ae_free (f);
}

const uint8_t *
ae_object_mask (const AeObjectFinder *f)
{
  return f->mask;
}

static size_t
pixels_of (const AeObjectFinder *f)
{
  return (size_t) f->width * (size_t) f->height;
}

/* Turned round where the border is darker than the whole: things are dark from
 * here on. */
static void
take_light (AeObjectFinder *f, const float *picture)
{
  size_t n = pixels_of (f), w = (size_t) f->width, border = 0;
  double all = 0, outer = 0;
  float most = 0;
  for (size_t i = 0; i < n; i++) {
    bool outside = i % w == 0 || i % w == w - 1 || i < w || i >= n - w;
    all += picture[i];
    outer += outside ? picture[i] : 0;
    border += outside;
    most = picture[i] > most ? picture[i] : most;
  }
  bool dark = outer / (double) border < all / (double) n;
  for (size_t i = 0; i < n; i++)
    f->light[i] = dark ? most - picture[i] : picture[i];
}

/* 1 where it is darker than the brightest around, which is background. */
static void
find_dark (AeObjectFinder *f)
{
  float side = (float) (f->width > f->height ? f->width : f->height);
  float sigma = fminf (BACKGROUND_SIGMA * side, AE_PLANE_MOST_SIGMA);
  ae_plane_blur (f->light, f->width, f->height, 0.7f, 0.7f, f->light,
      f->scratch);
  ae_plane_dilate (f->light, f->width, f->height,
      (int) (BACKGROUND_REACH * side), f->background, f->scratch);
  ae_plane_blur (f->background, f->width, f->height, sigma, sigma,
      f->background, f->scratch);
  for (size_t i = 0; i < pixels_of (f); i++)
    f->mask[i] = f->light[i] < DARKER * f->background[i];
}

/* Marks all that is connected with pixel `at` by `mark`; returns how many. */
static size_t
flood (AeObjectFinder *f, int at, uint8_t from, uint8_t mark)
{
  size_t n = 0, waiting = 1;
  f->stack[0] = at;
  f->mask[at] = mark;
  while (waiting > 0) {
    int p = f->stack[--waiting], x = p % f->width, y = p / f->width;
    int near[4] = { x > 0 ? p - 1 : -1, x + 1 < f->width ? p + 1 : -1,
      y > 0 ? p - f->width : -1, y + 1 < f->height ? p + f->width : -1 };
    n++;
    for (int k = 0; k < 4; k++)
      if (near[k] >= 0 && f->mask[near[k]] == from) {
        f->mask[near[k]] = mark;
        f->stack[waiting++] = near[k];
      }
  }
  return n;
}

/* Leaves the largest connected part of the mask; returns its size. */
static size_t
keep_largest (AeObjectFinder *f)
{
  size_t most = 0;
  int best = -1;
  for (size_t i = 0; i < pixels_of (f); i++)
    if (f->mask[i] == 1) {
      size_t n = flood (f, (int) i, 1, 2);
      if (n > most) {
        most = n;
        best = (int) i;
      }
    }
  if (best >= 0)
    flood (f, best, 2, 1);
  for (size_t i = 0; i < pixels_of (f); i++)
    f->mask[i] = f->mask[i] == 1;
  return most;
}

static void
list_pixels (AeObjectFinder *f)
{
  f->n = 0;
  for (int y = 0; y < f->height; y++)
    for (int x = 0; x < f->width; x++)
      if (f->mask[(size_t) y * (size_t) f->width + (size_t) x]) {
        f->x[f->n] = (float) x;
        f->y[f->n++] = (float) y;
      }
}

/* The middle, and the direction of the largest spread. */
static AePose
by_moments (const AeObjectFinder *f)
{
  double x = 0, y = 0, xx = 0, xy = 0, yy = 0, n = (double) f->n;
  for (size_t i = 0; i < f->n; i++) {
    x += f->x[i] / n;
    y += f->y[i] / n;
  }
  for (size_t i = 0; i < f->n; i++) {
    xx += (f->x[i] - x) * (f->x[i] - x);
    xy += (f->x[i] - x) * (f->y[i] - y);
    yy += (f->y[i] - y) * (f->y[i] - y);
  }
  double angle = 0.5 * atan2 (2 * xy, xx - yy);
  return (AePose){ .x = x, .y = y, .dx = cos (angle), .dy = sin (angle) };
}

/* Where each pixel is along the pose and across it. */
static void
project (AeObjectFinder *f, const AePose *p)
{
  for (size_t i = 0; i < f->n; i++) {
    double x = f->x[i] - p->x, y = f->y[i] - p->y;
    f->along[i] = (float) (x * p->dx + y * p->dy);
    f->across[i] = (float) (y * p->dx - x * p->dy);
  }
}

static int
compare (const void *a, const void *b)
{
  float x = *(const float *) a, y = *(const float *) b;
  return (x > y) - (x < y);
}

static void
find_ends (AeObjectFinder *f, double *begin, double *end)
{
  memcpy (f->sorted, f->along, f->n * sizeof *f->sorted);
  qsort (f->sorted, f->n, sizeof *f->sorted, compare);
  size_t beyond = (size_t) (OUTLIERS * (double) f->n);
  *begin = f->sorted[beyond];
  *end = f->sorted[f->n - 1 - beyond];
}

/* Variance across of what lies between `from` and `to`. */
static double
width_between (const AeObjectFinder *f, double from, double to)
{
  double n = 0, sum = 0, squares = 0;
  for (size_t i = 0; i < f->n; i++)
    if (f->along[i] >= from && f->along[i] <= to) {
      n++;
      sum += f->across[i];
      squares += (double) f->across[i] * f->across[i];
    }
  return n > 0 ? squares / n - sum / n * (sum / n) : 0;
}

static bool
is_turned (const AeObjectFinder *f, double begin, double end)
{
  double part = END * (end - begin);
  return width_between (f, end - part, end)
         > width_between (f, begin, begin + part);
}

/* The middle between both edges of each pixel of the way from `begin`; NaN
 * where there is next to none. Returns how many. */
static size_t
measure_middle (AeObjectFinder *f, double begin, double end)
{
  size_t n = (size_t) fmax (end - begin, 0) + 1;
  size_t room = (size_t) (f->width + f->height);
  n = n < room ? n : room;
  double *low = f->middle, *high = f->middle + n;
  for (size_t k = 0; k < n; k++) {
    low[k] = HUGE_VAL;
    high[k] = -HUGE_VAL;
  }
  for (size_t i = 0; i < f->n; i++) {
    double at = f->along[i] - begin;
    if (!(at >= 0) || at >= (double) n)
      continue;
    size_t k = (size_t) at;
    low[k] = fmin (low[k], f->across[i]);
    high[k] = fmax (high[k], f->across[i]);
  }
  for (size_t k = 0; k < n; k++)
    f->middle[k] = high[k] > low[k] ? (low[k] + high[k]) / 2 : NAN;
  return n;
}

typedef struct {
  double slope, offset, far; /* far: points further off do not count */
} Line;

static Line
fit_line (const double *points, size_t n, double begin, Line before)
{
  double count = 0, t = 0, u = 0, tt = 0, tu = 0;
  for (size_t k = 0; k < n; k++) {
    double at = begin + (double) k + 0.5;
    if (isnan (points[k])
        || fabs (points[k] - before.slope * at - before.offset) > before.far)
      continue;
    count++;
    t += at;
    u += points[k];
    tt += at * at;
    tu += at * points[k];
  }
  double spread = count * tt - t * t;
  if (count < 3 || spread < 1e-9)
    return before;
  Line line = { .slope = (count * tu - t * u) / spread };
  line.offset = (u - line.slope * t) / count;
  return line;
}

/* Twice the median distance of the points to the line, at least a pixel. */
static double
far_from (AeObjectFinder *f, size_t n, double begin, const Line *line)
{
  size_t known = 0;
  for (size_t k = 0; k < n; k++) {
    double at = begin + (double) k + 0.5;
    if (!isnan (f->middle[k]))
      f->sorted[known++] = (float) fabs (
          f->middle[k] - line->slope * at - line->offset);
  }
  if (known == 0)
    return HUGE_VAL;
  qsort (f->sorted, known, sizeof *f->sorted, compare);
  return fmax (1, 2 * f->sorted[known / 2]);
}

/* Moves the axis to the middle line. */
static void
refine (AeObjectFinder *f, AePose *p, double begin, double end)
{
  double length = end - begin, first = begin + MIDDLE_BEGIN * length;
  size_t n = measure_middle (f, first, begin + MIDDLE_END * length);
  Line line = { .far = HUGE_VAL };
  for (int i = 0; i < FITS; i++) {
    line = fit_line (f->middle, n, first, line);
    line.far = far_from (f, n, first, &line);
  }
  double nx = -p->dy, ny = p->dx;
  p->x += nx * line.offset;
  p->y += ny * line.offset;
  p->dx += nx * line.slope;
  p->dy += ny * line.slope;
  double scale = 1 / hypot (p->dx, p->dy);
  p->dx *= scale;
  p->dy *= scale;
}

static float
reach_of (AeObjectFinder *f)
{
  for (size_t i = 0; i < f->n; i++)
    f->sorted[i] = fabsf (f->across[i]);
  qsort (f->sorted, f->n, sizeof *f->sorted, compare);
  return f->sorted[f->n - 1 - (size_t) (OUTLIERS * (double) f->n)];
}

static void
find_pose (AeObjectFinder *f, AePose *p)
{
  double begin, end;
  *p = by_moments (f);
  for (int i = 0; i < ROUNDS; i++) {
    project (f, p);
    find_ends (f, &begin, &end);
    if (is_turned (f, begin, end)) {
      p->dx = -p->dx;
      p->dy = -p->dy;
      project (f, p);
      find_ends (f, &begin, &end);
    }
    refine (f, p, begin, end);
  }
  project (f, p);
  find_ends (f, &begin, &end);
  p->x += begin * p->dx;
  p->y += begin * p->dy;
  p->length = end - begin;
  p->reach = reach_of (f);
}

bool
ae_object_find (AeObjectFinder *f, const float *picture, AePose *pose)
{
  *pose = (AePose){ 0 };
  take_light (f, picture);
  find_dark (f);
  size_t n = keep_largest (f), all = pixels_of (f);
  if (n < LEAST_PIXELS || (double) n < LEAST_SHARE * (double) all
      || (double) n > MOST_SHARE * (double) all)
    return false;
  list_pixels (f);
  find_pose (f, pose);
  return pose->length >= 1;
}
