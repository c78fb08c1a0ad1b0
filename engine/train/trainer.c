/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/trainer.h"

#include "runtime/tape.h"
#include "train/checkpoint.h"
#include "train/loss.h"
#include "train/muon.h"
#include "train/optimiser.h"
#include "train/schedule.h"
#include "util/mem.h"
#include "util/pool.h"
#include "util/rng.h"

#include <math.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* A gradient longer than this has overflowed in all but name: squares of its
 * elements would be infinite in the optimiser's state. */
#define LARGEST_NORM 1e18

/* What the loss of one output needs; all NULL until its target is asked for. */
typedef struct {
  AeTensor *target, *weight, *channel_weight;
  double *partial;
} Goal;

struct AeTrainer {
  AeTape *tape;
  AeTrainerOptions options;
  int n_threads;
  AePool *pool;
  size_t n;                /* elements of the flat blocks */
  float *m, *v, *ema;      /* v, ema: may be NULL */
  AeMuon *muon;            /* NULL for the others */
  double *norm_scratch;
  int64_t step;            /* steps done */
  uint64_t seed;
  uint64_t structure;
  bool bound;
  Goal *goals; /* one per output */
  size_t n_goals;
};

static void
fill_defaults (AeTrainerOptions *o)
{
  struct {
    float *value, fallback;
  } defaults[] = {
    { &o->loss_epsilon, 1e-3f },
    { &o->learning_rate, 1e-3f },
    { &o->beta1, 0.9f },
    { &o->beta2, 0.999f },
    { &o->epsilon, 1e-8f },
  };
  for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++)
    if (*defaults[i].value == 0)
      *defaults[i].value = defaults[i].fallback;
  if (o->optimiser == AE_OPTIMISER_MUON && o->momentum == 0)
    o->momentum = 0.95f;
  if (o->final_learning_rate == 0)
    o->final_learning_rate = o->learning_rate / 100;
}

static AeStatus
check_options (const AeTrainerOptions *o, AeError *err)
{
  const struct {
    const char *name;
    float value, low, high; /* low <= value <= high */
  } ranges[] = {
    { "loss_epsilon", o->loss_epsilon, 1e-8f, 1e3f },
    { "learning_rate", o->learning_rate, 0, 1e3f },
    { "final_learning_rate", o->final_learning_rate, 0, 1e3f },
    { "beta1", o->beta1, 0, 0.99999f },
    { "beta2", o->beta2, 0, 0.9999999f },
    { "epsilon", o->epsilon, 1e-30f, 1 },
    { "momentum", o->momentum, 0, 0.99999f },
    { "weight_decay", o->weight_decay, 0, 1e3f },
    { "clip_norm", o->clip_norm, 0, 1e30f },
    { "ema_decay", o->ema_decay, 0, 0.9999999f },
  };
  for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
    if (!(ranges[i].value >= ranges[i].low
            && ranges[i].value <= ranges[i].high))
      return ae_fail (err, AE_ERROR_ARGUMENT, "%s is %g, wanted %g to %g",
          ranges[i].name, ranges[i].value, ranges[i].low, ranges[i].high);
  if ((unsigned) o->loss > AE_LOSS_BINARY_CROSS_ENTROPY
      || (unsigned) o->optimiser > AE_OPTIMISER_MUON
      || (unsigned) o->schedule > AE_SCHEDULE_STEP)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "unknown loss %d, optimiser %d or schedule %d", o->loss, o->optimiser,
        o->schedule);
  return AE_OK;
}

/* Says which parameters there are: names, shapes and places. */
static uint64_t
hash_structure (const AeTape *tape)
{
  XXH3_state_t state;
  XXH3_64bits_reset (&state);
  for (size_t i = 0; i < ae_tape_n_params (tape); i++) {
    const AeParam *param = ae_tape_param (tape, i);
    uint64_t offset = param->offset, rank = (uint64_t) param->shape.rank;
    XXH3_64bits_update (&state, param->name, strlen (param->name) + 1);
    XXH3_64bits_update (&state, &offset, sizeof offset);
    XXH3_64bits_update (&state, &rank, sizeof rank);
    XXH3_64bits_update (
        &state, param->shape.dim, rank * sizeof param->shape.dim[0]);
  }
  return XXH3_64bits_digest (&state);
}

