/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_GAN_WATCH_H
#define AE_TRAIN_GAN_WATCH_H

/* Tells a GAN's training that goes wrong from one that goes well, by what steps
 * report, a window of steps at a time. Plain state: copy it to save it. */

#include "train/adversarial_loss.h"

typedef enum {
  AE_GAN_GOOD,   /* worth coming back to */
  AE_GAN_UNSURE, /* neither, or the window is not over */
  AE_GAN_ALIKE,  /* made pictures hardly differ: the generator collapsed */
  AE_GAN_BEATEN, /* the discriminator is never wrong: the generator learns
                    nothing any more */
  AE_GAN_BROKEN  /* steps are skipped for numbers that are not finite */
} AeGanHealth;

/* Of one step. Spreads within a class, as ae_gan_spread finds them. */
typedef struct {
  bool skipped; /* all else is not looked at */
  bool judged;  /* the discriminator learned: there is its loss */
  double real_spread, fake_spread, discriminator_loss;
} AeGanSigns;

typedef struct {
  int64_t length;  /* steps of a window; 0: never looks */
  double even;     /* loss of a discriminator that cannot tell; 0: any may be */
  int64_t windows; /* since the start or since ae_gan_watch_again */
  int64_t n, n_judged; /* of the window */
  int64_t n_skipped;   /* in a row */
  double real_spread, fake_spread, discriminator_loss; /* sums */
  bool grown; /* made pictures have differed since */
} AeGanWatch;

void ae_gan_watch_start (
    AeGanWatch *watch, int64_t length, AeAdversarialLoss loss);

/* Adds a step; at the end of a window says what it was like, and at once when
 * AE_GAN_MOST_SKIPPED steps in a row were skipped. Pictures that are alike are a
 * collapse once they were not, or after the first windows. */
#define AE_GAN_MOST_SKIPPED 20
AeGanHealth ae_gan_watch_add (AeGanWatch *watch, const AeGanSigns *signs);

/* Starts over: the weights are other ones now. */
void ae_gan_watch_again (AeGanWatch *watch);

/* "the discriminator is never wrong", ...; of what is wrong. */
const char *ae_gan_health_text (AeGanHealth health);

/* Standard deviation of a value of the n pictures (n x d) among those of the
 * same label, 0 .. n_classes - 1 (labels NULL: all are the same); root of the
 * mean over values. n_classes is at most AE_GAN_MOST_CLASSES. */
#define AE_GAN_MOST_CLASSES 1000
double ae_gan_spread (const float *pictures, size_t n, size_t d,
    const int *labels, int n_classes);

#endif
