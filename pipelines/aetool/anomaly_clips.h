/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_ANOMALY_CLIPS_H
#define AETOOL_ANOMALY_CLIPS_H

/* Clips of a camera and what is known of them, by the files beside them:
 * NAME.mkv, NAME.labels.txt (a line for each frame, 0 or 1 = unusual) and
 * NAME.mask.mkv (the same frames, white where something is unusual). */

#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  char *name;         /* no two have the same */
  char *uri;
  char *mask_uri;     /* NULL: none */
  char *labels_path;  /* NULL: none */
  GByteArray *labels; /* of frames; NULL: none */
} AnomalyClip;

/* Of files, folders, patterns and URIs, masks left out, as an array that frees
 * them. FALSE and an error that names the file when there are none, or labels
 * are none. */
GPtrArray *anomaly_clips (char **inputs, int n, GError **error);

G_END_DECLS

#endif
