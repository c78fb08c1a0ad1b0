/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "coder/coder.h"

#include "codec/cosines.h"

#include <math.h>

/* Squared error of R, G and B by one of U and V (about; theirs are 1.09 and
 * 0.83 of a sample) on the four pixels of a sample of chroma. */
#define CHROMA 3.5f

/* Where gains are those of seen errors already: of 0.5 to 2.7, least rate at the
 * same MS-SSIM. */
#define MASKED 1.6f

/* An error of one in a latent is one of 255 * gain grey levels in the frame, as
 * cosines are orthonormal. */
void
ae_codec_worths (const AeCodec *codec, int level, float *worths)
{
  AeCosine order[AE_COSINES];
  float at = (float) level / 255, unit = 1 << AE_POWER_BITS;
  float step = exp2f (
      ((float) codec->step_low + (float) codec->step_range * at) / unit);
  ae_cosine_order (order);
  for (int c = 0; c < codec->channels; c++) {
    float gain
        = 255 * expf (codec->gain_low[c] + codec->gain_range[c] * at);
    bool chroma = c < AE_COSINES && order[c].plane > 0;
    float worth = step * step / (gain * gain * (chroma ? CHROMA : 1));
    worth = isfinite (worth) ? worth : 1;
    worths[c] = codec->masking > 0 ? MASKED : worth;
  }
}
