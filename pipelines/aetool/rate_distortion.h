/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_RATE_DISTORTION_H
#define AETOOL_RATE_DISTORTION_H

/* Curves of rate and quality. */

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  double rate;    /* bits per pixel */
  double quality; /* dB */
} RdPoint;

/* How much more rate, in %, `test` takes than `anchor` at the same quality
 * (Bjontegaard, "Calculation of average PSNR differences between RD-curves",
 * 2001): the mean difference of log rate over the common range of quality,
 * between the points by monotone cubic pieces (Fritsch and Carlson, 1980).
 * Arrays of RdPoint in any order. NaN: no common range. */
double rd_difference (const GArray *anchor, const GArray *test);

G_END_DECLS

#endif
