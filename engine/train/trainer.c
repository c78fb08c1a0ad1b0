/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/trainer.h"

#include "train/goals.h"
#include "train/learner.h"
#include "util/mem.h"

#include <math.h>

struct AeTrainer {
  AeLearner *learner;
  AeLossSpec loss;
  uint64_t seed;
  bool bound;
  AeGoals goals;
};

static void
fill_defaults (AeTrainerOptions *o)
{
  ae_learner_defaults (o);
  if (o->beta1 == 0)
    o->beta1 = 0.9f;
  if (o->beta2 == 0)
    o->beta2 = 0.999f;
}

AeStatus
ae_trainer_new (AeTrainer **out, AeModel *model,
    const AeTrainerOptions *options, AeError *err)
{
  *out = NULL;
  AeTrainerOptions o = options ? *options : (AeTrainerOptions){ 0 };
  fill_defaults (&o);
  AeTrainer *t = ae_calloc (1, sizeof *t);
  if (!t)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for a trainer");
  t->loss = (AeLossSpec){ o.loss, o.loss_epsilon };
  t->seed = o.seed;
  AeStatus status = ae_learner_new (&t->learner, model, &o, 0, err);
  if (status != AE_OK) {
    ae_trainer_free (&t);
    return status;
  }
  *out = t;
  return AE_OK;
}

void
ae_trainer_free (AeTrainer **trainer)
{
  AeTrainer *t = *trainer;
  *trainer = NULL;
  if (!t)
    return;
  ae_goals_clear (&t->goals);
  ae_learner_free (&t->learner);
  ae_free (t);
}

AeStatus
ae_trainer_bind (AeTrainer *trainer, const AeTensor *inputs, size_t n_inputs,
    AeError *err)
{
  AeTape *tape = trainer->learner->tape;
  ae_goals_clear (&trainer->goals);
  trainer->bound = false;
  AeStatus status = ae_tape_bind (tape, inputs, n_inputs, err);
  if (status == AE_OK)
    status = ae_goals_start (&trainer->goals, tape, err);
  trainer->bound = status == AE_OK;
  return status;
}

AeTensor *
ae_trainer_input (AeTrainer *trainer, size_t index)
{
  AeTape *tape = trainer->learner->tape;
  return trainer->bound && index < ae_tape_n_inputs (tape)
      ? ae_tape_input (tape, index)
      : NULL;
}

const AeTensor *
ae_trainer_output (const AeTrainer *trainer, size_t index)
{
  return index < trainer->goals.n_goals
      ? ae_tape_output (trainer->learner->tape, index)
      : NULL;
}

AeTensor *
ae_trainer_target (AeTrainer *trainer, size_t index)
{
  AeGoal *goal = ae_goals_get (&trainer->goals, index);
  return goal ? goal->target : NULL;
}

AeTensor *
ae_trainer_weight (AeTrainer *trainer, size_t index)
{
  AeGoal *goal = ae_goals_get (&trainer->goals, index);
  return goal ? goal->weight : NULL;
}

float *
ae_trainer_channel_weight (AeTrainer *trainer, size_t index)
{
  const AeGoals *g = &trainer->goals;
  if (index >= g->n_goals || !g->goals[index].target
      || g->goals[index].target->shape.rank < 2)
    return NULL;
  return g->goals[index].channel_weight->data;
}

void
ae_trainer_set_loss (AeTrainer *trainer, AeLoss loss, float epsilon)
{
  trainer->loss = (AeLossSpec){ loss, epsilon > 0 ? epsilon : 1e-3f };
}

static double
compute_loss (AeTrainer *t, bool with_grad)
{
  return ae_goals_loss (&t->goals, &t->loss, with_grad, t->learner->pool,
      t->learner->n_threads);
}

AeStatus
ae_trainer_step (AeTrainer *trainer, AeStepReport *report, AeError *err)
{
  AeTrainer *t = trainer;
  AeLearner *l = t->learner;
  AeStatus status = ae_goals_check (&t->goals, &t->loss, err);
  if (status != AE_OK)
    return status;
  AeStepReport r = { .step = l->step, .learning_rate = ae_learner_rate (l) };
  ae_tape_forward (l->tape, true, ae_learner_seed (t->seed, l->step));
  r.loss = (float) compute_loss (t, true);
  double norm = 0;
  if (isfinite (r.loss)) {
    ae_tape_backward (l->tape);
    norm = ae_learner_grad_norm (l);
    r.grad_norm = (float) norm;
  }
  r.skipped = !isfinite (r.loss) || !ae_learner_norm_is_good (norm);
  if (r.skipped) {
    ae_learner_zero_grads (l);
    status = ae_fail (err, AE_ERROR_NUMERIC,
        "step %lld skipped: loss %g, gradient norm %g",
        (long long) l->step + 1, r.loss, norm);
  } else {
    ae_learner_apply (l, norm);
    r.step = l->step;
  }
  if (report)
    *report = r;
  return status;
}

float
ae_trainer_evaluate (AeTrainer *trainer)
{
  if (ae_goals_check (&trainer->goals, &trainer->loss, NULL) != AE_OK)
    return NAN;
  ae_learner_swap_average (trainer->learner);
  ae_tape_forward (trainer->learner->tape, false, 0);
  float loss = (float) compute_loss (trainer, false);
  ae_learner_swap_average (trainer->learner);
  return loss;
}

AeStatus
ae_trainer_model (AeTrainer *trainer, bool averaged, const char *const *meta,
    size_t n_meta, AeModel **out, AeError *err)
{
  return ae_learner_model (
      trainer->learner, averaged, meta, n_meta, out, err);
}

static AeCheckpoint
checkpoint_of (AeTrainer *t, void *extra, size_t n_extra)
{
  AeCheckpoint c = { .seed = t->seed,
    .step = t->learner->step,
    .extra = extra,
    .n_extra = n_extra };
  ae_learner_add_blocks (t->learner, &c);
  return c;
}

AeStatus
ae_trainer_save (AeTrainer *trainer, const char *path, const void *extra,
    size_t n_extra, AeError *err)
{
  AeCheckpoint c = checkpoint_of (trainer, (void *) extra, n_extra);
  return ae_checkpoint_save (&c, path, err);
}

AeStatus
ae_trainer_restore (AeTrainer *trainer, const char *path, void *extra,
    size_t n_extra, AeError *err)
{
  AeCheckpoint c = checkpoint_of (trainer, extra, n_extra);
  AeStatus status = ae_checkpoint_restore (&c, path, err);
  if (status != AE_OK)
    return status;
  trainer->learner->step = c.step;
  trainer->seed = c.seed;
  return AE_OK;
}

int64_t
ae_trainer_steps (const AeTrainer *trainer)
{
  return trainer->learner->step;
}
