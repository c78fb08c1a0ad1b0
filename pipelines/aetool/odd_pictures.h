/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_ODD_PICTURES_H
#define AETOOL_ODD_PICTURES_H

/* How well an autoencoder's error tells pictures of something else from usual
 * ones. */

#include <glib.h>

#include "autoencoder_scorer.h"

G_BEGIN_DECLS

typedef struct OddPictures OddPictures;

/* Areas under the curve by the mean squared error of each picture, and by its share
 * of the variance of the picture's values: there is more in some kinds of pictures
 * than in others, and more to be wrong about. */
typedef struct {
  double error, share;
} OddAreas;

/* `scorer`: a second one of the model, which sees no others; taken over. */
OddPictures *odd_pictures_new (AutoencoderScorer *scorer);
void odd_pictures_free (OddPictures *odd);

/* Counts the error of the picture that was added to `scorer` last as usual. */
void odd_pictures_usual (OddPictures *odd, const AutoencoderScorer *scorer);

/* Reads the odd ones (`most` of each file, 0: all) and finds how well they are
 * told from the usual ones. FALSE and an error when files cannot be read, or hold
 * no pictures of the model's. */
gboolean odd_pictures_areas (OddPictures *odd, char **arguments, guint most,
    OddAreas *areas, GError **error);

guint odd_pictures_count (const OddPictures *odd);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (OddPictures, odd_pictures_free)

G_END_DECLS

#endif
