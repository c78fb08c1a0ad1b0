/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "levelcontrol.h"

#include <math.h>

#define FIRST_LEVEL 80
#define LEVELS_PER_DOUBLING 70 /* of bits, about */
#define STEP 0.6      /* of the way to what the last frame asks for */
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
  return (gint) (control->level[key ? 1 : 0] + 0.5);
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
  gdouble *level = &control->level[control->key ? 1 : 0];
  gdouble doublings = log2 (control->wanted / MAX (bits, 1));
  if (ABS (used - *level) > 1)
    *level = used; /* the bucket had no room for more */
  if (control->key == key)
    *level = CLAMP (
        *level + STEP * LEVELS_PER_DOUBLING * CLAMP (doublings, -2, 2), 0,
        255);
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

gboolean
gst_ae_level_control_measured (GstAeLevelControl *control, gdouble psnr,
    gdouble wanted, gboolean key)
{
  gdouble *level = control->level;
  gdouble found = level[key ? 1 : 0];
  gdouble next = found + CLAMP ((wanted - psnr) * LEVELS_PER_DB, -100, 100);

  if (!key)
    next = CLAMP (next, level[1] - DELTA_REACH, level[1] + DELTA_REACH);
  next = CLAMP (next, 0, 255);
  level[key ? 1 : 0] = next;
  if (key)
    level[0] = next;
  return ABS (psnr - wanted) < NEAR_DB || ABS (next - found) < 1;
}
