/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "levelcontrol.h"

#include <math.h>

#define FIRST_LEVEL 80
#define LEVELS_PER_DOUBLING 70 /* of bits, about */
/* How much the last frame counts, of delta and key frames: what every second
 * frame takes differs where a camera repeats frames, and key frames are few. */
#define SHARE_DELTA 0.25
#define SHARE_KEY 0.6
#define PAY_FRAMES 15 /* over which debts are paid back */
#define KEY_SHARE 4   /* a key frame may take so many frames' bits */
#define MOST_OWED 60  /* frames' bits: more is forgiven */

#define LEVELS_PER_DB 14
#define NEAR_DB 0.25
#define DELTA_REACH 60 /* levels that delta frames may be away from key frames:
                          what is skipped has the key frame's quality */

void
gst_ae_level_control_start (GstAeLevelControl *control)
{
  *control = (GstAeLevelControl) { .level = { FIRST_LEVEL, FIRST_LEVEL } };
}

gint
gst_ae_level_control_level (
    GstAeLevelControl *control, gdouble bits_per_frame, gboolean key)
{
  gdouble paid = control->owed / PAY_FRAMES;

  control->mean = bits_per_frame;
  control->key = key;
  control->bucket = MAX (control->bucket - bits_per_frame, 0);
  control->wanted = MAX ((key ? KEY_SHARE : 1) * bits_per_frame - paid,
      bits_per_frame / 8);
  gdouble *level = &control->level[key ? 1 : 0];
  gdouble cost = control->cost[key ? 1 : 0];
  if (cost > 0)
    *level = CLAMP (
        LEVELS_PER_DOUBLING * log2 (control->wanted / cost), 0, 255);
  return (gint) (*level + 0.5);
}

gdouble
gst_ae_level_control_room (
    const GstAeLevelControl *control, gdouble bucket_size)
{
  return MAX (bucket_size - control->bucket, 0);
}

void
gst_ae_level_control_coded (
    GstAeLevelControl *control, gdouble bits, gint used, gboolean key)
{
  if (control->wanted <= 0)
    return;
  gdouble *cost = &control->cost[key ? 1 : 0];
  gdouble found = MAX (bits, 1) / exp2 ((gdouble) used / LEVELS_PER_DOUBLING);
  if (*cost > 0)
    *cost += (key ? SHARE_KEY : SHARE_DELTA) * (found - *cost);
  else
    *cost = found;
  control->bucket += bits;
  control->owed += bits - control->mean;
  control->owed = CLAMP (control->owed, -MOST_OWED / 4 * control->mean,
      MOST_OWED * control->mean);
  control->wanted = 0;
}

gint
gst_ae_level_control_psnr_level (
    const GstAeLevelControl *control, gboolean key)
{
  return (gint) (control->level[key ? 1 : 0] + 0.5);
}

static gdouble
reached (const GstAeLevelControl *control, gdouble level)
{
  level = CLAMP (level, control->level[1] - DELTA_REACH,
      control->level[1] + DELTA_REACH);
  return CLAMP (level, 0, 255);
}

/* Delta frames keep their distance from key frames, once it is known. */
static void
set_key_level (GstAeLevelControl *control, gdouble next)
{
  gdouble distance
      = control->measured ? control->level[0] - control->level[1] : 0;

  control->level[1] = next;
  control->level[0] = reached (control, next + distance);
}

gboolean
gst_ae_level_control_measured (GstAeLevelControl *control, gdouble psnr,
    gdouble wanted, gboolean key)
{
  gdouble found = control->level[key ? 1 : 0];
  gdouble next = CLAMP (
      found + CLAMP ((wanted - psnr) * LEVELS_PER_DB, -100, 100), 0, 255);

  if (key) {
    set_key_level (control, next);
  } else {
    control->level[0] = next = reached (control, next);
    control->measured = TRUE;
  }
  return ABS (psnr - wanted) < NEAR_DB || ABS (next - found) < 1;
}
