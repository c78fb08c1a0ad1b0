/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_ANOMALY_SHOTS_H
#define AETOOL_ANOMALY_SHOTS_H

/* The frames with the highest scores, for a sheet with what the scores of the
 * cells look like and the truth beside it. Of each clip three at most, two
 * seconds or more apart. */

#include "frames.h"

G_BEGIN_DECLS

typedef struct AnomalyShots AnomalyShots;

AnomalyShots *anomaly_shots_new (void);
void anomaly_shots_free (AnomalyShots *shots);

/* Whether the frame at `time` (seconds in the clip) would be kept. */
gboolean anomaly_shots_want (
    const AnomalyShots *shots, float score, double time);

typedef struct {
  const char *caption; /* "01 12.3 S" */
  float score;
  double time;
  const float *grid; /* rows x columns scores of cells */
  int columns, rows;
  const GstVideoFrame *frame;
  const GstVideoFrame *truth; /* GRAY8; NULL: not known */
} AnomalyShot;

/* One that is wanted; what is kept is copied. */
void anomaly_shots_add (AnomalyShots *shots, const AnomalyShot *shot);

void anomaly_shots_end_clip (AnomalyShots *shots);

/* Cells of score `threshold` are half as red as the reddest. Nothing is written
 * when nothing was kept. */
gboolean anomaly_shots_save (const AnomalyShots *shots, double threshold,
    const char *path, GError **error);

G_END_DECLS

#endif
