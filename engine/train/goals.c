/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/goals.h"

#include "util/mem.h"

AeStatus
ae_goals_start (AeGoals *g, AeTape *tape, AeError *err)
{
  size_t n = ae_tape_n_outputs (tape);
  *g = (AeGoals){ .tape = tape };
  g->goals = ae_calloc (n, sizeof *g->goals);
  if (!g->goals)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for %zu targets", n);
  g->n_goals = n;
  return AE_OK;
}

static void
clear_goal (AeGoal *goal)
{
  ae_tensor_free (&goal->target);
  ae_tensor_free (&goal->weight);
  ae_tensor_free (&goal->channel_weight);
  ae_free (goal->partial);
  goal->partial = NULL;
}

void
ae_goals_clear (AeGoals *g)
{
  for (size_t i = 0; i < g->n_goals; i++)
    clear_goal (&g->goals[i]);
  ae_free (g->goals);
  *g = (AeGoals){ 0 };
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

AeGoal *
ae_goals_get (AeGoals *g, size_t index)
{
  if (index >= g->n_goals)
    return NULL;
  AeGoal *goal = &g->goals[index];
  if (goal->target)
    return goal;
  const AeTensor *output = ae_tape_output (g->tape, index);
  size_t n = ae_loss_n_samples (&output->shape);
  if (output->type != AE_F32)
    return NULL;
  *goal = (AeGoal){
    .target = ae_tensor_new (AE_F32, &output->shape),
    .weight = new_ones ((int64_t) n),
    .channel_weight
    = new_ones (output->shape.rank > 1 ? output->shape.dim[1] : 1),
    .partial = ae_calloc (n, sizeof (double)),
  };
  if (goal->target && goal->weight && goal->channel_weight && goal->partial)
    return goal;
  clear_goal (goal);
  return NULL;
}

AeStatus
ae_goals_check (const AeGoals *g, const AeLossSpec *spec, AeError *err)
{
  size_t n_targets = 0;
  for (size_t i = 0; i < g->n_goals; i++)
    if (g->goals[i].target) {
      n_targets++;
      AeStatus status
          = ae_loss_check (spec, &g->goals[i].target->shape, err);
      if (status != AE_OK)
        return status;
    }
  if (n_targets == 0)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "nothing to learn: the trainer is not bound or no output has a target");
  return AE_OK;
}

double
ae_goals_loss (const AeGoals *g, const AeLossSpec *spec, bool with_grad,
    AePool *pool, int n_threads)
{
  double loss = 0;
  for (size_t i = 0; i < g->n_goals; i++) {
    const AeGoal *goal = &g->goals[i];
    if (!goal->target)
      continue;
    float *grad = with_grad ? ae_tape_output_grad (g->tape, i)->data : NULL;
    loss += ae_loss_compute (spec, ae_tape_output (g->tape, i), goal->target,
        goal->weight->data, goal->channel_weight->data, grad, goal->partial,
        pool, n_threads);
  }
  return loss;
}
