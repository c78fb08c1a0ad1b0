/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_VIDEO_NOISE_CLIP_H
#define AE_VIDEO_NOISE_CLIP_H

/* What clipping to 0..1 does to white noise of standard deviation `sigma` that
 * is seen with mean `mean`: the part of the variance that is left. 0 when
 * black or white is nearer than one standard deviation, where nothing can be
 * said. From tables, within 0.5 % of the integrals. */
float ae_noise_clip_gain (float mean, float sigma);

#endif
