/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_AE_VARIATION_H
#define GST_AE_VARIATION_H

/* Variations of a picture: codes drawn from around its own. */

#include "samplersetup.h"

G_BEGIN_DECLS

typedef struct {
  gfloat *mean, *deviation; /* of the picture's code */
  gfloat *code, *made;      /* of the variation that was drawn last */
  gint label;
} GstAeVariation;

/* Room for those of a model. */
void gst_ae_variation_init (
    GstAeVariation *variation, const GstAeSamplerSetup *setup);
void gst_ae_variation_clear (GstAeVariation *variation);

/* Takes a picture of the setup's bound format, and what it shows. Of a model
 * whose codes have no deviations they are those that its codes differ by. */
gboolean gst_ae_variation_take (GstAeVariation *variation,
    const GstAeSamplerSetup *setup, const AeImage *picture, gint label,
    AeError *error);

/* Draws number `index` of those that `seed` gives, `temperature` times the
 * deviations away, into `made` (channels,height,width). */
void gst_ae_variation_draw (GstAeVariation *variation,
    const GstAeSamplerSetup *setup, guint64 seed, guint64 index,
    gfloat temperature);

G_END_DECLS

#endif