static AeStatus
allocate_state (AeTrainer *t, AeError *err)
{
  t->n = ae_tape_n_elements (t->tape);
  t->m = ae_calloc (t->n, sizeof (float));
  t->norm_scratch
      = ae_calloc (ae_optimiser_norm_scratch (t->n), sizeof (double));
  bool ok = t->m && t->norm_scratch;
  if (t->options.optimiser != AE_OPTIMISER_SGD)
    ok = (t->v = ae_calloc (t->n, sizeof (float))) && ok;
  if (t->options.ema_decay > 0)
    ok = (t->ema = ae_calloc (t->n, sizeof (float))) && ok;
  if (t->options.optimiser == AE_OPTIMISER_MUON)
    ok = (t->muon = ae_muon_new (t->tape)) && ok;
  if (!ok)
    return ae_fail (err, AE_ERROR_MEMORY,
        "no memory to train %zu parameters", t->n);
  if (t->ema)
    memcpy (t->ema, ae_tape_params (t->tape), t->n * sizeof (float));
  return AE_OK;
}

AeStatus
ae_trainer_new (AeTrainer **out, AeModel *model,
    const AeTrainerOptions *options, AeError *err)
{
  *out = NULL;
  AeTrainerOptions o = options ? *options : (AeTrainerOptions){ 0 };
  fill_defaults (&o);
  AeStatus status = check_options (&o, err);
  if (status != AE_OK)
    return status;
  AeTrainer *t = ae_calloc (1, sizeof *t);
  if (!t)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for a trainer");
  t->options = o;
  t->seed = o.seed;
  t->n_threads = ae_pool_threads (o.n_threads);
  t->pool = ae_pool_shared ();
  status = ae_tape_new (&t->tape, model, t->n_threads, o.precision, err);
  if (status == AE_OK)
    status = allocate_state (t, err);
  if (status != AE_OK) {
    ae_trainer_free (&t);
    return status;
  }
  t->structure = hash_structure (t->tape);
  *out = t;
  return AE_OK;
}

static void
clear_goals (AeTrainer *t)
{
  for (size_t i = 0; i < t->n_goals; i++) {
    Goal *goal = &t->goals[i];
    ae_tensor_free (&goal->target);
    ae_tensor_free (&goal->weight);
    ae_tensor_free (&goal->channel_weight);
    ae_free (goal->partial);
  }
  ae_free (t->goals);
  t->goals = NULL;
  t->n_goals = 0;
}

void
ae_trainer_free (AeTrainer **trainer)
{
  AeTrainer *t = *trainer;
  *trainer = NULL;
  if (!t)
    return;
  clear_goals (t);
  ae_muon_free (&t->muon);
  ae_tape_free (&t->tape);
  ae_free (t->m);
  ae_free (t->v);
  ae_free (t->ema);
  ae_free (t->norm_scratch);
  ae_free (t);
}

AeStatus
ae_trainer_bind (AeTrainer *trainer, const AeTensor *inputs, size_t n_inputs,
    AeError *err)
{
  clear_goals (trainer);
  trainer->bound = false;
  AeStatus status = ae_tape_bind (trainer->tape, inputs, n_inputs, err);
  if (status != AE_OK)
    return status;
  size_t n = ae_tape_n_outputs (trainer->tape);
  trainer->goals = ae_calloc (n, sizeof *trainer->goals);
  if (!trainer->goals)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for %zu targets", n);
  trainer->n_goals = n;
  trainer->bound = true;
  return AE_OK;
}

AeTensor *
ae_trainer_input (AeTrainer *trainer, size_t index)
{
  return trainer->bound && index < ae_tape_n_inputs (trainer->tape)
      ? ae_tape_input (trainer->tape, index)
      : NULL;
}

const AeTensor *
ae_trainer_output (const AeTrainer *trainer, size_t index)
{
  return index < trainer->n_goals ? ae_tape_output (trainer->tape, index)
                                  : NULL;
}

