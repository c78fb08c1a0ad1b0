/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_AUTOENCODER_SCORER_H
#define AETOOL_AUTOENCODER_SCORER_H

/* How well an autoencoder gives pictures back and, of a VAE of black and white
 * pictures, how likely it takes them to be. */

#include <ae/image.h>
#include <glib.h>

#include "frames.h"

G_BEGIN_DECLS

typedef struct AutoencoderScorer AutoencoderScorer;

/* samples: codes drawn for each picture to find its likelihood by importance
 * sampling (Burda et al., "Importance weighted autoencoders", 2016); 0: it is
 * not looked for. NULL and an error when it is no such model. */
AutoencoderScorer *autoencoder_scorer_new (
    const char *path, int samples, int threads, guint32 seed, GError **error);
void autoencoder_scorer_free (AutoencoderScorer *scorer);

/* Numbers of a picture (channels x height x width) and of a code (of one of maps
 * those of all places). */
gsize autoencoder_scorer_n_values (const AutoencoderScorer *scorer);
int autoencoder_scorer_latent (const AutoencoderScorer *scorer);

typedef struct {
  int width, height, channels;
} AutoencoderSize;

AutoencoderSize autoencoder_scorer_size (const AutoencoderScorer *scorer);

/* Writes a picture of the model's own size to `values`, as numbers of 0..1. */
gboolean autoencoder_scorer_values (const AutoencoderScorer *scorer,
    const AeImage *image, float *values, GError **error);

/* Of a decoder that is one matrix and a picture that it adds: the pictures that
 * each number of a code stands for, its columns, as rows (latent x n_values).
 * FALSE when it is none such, or is told classes. */
gboolean autoencoder_scorer_columns (
    AutoencoderScorer *scorer, float *columns);

/* Sets this share of each code's numbers, drawn at random, to 0, and makes the
 * others larger by as much, before `damaged` is found; 0, at first: it is not
 * looked for. */
void autoencoder_scorer_knock_out (AutoencoderScorer *scorer, double share);

/* A picture of the model's own size. */
gboolean autoencoder_scorer_add (AutoencoderScorer *scorer,
    const AeImage *image, int label, GError **error);

typedef struct {
  guint n;
  double squared_error;     /* mean over values of 0..1 */
  double last;              /* the same of the picture that was added last, */
  double last_share;        /* and over the variance of its values */
  double damaged;           /* the same, of codes with numbers knocked out */
  double active;            /* share of a code's numbers that are not 0 */
  double sharpness;         /* of what was made, over that of the pictures: sums
                               of squared differences between neighbours */
  int latent;               /* numbers of a code, of maps at all places */
  gboolean likely;          /* what follows was looked for */
  double bound, likelihood; /* nats of a picture: ELBO, and log p(x) */
} AutoencoderScores;

AutoencoderScores autoencoder_scorer_result (const AutoencoderScorer *scorer);

/* The first pictures above what was made of them, above pictures of random
 * codes: of a VAE or an adversarial autoencoder normal, else of the mean and
 * deviation that the codes of all pictures have. */
Picture *autoencoder_scorer_sheet (AutoencoderScorer *scorer);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (AutoencoderScorer, autoencoder_scorer_free)

G_END_DECLS

#endif
