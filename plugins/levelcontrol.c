/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "levelcontrol.h"

#include <math.h>

#define FIRST_LEVEL 80
#define LEVELS_PER_DOUBLING 70 /* of bits, about */
#define STEP 0.6      /* of the way to what the last frame asks for */
#define PAY_FRAMES 15 /* over which debts are paid back */
#define KEY_SHARE 4   /* a key frame may take so many frames' bits */
#define MOST_OWED 60  /* frames' bits: more is forgiven */

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
  control->wanted = MAX ((key ? KEY_SHARE : 1) * bits_per_frame - paid,
      bits_per_frame / 8);
  return (gint) (control->level[key ? 1 : 0] + 0.5);
}

void
gst_ae_level_control_coded (
    GstAeLevelControl *control, gdouble bits, gboolean key)
{
  if (control->wanted <= 0)
    return;
  gdouble *level = &control->level[control->key ? 1 : 0];
  gdouble doublings = log2 (control->wanted / MAX (bits, 1));
  if (control->key == key)
    *level = CLAMP (
        *level + STEP * LEVELS_PER_DOUBLING * CLAMP (doublings, -2, 2), 0,
        255);
  control->owed += bits - control->mean;
  control->owed = CLAMP (control->owed, -MOST_OWED / 4 * control->mean,
      MOST_OWED * control->mean);
  control->wanted = 0;
}