static AeTensor *
new_ones (int64_t n)
{
  AeShape shape = { .rank = 1, .dim = { n } };
  AeTensor *tensor = ae_tensor_new (AE_F32, &shape);
  for (int64_t i = 0; tensor && i < n; i++)
    ((float *) tensor->data)[i] = 1;
  return tensor;
}

/* Makes the goal of an output at its first use; NULL when there is no such
 * output, it is no f32, or memory runs out. */
static Goal *
goal_of (AeTrainer *t, size_t index)
{
  if (index >= t->n_goals)
    return NULL;
  Goal *goal = &t->goals[index];
  if (goal->target)
    return goal;
  const AeTensor *output = ae_tape_output (t->tape, index);
  size_t n = ae_loss_n_samples (&output->shape);
  if (output->type != AE_F32)
    return NULL;
  AeTensor *weight = new_ones ((int64_t) n);
  AeTensor *channel_weight
      = new_ones (output->shape.rank > 1 ? output->shape.dim[1] : 1);
  double *partial = ae_calloc (n, sizeof (double));
  AeTensor *target = ae_tensor_new (AE_F32, &output->shape);
  if (!weight || !channel_weight || !partial || !target) {
    ae_tensor_free (&weight);
    ae_tensor_free (&channel_weight);
    ae_tensor_free (&target);
    ae_free (partial);
    return NULL;
  }
  *goal = (Goal){ target, weight, channel_weight, partial };
  return goal;
}

AeTensor *
ae_trainer_target (AeTrainer *trainer, size_t index)
{
  Goal *goal = goal_of (trainer, index);
  return goal ? goal->target : NULL;
}

AeTensor *
ae_trainer_weight (AeTrainer *trainer, size_t index)
{
  Goal *goal = goal_of (trainer, index);
  return goal ? goal->weight : NULL;
}

float *
ae_trainer_channel_weight (AeTrainer *trainer, size_t index)
{
  if (index >= trainer->n_goals || !trainer->goals[index].target
      || trainer->goals[index].target->shape.rank < 2)
    return NULL;
  return trainer->goals[index].channel_weight->data;
}

void
ae_trainer_set_loss (AeTrainer *trainer, AeLoss loss, float epsilon)
{
  trainer->options.loss = loss;
  trainer->options.loss_epsilon = epsilon > 0 ? epsilon : 1e-3f;
}

/* Sum of the losses of all outputs that have a target. */
static double
compute_loss (AeTrainer *t, bool with_grad)
{
  AeLossSpec spec = { t->options.loss, t->options.loss_epsilon };
  double loss = 0;
  for (size_t i = 0; i < t->n_goals; i++) {
    const Goal *goal = &t->goals[i];
    if (!goal->target)
      continue;
    float *grad
        = with_grad ? ae_tape_output_grad (t->tape, i)->data : NULL;
    loss += ae_loss_compute (&spec, ae_tape_output (t->tape, i),
        goal->target, goal->weight->data, goal->channel_weight->data, grad,
        goal->partial, t->pool, t->n_threads);
  }
  return loss;
}

static AeStatus
check_goals (AeTrainer *t, AeError *err)
{
  AeLossSpec spec = { t->options.loss, t->options.loss_epsilon };
  size_t n_targets = 0;
  for (size_t i = 0; i < t->n_goals; i++)
    if (t->goals[i].target) {
      n_targets++;
      AeStatus status
          = ae_loss_check (&spec, &t->goals[i].target->shape, err);
      if (status != AE_OK)
        return status;
    }
  if (n_targets == 0)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "nothing to learn: the trainer is not bound or no output has a target");
  return AE_OK;
}

/* Seed of dropout: another one at each step, a function of the step so that a
 * resumed training goes on with the same. */
static uint64_t
step_seed (const AeTrainer *t)
{
  AeRng rng;
  ae_rng_seed (&rng, t->seed ^ (uint64_t) t->step * 0x9e3779b97f4a7c15u);
  return ae_rng_next (&rng);
}

