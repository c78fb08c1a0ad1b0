/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is usual, how channels are joined, and calibrations: of networks that
 * were never trained, whose channels tell what they tell. */
#include "ae_test.h"
#include "moving_square.h"

#include <ae/roc.h>

#include "train/anomaly_calibrate.h"
#include "train/anomaly_fusion.h"
#include "train/anomaly_nets.h"
#include "train/anomaly_usual.h"
#include "train/odd_footage.h"
#include "util/mem.h"

#include <math.h>
#include <string.h>

enum { W = 64, H = 64, FRAMES = 480, CELLS = W / AE_CELL * (H / AE_CELL) };

static atomic_bool cancel;

static AeFootage *
make_footage (int n_frames, bool moves)
{
  AeFootage *footage;
  AeError err;
  static uint8_t grey[W * H];
  AeFootageOptions o = { .frame_rate = 10, .area = W * H,
    .max_bytes = 64 << 20, .seed = 1, .n_threads = 1 };
  AeImage image = { .pixels = AE_PIXELS_GRAY8, .width = W, .height = H,
    .plane = { grey }, .stride = { W } };
  ck_assert_int_eq (ae_footage_new (&footage, &o, &err), AE_OK);
  for (int t = 0; t < n_frames; t++) {
    Square squares[USUAL_SQUARES];
    square_usual (t, W, squares);
    square_draw (grey, W, H, 4, squares, moves ? USUAL_SQUARES : 0);
    ck_assert_int_eq (
        ae_footage_add (footage, &image, t ? 0.1 : 0, &err), AE_OK);
  }
  return footage;
}

static AeAnomalyWork
make_work (int n_frames, bool moves)
{
  AeAnomalyShape shape = { 2, { 8, 8, 8 }, 6 };
  AeObserverShape seen = { W, H, 2, 6 };
  AeAnomalyFacts facts = { 0 };
  AeAnomalyWork w = { .n_threads = 1, .precision = AE_PRECISION_F32,
    .seed = 1, .cancel = &cancel };
  AeModel *g, *d;
  AeError err;
  atomic_store (&cancel, false);
  w.footage = make_footage (n_frames, moves);
  ck_assert_int_eq (ae_build_anomaly_generator (&g, &shape, 1, &err), AE_OK);
  ck_assert_int_eq (
      ae_build_anomaly_discriminator (&d, &shape, 2, &err), AE_OK);
  ck_assert_int_eq (
      ae_build_anomaly_net (&w.net, &shape, g, d, &facts, &err), AE_OK);
  ck_assert_int_eq (ae_facts_init (&w.facts, &seen, &err), AE_OK);
  w.facts.frame_rate = 10;
  ae_model_unref (&g);
  ae_model_unref (&d);
  return w;
}

static void
clear_work (AeAnomalyWork *w)
{
  ae_channels_clear (&w->channels);
  ae_observer_free (&w->observer);
  ae_facts_clear (&w->facts);
  ae_model_unref (&w->net);
  ae_footage_free (&w->footage);
  ck_assert_int_eq (ae_mem_live (), 0);
}

static void
fit (AeAnomalyWork *w)
{
  AeError err = { 0 };
  AeStatus status = ae_anomaly_find_usual (w, &err);
  if (status == AE_OK)
    status = ae_channels_init (&w->channels, &w->facts, &err);
  if (status == AE_OK)
    status = ae_anomaly_find_fusion (w, &err);
  if (status == AE_OK)
    status = ae_anomaly_calibrate (w, &err);
  ck_assert_msg (status == AE_OK, "%s", err.text);
}

static void
expect_usual (const AeFacts *f)
{
  ck_assert_ptr_nonnull (f->latent);
  ck_assert_uint_eq (f->latent->d, 6);
  ck_assert (f->motion_scale > 0);
  for (int i = 0; i < CELLS; i++) {
    ck_assert (f->limit[i] >= 0.4f && f->limit[i] < 3);
    for (int k = 0; k < AE_APPEARANCES; k++)
      ck_assert (
          isfinite (f->usual[k][i].mean) && f->usual[k][i].deviation > 0);
  }
}

