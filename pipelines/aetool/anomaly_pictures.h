/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_ANOMALY_PICTURES_H
#define AETOOL_ANOMALY_PICTURES_H

/* Pictures of good and of defective things: FOLDER/good/ and FOLDER/KIND/ for
 * each kind of defect, with masks, where there are any, in
 * FOLDER/../masks/KIND/NAME.png. */

#include "anomaly_scorer.h"

G_BEGIN_DECLS

/* Whether the folder is laid out so. */
gboolean anomaly_pictures_is_set (const char *folder);

/* Tracks of its kinds, "good" is the first, as an array that frees them.
 * Errors: no such folder, no other kind, what cannot be decoded, masks of
 * another size. */
GPtrArray *anomaly_pictures_score (
    AnomalyScorer *scorer, const char *folder, GError **error);

/* The pictures in a folder itself, as usual ones, with its name. The same
 * errors. */
AnomalyTrack *anomaly_pictures_score_normal (
    AnomalyScorer *scorer, const char *folder, GError **error);

G_END_DECLS

#endif
