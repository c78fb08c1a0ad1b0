/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/adversarial_state.h"

#include "util/mem.h"

#include <math.h>
#include <string.h>

static void
fill_defaults (AeAdversarialOptions *o)
{
  struct {
    float *value, fallback;
  } defaults[] = {
    { &o->loss_epsilon, 1e-3f },
    { &o->adversarial_weight, 1 },
    { &o->extra_weight, 0.5f },
    { &o->generator_rate, 1e-4f },
    { &o->discriminator_rate, 4e-4f },
    { &o->final_share, 0.01f },
    { &o->beta2, 0.999f },
    { &o->spectral_limit, 1 },
    { &o->ema_decay, 0.999f },
  };
  for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++)
    if (*defaults[i].value == 0)
      *defaults[i].value = defaults[i].fallback;
  if (o->discriminator_steps == 0)
    o->discriminator_steps = 1;
  if (o->generator_steps == 0)
    o->generator_steps = 1;
  o->spectral_limit = fmaxf (o->spectral_limit, 0);
  o->ema_decay = fmaxf (o->ema_decay, 0);
}

static AeStatus
check_options (const AeAdversarialOptions *o, AeError *err)
{
  const struct {
    const char *name;
    float value, low, high;
  } ranges[] = {
    { "reconstruction_weight", o->reconstruction_weight, 0, 1e6f },
    { "adversarial_weight", o->adversarial_weight, 0, 1e6f },
    { "extra_weight", o->extra_weight, 0, 1 },
    { "final_share", o->final_share, 0, 1 },
    { "discriminator_steps", (float) o->discriminator_steps, 1, 1000 },
    { "generator_steps", (float) o->generator_steps, 1, 1000 },
    { "spectral_limit", o->spectral_limit, 0, 1e6f },
    { "generator_spectral_limit", o->generator_spectral_limit, 0, 1e6f },
  };
  for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
    if (!(ranges[i].value >= ranges[i].low
            && ranges[i].value <= ranges[i].high))
      return ae_fail (err, AE_ERROR_ARGUMENT, "%s is %g, wanted %g to %g",
          ranges[i].name, ranges[i].value, ranges[i].low, ranges[i].high);
  if (!ae_adversarial_loss_name (o->loss)
      || (unsigned) o->reconstruction > AE_LOSS_CHARBONNIER)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "adversarial loss %d with reconstruction loss %d, wanted 0 to 3 and "
        "L2, L1 or Charbonnier",
        o->loss, o->reconstruction);
  if (o->loss == AE_ADVERSARIAL_WASSERSTEIN && o->spectral_limit == 0)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "a Wasserstein loss without spectral_limit has no bound, wanted one "
        "above 0");
  return AE_OK;
}

static int
steps_of_a_round (const AeAdversarialOptions *o)
{
  return o->discriminator_steps + o->generator_steps - 1;
}

/* How many of `steps` are a learner's that has `own` in each round. */
static int64_t
own_steps (const AeAdversarialOptions *o, int64_t steps, int own)
{
  int round = steps_of_a_round (o);
  return steps / round * own + (steps % round * own + round - 1) / round;
}

static AeTrainerOptions
learner_options (
    const AeAdversarialOptions *o, float rate, float ema_decay, int own)
{
  AeTrainerOptions t = { .loss = o->reconstruction,
    .loss_epsilon = o->loss_epsilon,
    .optimiser = o->optimiser,
    .learning_rate = rate,
    .final_learning_rate = rate * o->final_share,
    .beta1 = o->beta1,
    .beta2 = o->beta2,
    .momentum = o->momentum,
    .weight_decay = o->weight_decay,
    .schedule = o->schedule,
    .total_steps = own_steps (o, o->total_steps, own),
    .step_every = own_steps (o, o->step_every, own),
    .warmup_steps = own_steps (o, o->warmup_steps, own),
    .clip_norm = o->clip_norm,
    .ema_decay = ema_decay,
    .n_threads = o->n_threads,
    .precision = o->precision };
  ae_learner_defaults (&t);
  return t;
}

