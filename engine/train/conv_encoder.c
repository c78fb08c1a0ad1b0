/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/conv_encoder.h"

#include <stdio.h>

AeStatus
ae_conv_encoder_check (
    const AeConvEncoder *e, const char *section, AeError *err)
{
  int unit = 1 << e->n_widths;
  if (e->size.width % unit != 0 || e->size.height % unit != 0)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "pictures of %dx%d, wanted multiples of %d, as they are halved %zu "
        "times: see %s.size and widths",
        e->size.width, e->size.height, unit, e->n_widths, section);
  return AE_OK;
}

size_t
ae_conv_encoder_values (const AeConvEncoder *e)
{
  return (size_t) e->widths[e->n_widths - 1]
      * (size_t) (e->size.width >> e->n_widths)
      * (size_t) (e->size.height >> e->n_widths);
}

int
ae_build_conv_encoder (AeBuilder *b, int x, const AeConvEncoder *e)
{
  char name[32];
  int channels = e->size.channels;
  for (size_t i = 0; i < e->n_widths; i++) {
    AeConvSpec spec = { .ic = channels, .oc = e->widths[i],
      .kernel = AE_CONV_ENCODER_KERNEL, .stride = 2, .gain = 1 };
    snprintf (name, sizeof name, "e.%zu", i);
    x = ae_build_unary (b, "Relu", ae_build_conv (b, x, spec, name));
    channels = e->widths[i];
  }
  return x;
}
