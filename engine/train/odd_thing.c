/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/odd_thing.h"

#include "detect/cells.h"
#include "util/mem.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TRIES 64 /* places of which the one that moves most is cut out */
#define SOFT 2.0f /* pixels over which edges fade */
#define BACKGROUND 15 /* frames that what stands still is the median of */
/* Grey levels of difference to the background from which on a pixel belongs to
 * a thing, and over which that becomes certain. */
#define THING 8.0f
#define CERTAIN 14.0f
#define STILL_THERE 0.7f /* of its area: else it was lost */
#define REACH 8 /* pixels that a thing moves from one frame to the next, at most */

static float
uniform (AeRng *rng, float low, float high)
{
  return low + (high - low) * ae_rng_uniform (rng);
}

static int
whole (AeRng *rng, int low, int high)
{
  int n = high - low + 1;
  return low + (n > 1 ? (int) ae_rng_below (rng, (uint32_t) n) : 0);
}

/* The median over time of each pixel. */
uint8_t *
ae_odd_background (const AeOddSource *s)
{
  size_t pixels = (size_t) s->width * (size_t) s->height;
  size_t n = s->n < BACKGROUND ? s->n : BACKGROUND;
  uint8_t *background = ae_alloc (pixels);
  for (size_t i = 0; background && i < pixels; i++) {
    uint8_t sorted[BACKGROUND] = { 0 };
    for (size_t t = 0; t < n; t++) {
      uint8_t value = s->frames[t * s->n / n][i];
      size_t at = t;
      for (; at > 0 && sorted[at - 1] > value; at--)
        sorted[at] = sorted[at - 1];
      sorted[at] = value;
    }
    background[i] = sorted[n / 2];
  }
  return background;
}

/* How much of a place is not background. */
static float
change_at (const AeOddSource *s, const uint8_t *background, size_t frame,
    int x, int y, int w, int h)
{
  const uint8_t *a = s->frames[frame];
  int sum = 0;
  for (int j = y; j < y + h; j += 2)
    for (int i = x; i < x + w; i += 2) {
      int at = j * s->width + i;
      int differs = abs (a[at] - background[at]);
      sum += differs < 40 ? differs : 40;
    }
  return (float) sum / (float) (w * h);
}

/* An ellipse with soft edges. */
static float
ellipse (const AeOddThing *c, int x, int y)
{
  float rx = 0.5f * (float) c->width, ry = 0.5f * (float) c->height;
  float ax = ((float) x + 0.5f - rx) / rx, ay = ((float) y + 0.5f - ry) / ry;
  float inside = (1 - sqrtf (ax * ax + ay * ay)) * fminf (rx, ry) / SOFT;
  return inside < 0 ? 0 : inside > 1 ? 1 : inside;
}

/* The mean difference to the background around a pixel. */
static float
differs_at (const AeOddSource *s, const uint8_t *background, size_t frame,
    int x, int y)
{
  int sum = 0, n = 0;
  for (int j = y - 1; j <= y + 1; j++)
    for (int i = x - 1; i <= x + 1; i++)
      if (i >= 0 && j >= 0 && i < s->width && j < s->height) {
        int at = j * s->width + i;
        sum += abs (s->frames[frame][at] - background[at]);
        n++;
      }
  return (float) sum / (float) n;
}

static void
draw_size (AeOddThing *c, const AeOddSource *s, AeRng *rng)
{
  int w = s->width / 4, h = s->height / 4;
  c->width = whole (rng, w < 12 ? w : 12, w < 32 ? w : 32);
  c->height = whole (rng, h < 16 ? h : 16, h < 48 ? h : 48);
}

/* Where most moves, of some places. Returns the frame. */
static size_t
draw_place (const AeOddThing *c, const AeOddSource *s,
    const uint8_t *background, AeRng *rng, int *bx, int *by)
{
  float best = -1;
  size_t bt = 0;
  size_t last = s->n > AE_THING_POSES ? s->n - AE_THING_POSES : 0;
  for (int i = 0; i < TRIES; i++) {
    size_t t = (size_t) whole (rng, 0, (int) last);
    int x = whole (rng, 0, s->width - c->width);
    int y = whole (rng, 0, s->height - c->height);
    float change
        = change_at (s, background, t, x, y, c->width, c->height);
    if (change > best) {
      best = change;
      *bx = x;
      *by = y;
      bt = t;
    }
  }
  return bt;
}

static void
cut_pose (AeOddThing *c, const AeOddSource *s, const uint8_t *background,
    size_t frame, int left, int top)
{
  int pose = c->n_poses++;
  for (int y = 0; y < c->height; y++)
    for (int x = 0; x < c->width; x++) {
      int at = y * c->width + x;
      c->pixel[pose][at] = s->frames[frame][(top + y) * s->width + left + x];
      float differs
          = differs_at (s, background, frame, left + x, top + y);
      float part = (differs - THING) / CERTAIN;
      if (s->n == 1) /* there is no background to tell things from */
        part = 1;
      c->alpha[pose][at] = (uint8_t) (255 * ellipse (c, x, y)
                                      * fmaxf (0, fminf (part, 1)));
    }
}

