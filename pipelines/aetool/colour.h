/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_COLOUR_H
#define AETOOL_COLOUR_H

/* RGB <-> Y, U, V at full size, BT.601 full range (JPEG's), rounded. */

#include "frames.h"

G_BEGIN_DECLS

Picture *colour_to_yuv (const Picture *rgb);
Picture *colour_to_rgb (const Picture *yuv);

G_END_DECLS

#endif
