/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_FLOAT_STILLS_H
#define AETOOL_FLOAT_STILLS_H

/* The protocol of the literature for grey stills: noise in floating point,
 * neither rounded nor clipped, its level known. A stream has 8 bits, so the
 * model is run here without the denoiser around it. */

#include "evaluate.h"

G_BEGIN_DECLS

/* Mean PSNR in dB over the first frames of items (GRAY8); the result is
 * clipped to 0..255 and not rounded. FALSE and an error when the model cannot
 * be run. */
gboolean float_stills_psnr (AeModel *model, const GPtrArray *items,
    double sigma, const AeDenoiserOptions *options, double *psnr,
    GError **error);

G_END_DECLS

#endif
