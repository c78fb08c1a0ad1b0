/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_VIDEO_IMAGE_TENSOR_H
#define AE_VIDEO_IMAGE_TENSOR_H

/* Pictures of any kind and size to planes of floats, and planes to pictures. */

#include "video/axis.h"

#include <ae/image.h>

#include <stddef.h>

/* Planes (channels,h,w); a picture fills used_h x used_w of them from the top
 * left on, and what lies beyond mirrors it. */
typedef struct {
  int channels; /* 1 (luma) or 3 (R, G, B) */
  int h, w, used_h, used_w;
  float gain[3], offset[3]; /* number = gain * (0 black .. 1 white) + offset */
} AeImagePlanes;

/* From one size to another. */
typedef struct {
  int from_h, from_w;
  AeAxis down, across;
} AeScaling;

/* False when memory runs out: it is to be cleared then too. */
bool ae_scaling_make (
    AeScaling *scaling, int from_h, int from_w, int to_h, int to_w);
void ae_scaling_clear (AeScaling *scaling);

/* Bytes of scratch for n_threads threads that loads and stores need whose
 * pictures and planes are at most `width` wide. */
size_t ae_image_scratch_size (int width, int n_threads);

/* `scaling` goes from the picture's size to used_h x used_w; `scratch` is of
 * the size above for `width`. */
typedef struct {
  const AeScaling *scaling;
  int width, n_threads;
  void *scratch;
} AeImageWork;

void ae_image_load (const AeImage *in, const AeImagePlanes *planes,
    float *data, AeImageWork work);

/* Work's scaling goes from used_h x used_w to the size of `out`. `in` is the
 * picture that the planes were made from and `own` the scaling from its size
 * to that of `out`: with planes of one channel `out` has its colours, and
 * without planes (`data` NULL) it is that picture. Alpha is that of `in`. */
void ae_image_store (const AeImage *out, const AeImagePlanes *planes,
    const float *data, AeImageWork work, const AeImage *in,
    const AeScaling *own);

#endif
