/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/sequence.h"

#include "train/recipe.h"

#include <math.h>

AeSequenceOptions
ae_sequence_options (const AeRecipe *r)
{
  return (AeSequenceOptions){
    .patch = (int) ae_recipe_number_of (r, "training", "patch"),
    .max_speed = (float) ae_recipe_number_of (r, "motion", "max_speed"),
    .static_probability
    = (float) ae_recipe_number_of (r, "motion", "static_probability"),
    .foreground_probability
    = (float) ae_recipe_number_of (r, "motion", "foreground_probability"),
    .still_probability
    = (float) ae_recipe_number_of (r, "motion", "still_probability"),
    .clip_probability
    = (float) ae_recipe_number_of (r, "motion", "clip_probability"),
    .clip_still_probability
    = (float) ae_recipe_number_of (r, "motion", "clip_still_probability"),
    .length_max = (int) ae_recipe_number_of (r, "motion", "length_max"),
    .flips = ae_recipe_bool_of (r, "augment", "flips"),
    .scale_max = (float) ae_recipe_number_of (r, "augment", "scale_max"),
    .full_size_probability
    = (float) ae_recipe_number_of (r, "augment", "full_size_probability"),
    .brightness = (float) ae_recipe_number_of (r, "augment", "brightness"),
    .contrast = (float) ae_recipe_number_of (r, "augment", "contrast"),
    .grey_probability
    = (float) ae_recipe_number_of (r, "noise", "grey_probability"),
  };
}

static float
between (AeRng *rng, float low, float high)
{
  return low + (high - low) * ae_rng_uniform (rng);
}

static bool
chance (AeRng *rng, float probability)
{
  return ae_rng_uniform (rng) < probability;
}

/* Largest reduction at which the picture still holds a patch. */
static double
largest_scale (const AePicture *picture, int patch)
{
  int edge = picture->width < picture->height ? picture->width
                                              : picture->height;
  double scale = (double) edge / patch;
  return scale < AE_CROP_MAX_SCALE ? scale : AE_CROP_MAX_SCALE;
}

static double
draw_scale (
    const AePicture *picture, const AeSequenceOptions *o, AeRng *rng)
{
  double limit = fmin (o->scale_max, largest_scale (picture, o->patch));
  bool full_size = chance (rng, o->full_size_probability);
  double scale = between (rng, 1, (float) fmax (limit, 1));
  /* exactly two is worth having: half-pixel motion of sharp pictures */
  bool two = chance (rng, 0.4f) && limit >= 2;
  return full_size || limit <= 1 ? 1 : two ? 2 : scale;
}

/* A place for the window; speeds in frame pixels come in speed_x and _y. */
static void
place (AeWindow *window, int patch, double scale, double speed_x,
    double speed_y, AeRng *rng)
{
  const AePicture *p = window->picture;
  double room_x = p->width - patch * scale, room_y = p->height - patch * scale;
  /* even: chroma, and the picture's own block grid, stay in phase */
  window->x = 2 * floor (fmax (room_x, 0) * ae_rng_uniform (rng) / 2);
  window->y = 2 * floor (fmax (room_y, 0) * ae_rng_uniform (rng) / 2);
  window->vx = speed_x * scale;
  window->vy = speed_y * scale;
}

static void
draw_speed (const AeSequenceOptions *o, double scale, AeRng *rng,
    double *speed_x, double *speed_y)
{
  /* slow motion is more frequent than fast */
  float speed = o->max_speed * ae_rng_uniform (rng);
  speed *= ae_rng_uniform (rng);
  float angle = 6.2831853f * ae_rng_uniform (rng);
  *speed_x = speed * cosf (angle);
  *speed_y = speed * sinf (angle);
  /* half of the pictures at full size move by whole pixels: between them
   * their edges would blur */
  if (scale == 1 && chance (rng, 0.5f)) {
    *speed_x = round (*speed_x);
    *speed_y = round (*speed_y);
  }
}

