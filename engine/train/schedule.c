/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/schedule.h"

#include <math.h>

static double
cosine_rate (const AeTrainerOptions *o, int64_t step)
{
  double from = o->learning_rate, to = o->final_learning_rate;
  if (o->total_steps <= 1 || step >= o->total_steps)
    return o->total_steps > 0 ? to : from;
  /* the last step, total_steps - 1, runs at the final rate */
  double t = (double) step / (double) (o->total_steps - 1);
  return to + 0.5 * (from - to) * (1 + cos (3.14159265358979323846 * t));
}

static double
step_rate (const AeTrainerOptions *o, int64_t step)
{
  if (o->step_every <= 0)
    return o->learning_rate;
  return o->learning_rate * pow (0.1, (double) (step / o->step_every));
}

float
ae_schedule_rate (const AeTrainerOptions *options, int64_t step)
{
  double rate = options->schedule == AE_SCHEDULE_COSINE
      ? cosine_rate (options, step)
      : options->schedule == AE_SCHEDULE_STEP ? step_rate (options, step)
                                              : options->learning_rate;
  if (step + 1 < options->warmup_steps)
    rate *= (double) (step + 1) / (double) options->warmup_steps;
  return (float) rate;
}

float
ae_schedule_ema_decay (float decay, int64_t step)
{
  float early = (float) (1.0 + (double) step) / (float) (10.0 + (double) step);
  return decay < early ? decay : early;
}