static float
area_of (const AeOddThing *c, int pose)
{
  int sum = 0;
  for (int i = 0; i < c->width * c->height; i++)
    sum += c->alpha[pose][i];
  return fmaxf ((float) sum / 255, 1);
}

/* How much a place differs from the last pose, where that is not next to
 * nothing. */
static int
misfit (const AeOddThing *c, const AeOddSource *s, size_t frame, int left,
    int top)
{
  const int pose = c->n_poses - 1;
  int sum = 0;
  for (int y = 0; y < c->height; y += 2)
    for (int x = 0; x < c->width; x++) {
      int at = y * c->width + x;
      if (c->alpha[pose][at] > 127)
        sum += abs (s->frames[frame][(top + y) * s->width + left + x]
                    - c->pixel[pose][at]);
    }
  return sum;
}

/* Of places that fit about alike the nearest. */
static void
follow (const AeOddThing *c, const AeOddSource *s, size_t frame, int *left,
    int *top)
{
  int least = misfit (c, s, frame, *left, *top);
  int x0 = *left, y0 = *top;
  for (int y = y0 - REACH; y <= y0 + REACH; y++)
    for (int x = x0 - REACH; x <= x0 + REACH; x++) {
      if (x < 0 || y < 0 || x + c->width > s->width
          || y + c->height > s->height)
        continue;
      int found = misfit (c, s, frame, x, y) + abs (x - x0) + abs (y - y0);
      if (found >= least)
        continue;
      least = found;
      *left = x;
      *top = y;
    }
}

void
ae_odd_thing_cut (AeOddThing *c, const AeOddSource *s,
    const uint8_t *background, AeRng *rng)
{
  int left = 0, top = 0;
  memset (c, 0, sizeof *c);
  draw_size (c, s, rng);
  size_t frame = draw_place (c, s, background, rng, &left, &top);
  c->x = (float) left;
  c->y = (float) top;
  cut_pose (c, s, background, frame, left, top);
  while (c->n_poses < AE_THING_POSES && ++frame < s->n) {
    follow (c, s, frame, &left, &top);
    cut_pose (c, s, background, frame, left, top);
    if (area_of (c, c->n_poses - 1) < STILL_THERE * area_of (c, 0)) {
      c->n_poses--;
      break;
    }
    c->dx = ((float) left - c->x) / (float) (c->n_poses - 1);
    c->dy = ((float) top - c->y) / (float) (c->n_poses - 1);
  }
}

/* Looks. */

static float
mean_of (const AeOddThing *c)
{
  float sum = 0, weight = 1e-3f;
  for (int i = 0; i < c->width * c->height; i++) {
    sum += (float) c->alpha[0][i] * c->pixel[0][i];
    weight += c->alpha[0][i];
  }
  return sum / weight;
}

static uint8_t
grey (float value)
{
  return (uint8_t) (value < 0 ? 0 : value > 255 ? 255 : value + 0.5f);
}

/* gain -1 turns its light round; 0: one grey. */
static void
change_light (AeOddThing *c, float gain, float offset)
{
  float mean = mean_of (c);
  for (int p = 0; p < c->n_poses; p++)
    for (int i = 0; i < c->width * c->height; i++)
      c->pixel[p][i]
          = grey (mean + offset + gain * ((float) c->pixel[p][i] - mean));
}

static void
change_structure (AeOddThing *c, const AeOddSource *s, AeRng *rng)
{
  const uint8_t *from = s->frames[whole (rng, 0, (int) s->n - 1)];
  int x0 = whole (rng, 0, s->width - c->width);
  int y0 = whole (rng, 0, s->height - c->height);
  for (int y = 0; y < c->height; y++)
    memcpy (c->pixel[0] + y * c->width,
        from + (ptrdiff_t) (y0 + y) * s->width + x0, (size_t) c->width);
  for (int p = 1; p < c->n_poses; p++)
    memcpy (c->pixel[p], c->pixel[0], sizeof c->pixel[0]);
  change_light (c, uniform (rng, 1.2f, 2), uniform (rng, -40, 40));
}

static int
scaled (int size, float *factor, int most)
{
  int to = (int) ((float) size * *factor + 0.5f);
  to = to < 4 ? 4 : to > most ? most : to;
  *factor = (float) to / (float) size;
  return to;
}