static void
start_object (AeSequence *s, const AeSequenceOptions *o,
    AeReservoir *reservoir, AeRng *rng)
{
  size_t n = ae_reservoir_n_training (reservoir);
  s->object.picture
      = ae_reservoir_get (reservoir, ae_rng_below (rng, (uint32_t) n));
  if (!s->object.picture
      || largest_scale (s->object.picture, o->patch) < s->scale) {
    ae_picture_unref (&s->object.picture);
    return;
  }
  double x, y;
  draw_speed (o, s->scale, rng, &x, &y);
  place (&s->object, o->patch, s->scale, 0, 0, rng);
  s->speed_x = x;
  s->speed_y = y;
  s->radius_x = o->patch * between (rng, 0.08f, 0.4f);
  s->radius_y = o->patch * between (rng, 0.08f, 0.4f);
  s->centre_x = o->patch * ae_rng_uniform (rng);
  s->centre_y = o->patch * ae_rng_uniform (rng);
}

static void
start_motion (AeSequence *s, const AeSequenceOptions *o,
    AeReservoir *reservoir, AeRng *rng)
{
  double x = 0, y = 0;
  if (!s->real && !chance (rng, o->static_probability))
    draw_speed (o, s->scale, rng, &x, &y);
  place (&s->background, o->patch, s->scale, x, y, rng);
  if (!s->real && s->length > 1 && chance (rng, o->foreground_probability))
    start_object (s, o, reservoir, rng);
}

/* Draws the length, and the first picture. */
static bool
start_picture (AeSequence *s, const AeSequenceOptions *o,
    AeReservoir *reservoir, AeRng *rng)
{
  bool still = chance (rng, o->still_probability);
  bool clip = chance (
      rng, still ? o->clip_still_probability : o->clip_probability);
  s->length = still ? 1 : 2 + (int) ae_rng_below (rng, o->length_max - 1);
  s->background.picture = ae_reservoir_draw (reservoir,
      clip ? AE_DRAW_CLIP : AE_DRAW_SINGLE, rng, &s->picture_index);
  if (!s->background.picture)
    return false;
  AePicture *next = ae_reservoir_next (
      reservoir, s->picture_index, s->background.picture);
  s->real = next && clip && !still;
  ae_picture_unref (&next);
  return true;
}

bool
ae_sequence_start (AeSequence *sequence, const AeSequenceOptions *options,
    AeReservoir *reservoir, AeRng *rng)
{
  AeSequence *s = sequence;
  const AeSequenceOptions *o = options;
  ae_sequence_clear (s);
  if (!start_picture (s, o, reservoir, rng))
    return false;
  s->scale = draw_scale (s->background.picture, o, rng);
  s->turn = o->flips ? (int) ae_rng_below (rng, 8) : 0;
  s->gain = 1 + between (rng, -o->contrast, o->contrast);
  s->shift = between (rng, -o->brightness, o->brightness);
  s->colour_gain = 1 + between (rng, -o->contrast, o->contrast);
  s->grey = chance (rng, o->grey_probability);
  /* pictures without chroma, and with chroma that is neutral */
  s->grey_level = chance (rng, 0.5f) ? 0.5f : 128 / 255.0f;
  start_motion (s, o, reservoir, rng);
  return true;
}

void
ae_sequence_clear (AeSequence *sequence)
{
  ae_picture_unref (&sequence->background.picture);
  ae_picture_unref (&sequence->object.picture);
  *sequence = (AeSequence){ 0 };
}

/* Moves a window by its speed; it turns around at the picture's edge. */
static void
move_axis (double *at, double *speed, double room)
{
  if (*at + *speed < 0 || *at + *speed > room)
    *speed = -*speed;
  double next = *at + *speed;
  *at = next < 0 || next > room ? *at : next;
}

