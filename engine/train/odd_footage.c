/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/odd_footage.h"

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
#define MOST_SIDE 64 /* pixels of what is cut out */

typedef struct {
  float pixel[MOST_SIDE * MOST_SIDE], alpha[MOST_SIDE * MOST_SIDE];
  int width, height;
  float x, y; /* of its top left pixel where it was */
  float area; /* sum of alpha */
} Cutout;

typedef struct {
  float x, y;   /* at frame 0 */
  float dx, dy; /* per frame */
} Path;

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

/* The median over time of each pixel: what stands still. */
static uint8_t *
find_background (const AeOddSource *s)
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
alpha_at (const Cutout *c, int x, int y)
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
cut_out (Cutout *c, const AeOddSource *s, const uint8_t *background,
    AeRng *rng)
{
  int most_w = s->width / 4 < MOST_SIDE ? s->width / 4 : MOST_SIDE;
  int most_h = s->height / 4 < MOST_SIDE ? s->height / 4 : MOST_SIDE;
  c->width = whole (rng, most_w < 12 ? most_w : 12, most_w < 32 ? most_w : 32);
  c->height
      = whole (rng, most_h < 16 ? most_h : 16, most_h < 48 ? most_h : 48);
  float best = -1;
  int bx = 0, by = 0;
  size_t bt = 0;
  for (int i = 0; i < TRIES; i++) {
    size_t t = (size_t) whole (rng, 0, (int) s->n - 1);
    int x = whole (rng, 0, s->width - c->width);
    int y = whole (rng, 0, s->height - c->height);
    float change
        = change_at (s, background, t, x, y, c->width, c->height);
    if (change > best) {
      best = change;
      bx = x;
      by = y;
      bt = t;
    }
  }
  c->x = (float) bx;
  c->y = (float) by;
  for (int y = 0; y < c->height; y++)
    for (int x = 0; x < c->width; x++) {
      int at = y * c->width + x;
      c->pixel[at] = s->frames[bt][(by + y) * s->width + bx + x];
      float thing = (differs_at (s, background, bt, bx + x, by + y) - THING)
                    / CERTAIN;
      if (s->n == 1) /* there is no background to tell things from */
        thing = 1;
      c->alpha[at] = alpha_at (c, x, y) * fmaxf (0, fminf (thing, 1));
      c->area += c->alpha[at];
    }
  c->area = fmaxf (c->area, 1);
}

static float
mean_of (const Cutout *c)
{
  float sum = 0;
  for (int i = 0; i < c->width * c->height; i++)
    sum += c->alpha[i] * c->pixel[i];
  return sum / c->area;
}

/* With its light turned round, or with the structure of another place. */
static void
change_look (Cutout *c, const AeOddSource *s, AeRng *rng)
{
  float mean = mean_of (c);
  if (ae_rng_uniform (rng) < 0.5f) {
    for (int i = 0; i < c->width * c->height; i++)
      c->pixel[i] = 2 * mean - c->pixel[i];
    return;
  }
  const uint8_t *from = s->frames[whole (rng, 0, (int) s->n - 1)];
  int x0 = whole (rng, 0, s->width - c->width);
  int y0 = whole (rng, 0, s->height - c->height);
  float gain = uniform (rng, 1.2f, 2), offset = uniform (rng, -40, 40);
  for (int y = 0; y < c->height; y++)
    for (int x = 0; x < c->width; x++) {
      float pixel = from[(y0 + y) * s->width + x0 + x];
      c->pixel[y * c->width + x] = mean + offset + gain * (pixel - mean);
    }
}

static float
limit_at (const AeOddSource *s, float x, float y)
{
  int columns = s->width / AE_CELL, rows = s->height / AE_CELL;
  int column = (int) (x / AE_CELL), row = (int) (y / AE_CELL);
  column = column < 0 ? 0 : column < columns ? column : columns - 1;
  row = row < 0 ? 0 : row < rows ? row : rows - 1;
  return s->limit[row * columns + column];
}

