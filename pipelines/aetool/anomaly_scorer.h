/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_ANOMALY_SCORER_H
#define AETOOL_ANOMALY_SCORER_H

/* Runs a detector over what is evaluated. */

#include "anomaly_clips.h"
#include "anomaly_pixels.h"
#include "anomaly_shots.h"
#include "anomaly_track.h"
#include "frames.h"

G_BEGIN_DECLS

typedef struct {
  AeDetector *detector;
  AeImage bound; /* size and kind of pictures */
  int columns, rows;
  gboolean has_masks; /* some frame's pixels were counted */
  AnomalyPixels *pixels[AE_N_CHANNELS];
  AnomalyShots *shots;
  GArray *ms; /* of double: how long each frame took */
} AnomalyScorer;

/* FALSE and an error that names the file when it is no such model. Clear it in
 * any case. */
gboolean anomaly_scorer_init (AnomalyScorer *scorer, const char *model,
    const AeDetectorOptions *options, GError **error);
void anomaly_scorer_clear (AnomalyScorer *scorer);

/* A frame (I420), into `track`. seconds: since the one before, 0 for the
 * first. mask: GRAY8 of the same size, or NULL: pixels are not counted, but all
 * as usual with `blank`. caption, time: of its shot. */
typedef struct {
  const char *path; /* for errors */
  const char *caption;
  const GstVideoFrame *frame, *mask;
  double seconds, time;
  gboolean unusual, blank;
} AnomalyFrame;

gboolean anomaly_score_frame (AnomalyScorer *scorer, AnomalyTrack *track,
    const AnomalyFrame *frame, GError **error);

/* All frames of a clip, from its own beginning. Errors: what cannot be decoded,
 * proportions, labels and masks of another number of frames or another size. */
AnomalyTrack *anomaly_score_clip (
    AnomalyScorer *scorer, const AnomalyClip *clip, GError **error);

G_END_DECLS

#endif
