/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_AUTOENCODER_NETS_H
#define AE_TRAIN_AUTOENCODER_NETS_H

/* The networks of autoencoders: as a model that is used, and as what is trained,
 * whose outputs are the terms of the loss.
 *
 * Sources: Hinton and Salakhutdinov, "Reducing the dimensionality of data with
 * neural networks", 2006; Kingma and Welling, "Auto-encoding variational Bayes",
 * 2014 (and Kingma et al., 2016, for free bits); Rifai et al., "Contractive
 * auto-encoders", 2011; Rybkin et al., "Simple and effective VAE training with
 * calibrated decoders", 2021. */

#include <ae/model.h>

#include "score/mixture.h"
#include "train/autoencoder_coder.h"

/* What a model tells beside its networks. */
typedef struct {
  const AeMixture *prior;  /* of codes, see sample/prior.h; may be NULL */
  const char *const *meta; /* keys and values in turn; NULL: left out */
  size_t n_meta;
} AeAutoencoderFacts;

/* The model, with the weights of `trained`, which may be what was trained:
 *   frame (N,channels,height,width), 0..1; of net fully-conv of any height and
 *   width that `unit', 2 to the number of widths, divides
 *   class (N,classes), 1 for its class and 0; where there are classes
 * -> reconstruction, as frame; of a Gaussian likelihood not limited to 0..1
 *    latent (N,latent); of a variational code its mean
 *    deviation (N,latent), of a variational code only
 *    picture_deviation (1,1), where it is learned
 *    prior, a constant, where there is one
 * The decoder alone is what lies between latent (and class) and reconstruction.
 * Errors: MEMORY, SHAPE (the weights do not fit). */
AeStatus ae_build_autoencoder (AeModel **out, const AeAutoencoderShape *shape,
    const AeModel *trained, const AeAutoencoderFacts *facts, AeError *err);

/* What a discriminator judges: see autoencoder_adversary.h. */
typedef enum {
  AE_ADVERSARY_NONE,
  AE_ADVERSARY_CODES,
  AE_ADVERSARY_PICTURES
} AeAutoencoderAdversary;

/* What of the loss is asked for. */
typedef struct {
  int batch;
  bool noisy;        /* the encoder sees another picture than is wanted */
  bool code_dropout; /* codes are multiplied by `keep` */
  bool contractive;
  float free_bits; /* nats of each number that cost nothing */
  AeAutoencoderAdversary adversary;
  bool sparse;     /* there is a price on codes that are not 0 */
} AeAutoencoderTerms;

/* Inputs of the training graph, all of `batch` samples. */
typedef enum {
  AE_AUTOENCODER_FRAME,
  AE_AUTOENCODER_NOISY,     /* as frame */
  AE_AUTOENCODER_CLASS,     /* (N,classes) */
  AE_AUTOENCODER_EPSILON,   /* (N,latent): what is drawn for a variational code */
  AE_AUTOENCODER_KEEP,      /* (N,latent) */
  AE_AUTOENCODER_DIRECTION, /* as frame: normal, in which the contraction is
                               measured */
  AE_AUTOENCODER_DRAWN,     /* (N,latent): normal codes whose pictures an
                               adversary judges too; of a variational code */
  AE_AUTOENCODER_INPUTS
} AeAutoencoderInput;

/* Its outputs. Those that are part of the loss are never negative: means of
 * their absolute values are, times the number of elements of a sample, */
typedef enum {
  AE_AUTOENCODER_MISFIT,   /* as frame: nats, or squared errors, but for */
  AE_AUTOENCODER_VARIANCE, /* (1,1): nats of each value more than this, from
                              AE_VARIANCE_NATS on */
  AE_AUTOENCODER_KL,       /* (N,latent): nats to the standard normal */
  AE_AUTOENCODER_KL_PAID,  /* (1,latent): with free bits, beyond them */
  AE_AUTOENCODER_CONTRACTION, /* (N,latent): squares of the code's change along
                                 a direction, whose mean over directions is the
                                 squared norm of the Jacobian */
  AE_AUTOENCODER_SPARSITY,    /* as latent: see ae_build_code_price() */
  AE_AUTOENCODER_LATENT,      /* (N,latent); of a variational code its mean */
  AE_AUTOENCODER_RECONSTRUCTION,
  AE_AUTOENCODER_JUDGED, /* output 0 where there is an adversary: the codes as
                            they are decoded; or the reconstructions, and below
                            them (2N) the pictures of drawn codes */
  AE_AUTOENCODER_OUTPUTS
} AeAutoencoderOutput;

/* Nats of a value at the least variance that is counted, e^-12. */
#define AE_VARIANCE_NATS -6.0

/* Where they are; -1: there is none. */
typedef struct {
  int in[AE_AUTOENCODER_INPUTS], out[AE_AUTOENCODER_OUTPUTS];
} AeAutoencoderPlaces;

/* base (may be NULL): a model whose weights to start from. Errors: MEMORY, SHAPE
 * (base does not fit). */
AeStatus ae_build_autoencoder_training (AeModel **out,
    AeAutoencoderPlaces *places, const AeAutoencoderShape *shape,
    const AeAutoencoderTerms *terms, const AeModel *base, uint64_t seed,
    AeError *err);

/* The shape of an input for `n` samples. */
AeShape ae_autoencoder_input_shape (
    const AeAutoencoderShape *shape, AeAutoencoderInput input, int n);

#endif
