/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_CODEC_MODES_H
#define AE_CODEC_MODES_H

/* The modes of places (AePlaceMode), row by row; how likely each is depends on
 * those to the left and above. */

#include "codec/latents.h"

void ae_modes_put (
    AeRansWriter *w, const uint8_t *modes, int rows, int columns);

/* Any modes where the reader has failed. */
void ae_modes_get (AeRansReader *r, uint8_t *modes, int rows, int columns);

#endif