static AeStatus
make_learner (AeLearner **out, AeModel *model, const char *what,
    const AeTrainerOptions *options, float limit, AeError *err)
{
  AeStatus status = ae_learner_new (out, model, options, limit, err);
  if (status != AE_OK)
    return ae_fail_prefix (err, status, "%s", what);
  if (ae_tape_n_params ((*out)->tape) == 0)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "%s: the model has no parameters to learn", what);
  return AE_OK;
}

static AeStatus
check_models (const AeModel *g, const AeModel *d, AeError *err)
{
  if (ae_model_n_outputs (g) < 1)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "the generator has no output, wanted a picture");
  if (ae_model_n_inputs (d) < 1 || ae_model_n_outputs (d) != 1)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "the discriminator has %zu inputs and %zu outputs, wanted at least 1 "
        "(the picture) and 1",
        ae_model_n_inputs (d), ae_model_n_outputs (d));
  return AE_OK;
}

/* Finds the discriminator's inputs among the generator's. */
static AeStatus
make_sources (AeAdversarial *a, const AeModel *g, const AeModel *d,
    AeError *err)
{
  size_t n = ae_model_n_inputs (d);
  a->sources = ae_calloc (n, sizeof *a->sources);
  if (!a->sources)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for %zu inputs", n);
  a->n_sources = n;
  for (size_t i = 0; i < n; i++) {
    a->sources[i].shared = -1;
    for (size_t k = 0; i > 0 && k < ae_model_n_inputs (g); k++)
      if (strcmp (ae_model_input_name (d, i), ae_model_input_name (g, k)) == 0)
        a->sources[i].shared = (int) k;
  }
  return AE_OK;
}

static bool
is_condition (const AeAdversarial *a, size_t i)
{
  return i > 0 && a->sources[i].shared < 0;
}

static size_t
n_elements (const AeCheckpoint *c)
{
  size_t n = 0;
  for (int i = 0; i < c->n_blocks; i++)
    n += c->block_elements[i];
  return n;
}

static AeCheckpoint
blocks_of_both (AeAdversarial *a)
{
  AeCheckpoint c = { 0 };
  ae_learner_add_blocks (a->g, &c);
  ae_learner_add_blocks (a->d, &c);
  return c;
}

static AeStatus
make_kept (AeAdversarial *a, AeError *err)
{
  AeCheckpoint of_d = { 0 }, both = blocks_of_both (a);
  ae_learner_add_blocks (a->d, &of_d);
  size_t n = n_elements (&of_d), n_good = n_elements (&both);
  a->kept = ae_calloc (n, sizeof *a->kept);
  if (a->o.can_go_back)
    a->good = ae_calloc (n_good, sizeof *a->good);
  if (!a->kept || (a->o.can_go_back && !a->good))
    return ae_fail (
        err, AE_ERROR_MEMORY, "no memory to keep %zu numbers", n + n_good);
  ae_adversarial_remember (a);
  return AE_OK;
}

void
ae_adversarial_remember (AeAdversarial *a)
{
  AeCheckpoint both = blocks_of_both (a);
  if (a->good)
    ae_adversarial_copy_blocks (&both, a->good, false);
}

void
ae_adversarial_go_back (AeAdversarial *a)
{
  AeCheckpoint both = blocks_of_both (a);
  if (a->good)
    ae_adversarial_copy_blocks (&both, a->good, true);
}

static void
scale_rate (AeLearner *l, float rate, float final_share)
{
  l->options.learning_rate = rate;
  l->options.final_learning_rate = rate * final_share;
}

void
ae_adversarial_scale_rates (AeAdversarial *a, float factor)
{
  scale_rate (a->g, a->o.generator_rate * factor, a->o.final_share);
  scale_rate (a->d, a->o.discriminator_rate * factor, a->o.final_share);
}

