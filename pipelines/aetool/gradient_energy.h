/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_GRADIENT_ENERGY_H
#define AETOOL_GRADIENT_ENERGY_H

/* How much goes on in a picture: edges and texture have much of it, blur takes
 * it away. */

#include <glib.h>

G_BEGIN_DECLS

/* Sum of the squared differences between neighbours, across and down, of values
 * (channels, height, width) that are limited to 0..1. */
double gradient_energy (
    const float *values, int width, int height, int channels);

G_END_DECLS

#endif