static void
expect_fusion (const AeFacts *f)
{
  float most = 0;
  for (int c = 1; c < AE_N_CHANNELS; c++) {
    float w = f->weight[c];
    ck_assert_msg (w == 0 || w == 0.1f || w == 0.25f || w == 0.5f || w == 1,
        "weight %g", w);
    most = fmaxf (most, w);
    for (int k = 1; k < AE_RARITY_STEPS; k++)
      ck_assert (f->rarity[c][k] >= f->rarity[c][k - 1]);
  }
  ck_assert (most == 1 && f->weight[AE_CHANNEL_MOTION] == 1);
}

static void
expect_calibrations (const AeFacts *f)
{
  for (int c = 0; c < AE_N_CHANNELS; c++) {
    const AeCalibration *k = &f->calibration[c];
    ck_assert_msg (k->hours > 5.0 / 3600 && k->hours < 1, "%g hours",
        k->hours);
    double rare = ae_calibration_threshold (k, 1);
    double frequent = ae_calibration_threshold (k, 600);
    ck_assert_msg (isfinite (rare) && rare > frequent, "%s: %g, %g",
        ae_channel_name ((AeChannel) c), rare, frequent);
  }
}

/* Scores of pictures with something odd (label 1) and without. */
typedef struct {
  AeAnomalyWork *work;
  float score[AE_N_CHANNELS][4000];
  uint8_t label[4000];
  size_t n;
} Scores;

static void
note (Scores *s, const AeObservation *seen, bool odd)
{
  ck_assert_uint_lt (s->n, 4000);
  ae_channels_score (&s->work->channels, seen);
  for (int c = 0; c < AE_N_CHANNELS; c++)
    s->score[c][s->n]
        = ae_channels_picture (&s->work->channels, (AeChannel) c, NULL);
  s->label[s->n++] = odd;
}

static void
note_usual (void *context, const AeObservation *seen, bool begins)
{
  (void) begins;
  note (context, seen, false);
}

static void
note_odd (Scores *s, const AeOddFootage *odd, size_t n)
{
  AeObservation seen;
  int together = 0;
  ae_observer_reset (s->work->observer);
  for (size_t t = 0; t < n; t++) {
    bool ready = ae_observer_add (
        s->work->observer, odd->pixels + t * W * H, &seen);
    together = odd->visible[t] >= 0.5f ? together + 1 : 0;
    if (ready && together > 2)
      note (s, &seen, true);
  }
}

/* Of another seed than the fit's. */
static void
see_odd (Scores *s)
{
  AeFootageView view;
  AeError err;
  AeRng rng;
  ae_rng_seed (&rng, 77);
  for (size_t b = 0; ae_footage_block (s->work->footage, b, &view); b++) {
    AeOddSource source = { W, H, view.frames, view.n, s->work->facts.limit };
    for (int i = 0; view.held_out && i < 4 * AE_N_ODD; i++) {
      AeOddFootage odd;
      ck_assert_int_eq (ae_odd_footage_make (&odd, &source,
                            (AeOddKind) (i % AE_N_ODD), &rng, &err),
          AE_OK);
      note_odd (s, &odd, view.n);
      ae_odd_footage_clear (&odd);
    }
    ae_footage_view_clear (&view);
  }
}

/* The networks know nothing here, and motion counts fully whatever they see. */
START_TEST (test_looks_do_not_spoil_motion)
{
  static Scores s;
  AeAnomalyWork w = make_work (FRAMES, true);
  AeRoc roc[AE_N_CHANNELS];
  AeError err;
  fit (&w);
  expect_usual (&w.facts);
  expect_fusion (&w.facts);
  expect_calibrations (&w.facts);
  ck_assert_uint_gt (w.facts.n_points, 20);
  s.work = &w;
  ck_assert_int_eq (
      ae_anomaly_walk (&w, true, note_usual, &s, &err), AE_OK);
  see_odd (&s);
  for (int c = 0; c < AE_N_CHANNELS; c++)
    ck_assert_msg (
        ae_roc_measure (&roc[c], s.score[c], s.label, s.n, &err) == AE_OK,
        "%s", err.text);
  double fused = roc[0].area, motion = roc[AE_CHANNEL_MOTION].area;
  ck_assert_msg (fused > motion - 0.01 && fused > 0.55,
      "fused %.3f, motion %.3f", fused, motion);
  clear_work (&w);
}
END_TEST

