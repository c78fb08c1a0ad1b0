/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_ADVERSARIAL_H
#define AE_TRAIN_ADVERSARIAL_H

/* Two models that learn from each other: a generator makes pictures, a
 * discriminator learns to tell them from real ones, and the generator learns
 * to make what it takes for real (Goodfellow et al., 2014), and, where asked,
 * what lies near a target: a GAN, a conditional GAN, or an autoencoder whose
 * discriminator is kept.
 *
 * Generator: any inputs; output 0 (f32) is the picture that is judged.
 * Discriminator: input 0 is the picture, of the shape of the generator's
 * output 0; one output (f32) of any shape, large where it takes it for real.
 * Its other inputs are conditions, the same for real and fake pictures: one
 * with the name of an input of the generator is given what that is given, all
 * others are filled by the caller.
 *
 * Used by one thread at a time; computes on all of the pool's. */

#include <ae/trainer.h>

#include "train/adversarial_loss.h"

typedef struct AeAdversarial AeAdversarial;

/* {0} is valid: a plain GAN with hinge loss and spectral normalisation. */
typedef struct {
  AeAdversarialLoss loss;
  AeLoss reconstruction;       /* output 0 against the real picture: L2, L1 or
                                  Charbonnier */
  float loss_epsilon;          /* Charbonnier, 0 = 1e-3 */
  float reconstruction_weight; /* of that in the generator's loss; 0 = none */
  float adversarial_weight;    /* 0 = 1; ae_adversarial_set_weights for none */
  float extra_weight;          /* share of the caller's fakes in what the
                                  discriminator learns of fakes; 0 = 0.5 */
  /* A round is that many steps of the discriminator, then so many of the
   * generator; the first of these is made in the same call as the last of
   * those. 0 = 1 */
  int discriminator_steps, generator_steps;

  /* Two time scales: Heusel et al., 2017. */
  float generator_rate, discriminator_rate; /* 0 = 1e-4, 4e-4 */
  AeSchedule schedule;  /* of both; see AeTrainerOptions */
  float final_share;    /* cosine: the last rate over the first; 0 = 0.01 */
  int64_t total_steps;  /* each counted in calls of ae_adversarial_step */
  int64_t step_every, warmup_steps;
  AeOptimiser optimiser; /* of both */
  float beta1, beta2;    /* beta2: 0 = 0.999 */
  float weight_decay, momentum, clip_norm; /* as in AeTrainerOptions */

  float spectral_limit; /* of the discriminator: 0 = 1; below 0: none */
  float generator_spectral_limit; /* 0 = none */
  float ema_decay;      /* of the generator; 0 = 0.999; below 0: none */
  float discriminator_ema_decay; /* 0 = none */
  bool can_go_back; /* see ae_adversarial_remember */
  int n_threads; /* 0 = all cores */
  AePrecision precision;
  uint64_t seed;
} AeAdversarialOptions;

/* Losses are means, before weights. Spreads are standard deviations over the
 * batch, averaged over all elements of the picture: fakes that vary much less
 * than real ones show a generator that makes always the same. */
typedef struct {
  int64_t step;  /* steps done so far, this one included */
  bool generated; /* the generator learned too */
  bool skipped;  /* a number was NaN or infinite: nothing changed */
  float reconstruction; /* 0 when its weight is */
  float adversarial;    /* of the generator */
  float generator;      /* weighted sum of the two */
  float discriminator;
  /* outputs of the discriminator; these and its loss are 0 in steps of the
   * generator alone */
  float real_mean, fake_mean, extra_mean;
  float real_spread, fake_spread;         /* of the pictures */
  float generator_norm, discriminator_norm; /* of gradients */
  float generator_rate, discriminator_rate;
} AeAdversarialReport;

/* Keeps references to the models, which are not changed (the exported ones
 * differ where a spectral limit asks for it). options may be NULL. Errors:
 * ARGUMENT (names what was found and wanted), SHAPE, MEMORY, UNSUPPORTED. */
AeStatus ae_adversarial_new (AeAdversarial **out, AeModel *generator,
    AeModel *discriminator, const AeAdversarialOptions *options,
    AeError *err);
void ae_adversarial_free (AeAdversarial **adversarial);

/* Plans for these shapes (data is ignored): of the generator's inputs, and of
 * those of the discriminator's that the caller fills, in its inputs' order (as
 * many as ae_adversarial_n_conditions). Errors: ARGUMENT for their number,
 * SHAPE with the shapes that do not fit, UNSUPPORTED (no gradient), LIMIT,
 * MEMORY. */