static bool
move_on (
    AeSequence *s, const AeSequenceOptions *o, AeReservoir *reservoir)
{
  if (s->index >= s->length)
    return false;
  if (s->index == 0)
    return true;
  AeWindow *w = &s->background;
  if (s->real) {
    AePicture *next
        = ae_reservoir_next (reservoir, s->picture_index, w->picture);
    if (!next)
      return false;
    ae_picture_unref (&w->picture);
    w->picture = next;
    s->picture_index++;
  }
  double span = o->patch * s->scale;
  move_axis (&w->x, &w->vx, w->picture->width - span);
  move_axis (&w->y, &w->vy, w->picture->height - span);
  s->centre_x += s->speed_x;
  s->centre_y += s->speed_y;
  return true;
}

/* Share of the object at a position of the frame: 1 inside, 0 outside, an
 * edge about a pixel wide. */
static float
object_share (const AeSequence *s, double x, double y)
{
  double dx = (x - s->centre_x) / s->radius_x;
  double dy = (y - s->centre_y) / s->radius_y;
  float r = sqrtf ((float) (dx * dx + dy * dy));
  float narrow = (float) fmin (s->radius_x, s->radius_y);
  float share = (1 - r) * narrow + 0.5f;
  return share < 0 ? 0 : share > 1 ? 1 : share;
}

/* Pixels between samples: 1 for luma, 2 for chroma. */
static void
blend_plane (const AeSequence *s, float *plane, const float *over, int size,
    int distance)
{
  double offset = (distance - 1) * 0.5;
  for (int j = 0; j < size; j++)
    for (int i = 0; i < size; i++) {
      float share = object_share (
          s, i * distance + offset, j * distance + offset);
      size_t at = (size_t) j * size + i;
      plane[at] += share * (over[at] - plane[at]);
    }
}

/* The object's own picture moves with its outline: the frame sees the window
 * shifted by the way of the centre. */
static void
draw_object (const AeSequence *s, int patch, AeCrop *crop, float *scratch)
{
  size_t luma = (size_t) patch * patch;
  AeCrop over
      = { { scratch, scratch + luma, scratch + luma + luma / 4 } };
  const AePicture *p = s->object.picture;
  double way_x = s->index * s->speed_x * s->scale;
  double way_y = s->index * s->speed_y * s->scale;
  double room_x = p->width - patch * s->scale;
  double room_y = p->height - patch * s->scale;
  double x = fmin (fmax (s->object.x - way_x, 0), room_x);
  double y = fmin (fmax (s->object.y - way_y, 0), room_y);
  ae_crop_fill (&over, patch, p, x, y, s->scale);
  blend_plane (s, crop->plane[0], over.plane[0], patch, 1);
  blend_plane (s, crop->plane[1], over.plane[1], patch / 2, 2);
  blend_plane (s, crop->plane[2], over.plane[2], patch / 2, 2);
}

static void
adjust (float *plane, size_t n, float gain, float shift)
{
  for (size_t i = 0; i < n; i++) {
    float value = (plane[i] - 0.5f) * gain + 0.5f + shift;
    plane[i] = value < 0 ? 0 : value > 1 ? 1 : value;
  }
}

static void
recolour (const AeSequence *s, size_t luma, AeCrop *crop)
{
  adjust (crop->plane[0], luma, s->gain, s->shift);
  for (int i = 1; i < 3; i++)
    if (s->grey)
      for (size_t k = 0; k < luma / 4; k++)
        crop->plane[i][k] = s->grey_level;
    else
      adjust (crop->plane[i], luma / 4, s->colour_gain, 0);
}

bool
ae_sequence_frame (AeSequence *sequence, const AeSequenceOptions *options,
    AeReservoir *reservoir, AeCrop *crop, float *scratch)
{
  AeSequence *s = sequence;
  int patch = options->patch;
  if (!s->background.picture || !move_on (s, options, reservoir))
    return false;
  const AeWindow *w = &s->background;
  ae_crop_fill (crop, patch, w->picture, w->x, w->y, s->scale);
  if (s->object.picture)
    draw_object (s, patch, crop, scratch);
  ae_crop_turn (crop, patch, s->turn, scratch);
  recolour (s, (size_t) patch * patch, crop);
  s->index++;
  return true;
}
