/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_GAN_AUGMENT_H
#define AE_TRAIN_GAN_AUGMENT_H

/* What is done to every picture, real or made, before a discriminator sees it,
 * so that it cannot learn the pictures by heart: Zhao et al., "Differentiable
 * augmentation for data-efficient GAN training", 2020. The operators are part
 * of the discriminator's training graph, whose gradient goes through them, and
 * what is drawn is among its inputs. */

#include "graph/build.h"
#include "train/thumbnail.h"
#include "util/rng.h"

/* {0}: nothing is done. Shares of the picture's sides; brightness of white. */
typedef struct {
  float translation; /* largest shift each way, by whole pixels; what comes in
                        is black */
  float cutout;      /* sides of a rectangle that becomes grey, 0.5 */
  float brightness;  /* largest change */
} AeGanAugment;

typedef enum {
  AE_GAN_PLACES, /* (N,height,width,2): GridSample's grid */
  AE_GAN_KEPT,   /* (N,1,height,width): 0 in the rectangle, else 1 */
  AE_GAN_LIGHT,  /* (N,1,1,1): what is added */
  AE_GAN_DRAWN
} AeGanDrawn;

/* Whether there is such an input. */
bool ae_gan_augment_draws (const AeGanAugment *augment, AeGanDrawn which);

AeShape ae_gan_augment_shape (
    const AeThumbnailSize *size, AeGanDrawn which, int n);

/* Adds the inputs and operators to a graph: the picture as it is seen. */
int ae_build_gan_augment (AeBuilder *b, int frame,
    const AeThumbnailSize *size, const AeGanAugment *augment);

/* Draws an input of the shape above, for x->shape.dim[0] pictures. */
void ae_gan_augment_draw (const AeGanAugment *augment, AeGanDrawn which,
    AeTensor *x, AeRng *rng);

#endif
