/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/adversarial_state.h"

#include <math.h>
#include <string.h>

/* Infinity and NaN times 0 are NaN. */
static bool
is_finite (const AeTensor *x)
{
  if (!x || x->type != AE_F32)
    return true;
  const float *data = x->data;
  size_t n = ae_shape_count (&x->shape), i = 0;
  float lane[16] = { 0 };
  for (; i + 16 <= n; i += 16)
    for (int k = 0; k < 16; k++)
      lane[k] += data[i + k] * 0;
  for (; i < n; i++)
    lane[0] += data[i] * 0;
  for (int k = 1; k < 16; k++)
    lane[0] += lane[k];
  return lane[0] == 0;
}

static AeStatus
check_finite (
    const AeTensor *x, const char *whose, size_t index, AeError *err)
{
  if (is_finite (x))
    return AE_OK;
  return ae_fail (err, AE_ERROR_NUMERIC,
      "%s %zu holds NaN or infinity, wanted finite numbers", whose, index);
}

static bool
has_extra (const AeAdversarial *a)
{
  return a->use_extra && a->sources[0].extra;
}

/* Finds what units that cut off below 0 would not let anybody see later. */
static AeStatus
check_filled (AeAdversarial *a, AeError *err)
{
  AeStatus status = AE_OK;
  for (size_t i = 0; !status && i < ae_tape_n_inputs (a->g->tape); i++)
    status = check_finite (
        ae_tape_input (a->g->tape, i), "generator's input", i, err);
  for (size_t i = 0; !status && i < a->goals.n_goals; i++)
    status = check_finite (a->goals.goals[i].target,
        "real picture or target of output", i, err);
  for (size_t i = 0; !status && i < a->n_sources; i++)
    status = check_finite (
        a->sources[i].own, "discriminator's input", i, err);
  for (size_t i = 0; !status && has_extra (a) && i < a->n_sources; i++)
    status = check_finite (
        a->sources[i].extra, "discriminator's input of extra fakes", i, err);
  if (!status && has_extra (a))
    status = check_finite (
        a->extra_weight, "weights of extra fakes", 0, err);
  return status;
}

/* Root of the variance over the batch, averaged over elements. */
static float
spread (const AeTensor *x)
{
  enum { RUN = 256 };
  size_t n = ae_loss_n_samples (&x->shape);
  size_t one = ae_shape_count (&x->shape) / n;
  double total = 0;
  for (size_t at = 0; at < one; at += RUN) {
    size_t end = at + RUN < one ? at + RUN : one;
    double sum[RUN] = { 0 }, squares = 0;
    for (size_t k = 0; k < n; k++)
      for (size_t i = at; i < end; i++) {
        double value = ((const float *) x->data)[k * one + i];
        sum[i - at] += value;
        squares += value * value;
      }
    for (size_t i = at; i < end; i++)
      squares -= sum[i - at] * sum[i - at] / (double) n;
    total += squares;
  }
  return (float) sqrt (fmax (total, 0) / (double) (n * one));
}

static float
mean (const AeTensor *x)
{
  double sum = 0;
  size_t n = ae_shape_count (&x->shape);
  for (size_t i = 0; i < n; i++)
    sum += ((const float *) x->data)[i];
  return (float) (sum / (double) n);
}

/* One run of the discriminator. */
typedef struct {
  const AeTensor *picture;
  AeJudge judge;
  bool extra;    /* `picture` is the caller's fake */
  bool training; /* with the gradient of its output */
  int run;       /* tells the runs of a step apart: for dropout */
  float factor;  /* of the gradient */
} Trial;

static void
fill_discriminator (AeAdversarial *a, const Trial *trial)
{
  for (size_t i = 0; i < a->n_sources; i++) {
    const AeJudgeInput *s = &a->sources[i];
    const AeTensor *from = i == 0 ? trial->picture : s->own;
    if (trial->extra && s->extra)
      from = s->extra;
    else if (!from)
      from = ae_tape_input (a->g->tape, (size_t) s->shared);
    AeTensor *to = ae_tape_input (a->d->tape, i);
    memcpy (to->data, from->data, ae_tensor_bytes (to));
  }
}

/* Seed of run `run` of the step to come. */
static uint64_t
seed_of (const AeAdversarial *a, int run)
{
  return ae_learner_seed (a->seed, 8 * a->step + run);
}

/* Runs the discriminator forward and sets the gradient of its output; the
 * loss, without the factor. */
static double
judge (AeAdversarial *a, const Trial *trial)
{
  AeTape *tape = a->d->tape;
  fill_discriminator (a, trial);
  ae_tape_forward (tape, trial->training, seed_of (a, trial->run));
  const AeTensor *output = ae_tape_output (tape, 0);
  float *grad = trial->training ? ae_tape_output_grad (tape, 0)->data : NULL;
  const AeTensor *weight = trial->extra ? a->extra_weight : NULL;
  return ae_adversarial_loss (a->o.loss, trial->judge, output->data,
      weight ? weight->data : NULL, ae_shape_count (&output->shape),
      trial->factor, grad);
}