/* Straight on through where it was cut out, about in the middle of the time; in
 * a single picture to any other place. */
static Path
draw_path (
    const Cutout *c, const AeOddSource *s, AeOddKind kind, AeRng *rng)
{
  if (s->n == 1)
    return (Path){ .x = uniform (rng, 0, (float) (s->width - c->width)),
      .y = uniform (rng, 0, (float) (s->height - c->height)) };
  float limit = limit_at (s, c->x + 0.5f * (float) c->width,
      c->y + 0.5f * (float) c->height);
  float speed = limit
                * (kind == AE_ODD_FAST ? uniform (rng, 1.5f, 4)
                                       : uniform (rng, 0.3f, 0.8f));
  /* more to the sides than up and down */
  float angle = uniform (rng, 0, 6.2831853f);
  float dx = cosf (angle), dy = 0.4f * sinf (angle);
  float scale = speed / sqrtf (dx * dx + dy * dy);
  Path p = { .dx = scale * dx, .dy = scale * dy };
  float when = uniform (rng, 0.3f, 0.7f) * (float) s->n;
  p.x = c->x - p.dx * when;
  p.y = c->y - p.dy * when;
  return p;
}

/* The cutout's pixel and alpha between its pixels; nothing outside. */
static float
sample (const Cutout *c, float x, float y, float *alpha)
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
      pixels += w * c->alpha[at] * c->pixel[at];
      *alpha += w * c->alpha[at];
    }
  return pixels;
}

/* Returns the share of the thing that lies inside the picture. */
static float
paste (const Cutout *c, float left, float top, uint8_t *frame, int width,
    int height)
{
  float seen = 0;
  int x0 = (int) floorf (left), y0 = (int) floorf (top);
  for (int y = y0; y <= y0 + c->height; y++)
    for (int x = x0; x <= x0 + c->width; x++) {
      if (x < 0 || y < 0 || x >= width || y >= height)
        continue;
      float alpha;
      float pixels
          = sample (c, (float) x - left, (float) y - top, &alpha);
      uint8_t *to = frame + y * width + x;
      float value = pixels + (1 - alpha) * (float) *to;
      *to = (uint8_t) (value < 0 ? 0 : value > 255 ? 255 : value + 0.5f);
      seen += alpha;
    }
  return fminf (seen / c->area, 1);
}

AeStatus
ae_odd_footage_make (AeOddFootage *odd, const AeOddSource *source,
    AeOddKind kind, AeRng *rng, AeError *err)
{
  size_t pixels = (size_t) source->width * (size_t) source->height;
  *odd = (AeOddFootage){ ae_calloc (source->n, pixels),
    ae_calloc (source->n, sizeof (float)) };
  Cutout *c = ae_calloc (1, sizeof *c);
  uint8_t *background = find_background (source);
  if (!odd->pixels || !odd->visible || !c || !background) {
    ae_odd_footage_clear (odd);
    ae_free (c);
    ae_free (background);
    return ae_fail (
        err, AE_ERROR_MEMORY, "no memory for %zu frames", source->n);
  }
  cut_out (c, source, background, rng);
  ae_free (background);
  if (kind == AE_ODD_LOOK)
    change_look (c, source, rng);
  Path path = draw_path (c, source, kind, rng);
  for (size_t t = 0; t < source->n; t++) {
    uint8_t *frame = odd->pixels + t * pixels;
    memcpy (frame, source->frames[t], pixels);
    odd->visible[t]
        = paste (c, path.x + path.dx * (float) t,
            path.y + path.dy * (float) t, frame, source->width,
            source->height);
  }
  ae_free (c);
  return AE_OK;
}

void
ae_odd_footage_clear (AeOddFootage *odd)
{
  ae_free (odd->pixels);
  ae_free (odd->visible);
  *odd = (AeOddFootage){ 0 };
}
