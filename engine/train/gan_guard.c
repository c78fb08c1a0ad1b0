/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/gan_guard.h"

#include <math.h>
#include <stdio.h>

#define MOST_HALVINGS 6 /* of the rates */

void
ae_gan_guard_start (AeGanGuard *g, int64_t length, AeAdversarialLoss loss)
{
  *g = (AeGanGuard){ .trouble = AE_GAN_GOOD };
  ae_gan_watch_start (&g->watch, length, loss);
}

void
ae_gan_guard_set_rates (const AeGanGuard *g, AeAdversarial *adversarial)
{
  int64_t n = g->returns < MOST_HALVINGS ? g->returns : MOST_HALVINGS;
  ae_adversarial_scale_rates (adversarial, (float) ldexp (1, -(int) n));
}

void
ae_gan_guard_look (AeGanGuard *g, AeAdversarial *adversarial,
    const AeAdversarialReport *r, double real_spread, double fake_spread)
{
  AeGanSigns signs = { .skipped = r->skipped,
    .judged = !r->skipped && r->discriminator_norm > 0,
    .real_spread = real_spread,
    .fake_spread = fake_spread,
    .discriminator_loss = r->discriminator };
  AeGanHealth health = ae_gan_watch_add (&g->watch, &signs);
  if (health == AE_GAN_GOOD)
    ae_adversarial_remember (adversarial);
  if (health != AE_GAN_GOOD && health != AE_GAN_UNSURE) {
    g->trouble = health;
    g->returns++;
    ae_gan_watch_again (&g->watch);
    ae_adversarial_go_back (adversarial);
  }
  ae_gan_guard_set_rates (g, adversarial);
}

bool
ae_gan_guard_note (AeGanGuard *g, char *text, size_t bytes)
{
  if (g->trouble == AE_GAN_GOOD)
    return false;
  snprintf (text, bytes,
      "%s: back to where it went well, with half the rates (time %lld)",
      ae_gan_health_text (g->trouble), (long long) g->returns);
  g->trouble = AE_GAN_GOOD;
  return true;
}