static float
output_mean (const AeAdversarial *a)
{
  return mean (ae_tape_output (a->d->tape, 0));
}

/* Over what counts of the extra fakes. */
static float
extra_mean (const AeAdversarial *a)
{
  const AeTensor *output = ae_tape_output (a->d->tape, 0);
  size_t n = ae_shape_count (&output->shape);
  double sum = 0, weights = 0;
  if (!a->extra_weight)
    return output_mean (a);
  for (size_t i = 0; i < n; i++) {
    double weight = ((const float *) a->extra_weight->data)[i];
    sum += weight * ((const float *) output->data)[i];
    weights += weight;
  }
  return weights > 0 ? (float) (sum / weights) : 0;
}

/* What the generator's loss would be for the outputs that there are. */
static float
adversarial_loss (const AeAdversarial *a)
{
  const AeTensor *output = ae_tape_output (a->d->tape, 0);
  return (float) ae_adversarial_loss (a->o.loss, AE_JUDGE_GENERATOR,
      output->data, NULL, ae_shape_count (&output->shape), 1, NULL);
}

static double
reconstruct (AeAdversarial *a, bool with_grad)
{
  if (a->o.reconstruction_weight == 0)
    return 0;
  return ae_goals_loss (
      &a->goals, &a->spec, with_grad, a->g->pool, a->g->n_threads);
}

static void
add_up_generator (const AeAdversarial *a, AeAdversarialReport *r)
{
  r->generator = a->o.reconstruction_weight * r->reconstruction
      + a->o.adversarial_weight * r->adversarial;
}

static AeStatus
skip (const char *whose, double loss, double norm, AeError *err)
{
  return ae_fail (err, AE_ERROR_NUMERIC, "%s has loss %g, gradient norm %g",
      whose, loss, norm);
}

/* The gradient of the discriminator's loss over real and fake pictures. */
static AeStatus
learn_to_judge (AeAdversarial *a, AeAdversarialReport *r, AeError *err)
{
  float share = has_extra (a) ? a->o.extra_weight : 0;
  Trial real = { ae_adversarial_real (a), AE_JUDGE_REAL, false, true, 1, 1 };
  Trial fake = { ae_tape_output (a->g->tape, 0), AE_JUDGE_FAKE, false, true,
    2, 1 - share };
  Trial extra
      = { a->sources[0].extra, AE_JUDGE_FAKE, true, true, 3, share };
  double loss = judge (a, &real);
  r->real_mean = output_mean (a);
  ae_tape_backward (a->d->tape);
  loss += fake.factor * judge (a, &fake);
  r->fake_mean = output_mean (a);
  r->adversarial = adversarial_loss (a);
  ae_tape_backward (a->d->tape);
  if (share > 0) {
    loss += share * judge (a, &extra);
    r->extra_mean = extra_mean (a);
    ae_tape_backward (a->d->tape);
  }
  double norm = ae_learner_grad_norm (a->d);
  r->discriminator = (float) loss;
  r->discriminator_norm = (float) norm;
  if (isfinite (loss) && ae_learner_norm_is_good (norm))
    return AE_OK;
  ae_learner_zero_grads (a->d);
  return skip ("the discriminator", loss, norm, err);
}

/* grad of each output = weight times what it is, and for the picture what the
 * discriminator says. */
static void
weigh_gradients (AeAdversarial *a)
{
  float weight = a->o.reconstruction_weight;
  for (size_t i = 0; i < a->goals.n_goals; i++) {
    AeTensor *grad = ae_tape_output_grad (a->g->tape, i);
    if (!a->goals.goals[i].target || weight == 1 || weight == 0)
      continue;
    size_t n = ae_shape_count (&grad->shape);
    for (size_t k = 0; k < n; k++)
      ((float *) grad->data)[k] *= weight;
  }
  if (a->o.adversarial_weight == 0)
    return;
  AeTensor *grad = ae_tape_output_grad (a->g->tape, 0);
  const float *said = ae_tape_input_grad (a->d->tape, 0)->data;
  size_t n = ae_shape_count (&grad->shape);
  for (size_t k = 0; k < n; k++)
    ((float *) grad->data)[k] += said[k];
}

/* The gradient of the generator's loss; it has been run forward and the
 * reconstruction's gradient is there. */
