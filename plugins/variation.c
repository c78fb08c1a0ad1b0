/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "variation.h"

void
gst_ae_variation_init (GstAeVariation *v, const GstAeSamplerSetup *setup)
{
  const AeSamplerFacts *f = &setup->facts;
  gsize n = (gsize) f->latent;

  gst_ae_variation_clear (v);
  v->mean = g_new0 (gfloat, n);
  v->deviation = g_new0 (gfloat, n);
  v->code = g_new0 (gfloat, n);
  v->made = g_new0 (
      gfloat, (gsize) f->width * (gsize) f->height * (gsize) f->channels);
}

void
gst_ae_variation_clear (GstAeVariation *v)
{
  g_free (v->mean);
  g_free (v->deviation);
  g_free (v->code);
  g_free (v->made);
  *v = (GstAeVariation){ 0 };
}

gboolean
gst_ae_variation_take (GstAeVariation *v, const GstAeSamplerSetup *setup,
    const AeImage *picture, gint label, AeError *error)
{
  v->label = label;
  if (ae_sampler_encode (setup->sampler, picture, label, v->mean,
          v->deviation, error)
      != AE_OK)
    return FALSE;
  if (!setup->facts.variational)
    ae_sampler_spread (setup->sampler, v->deviation);
  return TRUE;
}

void
gst_ae_variation_draw (GstAeVariation *v, const GstAeSamplerSetup *setup,
    guint64 seed, guint64 index, gfloat temperature)
{
  ae_sampler_draw_around (setup->sampler, seed, index, v->mean, v->deviation,
      temperature, v->code);
  ae_sampler_decode (setup->sampler, v->code, &v->label, 1, v->made);
}
