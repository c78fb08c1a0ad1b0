/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "anomaly_report.h"

#include <math.h>
#include <stdio.h>

static void
print_cell (double value, int decimals)
{
  if (isnan (value))
    printf (" - |");
  else
    printf (" %.*f |", decimals, value);
}

static void
print_ruler (int columns)
{
  printf ("|");
  for (int i = 0; i < columns; i++)
    printf (" --- |");
  printf ("\n");
}

/* Frames, the unusual ones among them, and those that came too early. */
static void
count_frames (
    const GPtrArray *tracks, guint *frames, guint *unusual, guint *early)
{
  *frames = *unusual = *early = 0;
  for (guint i = 0; i < tracks->len; i++) {
    const AnomalyTrack *t = g_ptr_array_index (tracks, i);
    guint length = anomaly_track_length (t);
    *frames += length;
    for (guint k = 0; k < length; k++) {
      *unusual += t->unusual->data[k];
      *early += !t->ready->data[k];
    }
  }
}

static void
print_areas (const AnomalyReport *r)
{
  printf ("| channel | AUC | median of 0.5 s | ready | EER | best F1 | AP |");
  if (r->has_masks)
    printf (" pixel AUC | in unusual frames |");
  printf (" fused less this |\n");
  print_ruler (r->has_masks ? 10 : 8);
  for (int c = 0; c < AE_N_CHANNELS; c++) {
    const AnomalyFigures *f = &r->figures[c];
    printf ("| %s |", ae_channel_name ((AeChannel) c));
    print_cell (f->area, 4);
    print_cell (f->area_smooth, 4);
    print_cell (f->area_ready, 4);
    print_cell (f->equal_error, 4);
    print_cell (f->f1, 4);
    print_cell (f->average_precision, 4);
    if (r->has_masks) {
      print_cell (r->pixels[c], 4);
      print_cell (r->pixels_unusual[c], 4);
    }
    print_cell (
        c == AE_CHANNEL_FUSED ? NAN : r->figures[0].area - f->area, 4);
    printf ("\n");
  }
}

static void
print_events (const AnomalyReport *r)
{
  double seconds = 3600 * r->figures[0].events.usual_hours;
  printf ("\nAt the calibrated threshold for %g false alarms per hour; %.1f s "
          "of usual frames:\n\n"
          "| channel | threshold | events found | median latency, s | false "
          "alarms | per hour |\n",
      r->per_hour, seconds);
  print_ruler (6);
  for (int c = 0; c < AE_N_CHANNELS; c++) {
    const AnomalyEvents *e = &r->figures[c].events;
    printf ("| %s |", ae_channel_name ((AeChannel) c));
    print_cell (e->threshold, 3);
    printf (" %u of %u |", e->n_found, e->n_events);
    print_cell (e->latency, 2);
    printf (" %u |", e->false_alarms);
    print_cell (e->false_per_hour, 1);
    printf ("\n");
  }
}

void
anomaly_report_print (const AnomalyReport *r)
{
  guint frames, unusual, early;
  count_frames (r->tracks, &frames, &unusual, &early);
  printf ("%u clips, %u frames, %u of them unusual, %u before the detector was "
          "ready (score 0; `ready`: without them)\n\n",
      r->tracks->len, frames, unusual, early);
  print_areas (r);
  print_events (r);
  if (r->n_generated > 0)
    printf ("\nFrames that the generator made, against the camera's (%u of "
            "each): AUC %.4f\n",
        r->n_generated, r->generated);
  printf ("\nScoring: %.2f ms a frame (median), %.1f frames/s\n", r->ms,
      r->rate);
}

static void
json_events (Json *json, const AnomalyEvents *e)
{
  json_number (json, "threshold", e->threshold);
  json_number (json, "events", e->n_events);
  json_number (json, "events_found", e->n_found);
  json_number (json, "latency_s", e->latency);
  json_number (json, "false_alarms", e->false_alarms);
  json_number (json, "false_alarms_per_hour", e->false_per_hour);
}

static void
json_areas (Json *json, const AnomalyFigures *f)
{
  json_number (json, "auc", f->area);
  json_number (json, "average_precision", f->average_precision);
  json_number (json, "equal_error", f->equal_error);
  json_number (json, "best_f1", f->f1);
  json_number (json, "best_f1_threshold", f->f1_threshold);
}

