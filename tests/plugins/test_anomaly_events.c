/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* From scores to events. Each line is a script: one digit of tenths per frame
 * of 100 ms, and what must happen with it: . nothing, b begin, u update, e
 * end. The threshold is 0.5, the release 1/3. */

#include "anomalyevents.h"
#include "coverwatch.h"

#include <gst/check/gstcheck.h>
#include <string.h>

#define FRAME (100 * GST_MSECOND)

static const struct {
  const gchar *what;
  guint min_duration, hold_time; /* in frames */
  const gchar *scores, *steps;
} scripts[] = {
  { "quiet", 0, 0, "0123443210", ".........." },
  { "one frame", 0, 0, "0150100", "..be..." },
  { "hysteresis", 0, 0, "05444430", ".buuuue." },
  { "hold", 0, 3, "0500000", ".buue.." },
  { "merge", 0, 3, "050050000", ".buuuuue." },
  { "no merge", 0, 2, "0500050000", ".bue.bue.." },
  { "long enough", 2, 0, "05550", "...be" },
  { "too short", 2, 0, "055000", "......" },
  { "short, again", 2, 0, "0550555", "......b" },
  { "rises with hysteresis", 2, 0, "05450", "...be" },
  { "twice", 0, 0, "09090", ".bebe" },
  { "at once", 0, 0, "9", "b" },
};

static const AeRegion here = { 0.25f, 0.5f, 0.125f, 0.125f };

static gchar
letter (GstAeEventStep step)
{
  return step == GST_AE_EVENT_NONE ? '.' : gst_ae_event_step_name (step)[0];
}

GST_START_TEST (test_scripts)
{
  GstAeAnomalyEvents e = { 0 };
  GString *steps = g_string_new (NULL);
  GstAeEventRules rules = { .threshold = 0.5,
    .min_duration = scripts[__i__].min_duration * FRAME,
    .hold_time = scripts[__i__].hold_time * FRAME,
    .may_begin = TRUE };

  for (guint i = 0; scripts[__i__].scores[i] != '\0'; i++)
    g_string_append_c (steps, letter (gst_ae_anomaly_events_step (&e, &rules,
        i * FRAME, (scripts[__i__].scores[i] - '0') / 10.0, &here)));
  ck_assert_msg (strcmp (steps->str, scripts[__i__].steps) == 0,
      "%s: %s gives %s, expected %s", scripts[__i__].what,
      scripts[__i__].scores, steps->str, scripts[__i__].steps);
  g_string_free (steps, TRUE);
}
GST_END_TEST;

GST_START_TEST (test_an_event_knows_its_peak_its_length_and_its_id)
{
  GstAeAnomalyEvents e = { 0 };
  GstAeEventRules rules
      = { .threshold = 0.5, .hold_time = FRAME, .may_begin = TRUE };
  const gdouble scores[] = { 0.1, 0.6, 0.9, 0.7, 0.1 };
  AeRegion region = here;

  for (guint round = 1; round <= 2; round++) {
    for (guint i = 0; i < G_N_ELEMENTS (scores); i++) {
      region.x = i / 10.0f;
      gst_ae_anomaly_events_step (
          &e, &rules, (10 * round + i) * FRAME, scores[i], &region);
    }
    ck_assert (!e.on);
    ck_assert_uint_eq (e.id, round);
    ck_assert (e.peak_score == 0.9);
    ck_assert (e.peak.x == 0.2f);
    ck_assert_uint_eq (e.start, (10 * round + 1) * FRAME);
    ck_assert_uint_eq (gst_ae_anomaly_events_length (&e), 2 * FRAME);
  }
}
GST_END_TEST;

GST_START_TEST (test_nothing_begins_while_it_may_not_but_goes_on)
{
  GstAeAnomalyEvents e = { 0 };
  GstAeEventRules rules = { .threshold = 0.5 };

  for (guint i = 0; i < 5; i++)
    ck_assert_int_eq (
        gst_ae_anomaly_events_step (&e, &rules, i * FRAME, 0.9, &here),
        GST_AE_EVENT_NONE);
  rules.may_begin = TRUE;
  ck_assert_int_eq (
      gst_ae_anomaly_events_step (&e, &rules, 5 * FRAME, 0.9, &here),
      GST_AE_EVENT_BEGIN);
  rules.may_begin = FALSE;
  ck_assert_int_eq (
      gst_ae_anomaly_events_step (&e, &rules, 6 * FRAME, 0.9, &here),
      GST_AE_EVENT_UPDATE);
}
GST_END_TEST;

