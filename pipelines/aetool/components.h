/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_COMPONENTS_H
#define AETOOL_COMPONENTS_H

/* Principal components of pictures, beside which an autoencoder is judged: no
 * code of as many numbers that are weighted sums gives pictures of the kind
 * back better. */

#include <glib.h>

#include "autoencoder_scorer.h"

G_BEGIN_DECLS

typedef struct Components Components;

/* As many as `scorer`'s code has numbers, of all pictures of a file in MNIST's
 * format; `scorer` is kept. NULL and an error where the file has no such
 * pictures, or they are too large (AE_CODE_AXES_MOST_NUMBERS). */
Components *components_new (
    AutoencoderScorer *scorer, const char *path, GError **error);
void components_free (Components *components);

/* What is left of a picture that they are to give back. */
gboolean components_add (
    Components *components, const AeImage *image, GError **error);

typedef struct {
  int n;
  guint pictures;       /* that they were found in */
  double squared_error; /* mean over values of 0..1 of all that were added; as
                           an autoencoder's are what they make is clipped */
  gboolean linear;      /* the decoder spans a space, too: */
  double angle; /* the largest principal one between it and theirs, degrees */
} ComponentScores;

gboolean components_result (
    Components *components, ComponentScores *scores, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Components, components_free)

G_END_DECLS

#endif