bool
ae_adversarial_judges (const AeAdversarial *a)
{
  return a->step % steps_of_a_round (&a->o) < a->o.discriminator_steps;
}

bool
ae_adversarial_generates (const AeAdversarial *a)
{
  return a->step % steps_of_a_round (&a->o) >= a->o.discriminator_steps - 1;
}

AeStatus
ae_adversarial_new (AeAdversarial **out, AeModel *generator,
    AeModel *discriminator, const AeAdversarialOptions *options, AeError *err)
{
  *out = NULL;
  AeAdversarialOptions o = options ? *options : (AeAdversarialOptions){ 0 };
  fill_defaults (&o);
  AeStatus status = check_options (&o, err);
  if (status == AE_OK)
    status = check_models (generator, discriminator, err);
  if (status != AE_OK)
    return status;
  AeAdversarial *a = *out = ae_calloc (1, sizeof *a);
  if (!a)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for a trainer");
  a->o = o;
  a->seed = o.seed;
  a->spec = (AeLossSpec){ o.reconstruction, o.loss_epsilon };
  AeTrainerOptions of_g = learner_options (
      &o, o.generator_rate, o.ema_decay, o.generator_steps);
  AeTrainerOptions of_d = learner_options (
      &o, o.discriminator_rate, o.discriminator_ema_decay,
      o.discriminator_steps);
  status = make_learner (&a->g, generator, "generator", &of_g,
      o.generator_spectral_limit, err);
  if (status == AE_OK)
    status = make_learner (&a->d, discriminator, "discriminator", &of_d,
        o.spectral_limit, err);
  if (status == AE_OK)
    status = make_sources (a, generator, discriminator, err);
  if (status == AE_OK)
    status = make_kept (a, err);
  if (status == AE_OK)
    ae_tape_want_input_grad (a->d->tape, 0);
  else
    ae_adversarial_free (out);
  return status;
}

static void
unbind (AeAdversarial *a)
{
  a->bound = false;
  a->use_extra = true;
  ae_goals_clear (&a->goals);
  ae_tensor_free (&a->extra_weight);
  for (size_t i = 0; i < a->n_sources; i++) {
    ae_tensor_free (&a->sources[i].own);
    ae_tensor_free (&a->sources[i].extra);
  }
}

void
ae_adversarial_free (AeAdversarial **adversarial)
{
  AeAdversarial *a = *adversarial;
  *adversarial = NULL;
  if (!a)
    return;
  unbind (a);
  ae_free (a->sources);
  ae_free (a->kept);
  ae_free (a->good);
  ae_learner_free (&a->g);
  ae_learner_free (&a->d);
  ae_free (a);
}

size_t
ae_adversarial_n_conditions (const AeAdversarial *a)
{
  size_t n = 0;
  for (size_t i = 0; i < a->n_sources; i++)
    n += is_condition (a, i);
  return n;
}

static AeStatus
bind_generator (
    AeAdversarial *a, const AeTensor *inputs, size_t n, AeError *err)
{
  AeTape *tape = a->g->tape;
  AeStatus status = ae_tape_bind (tape, inputs, n, err);
  if (status != AE_OK)
    return ae_fail_prefix (err, status, "generator");
  const AeTensor *picture = ae_tape_output (tape, 0);
  if (picture->type != AE_F32 || !ae_tape_output_grad (tape, 0)->data)
    return ae_fail (err, AE_ERROR_UNSUPPORTED,
        "the generator's output 0 is a constant or %s, wanted f32",
        ae_type_name (picture->type));
  status = ae_loss_check (&a->spec, &picture->shape, err);
  if (status == AE_OK)
    status = ae_goals_start (&a->goals, tape, err);
  if (status == AE_OK && !ae_goals_get (&a->goals, 0))
    status = ae_fail (err, AE_ERROR_MEMORY, "no memory for real pictures");
  return status;
}

