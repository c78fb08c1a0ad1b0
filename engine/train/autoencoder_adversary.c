/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/autoencoder_adversary.h"

#include "graph/build.h"
#include "train/gan_nets.h"
#include "train/recipe.h"
#include "train/recipe_options.h"

#include <math.h>
#include <stdio.h>

#define LOSS AE_ADVERSARIAL_NON_SATURATING
#define BETA1 0.5f      /* of both: Radford et al., 2016 */
#define SLOPE 0.2f      /* of the discriminator, below 0 */
#define LAST_GAIN 0.7f  /* of the layer that nothing rectifies */
#define PICTURE_DEPTH 2 /* see AeGanShape.discriminator_depth */

const char *const ae_adversary_names[]
    = { "none", "codes", "pictures", NULL };

static double
number (const AeRecipe *r, const char *key)
{
  return ae_recipe_number_of (r, "autoencoder", key);
}

/* As in the recipe, or what is usual for what is judged. */
static size_t
read_widths (const AeRecipe *r, AeAutoencoderAdversary adversary,
    int widths[AE_KEY_MAX_LIST])
{
  bool codes = adversary == AE_ADVERSARY_CODES;
  if (ae_recipe_get (r, "autoencoder", "discriminator_widths"))
    return ae_recipe_ints_of (
        r, "autoencoder", "discriminator_widths", widths);
  widths[0] = codes ? 256 : 32;
  widths[1] = codes ? 256 : 64;
  return 2;
}

static AeGanShape
picture_shape (const AeRecipe *r, const AeAutoencoderShape *s)
{
  AeGanShape shape = { .net = AE_GAN_CONV, .size = s->size, .latent = 1,
    .discriminator_depth = PICTURE_DEPTH };
  shape.n_widths = read_widths (r, AE_ADVERSARY_PICTURES, shape.widths);
  return shape;
}

static AeStatus
check_pictures (
    const AeRecipe *r, const AeAutoencoderShape *s, AeError *err)
{
  AeGanShape shape = picture_shape (r, s);
  int unit = 1 << shape.n_widths;
  if (ae_recipe_bool_of (r, "autoencoder", "binarise"))
    return ae_fail (err, AE_ERROR_FORMAT,
        "[autoencoder] binarise with adversary = pictures, wanted no: what is "
        "made is grey and would be told by that alone");
  if (s->size.width % unit != 0 || s->size.height % unit != 0)
    return ae_fail (err, AE_ERROR_FORMAT,
        "[autoencoder] size %dx%d, wanted multiples of %d, as each of %zu "
        "discriminator_widths halves it",
        s->size.width, s->size.height, unit, shape.n_widths);
  return ae_gan_check (&shape, err);
}

AeStatus
ae_autoencoder_adversary_check (const AeRecipe *r,
    const AeAutoencoderShape *s, AeAutoencoderAdversary adversary,
    AeError *err)
{
  if (adversary != AE_ADVERSARY_NONE && s->net == AE_CODER_FULLY_CONV)
    return ae_fail (err, AE_ERROR_FORMAT,
        "[autoencoder] an adversary of a fully-conv net, whose codes are maps, "
        "wanted none");
  if (adversary == AE_ADVERSARY_PICTURES)
    return check_pictures (r, s, err);
  if (adversary == AE_ADVERSARY_CODES && s->code == AE_CODE_RECTIFIED)
    return ae_fail (err, AE_ERROR_FORMAT,
        "[autoencoder] code = rectified with adversary = codes, wanted plain "
        "or variational: normal numbers are below 0 as often as above");
  return AE_OK;
}

static int
leaky (AeBuilder *b, int x)
{
  AeAttrs slope = { 0 };
  if (!ae_attrs_set_float (&slope, "alpha", SLOPE))
    ae_fail (&b->error, AE_ERROR_MEMORY, "out of memory for a layer");
  return ae_build_node (b, "LeakyRelu", &slope, &x, 1);
}

/* code (N,latent), class (N,classes) where there are some -> (N,1). Told the
 * class, it leaves codes nothing to say of it. */
static AeStatus
build_code_discriminator (AeModel **out, const AeRecipe *r,
    const AeAutoencoderShape *s, uint64_t seed, AeError *err)
{
  AeBuilder b;
  char name[32];
  int widths[AE_KEY_MAX_LIST], in = s->latent;
  size_t n = read_widths (r, AE_ADVERSARY_CODES, widths);
  ae_builder_start (&b, seed);
  int x = ae_build_input (&b, "code", ae_shape (2, -1, s->latent));
  if (s->classes > 0) {
    int both[2]
        = { x, ae_build_input (&b, "class", ae_shape (2, -1, s->classes)) };
    x = ae_build_concat (&b, both, 2, 1);
    in += s->classes;
  }
  for (size_t i = 0; i < n; i++) {
    snprintf (name, sizeof name, "judge.%zu", i);
    x = leaky (&b, ae_build_dense (&b, x, in, widths[i], 1, name));
    in = widths[i];
  }
  ae_build_output (
      &b, ae_build_dense (&b, x, in, 1, LAST_GAIN, "judge.realness"), "realness");
  return ae_builder_end (&b, out, err);
}

AeStatus
ae_build_autoencoder_discriminator (AeModel **out, const AeRecipe *r,
    const AeAutoencoderShape *s, AeAutoencoderAdversary adversary,
    uint64_t seed, AeError *err)
{
  AeGanAugment none = { 0 };
  AeGanShape shape;
  if (adversary == AE_ADVERSARY_CODES)
    return build_code_discriminator (out, r, s, seed, err);
  shape = picture_shape (r, s);
  return ae_build_gan_discriminator (out, &shape, &none, NULL, seed, err);
}

/* The autoencoder's as it would learn alone. 0 in a recipe is none; in options
 * it is the usual value. */
static AeAdversarialOptions
options_of (const AeRecipe *r)
{
  AeTrainerOptions o = ae_recipe_trainer_options (r);
  return (AeAdversarialOptions){ .loss = LOSS,
    .reconstruction = o.loss,
    .reconstruction_weight = 1,
    .adversarial_weight = (float) number (r, "adversarial_weight"),
    .generator_rate = o.learning_rate,
    .discriminator_rate = (float) number (r, "discriminator_rate"),
    .schedule = o.schedule,
    .final_share = fminf (o.final_learning_rate / o.learning_rate, 1),
    .total_steps = o.total_steps,
    .warmup_steps = o.warmup_steps,
    .optimiser = o.optimiser,
    .beta1 = BETA1,
    .momentum = o.momentum,
    .weight_decay = o.weight_decay,
    .clip_norm = o.clip_norm,
    .spectral_limit = -1,
    .ema_decay = o.ema_decay > 0 ? o.ema_decay : -1,
    .can_go_back = number (r, "watch") > 0,
    .n_threads = o.n_threads,
    .precision = o.precision,
    .seed = o.seed };
}

AeStatus
ae_autoencoder_adversary_new (AeAdversarial **out, AeGanGuard *guard,
    const AeRecipe *r, const AeAutoencoderShape *s,
    const AeAutoencoderTerms *terms, AeModel *autoencoder, AeError *err)
{
  AeModel *discriminator;
  AeAdversarialOptions o = options_of (r);
  AeStatus status = ae_build_autoencoder_discriminator (
      &discriminator, r, s, terms->adversary, o.seed + 1, err);
  if (status == AE_OK)
    status = ae_adversarial_new (out, autoencoder, discriminator, &o, err);
  ae_model_unref (&discriminator);
  ae_gan_guard_start (guard, (int64_t) number (r, "watch"), LOSS);
  return status;
}
