/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_COLOUR_H
#define AETOOL_COLOUR_H

/* RGB <-> Y, U, V, BT.601 full range (JPEG's), rounded. */

#include "frames.h"

G_BEGIN_DECLS

Picture *colour_to_yuv (const Picture *rgb);
Picture *colour_to_rgb (const Picture *yuv);

/* Y444 <-> I420, for even sizes: means of 2x2 samples of U and V, and back by a
 * triangle of 3/4 and 1/4, as JPEG's coders do. */
Picture *colour_halve (const Picture *yuv);
Picture *colour_double (const Picture *i420);

G_END_DECLS

#endif