void
anomaly_report_json (Json *json, const AnomalyReport *r)
{
  guint frames, unusual, early;
  count_frames (r->tracks, &frames, &unusual, &early);
  json_number (json, "clips", r->tracks->len);
  json_number (json, "frames", frames);
  json_number (json, "unusual_frames", unusual);
  json_number (json, "not_ready_frames", early);
  json_number (json, "asked_false_alarms_per_hour", r->per_hour);
  json_number (json, "usual_hours", r->figures[0].events.usual_hours);
  json_number (json, "median_ms", r->ms);
  json_number (json, "frames_per_second", r->rate);
  if (r->n_generated > 0) {
    json_number (json, "generated_frames", r->n_generated);
    json_number (json, "generated_auc", r->generated);
  }
  json_open (json, "channels", '{');
  for (int c = 0; c < AE_N_CHANNELS; c++) {
    const AnomalyFigures *f = &r->figures[c];
    json_open (json, ae_channel_name ((AeChannel) c), '{');
    json_areas (json, f);
    json_number (json, "auc_median_half_second", f->area_smooth);
    json_number (json, "auc_ready", f->area_ready);
    json_number (json, "pixel_auc", r->pixels[c]);
    json_number (json, "pixel_auc_unusual_frames", r->pixels_unusual[c]);
    json_number (json, "fused_less_this", r->figures[0].area - f->area);
    json_events (json, &f->events);
    json_close (json, '{');
  }
  json_close (json, '{');
}

/* Pictures have no motion. */
static gboolean
is_shown (const AnomalyPicturesReport *r, int channel)
{
  if (channel == AE_CHANNEL_FUSED || channel == AE_CHANNEL_LATENT)
    return TRUE;
  return channel != AE_CHANNEL_MOTION && r->networks;
}

static void
print_kinds (const AnomalyPicturesReport *r, const GArray *kinds)
{
  int columns = 0;
  printf ("| defect | pictures |");
  for (int c = 0; c < AE_N_CHANNELS; c++)
    if (is_shown (r, c)) {
      printf (" %s |", ae_channel_name ((AeChannel) c));
      columns++;
    }
  printf ("\n");
  print_ruler (columns + 2);
  for (guint k = 0; k < kinds->len; k++) {
    const AnomalyKind *kind = &g_array_index (kinds, AnomalyKind, k);
    printf ("| %s | %u |", kind->name, kind->n);
    for (int c = 0; c < AE_N_CHANNELS; c++)
      if (is_shown (r, c))
        print_cell (kind->area[c], 4);
    printf ("\n");
  }
}

void
anomaly_report_print_pictures (const AnomalyPicturesReport *r)
{
  printf ("AUC against %u good pictures\n\n", r->n_good);
  print_kinds (r, r->kinds);
  if (r->others) {
    printf ("\nAUC against %u other normal pictures; good ones against them "
            "should be near 0.5\n\n",
        r->n_others);
    print_kinds (r, r->others);
  }
  printf ("\n| channel | EER | best F1 | AP | pixel AUC | in unusual ones |\n");
  print_ruler (6);
  for (int c = 0; c < AE_N_CHANNELS; c++) {
    if (!is_shown (r, c))
      continue;
    printf ("| %s |", ae_channel_name ((AeChannel) c));
    print_cell (r->figures[c].equal_error, 4);
    print_cell (r->figures[c].f1, 4);
    print_cell (r->figures[c].average_precision, 4);
    print_cell (r->pixels[c], 4);
    print_cell (r->pixels_unusual[c], 4);
    printf ("\n");
  }
  printf ("\nAt the calibrated threshold for %g false alarms per hour: %u of "
          "%u defects found, %u of %u good pictures are false alarms\n",
      r->per_hour, r->n_found,
      g_array_index (r->kinds, AnomalyKind, r->kinds->len - 1).n, r->n_false,
      r->n_good);
  printf ("\nScoring: %.2f ms a picture (median), %.1f pictures/s\n", r->ms,
      r->rate);
}

static void
json_kinds (Json *json, const AnomalyPicturesReport *r, const char *name,
    const GArray *kinds)
{
  json_open (json, name, '{');
  for (guint k = 0; k < kinds->len; k++) {
    const AnomalyKind *kind = &g_array_index (kinds, AnomalyKind, k);
    json_open (json, kind->name, '{');
    json_number (json, "pictures", kind->n);
    for (int c = 0; c < AE_N_CHANNELS; c++)
      if (is_shown (r, c))
        json_number (json, ae_channel_name ((AeChannel) c), kind->area[c]);
    json_close (json, '{');
  }
  json_close (json, '{');
}

void
anomaly_report_json_pictures (Json *json, const AnomalyPicturesReport *r)
{
  json_number (json, "good", r->n_good);
  json_number (json, "asked_false_alarms_per_hour", r->per_hour);
  json_number (json, "found", r->n_found);
  json_number (json, "false_alarms", r->n_false);
  json_number (json, "median_ms", r->ms);
  json_number (json, "pictures_per_second", r->rate);
  json_kinds (json, r, "kinds", r->kinds);
  if (r->others) {
    json_number (json, "other_normal", r->n_others);
    json_kinds (json, r, "kinds_against_other_normal", r->others);
  }
  json_open (json, "channels", '{');
  for (int c = 0; c < AE_N_CHANNELS; c++) {
    if (!is_shown (r, c))
      continue;
    json_open (json, ae_channel_name ((AeChannel) c), '{');
    json_areas (json, &r->figures[c]);
    json_number (json, "pixel_auc", r->pixels[c]);
    json_number (json, "pixel_auc_unusual", r->pixels_unusual[c]);
    json_close (json, '{');
  }
  json_close (json, '{');
}
