/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_LATENT_WALKS_H
#define AETOOL_LATENT_WALKS_H

/* What an autoencoder's space of codes is like: how even the way from one
 * picture to another is, and whether attributes change what they say. */

#include "frames.h"

#include <ae/sampler.h>

G_BEGIN_DECLS

#define MORPH_FRAMES 30

/* Steps are root mean squares of what changes from frame to frame. */
typedef struct {
  guint pairs;
  double mean;  /* of the largest step over the mean one */
  double worst;
} MorphScores;

/* From each even code (n,latent) to the next one. */
MorphScores latent_walks_morph (AeSampler *sampler, const float *codes,
    const int *labels, guint n);

typedef struct {
  const char *name; /* owned by the sampler */
  gboolean measured; /* there is a measure of that name */
  double flipped; /* share of pictures that it makes less where they had more
                     than half of all, and more where they had less */
  double kept;    /* share of the other attributes that stayed on their side */
} AttributeScores;

/* An array of them: each picture is shifted as far beyond the median as
 * `strength` deviations of the attribute. */
GArray *latent_walks_attributes (AeSampler *sampler, const float *codes,
    const int *labels, guint n, double strength);

/* Rows of MORPH_FRAMES / 3 morphs of the first pairs, then of the first pictures
 * with less and more of each attribute. */
Picture *latent_walks_sheet (AeSampler *sampler, const float *codes,
    const int *labels, guint n);

G_END_DECLS

#endif