AeStatus ae_adversarial_bind (AeAdversarial *adversarial,
    const AeTensor *generator_inputs, size_t n_generator_inputs,
    const AeTensor *conditions, size_t n_conditions, AeError *err);

size_t ae_adversarial_n_conditions (const AeAdversarial *adversarial);

/* Storage to be filled before each step, owned by this and valid until the
 * next bind; NULL for what there is not. What is not filled anew stays, but
 * for extras.
 * input: of the generator. real: real pictures, also the target of the
 * reconstruction. condition: by order among those that the caller fills.
 * target: of output `index` (1, ...) of the generator; asked for, its loss is
 * added to the reconstruction's. weight: factors (N) of that loss by sample;
 * index 0: of the picture's. */
AeTensor *ae_adversarial_input (AeAdversarial *adversarial, size_t index);
AeTensor *ae_adversarial_real (AeAdversarial *adversarial);
AeTensor *ae_adversarial_condition (AeAdversarial *adversarial, size_t index);
AeTensor *ae_adversarial_target (AeAdversarial *adversarial, size_t index);
AeTensor *ae_adversarial_weight (AeAdversarial *adversarial, size_t index);

/* Storage of other pictures that the discriminator is to learn to be fake;
 * `index` is an input of the discriminator: 0 the picture, then conditions,
 * which are those of the real pictures unless asked for here. Once index 0 was
 * asked for, they take part in every step that ae_adversarial_use_extra
 * (true, the default) was last said for. */
AeTensor *ae_adversarial_extra (AeAdversarial *adversarial, size_t index);
void ae_adversarial_use_extra (AeAdversarial *adversarial, bool use);

/* Factors of the loss of those fakes by element of the discriminator's output,
 * all 1 at first: 0 where a fake is as a real picture. */
AeTensor *ae_adversarial_extra_weight (AeAdversarial *adversarial);

/* Other weights from the next step on, >= 0 and not both 0; not kept in
 * checkpoints. With an adversarial weight of 0 the discriminator learns and
 * the generator does not hear of it. Errors: ARGUMENT. */
AeStatus ae_adversarial_set_weights (AeAdversarial *adversarial,
    float reconstruction, float adversarial_weight, AeError *err);

/* One step on the filled batch, of whom the round has next: of the
 * discriminator, of the generator, or of both, the generator's against the
 * discriminator that has just learned. Allocates nothing. Returns NUMERIC when
 * the step was skipped for a NaN or infinite number in inputs, losses or
 * gradients: then neither model has changed. report may be NULL. */
AeStatus ae_adversarial_step (AeAdversarial *adversarial,
    AeAdversarialReport *report, AeError *err);

/* Losses of the filled batch in inference with the averaged weights, nothing
 * changed; extras are left out. Errors: ARGUMENT (not bound). */
AeStatus ae_adversarial_evaluate (AeAdversarial *adversarial,
    AeAdversarialReport *report, AeError *err);

/* Output `index` of the generator in the last step or evaluation. */
const AeTensor *ae_adversarial_output (
    const AeAdversarial *adversarial, size_t index);

/* Keeps a copy of both models with all that their optimisers know, in place of
 * the one before, and comes back to it; the number of steps, and with it the
 * schedule, goes on. Until the first call the copy is of the start. With
 * options.can_go_back only; checkpoints hold the copy then. */
void ae_adversarial_remember (AeAdversarial *adversarial);
void ae_adversarial_go_back (AeAdversarial *adversarial);

/* From the next step on both learn at `factor` (0..1) times the rates of the
 * options; not kept in checkpoints. */
void ae_adversarial_scale_rates (AeAdversarial *adversarial, float factor);

/* New models with the current or (where there are any) averaged weights, see
 * ae_trainer_model. */
AeStatus ae_adversarial_generator (AeAdversarial *adversarial, bool averaged,
    const char *const *meta, size_t n_meta, AeModel **out, AeError *err);
AeStatus ae_adversarial_discriminator (AeAdversarial *adversarial,
    bool averaged, const char *const *meta, size_t n_meta, AeModel **out,
    AeError *err);

/* As ae_trainer_save and ae_trainer_restore: both models, all state and
 * `extra` in one file, written atomically; training goes on with the same
 * bits. Errors: those of ae_checkpoint_save and _restore. */
AeStatus ae_adversarial_save (AeAdversarial *adversarial, const char *path,
    const void *extra, size_t n_extra, AeError *err);
AeStatus ae_adversarial_restore (AeAdversarial *adversarial,
    const char *path, void *extra, size_t n_extra, AeError *err);

int64_t ae_adversarial_steps (const AeAdversarial *adversarial);

#endif