GST_START_TEST (test_a_stop_ends_what_is_on_once_and_time_may_start_anew)
{
  GstAeAnomalyEvents e = { 0 };
  GstAeEventRules rules = { .threshold = 0.5,
    .min_duration = FRAME,
    .hold_time = FRAME,
    .may_begin = TRUE };

  ck_assert_int_eq (gst_ae_anomaly_events_stop (&e), GST_AE_EVENT_NONE);
  gst_ae_anomaly_events_step (&e, &rules, 50 * FRAME, 0.9, &here);
  /* What only rises is no event, and does not go on after the stop. */
  ck_assert_int_eq (gst_ae_anomaly_events_stop (&e), GST_AE_EVENT_NONE);
  ck_assert_int_eq (gst_ae_anomaly_events_step (&e, &rules, 0, 0.9, &here),
      GST_AE_EVENT_NONE);
  ck_assert_int_eq (
      gst_ae_anomaly_events_step (&e, &rules, FRAME, 0.9, &here),
      GST_AE_EVENT_BEGIN);
  ck_assert_int_eq (gst_ae_anomaly_events_stop (&e), GST_AE_EVENT_END);
  ck_assert_int_eq (gst_ae_anomaly_events_stop (&e), GST_AE_EVENT_NONE);
  ck_assert_uint_eq (e.id, 1);
}
GST_END_TEST;

/* Buffers may come with times that go back a little. */
GST_START_TEST (test_time_that_falls_does_no_harm)
{
  GstAeAnomalyEvents e = { 0 };
  GstAeEventRules rules
      = { .threshold = 0.5, .hold_time = FRAME, .may_begin = TRUE };

  gst_ae_anomaly_events_step (&e, &rules, 9 * FRAME, 0.9, &here);
  ck_assert_int_eq (
      gst_ae_anomaly_events_step (&e, &rules, 2 * FRAME, 0.9, &here),
      GST_AE_EVENT_UPDATE);
  ck_assert_int_eq (
      gst_ae_anomaly_events_step (&e, &rules, 3 * FRAME, 0.0, &here),
      GST_AE_EVENT_UPDATE);
  ck_assert_uint_eq (gst_ae_anomaly_events_length (&e), 0);
}
GST_END_TEST;

/* One picture each 100 ms: 0 empty, 1 not, | does not follow; c covered, o open
 * again. */
static const struct {
  const gchar *pictures, *told;
} covers[] = {
  { "1111111111111111", "................" },
  { "0000000000000000", "..........c....." },
  { "1000000000010000", "................" },
  { "0000000000001110", "..........c.o..." },
  { "00000|0000000000", "................" },
  { "000000000000|00010", "..........c.....o." },
  { "10000000000000001000000000000", "...........c....o..........c." },
};

GST_START_TEST (test_a_camera_that_shows_nothing_for_a_second_is_covered)
{
  GstAeCoverWatch w = { 0 };
  GString *found = g_string_new (NULL);
  const gchar *at = covers[__i__].pictures;

  for (guint i = 0; at[i] != '\0'; i++) {
    gboolean changed = FALSE;
    if (at[i] == '|')
      gst_ae_cover_watch_cut (&w);
    else
      changed = gst_ae_cover_watch_step (&w,
          at[i] == '0' ? GST_AE_COVER_CONTRAST - 0.1 : GST_AE_COVER_CONTRAST,
          i * FRAME);
    g_string_append_c (found, !changed ? '.' : w.covered ? 'c' : 'o');
  }
  ck_assert_str_eq (found->str, covers[__i__].told);
  g_string_free (found, TRUE);
}
GST_END_TEST;

static Suite *
anomaly_events_suite (void)
{
  Suite *s = suite_create ("anomaly_events");
  TCase *tc = tcase_create ("events");

  suite_add_tcase (s, tc);
  tcase_add_loop_test (tc, test_scripts, 0, G_N_ELEMENTS (scripts));
  tcase_add_test (tc, test_an_event_knows_its_peak_its_length_and_its_id);
  tcase_add_test (tc, test_nothing_begins_while_it_may_not_but_goes_on);
  tcase_add_test (
      tc, test_a_stop_ends_what_is_on_once_and_time_may_start_anew);
  tcase_add_test (tc, test_time_that_falls_does_no_harm);
  tcase_add_loop_test (tc,
      test_a_camera_that_shows_nothing_for_a_second_is_covered, 0,
      G_N_ELEMENTS (covers));
  return s;
}

GST_CHECK_MAIN (anomaly_events);
