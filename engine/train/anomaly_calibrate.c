/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/anomaly_calibrate.h"

#include "util/mem.h"

/* Scores of pictures in the order in which they came. */
typedef struct {
  AeAnomalyWork *work;
  float *scores[AE_N_CHANNELS];
  size_t *runs;
  size_t n, n_runs, room;
  bool failed;
} Course;

static bool
make_room (Course *c)
{
  if (c->n < c->room)
    return true;
  size_t room = c->room ? 2 * c->room : 1024;
  for (int i = 0; i < AE_N_CHANNELS; i++) {
    float *grown
        = ae_realloc (c->scores[i], c->room, room, sizeof (float));
    if (!grown)
      return false;
    c->scores[i] = grown;
  }
  size_t *runs = ae_realloc (c->runs, c->room, room, sizeof *runs);
  if (!runs)
    return false;
  c->runs = runs;
  c->room = room;
  return true;
}

static void
note_scores (void *context, const AeObservation *seen, bool begins)
{
  Course *c = context;
  c->failed = c->failed || !make_room (c);
  if (c->failed)
    return;
  ae_channels_score (&c->work->channels, seen);
  for (int i = 0; i < AE_N_CHANNELS; i++)
    c->scores[i][c->n]
        = seen->sure
          * ae_channels_picture (&c->work->channels, (AeChannel) i, NULL);
  if (begins)
    c->runs[c->n_runs++] = 0;
  c->runs[c->n_runs - 1]++;
  c->n++;
}

AeStatus
ae_anomaly_calibrate (AeAnomalyWork *w, AeError *err)
{
  Course c = { .work = w };
  AeStatus status = ae_anomaly_walk (w, true, note_scores, &c, err);
  if (status == AE_OK && c.failed)
    status = ae_fail (err, AE_ERROR_MEMORY, "no memory for scores");
  for (int i = 0; status == AE_OK && i < AE_N_CHANNELS; i++)
    status = ae_calibration_fit (&w->facts.calibration[i], c.scores[i], c.n,
        c.runs, c.n_runs, 1 / w->facts.frame_rate, err);
  for (int i = 0; i < AE_N_CHANNELS; i++)
    ae_free (c.scores[i]);
  ae_free (c.runs);
  return status;
}
