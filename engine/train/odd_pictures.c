/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/odd_pictures.h"

#include <math.h>
#include <stdbool.h>

#define HARMONICS 4 /* of an outline */
#define TURN 6.2831853f

/* An ellipse with a wandering outline. */
typedef struct {
  float x, y, radius, aspect, cosine, sine, soft;
  float ragged[HARMONICS], phase[HARMONICS];
} Part;

typedef struct {
  float *light;
  int width, height;
  AeRng *rng;
  float side; /* the shorter */
} Picture;

static float
uniform (AeRng *rng, float low, float high)
{
  return low + (high - low) * ae_rng_uniform (rng);
}

/* As likely to be twice as large as to be half as large. */
static float
of_any_size (AeRng *rng, float low, float high)
{
  return expf (uniform (rng, logf (low), logf (high)));
}

static float
either (AeRng *rng, float a, float b)
{
  return ae_rng_below (rng, 2) ? a : b;
}

/* Radius in shares of the picture's side. */
static Part
draw_part (const Picture *p, float least, float most, float aspect)
{
  AeRng *rng = p->rng;
  float angle = uniform (rng, 0, TURN);
  Part part = { .x = uniform (rng, 0, (float) p->width),
    .y = uniform (rng, 0, (float) p->height),
    .radius = fmaxf (1.5f, p->side * of_any_size (rng, least, most)),
    .aspect = sqrtf (of_any_size (rng, 1, aspect)), .cosine = cosf (angle),
    .sine = sinf (angle), .soft = uniform (rng, 0.7f, 2.5f) };
  for (int k = 0; k < HARMONICS; k++) {
    part.ragged[k] = uniform (rng, 0, 0.25f) / (float) (k + 1);
    part.phase[k] = uniform (rng, 0, TURN);
  }
  return part;
}

/* 1 inside, 0 outside. */
static float
inside (const Part *part, float x, float y)
{
  float dx = x - part->x, dy = y - part->y;
  float u = (dx * part->cosine + dy * part->sine)
            / (part->radius * part->aspect);
  float v = (dy * part->cosine - dx * part->sine) * part->aspect
            / part->radius;
  float far = sqrtf (u * u + v * v);
  if (far > 2)
    return 0;
  float angle = atan2f (v, u), outline = 1;
  for (int k = 0; k < HARMONICS; k++)
    outline += part->ragged[k]
               * sinf ((float) (k + 2) * angle + part->phase[k]);
  float share = (outline - far) * part->radius / part->soft + 0.5f;
  return fminf (fmaxf (share, 0), 1);
}

/* Mean light of a part. */
static float
mean_inside (const Picture *p, const Part *part)
{
  double sum = 0, weight = 1e-6;
  for (int y = 0; y < p->height; y++)
    for (int x = 0; x < p->width; x++) {
      float share = inside (part, (float) x, (float) y);
      sum += share * p->light[y * p->width + x];
      weight += share;
    }
  return (float) (sum / weight);
}

/* Mean of a square of 9 x 9 pixels, every second one. */
static float
mean_around (const Picture *p, int x, int y)
{
  float sum = 0;
  int n = 0;
  for (int j = y - 4; j <= y + 4; j += 2)
    for (int i = x - 4; i <= x + 4; i += 2)
      if (i >= 0 && j >= 0 && i < p->width && j < p->height) {
        sum += p->light[j * p->width + i];
        n++;
      }
  return sum / (float) n;
}

static void
make_spot (const Picture *p)
{
  Part part = draw_part (p, 0.008f, 0.035f, 4);
  float gain = either (p->rng, uniform (p->rng, -0.85f, -0.25f),
      uniform (p->rng, 0.2f, 1.2f));
  for (int y = 0; y < p->height; y++)
    for (int x = 0; x < p->width; x++)
      p->light[y * p->width + x]
          *= 1 + gain * inside (&part, (float) x, (float) y);
}

/* Darkens a dot of the line's width. */
static void
dot (const Picture *p, float x, float y, float half, float gain)
{
  int reach = (int) half + 1;
  for (int j = (int) y - reach; j <= (int) y + reach; j++)
    for (int i = (int) x - reach; i <= (int) x + reach; i++) {
      if (i < 0 || j < 0 || i >= p->width || j >= p->height)
        continue;
      float far = hypotf ((float) i - x, (float) j - y);
      float share = fminf (fmaxf (half + 0.5f - far, 0), 1);
      p->light[j * p->width + i] *= 1 - gain * share;
    }
}