static void
apply_gradient (AeTrainer *t, const AeStepReport *report)
{
  const AeTrainerOptions *o = &t->options;
  bool clip = o->clip_norm > 0 && report->grad_norm > o->clip_norm;
  AeOptimiserStep step = { .kind = o->optimiser,
    .rate = report->learning_rate,
    .beta1 = o->beta1,
    .beta2 = o->beta2,
    .epsilon = o->epsilon,
    .momentum = o->momentum,
    .weight_decay = o->weight_decay,
    .grad_scale = clip ? o->clip_norm / report->grad_norm : 1,
    .ema_decay = ae_schedule_ema_decay (o->ema_decay, t->step),
    .step = t->step + 1 };
  AeOptimiserBlocks blocks = { t->n, ae_tape_params (t->tape),
    ae_tape_grads (t->tape), t->m, t->v, t->ema };
  if (t->muon)
    ae_muon_step (t->muon, &step, &blocks, t->pool, t->n_threads);
  else
    ae_optimiser_step (&step, &blocks, t->pool, t->n_threads);
}

AeStatus
ae_trainer_step (AeTrainer *trainer, AeStepReport *report, AeError *err)
{
  AeTrainer *t = trainer;
  AeStatus status = check_goals (t, err);
  if (status != AE_OK)
    return status;
  AeStepReport r = { .step = t->step,
    .learning_rate = ae_schedule_rate (&t->options, t->step) };
  ae_tape_forward (t->tape, true, step_seed (t));
  r.loss = (float) compute_loss (t, true);
  double norm = 0;
  if (isfinite (r.loss)) {
    ae_tape_backward (t->tape);
    norm = ae_optimiser_norm (ae_tape_grads (t->tape), t->n, t->norm_scratch,
        t->pool, t->n_threads);
    r.grad_norm = (float) norm;
  }
  r.skipped = !isfinite (r.loss) || !(norm < LARGEST_NORM);
  if (r.skipped) {
    memset (ae_tape_grads (t->tape), 0, t->n * sizeof (float));
    status = ae_fail (err, AE_ERROR_NUMERIC,
        "step %lld skipped: loss %g, gradient norm %g",
        (long long) t->step + 1, r.loss, norm);
  } else {
    apply_gradient (t, &r);
    r.step = ++t->step;
  }
  if (report)
    *report = r;
  return status;
}

/* The averaged weights take the place of the current ones, and back. */
static void
swap_average (AeTrainer *t)
{
  float *params = ae_tape_params (t->tape);
  if (!t->ema)
    return;
  for (size_t i = 0; i < t->n; i++) {
    float keep = params[i];
    params[i] = t->ema[i];
    t->ema[i] = keep;
  }
}

float
ae_trainer_evaluate (AeTrainer *trainer)
{
  if (check_goals (trainer, NULL) != AE_OK)
    return NAN;
  swap_average (trainer);
  ae_tape_forward (trainer->tape, false, 0);
  float loss = (float) compute_loss (trainer, false);
  swap_average (trainer);
  return loss;
}

AeStatus
ae_trainer_model (AeTrainer *trainer, bool averaged, const char *const *meta,
    size_t n_meta, AeModel **out, AeError *err)
{
  return ae_tape_export (trainer->tape, averaged ? trainer->ema : NULL, meta,
      n_meta, out, err);
}

static AeCheckpoint
checkpoint_of (AeTrainer *t, void *extra, size_t n_extra)
{
  AeCheckpoint c = { .structure = t->structure,
    .seed = t->seed,
    .step = t->step,
    .n_elements = t->n,
    .extra = extra,
    .n_extra = n_extra };
  float *blocks[] = { ae_tape_params (t->tape), t->m, t->v, t->ema };
  for (int i = 0; i < AE_CHECKPOINT_BLOCKS; i++)
    if (blocks[i])
      c.block[c.n_blocks++] = blocks[i];
  /* an average without second moment is not a second moment */
  c.structure += (uint64_t) (t->v != NULL) + 2 * (uint64_t) (t->ema != NULL);
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
  trainer->step = c.step;
  trainer->seed = c.seed;
  return AE_OK;
}

int64_t
ae_trainer_steps (const AeTrainer *trainer)
{
  return trainer->step;
}
