/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_GAN_NETS_H
#define AE_TRAIN_GAN_NETS_H

/* The networks of a GAN: a generator of pictures and the discriminator that it
 * learns from, apart as they are trained, and together as a model that is used.
 *
 * Sources: Goodfellow et al., "Generative adversarial nets", 2014; Radford et
 * al., "Unsupervised representation learning with deep convolutional generative
 * adversarial networks", 2016; Miyato and Koyama, "cGANs with projection
 * discriminator", 2018 (how the discriminator is told the class); Karras et al.,
 * "Progressive growing of GANs", 2018 (deviations over the batch). */

#include <ae/model.h>

#include "train/gan_augment.h"
#include "train/schema.h"
#include "train/thumbnail.h"

typedef enum {
  AE_GAN_DENSE, /* widths: units of the layers between */
  AE_GAN_CONV   /* widths: channels at a half, a quarter ... of the size */
} AeGanNet;

typedef struct {
  AeGanNet net;
  AeThumbnailSize size;
  int latent;  /* numbers that a picture is made of */
  int classes; /* told to both, labels or clusters; 0 = none */
  int widths[AE_KEY_MAX_LIST]; /* the generator's in the other order */
  size_t n_widths;
  /* Of conv only: residual 3x3 convolutions, of the generator at each size that
   * is doubled, of the discriminator at the smallest. */
  int depth, discriminator_depth;
  bool batch_spread; /* the discriminator sees how much a batch varies */
} AeGanShape;

/* Errors: ARGUMENT (a size that the convolutions do not halve as often as they
 * should), LIMIT (too many weights). */
AeStatus ae_gan_check (const AeGanShape *shape, AeError *err);

/* What a model tells beside its networks. {0} is valid. */
typedef struct {
  const float *shares;     /* of the classes; may be NULL */
  const char *const *meta; /* keys and values in turn; NULL: left out */
  size_t n_meta;
} AeGanFacts;

/* The model, with the weights of the two (NULL: new ones):
 *   latent (N,latent), standard normal
 *   class (N,classes), 1 for its class and 0; where there are classes
 * -> generated (N,channels,height,width), 0..1
 * and, with the same class,
 *   frame (N,channels,height,width), 0..1
 * -> realness (N,1), the larger the more real,
 * and the constant shares (1,classes), see sample/class_shares.h, where they are
 * given.
 * Each is used without the other by naming its inputs and outputs. Errors:
 * MEMORY, SHAPE (weights do not fit). */
AeStatus ae_build_gan (AeModel **out, const AeGanShape *shape,
    const AeModel *generator, const AeModel *discriminator,
    const AeGanFacts *facts, AeError *err);

/* The generator alone, for training. base (may be NULL): a model that
 * ae_build_gan made, whose weights to start from. */
AeStatus ae_build_gan_generator (AeModel **out, const AeGanShape *shape,
    const AeModel *base, uint64_t seed, AeError *err);

/* The discriminator alone, with what is done to its pictures before: inputs
 * frame, class (where there are some), then those of `augment` in the order of
 * its enumeration. */
AeStatus ae_build_gan_discriminator (AeModel **out, const AeGanShape *shape,
    const AeGanAugment *augment, const AeModel *base, uint64_t seed,
    AeError *err);

#endif