static void
make_crack (const Picture *p)
{
  AeRng *rng = p->rng;
  float x = uniform (rng, 0, (float) p->width);
  float y = uniform (rng, 0, (float) p->height);
  float angle = uniform (rng, 0, TURN), bend = of_any_size (rng, 0.03f, 0.2f);
  float half = uniform (rng, 0.4f, 1.5f), gain = uniform (rng, 0.1f, 0.35f);
  int steps = (int) (p->side * of_any_size (rng, 0.08f, 0.9f));
  for (int i = 0; i < steps; i++) {
    dot (p, x, y, half, gain);
    angle += bend * ae_rng_normal (rng);
    x += 1.2f * cosf (angle);
    y += 1.2f * sinf (angle);
  }
}

static void
make_chip (const Picture *p)
{
  AeRng *rng = p->rng;
  Part part = draw_part (p, 0.025f, 0.15f, 4);
  if (ae_rng_below (rng, 4)) {
    if (ae_rng_below (rng, 2))
      part.x = either (rng, 0, (float) p->width);
    else
      part.y = either (rng, 0, (float) p->height);
  }
  float rough = uniform (rng, 0, 0.15f);
  float grey = mean_inside (p, &part) * uniform (rng, 0.3f, 1.4f), noise = 0;
  for (int y = 0; y < p->height; y++)
    for (int x = 0; x < p->width; x++) {
      float share = inside (&part, (float) x, (float) y);
      float *to = &p->light[y * p->width + x];
      noise = 0.7f * noise + ae_rng_normal (rng);
      *to += share * (grey * fmaxf (0, 1 + rough * noise) - *to);
    }
}

static void
make_smooth (const Picture *p, float contrast, float gain, float least,
    float most)
{
  Part part = draw_part (p, least, most, 5);
  for (int y = 0; y < p->height; y++)
    for (int x = 0; x < p->width; x++) {
      float share = inside (&part, (float) x, (float) y);
      if (share == 0)
        continue;
      float *to = &p->light[y * p->width + x];
      /* what was changed above is near enough to what it was */
      float mean = mean_around (p, x, y);
      float changed = gain * (mean + contrast * (*to - mean));
      *to += share * (fmaxf (changed, 0) - *to);
    }
}

static void
make_paste (const Picture *p, const float *other)
{
  AeRng *rng = p->rng;
  Part part = draw_part (p, 0.02f, 0.14f, 4);
  float gain = uniform (rng, 0.75f, 1.3f), angle = uniform (rng, 0, TURN);
  float c = cosf (angle), s = sinf (angle);
  float from_x = uniform (rng, 0, (float) p->width);
  float from_y = uniform (rng, 0, (float) p->height);
  for (int y = 0; y < p->height; y++)
    for (int x = 0; x < p->width; x++) {
      float share = inside (&part, (float) x, (float) y);
      float dx = (float) x - part.x, dy = (float) y - part.y;
      int ox = (int) (from_x + c * dx - s * dy);
      int oy = (int) (from_y + s * dx + c * dy);
      float *to = &p->light[y * p->width + x];
      if (share > 0 && ox >= 0 && oy >= 0 && ox < p->width && oy < p->height)
        *to += share * (gain * other[oy * p->width + ox] - *to);
    }
}

void
ae_odd_picture_make (float *light, int width, int height, const float *other,
    AeOddPicture kind, AeRng *rng)
{
  Picture p = { light, width, height, rng,
    (float) (width < height ? width : height) };
  switch (kind) {
    case AE_ODD_SPOT:
      make_spot (&p);
      break;
    case AE_ODD_CRACK:
      make_crack (&p);
      break;
    case AE_ODD_CHIP:
      make_chip (&p);
      break;
    case AE_ODD_SMOOTH:
      make_smooth (&p, uniform (rng, 0, 0.3f), uniform (rng, 0.65f, 1.35f),
          0.04f, 0.2f);
      break;
    case AE_ODD_UNEVEN:
      make_smooth (&p, either (rng, 0.4f, uniform (rng, 1.6f, 3)),
          uniform (rng, 0.7f, 1.35f), 0.06f, 0.28f);
      break;
    default:
      make_paste (&p, other);
  }
}