/* Nothing to cut out: what moves is the first thing to count. */
START_TEST (test_still_footage)
{
  AeAnomalyWork w = make_work (60, false);
  fit (&w);
  expect_usual (&w.facts);
  expect_calibrations (&w.facts);
  ck_assert_uint_eq (w.facts.n_points, 0);
  expect_fusion (&w.facts);
  ck_assert (w.facts.weight[AE_CHANNEL_MOTION] == 1);
  clear_work (&w);
}
END_TEST

START_TEST (test_same_facts_again)
{
  AeAnomalyWork w[2];
  for (int i = 0; i < 2; i++) {
    w[i] = make_work (150, true);
    w[i].n_threads = 1 + i;
    fit (&w[i]);
  }
  const AeFacts *a = &w[0].facts, *b = &w[1].facts;
  ck_assert_mem_eq (a->limit, b->limit, CELLS * sizeof (float));
  ck_assert_mem_eq (
      a->rarity + 1, b->rarity + 1, sizeof a->rarity - sizeof *a->rarity);
  ck_assert_mem_eq (a->weight + 1, b->weight + 1, 4 * sizeof (float));
  ck_assert_mem_eq (a->calibration, b->calibration, sizeof a->calibration);
  ae_channels_clear (&w[0].channels);
  ae_observer_free (&w[0].observer);
  ae_facts_clear (&w[0].facts);
  ae_model_unref (&w[0].net);
  ae_footage_free (&w[0].footage);
  clear_work (&w[1]);
}
END_TEST

START_TEST (test_one_frame_is_too_little)
{
  AeAnomalyWork w = make_work (1, true);
  AeError err = { 0 };
  ck_assert_int_eq (ae_anomaly_find_usual (&w, &err), AE_ERROR_NEEDS_DATA);
  ck_assert_msg (strstr (err.text, "2 frames") != NULL, "%s", err.text);
  clear_work (&w);
}
END_TEST

START_TEST (test_can_be_cancelled)
{
  AeAnomalyWork w = make_work (60, true);
  AeError err = { 0 };
  fit (&w);
  atomic_store (&cancel, true);
  ck_assert_int_eq (ae_anomaly_find_usual (&w, &err), AE_ERROR_CANCELLED);
  ck_assert_int_eq (ae_anomaly_find_fusion (&w, &err), AE_ERROR_CANCELLED);
  ck_assert_int_eq (ae_anomaly_calibrate (&w, &err), AE_ERROR_CANCELLED);
  clear_work (&w);
}
END_TEST

/* Some of the allocations of each part. */
START_TEST (test_no_memory)
{
  AeStatus (*const parts[]) (AeAnomalyWork *, AeError *)
      = { ae_anomaly_find_usual, ae_anomaly_find_fusion,
          ae_anomaly_calibrate };
  AeAnomalyWork w = make_work (12, true);
  AeError err = { 0 };
  fit (&w);
  AeStatus status = AE_ERROR_MEMORY;
  int failed = 0;
  for (int n = 1; status != AE_OK && n < 2000; n += 1 + n / 8) {
    ae_mem_fail_at (n, false);
    status = parts[_i](&w, &err);
    ae_mem_fail_at (0, false);
    ck_assert_msg (status == AE_OK || status == AE_ERROR_MEMORY,
        "status %d at %d: %s", (int) status, n, err.text);
    failed += status != AE_OK;
  }
  ck_assert_int_gt (failed, 1);
  clear_work (&w);
}
END_TEST

static Suite *
anomaly_fusion_suite (void)
{
  Suite *suite = suite_create ("anomaly_fusion");
  TCase *tcase = tcase_create ("anomaly_fusion");
  suite_add_tcase (suite, tcase);
  tcase_add_test (tcase, test_looks_do_not_spoil_motion);
  tcase_add_test (tcase, test_still_footage);
  tcase_add_test (tcase, test_same_facts_again);
  tcase_add_test (tcase, test_one_frame_is_too_little);
  tcase_add_test (tcase, test_can_be_cancelled);
  tcase_add_loop_test (tcase, test_no_memory, 0, 3);
  return suite;
}

AE_TEST_MAIN (anomaly_fusion_suite)