static AeStatus
learn_to_generate (AeAdversarial *a, AeAdversarialReport *r, AeError *err)
{
  Trial trial = { ae_tape_output (a->g->tape, 0), AE_JUDGE_GENERATOR, false,
    true, 4, a->o.adversarial_weight };
  if (trial.factor > 0) {
    r->adversarial = (float) judge (a, &trial);
    ae_tape_backward_inputs (a->d->tape);
  }
  add_up_generator (a, r);
  weigh_gradients (a);
  ae_tape_backward (a->g->tape);
  double norm = ae_learner_grad_norm (a->g);
  r->generator_norm = (float) norm;
  if (isfinite (r->generator) && ae_learner_norm_is_good (norm))
    return AE_OK;
  ae_learner_zero_grads (a->g);
  return skip ("the generator", r->generator, norm, err);
}

void
ae_adversarial_copy_blocks (const AeCheckpoint *c, float *kept, bool back)
{
  size_t at = 0;
  for (int i = 0; i < c->n_blocks; i++) {
    size_t n = c->block_elements[i];
    memcpy (back ? c->block[i] : kept + at, back ? kept + at : c->block[i],
        n * sizeof (float));
    at += n;
  }
}

/* Puts the discriminator's state away, or back. */
static void
keep (AeAdversarial *a, bool back)
{
  AeCheckpoint c = { 0 };
  ae_learner_add_blocks (a->d, &c);
  ae_adversarial_copy_blocks (&c, a->kept, back);
  if (back)
    a->d->step--;
}

/* The discriminator's part of a step, taken back later if the generator's
 * fails. */
static AeStatus
judge_and_apply (AeAdversarial *a, AeAdversarialReport *r, AeError *err)
{
  AeStatus status = learn_to_judge (a, r, err);
  if (status != AE_OK)
    return status;
  if (r->generated)
    keep (a, false);
  ae_learner_apply (a->d, r->discriminator_norm);
  return AE_OK;
}

static AeStatus
learn (AeAdversarial *a, AeAdversarialReport *r, AeError *err)
{
  bool judges = ae_adversarial_judges (a);
  AeStatus status = check_filled (a, err);
  if (status != AE_OK)
    return status;
  ae_tape_forward (a->g->tape, true, seed_of (a, 0));
  r->reconstruction = (float) reconstruct (a, true);
  r->real_spread = spread (ae_adversarial_real (a));
  r->fake_spread = spread (ae_tape_output (a->g->tape, 0));
  if (!isfinite (r->reconstruction))
    return skip ("the reconstruction", r->reconstruction, 0, err);
  r->generated = ae_adversarial_generates (a);
  if (judges)
    status = judge_and_apply (a, r, err);
  add_up_generator (a, r);
  if (status != AE_OK || !r->generated)
    return status;
  status = learn_to_generate (a, r, err);
  if (status == AE_OK)
    ae_learner_apply (a->g, r->generator_norm);
  else if (judges)
    keep (a, true);
  return status;
}

static AeStatus
check_bound (const AeAdversarial *a, AeError *err)
{
  return a->bound ? AE_OK
                  : ae_fail (err, AE_ERROR_ARGUMENT,
                        "nothing to learn: the models are not bound");
}

AeStatus
ae_adversarial_step (
    AeAdversarial *a, AeAdversarialReport *report, AeError *err)
{
  AeStatus status = check_bound (a, err);
  if (status != AE_OK)
    return status;
  AeAdversarialReport r = { .generator_rate = ae_learner_rate (a->g),
    .discriminator_rate = ae_learner_rate (a->d) };
  status = learn (a, &r, err);
  r.skipped = status != AE_OK;
  if (r.skipped) {
    r.generated = false;
    ae_fail_prefix (
        err, status, "step %lld skipped", (long long) a->step + 1);
  } else {
    a->step++;
  }
  r.step = a->step;
  if (report)
    *report = r;
  return status;
}

static void
swap_averages (AeAdversarial *a)
{
  ae_learner_swap_average (a->g);
  ae_learner_swap_average (a->d);
}

AeStatus
ae_adversarial_evaluate (
    AeAdversarial *a, AeAdversarialReport *report, AeError *err)
{
  AeStatus status = check_bound (a, err);
  if (status != AE_OK)
    return status;
  AeAdversarialReport r = { .step = a->step };
  Trial real = { ae_adversarial_real (a), .judge = AE_JUDGE_REAL };
  Trial fake
      = { ae_tape_output (a->g->tape, 0), .judge = AE_JUDGE_FAKE };
  swap_averages (a);
  ae_tape_forward (a->g->tape, false, 0);
  r.reconstruction = (float) reconstruct (a, false);
  r.real_spread = spread (real.picture);
  r.fake_spread = spread (fake.picture);
  double loss = judge (a, &real);
  r.real_mean = output_mean (a);
  loss += judge (a, &fake);
  r.fake_mean = output_mean (a);
  r.adversarial = adversarial_loss (a);
  r.discriminator = (float) loss;
  swap_averages (a);
  add_up_generator (a, &r);
  *report = r;
  return AE_OK;
}
