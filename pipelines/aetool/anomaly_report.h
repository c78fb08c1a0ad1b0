/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_ANOMALY_REPORT_H
#define AETOOL_ANOMALY_REPORT_H

/* What a detector reached: for people (Markdown) and for programs (JSON). */

#include "anomaly_figures.h"
#include "json.h"

G_BEGIN_DECLS

/* Of clips. */
typedef struct {
  const GPtrArray *tracks;
  gboolean has_masks;
  double per_hour; /* false alarms that are asked for */
  double ms, rate; /* median of a frame, and frames per second of scoring */
  AnomalyFigures figures[AE_N_CHANNELS];
  double pixels[AE_N_CHANNELS];         /* area over pixels of all frames */
  double pixels_unusual[AE_N_CHANNELS]; /* of unusual frames */
  guint n_generated; /* frames of a generator's; 0: none was given */
  double generated;  /* area of those against as many of the camera's */
} AnomalyReport;

void anomaly_report_print (const AnomalyReport *report);

/* Into the object that is open. */
void anomaly_report_json (Json *json, const AnomalyReport *report);

/* Of pictures: areas by kind of defect, against the good ones. */
typedef struct {
  const char *name; /* of the folder, or "all" */
  guint n;
  double area[AE_N_CHANNELS];
} AnomalyKind;

typedef struct {
  const GArray *kinds; /* of AnomalyKind, "all" is the last */
  guint n_good;
  const GArray *others; /* the same against other normal pictures, the last is
                           the good ones; NULL: there are none */
  guint n_others;
  double per_hour; /* false alarms that are asked for, by which: */
  guint n_found, n_false; /* defects and good ones of at least the threshold */
  gboolean networks; /* FALSE: the channels of networks are empty */
  double ms, rate;
  AnomalyFigures figures[AE_N_CHANNELS]; /* of all */
  double pixels[AE_N_CHANNELS], pixels_unusual[AE_N_CHANNELS];
} AnomalyPicturesReport;

void anomaly_report_print_pictures (const AnomalyPicturesReport *report);
void anomaly_report_json_pictures (
    Json *json, const AnomalyPicturesReport *report);

G_END_DECLS

#endif
