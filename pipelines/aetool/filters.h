/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_FILTERS_H
#define AETOOL_FILTERS_H

/* What the numbers of an autoencoder's code stand for, as a picture. */

#include "autoencoder_scorer.h"

G_BEGIN_DECLS

/* The columns of the decoder's matrix, each in a square of its own, grey where it
 * is 0 and its largest value black or white; those of longer columns first.
 * NULL and an error when the decoder is not one matrix. */
Picture *filters_draw (AutoencoderScorer *scorer, GError **error);

G_END_DECLS

#endif
