/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_ANOMALY_TRACK_H
#define AETOOL_ANOMALY_TRACK_H

/* Scores of a clip's frames, or of a folder's pictures, with the truth. */

#include <ae/detector.h>
#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  char *name;
  double seconds;               /* between frames; 0: pictures */
  GArray *score[AE_N_CHANNELS]; /* of float; 0 where not ready */
  GArray *sure;                 /* of float; see AeDetection */
  GByteArray *ready, *unusual;  /* of frames, 0 or 1 */
} AnomalyTrack;

AnomalyTrack *anomaly_track_new (const char *name, double seconds);
void anomaly_track_free (AnomalyTrack *track);
void anomaly_track_add (
    AnomalyTrack *track, const AeDetection *detection, gboolean unusual);

/* Number of frames, and the score of one. */
#define anomaly_track_length(track) ((track)->unusual->len)
#define anomaly_track_score(track, channel, i) \
  g_array_index ((track)->score[channel], float, i)

/* To compare with a calibration: less where it is less sure. */
#define anomaly_track_sure_score(track, channel, i) \
  (g_array_index ((track)->sure, float, i) \
      * anomaly_track_score (track, channel, i))

/* A causal median over half a second, as an array of float: of the frame and
 * those before it. */
GArray *anomaly_track_smooth (const AnomalyTrack *track, AeChannel channel);

/* The end of the run of equal labels that begins at frame `from`. */
guint anomaly_track_run_end (const AnomalyTrack *track, guint from);

G_END_DECLS

#endif
