/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_GAN_GUARD_H
#define AE_TRAIN_GAN_GUARD_H

/* Brings adversarial training that goes wrong (see gan_watch.h) back to where it
 * last went well, with half the rates. Plain state: copy it to save it. */

#include "train/adversarial.h"
#include "train/gan_watch.h"

typedef struct {
  AeGanWatch watch;
  int64_t returns;     /* how often it came back */
  AeGanHealth trouble; /* not said yet; AE_GAN_GOOD: there is none */
} AeGanGuard;

/* length: steps after which it looks; 0: never. The adversarial training is to
 * have `can_go_back` otherwise. */
void ae_gan_guard_start (
    AeGanGuard *guard, int64_t length, AeAdversarialLoss loss);

/* Of the step that this reports, with spreads of its pictures or codes: remembers
 * or goes back where it is time to, and sets the rates of the step to come. */
void ae_gan_guard_look (AeGanGuard *guard, AeAdversarial *adversarial,
    const AeAdversarialReport *report, double real_spread,
    double fake_spread);

/* The rates that follow from how often it came back; for what was restored. */
void ae_gan_guard_set_rates (
    const AeGanGuard *guard, AeAdversarial *adversarial);

/* What is to be said of the last return, if nobody asked before: false, there is
 * nothing. */
bool ae_gan_guard_note (AeGanGuard *guard, char *text, size_t bytes);

#endif
