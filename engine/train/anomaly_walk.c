/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/anomaly_walk.h"

AeStatus
ae_anomaly_observe (AeAnomalyWork *w, AeError *err)
{
  ae_observer_free (&w->observer);
  return ae_observer_new (&w->observer, w->net, &w->facts.shape,
      w->facts.latent, w->n_threads, w->precision, err);
}

static bool
any_held_out (AeFootage *footage)
{
  AeFootageView view;
  bool found = false;
  for (size_t i = 0; !found && ae_footage_block (footage, i, &view); i++) {
    found = view.held_out;
    ae_footage_view_clear (&view);
  }
  return found;
}

/* The block that was walked before. */
typedef struct {
  bool any;
  uint64_t number, run;
} Before;

static bool
follows (const Before *before, const AeFootageView *view)
{
  return before->any && view->run == before->run
         && view->number == before->number + 1;
}

void
ae_anomaly_pace (AeAnomalyWork *w, const AeFootageView *view, size_t index)
{
  if (view->seconds[index] > 0)
    ae_observer_set_pace (
        w->observer, view->seconds[index] * w->facts.frame_rate);
}

static AeStatus
walk_block (AeAnomalyWork *w, const AeFootageView *view, bool *begins,
    AeAnomalyVisit visit, void *context, AeError *err)
{
  AeObservation seen;
  for (size_t i = 0; i < view->n; i++) {
    if (atomic_load (w->cancel))
      return ae_fail (err, AE_ERROR_CANCELLED, "fitting was cancelled");
    ae_anomaly_pace (w, view, i);
    if (!ae_observer_add (w->observer, view->frames[i], &seen))
      continue;
    visit (context, &seen, *begins);
    *begins = false;
  }
  return AE_OK;
}

AeStatus
ae_anomaly_walk (AeAnomalyWork *w, bool held_out, AeAnomalyVisit visit,
    void *context, AeError *err)
{
  bool all = held_out && !any_held_out (w->footage), begins = true;
  AeStatus status = AE_OK;
  AeFootageView view;
  Before before = { 0 };
  for (size_t i = 0;
       status == AE_OK && ae_footage_block (w->footage, i, &view); i++) {
    if (all || view.held_out == held_out) {
      if (!follows (&before, &view)) {
        ae_observer_reset (w->observer);
        begins = true;
      }
      before = (Before){ true, view.number, view.run };
      status = walk_block (w, &view, &begins, visit, context, err);
    }
    ae_footage_view_clear (&view);
  }
  return status;
}
