/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_DETECT_GREY_H
#define AE_DETECT_GREY_H

/* Pictures of any kind and size as 8-bit luma of one size and of the usual
 * light: what follows sees neither dusk nor a longer exposure. For video that
 * is the light of the last seconds; pictures that do not follow each other are
 * brought to the same median, each by itself: half of a thing is seldom
 * broken. */

#include <ae/image.h>

/* What pictures are brought to, 8-bit grey levels. */
#define AE_GREY_MEAN 112.0f
#define AE_GREY_DEVIATION 48.0f

typedef struct AeGrey AeGrey;

/* From pictures of `format` (planes are ignored) to width x height; NULL when
 * memory runs out. */
AeGrey *ae_grey_new (
    const AeImage *format, int width, int height, int n_threads);
void ae_grey_free (AeGrey **grey);

/* From now on each picture's gain alone is changed, so that its median is
 * AE_GREY_MEDIAN; black stays black. */
#define AE_GREY_MEDIAN 80.0f
#define AE_GREY_MEDIAN_MOST_GAIN 16.0f
void ae_grey_set_by_median (AeGrey *grey);

/* Forgets the light of earlier pictures. */
void ae_grey_reset (AeGrey *grey);

/* What was seen in the last picture; see AeDetection. */
typedef struct {
  float light, contrast;
} AeLight;

/* Scales `in` (antialiased) to out (height x width bytes) and brings it to the
 * usual light: by the mean and deviation of the last AE_GREY_MEMORY seconds, as
 * they are in the light of now (see detect/light_memory.h), with a gain of AE_GREY_LEAST_GAIN to AE_GREY_MOST_GAIN. `seconds` after the
 * picture before, 0: does not follow it. The same for any number of threads. */
#define AE_GREY_MEMORY 20.0
#define AE_GREY_LEAST_GAIN 0.3f
#define AE_GREY_MOST_GAIN 4.0f
AeLight ae_grey_load (
    AeGrey *grey, const AeImage *in, double seconds, uint8_t *out);

#endif