/* `inputs`: room for n_sources. */
static AeStatus
bind_discriminator (AeAdversarial *a, AeTensor *inputs,
    const AeTensor *conditions, AeError *err)
{
  for (size_t i = 0, next = 0; i < a->n_sources; i++) {
    AeJudgeInput *s = &a->sources[i];
    inputs[i] = i == 0 ? *ae_tape_output (a->g->tape, 0)
        : s->shared >= 0
        ? *ae_tape_input (a->g->tape, (size_t) s->shared)
        : conditions[next++];
  }
  AeStatus status = ae_tape_bind (a->d->tape, inputs, a->n_sources, err);
  if (status != AE_OK)
    return ae_fail_prefix (err, status, "discriminator");
  const AeTensor *output = ae_tape_output (a->d->tape, 0);
  if (output->type != AE_F32 || !ae_tape_output_grad (a->d->tape, 0)->data
      || ae_shape_count (&output->shape) == 0)
    return ae_fail (err, AE_ERROR_UNSUPPORTED,
        "the discriminator's output is empty, a constant or %s, wanted f32",
        ae_type_name (output->type));
  for (size_t i = 0; i < a->n_sources; i++)
    if (is_condition (a, i)
        && !(a->sources[i].own
            = ae_tensor_new (inputs[i].type, &inputs[i].shape)))
      return ae_fail (err, AE_ERROR_MEMORY, "no memory for conditions");
  return AE_OK;
}

AeStatus
ae_adversarial_bind (AeAdversarial *a, const AeTensor *generator_inputs,
    size_t n_generator_inputs, const AeTensor *conditions,
    size_t n_conditions, AeError *err)
{
  unbind (a);
  if (n_conditions != ae_adversarial_n_conditions (a))
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "%zu conditions were given, the discriminator has %zu inputs besides "
        "the picture that the generator has not",
        n_conditions, ae_adversarial_n_conditions (a));
  AeTensor *inputs = ae_calloc (a->n_sources, sizeof *inputs);
  if (!inputs)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for inputs");
  AeStatus status
      = bind_generator (a, generator_inputs, n_generator_inputs, err);
  if (status == AE_OK)
    status = bind_discriminator (a, inputs, conditions, err);
  ae_free (inputs);
  if (status != AE_OK)
    unbind (a);
  a->bound = status == AE_OK;
  return status;
}

AeTensor *
ae_adversarial_input (AeAdversarial *a, size_t index)
{
  return a->bound && index < ae_tape_n_inputs (a->g->tape)
      ? ae_tape_input (a->g->tape, index)
      : NULL;
}

AeTensor *
ae_adversarial_real (AeAdversarial *a)
{
  return a->bound ? a->goals.goals[0].target : NULL;
}

AeTensor *
ae_adversarial_condition (AeAdversarial *a, size_t index)
{
  for (size_t i = 0; i < a->n_sources; i++)
    if (is_condition (a, i) && index-- == 0)
      return a->sources[i].own;
  return NULL;
}

AeTensor *
ae_adversarial_target (AeAdversarial *a, size_t index)
{
  AeGoal *goal = a->bound ? ae_goals_get (&a->goals, index) : NULL;
  return goal ? goal->target : NULL;
}

AeTensor *
ae_adversarial_weight (AeAdversarial *a, size_t index)
{
  AeGoal *goal = a->bound ? ae_goals_get (&a->goals, index) : NULL;
  return goal ? goal->weight : NULL;
}

AeTensor *
ae_adversarial_extra (AeAdversarial *a, size_t index)
{
  if (!a->bound || index >= a->n_sources)
    return NULL;
  AeJudgeInput *s = &a->sources[index];
  const AeTensor *like = ae_tape_input (a->d->tape, index);
  if (!s->extra)
    s->extra = ae_tensor_new (like->type, &like->shape);
  return s->extra;
}

AeTensor *
ae_adversarial_extra_weight (AeAdversarial *a)
{
  if (!a->bound || a->extra_weight)
    return a->bound ? a->extra_weight : NULL;
  const AeTensor *like = ae_tape_output (a->d->tape, 0);
  AeTensor *weight = a->extra_weight
      = ae_tensor_new (like->type, &like->shape);
  size_t n = weight ? ae_shape_count (&weight->shape) : 0;
  for (size_t i = 0; i < n; i++)
    ((float *) weight->data)[i] = 1;
  return weight;
}

