/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/anomaly_things.h"

#include "util/mem.h"

#define ROUNDS 24   /* whose things are kept */
#define PER_ROUND 4 /* cut out, of one block */
#define MOST (ROUNDS * PER_ROUND)
#define PAUSE 8     /* steps between rounds, after one at each of the first */
#define TRIES 12     /* to find one for a place */
/* How far from where it was: shares of the picture. Things further away look
 * smaller. */
#define ASIDE 0.5f
#define NEARER 0.05f
#define LEAST_FRAMES 8 /* of a block, to tell what moves */

struct AeAnomalyThings {
  int width, height;
  uint64_t seed;
  AeOddThing *thing; /* MOST; of no pose where nothing was found */
  int64_t round;     /* that comes next */
};

AeAnomalyThings *
ae_anomaly_things_new (int width, int height, uint64_t seed)
{
  AeAnomalyThings *t = ae_calloc (1, sizeof *t);
  if (!t)
    return NULL;
  t->width = width;
  t->height = height;
  t->seed = seed;
  t->thing = ae_calloc (MOST, sizeof *t->thing);
  if (!t->thing)
    ae_anomaly_things_free (&t);
  return t;
}

void
ae_anomaly_things_free (AeAnomalyThings **things)
{
  AeAnomalyThings *t = *things;
  *things = NULL;
  if (!t)
    return;
  ae_free (t->thing);
  ae_free (t);
}

static bool
draw_block (AeFootage *footage, AeRng *rng, AeFootageView *view)
{
  size_t n = ae_footage_n_blocks (footage);
  for (int i = 0; n > 0 && i < TRIES; i++) {
    if (!ae_footage_block (footage, ae_rng_below (rng, (uint32_t) n), view))
      return false;
    if (!view->held_out && view->n >= LEAST_FRAMES)
      return true;
    ae_footage_view_clear (view);
  }
  return false;
}

static bool
is_something (const AeOddThing *thing)
{
  int solid = 0, all = thing->width * thing->height;
  for (int i = 0; i < all; i++)
    solid += thing->alpha[0][i] > 127;
  return thing->n_poses == AE_THING_POSES && solid > all / 8;
}

static void
cut_some (AeAnomalyThings *t, AeOddThing *thing, const AeFootageView *view,
    AeRng *rng)
{
  AeOddSource source = { t->width, t->height, view->frames, view->n, NULL };
  uint8_t *background = ae_odd_background (&source);
  for (int i = 0; background && i < PER_ROUND; i++) {
    ae_odd_thing_cut (&thing[i], &source, background, rng);
    if (!is_something (&thing[i]))
      thing[i].n_poses = 0;
  }
  ae_free (background);
}

static void
do_round (AeAnomalyThings *t, AeFootage *footage, int64_t round)
{
  AeOddThing *thing = t->thing + round % ROUNDS * PER_ROUND;
  AeFootageView view;
  AeRng rng;
  ae_rng_seed (&rng, t->seed + 1000003 * (uint64_t) (round + 1));
  for (int i = 0; i < PER_ROUND; i++)
    thing[i].n_poses = 0;
  if (!draw_block (footage, &rng, &view))
    return;
  cut_some (t, thing, &view, &rng);
  ae_footage_view_clear (&view);
}

void
ae_anomaly_things_choose (
    AeAnomalyThings *t, AeFootage *footage, int64_t step)
{
  int64_t rounds
      = step < ROUNDS ? step + 1 : ROUNDS + (step - ROUNDS) / PAUSE;
  if (t->round < rounds - ROUNDS)
    t->round = rounds - ROUNDS;
  for (; t->round < rounds; t->round++)
    do_round (t, footage, t->round);
}

static float
between (AeRng *rng, float low, float high)
{
  return low + (high - low) * ae_rng_uniform (rng);
}

static bool
is_within (const AeAnomalyCrop *crop, const AeOddThing *thing)
{
  float x = thing->x + 0.5f * (float) thing->width - (float) crop->x;
  float y = thing->y + 0.5f * (float) thing->height - (float) crop->y;
  return x >= 0 && y >= 0 && x < (float) crop->width
         && y < (float) crop->height;
}

/* A copy of one whose place, near its own, is within the crop. */
static bool
draw_thing (const AeAnomalyThings *t, const AeAnomalyCrop *crop, AeRng *rng,
    AeOddThing *thing)
{
  for (int i = 0; i < TRIES; i++) {
    const AeOddThing *from = &t->thing[ae_rng_below (rng, MOST)];
    float x = between (rng, -ASIDE, ASIDE) * (float) t->width;
    float y = between (rng, -NEARER, NEARER) * (float) t->height;
    AeOddThing place
        = { .width = from->width, .height = from->height,
            .x = from->x + x, .y = from->y + y };
    if (from->n_poses == 0 || !is_within (crop, &place))
      continue;
    *thing = *from;
    thing->x = place.x;
    thing->y = place.y;
    return true;
  }
  return false;
}

bool
ae_anomaly_things_put (const AeAnomalyThings *t, AeOddKind kind,
    const AeAnomalyCrop *crop, AeRng *rng, uint8_t *frames, size_t n)
{
  AeOddThing thing;
  size_t pixels = (size_t) t->width * (size_t) t->height;
  const uint8_t *last = frames + (n - 1) * pixels;
  AeOddSource source = { t->width, t->height, &last, 1, NULL };
  if (!draw_thing (t, crop, rng, &thing))
    return false;
  ae_odd_thing_alter (&thing, kind, &source, rng);
  for (size_t i = 0; i < n; i++) {
    float before = (float) (n - 1 - i);
    ae_odd_thing_paste (&thing, i, thing.x - thing.dx * before,
        thing.y - thing.dy * before, frames + i * pixels, t->width,
        t->height);
  }
  return true;
}