/* Around its middle. */
static void
change_size (AeOddThing *c, const AeOddSource *s, float fx, float fy)
{
  static const int most = AE_THING_SIDE;
  int w = scaled (c->width, &fx, most < s->width ? most : s->width);
  int h = scaled (c->height, &fy, most < s->height ? most : s->height);
  uint8_t pixel[AE_THING_SIDE * AE_THING_SIDE];
  uint8_t alpha[AE_THING_SIDE * AE_THING_SIDE];
  for (int p = 0; p < c->n_poses; p++) {
    for (int y = 0; y < h; y++)
      for (int x = 0; x < w; x++) {
        int at = (int) ((float) y / fy) * c->width + (int) ((float) x / fx);
        pixel[y * w + x] = c->pixel[p][at];
        alpha[y * w + x] = c->alpha[p][at];
      }
    memcpy (c->pixel[p], pixel, (size_t) (w * h));
    memcpy (c->alpha[p], alpha, (size_t) (w * h));
  }
  c->x += 0.5f * (float) (c->width - w);
  c->y += 0.5f * (float) (c->height - h);
  c->width = w;
  c->height = h;
}

static void
change_look (AeOddThing *c, const AeOddSource *s, AeRng *rng)
{
  float u = 5 * ae_rng_uniform (rng);
  if (u < 1)
    change_light (c, -1, 0);
  else if (u < 2)
    change_light (c, uniform (rng, 0, 0.3f), uniform (rng, -60, 60));
  else if (u < 3)
    change_structure (c, s, rng);
  else if (u < 4)
    change_size (c, s, uniform (rng, 1.5f, 2.2f), uniform (rng, 1, 1.4f));
  else
    change_size (c, s, uniform (rng, 0.7f, 1.2f), uniform (rng, 0.4f, 0.6f));
}

/* Motion. */

/* What is seldom reached where it is. */
static float
limit_of (const AeOddThing *c, const AeOddSource *s)
{
  int columns = s->width / AE_CELL, rows = s->height / AE_CELL;
  int column = (int) (c->x + 0.5f * (float) c->width) / AE_CELL;
  int row = (int) (c->y + 0.5f * (float) c->height) / AE_CELL;
  column = column < 0 ? 0 : column < columns ? column : columns - 1;
  row = row < 0 ? 0 : row < rows ? row : rows - 1;
  return s->limit[row * columns + column];
}

/* More to the sides than up and down. */
static void
speed_up (AeOddThing *c, const AeOddSource *s, AeRng *rng)
{
  float speed = limit_of (c, s) * uniform (rng, 1.5f, 4);
  float angle = uniform (rng, 0, 6.2831853f);
  float x = cosf (angle), y = 0.4f * sinf (angle);
  float scale = speed / sqrtf (x * x + y * y);
  c->dx = scale * x;
  c->dy = scale * y;
}

void
ae_odd_thing_alter (
    AeOddThing *c, AeOddKind kind, const AeOddSource *s, AeRng *rng)
{
  if (kind == AE_ODD_FAST)
    speed_up (c, s, rng);
  else if (kind == AE_ODD_LOOK)
    change_look (c, s, rng);
}

/* Into pictures. */

/* The pose's pixel and alpha between its pixels; nothing outside. */
static float
sample (const AeOddThing *c, int pose, float x, float y, float *alpha)
{
  float fx = floorf (x), fy = floorf (y), ax = x - fx, ay = y - fy;
  float pixels = 0;
  *alpha = 0;
  for (int j = 0; j < 2; j++)
    for (int i = 0; i < 2; i++) {
      int px = (int) fx + i, py = (int) fy + j;
      float w = (i ? ax : 1 - ax) * (j ? ay : 1 - ay);
      if (px < 0 || py < 0 || px >= c->width || py >= c->height)
        continue;
      int at = py * c->width + px;
      w *= (float) c->alpha[pose][at] / 255;
      pixels += w * c->pixel[pose][at];
      *alpha += w;
    }
  return pixels;
}

static int
pose_at (const AeOddThing *c, size_t t)
{
  int period = c->n_poses > 1 ? 2 * c->n_poses - 2 : 1;
  int at = (int) (t % (size_t) period);
  return at < c->n_poses ? at : period - at;
}

float
ae_odd_thing_paste (const AeOddThing *c, size_t t, float left, float top,
    uint8_t *frame, int width, int height)
{
  float seen = 0;
  int x0 = (int) floorf (left), y0 = (int) floorf (top);
  int pose = pose_at (c, t);
  for (int y = y0; y <= y0 + c->height; y++)
    for (int x = x0; x <= x0 + c->width; x++) {
      if (x < 0 || y < 0 || x >= width || y >= height)
        continue;
      float alpha;
      float pixels = sample (
          c, pose, (float) x - left, (float) y - top, &alpha);
      uint8_t *to = frame + y * width + x;
      *to = grey (pixels + (1 - alpha) * (float) *to);
      seen += alpha;
    }
  return fminf (seen / area_of (c, pose), 1);
}