void
ae_adversarial_use_extra (AeAdversarial *a, bool use)
{
  a->use_extra = use;
}

AeStatus
ae_adversarial_set_weights (AeAdversarial *a, float reconstruction,
    float adversarial_weight, AeError *err)
{
  if (!(reconstruction >= 0 && reconstruction <= 1e6f)
      || !(adversarial_weight >= 0 && adversarial_weight <= 1e6f)
      || reconstruction + adversarial_weight == 0)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "weights %g of the reconstruction and %g of the discriminator, wanted "
        "0 to 1e6 and one above 0",
        reconstruction, adversarial_weight);
  a->o.reconstruction_weight = reconstruction;
  a->o.adversarial_weight = adversarial_weight;
  return AE_OK;
}

const AeTensor *
ae_adversarial_output (const AeAdversarial *a, size_t index)
{
  return a->bound && index < ae_tape_n_outputs (a->g->tape)
      ? ae_tape_output (a->g->tape, index)
      : NULL;
}

AeStatus
ae_adversarial_generator (AeAdversarial *a, bool averaged,
    const char *const *meta, size_t n_meta, AeModel **out, AeError *err)
{
  return ae_learner_model (a->g, averaged, meta, n_meta, out, err);
}

AeStatus
ae_adversarial_discriminator (AeAdversarial *a, bool averaged,
    const char *const *meta, size_t n_meta, AeModel **out, AeError *err)
{
  return ae_learner_model (a->d, averaged, meta, n_meta, out, err);
}

/* In the file the steps of the two lie before the caller's bytes. */
typedef struct {
  int64_t generator, discriminator;
} Steps;

/* With c.extra to be freed; NULL: no memory. */
static AeCheckpoint
checkpoint_of (AeAdversarial *a, size_t n_extra)
{
  AeCheckpoint c = { .seed = a->seed, .step = a->step };
  if (ae_add_size (n_extra, sizeof (Steps), &c.n_extra))
    c.extra = ae_calloc (1, c.n_extra);
  ae_learner_add_blocks (a->g, &c);
  ae_learner_add_blocks (a->d, &c);
  if (a->good) {
    c.block_elements[c.n_blocks] = n_elements (&c);
    c.block[c.n_blocks++] = a->good;
  }
  return c;
}

AeStatus
ae_adversarial_save (AeAdversarial *a, const char *path, const void *extra,
    size_t n_extra, AeError *err)
{
  AeCheckpoint c = checkpoint_of (a, n_extra);
  Steps steps = { a->g->step, a->d->step };
  if (!c.extra)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for checkpoint %s", path);
  memcpy (c.extra, &steps, sizeof steps);
  if (n_extra)
    memcpy ((char *) c.extra + sizeof steps, extra, n_extra);
  AeStatus status = ae_checkpoint_save (&c, path, err);
  ae_free (c.extra);
  return status;
}

AeStatus
ae_adversarial_restore (AeAdversarial *a, const char *path, void *extra,
    size_t n_extra, AeError *err)
{
  AeCheckpoint c = checkpoint_of (a, n_extra);
  if (!c.extra)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for checkpoint %s", path);
  AeStatus status = ae_checkpoint_restore (&c, path, err);
  if (status == AE_OK) {
    Steps steps;
    memcpy (&steps, c.extra, sizeof steps);
    if (n_extra)
      memcpy (extra, (char *) c.extra + sizeof steps, n_extra);
    a->g->step = steps.generator;
    a->d->step = steps.discriminator;
    a->step = c.step;
    a->seed = c.seed;
  }
  ae_free (c.extra);
  return status;
}

int64_t
ae_adversarial_steps (const AeAdversarial *a)
{
  return a->step;
}
