/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_ANOMALY_GENERATED_H
#define AETOOL_ANOMALY_GENERATED_H

/* Whether a detector tells frames that a generator made from those of a
 * camera. */

#include <ae/detector.h>
#include <glib.h>

G_BEGIN_DECLS

typedef struct {
  const char *model, *generator; /* files of detectors */
  const AeDetectorOptions *options;
  GPtrArray *clips; /* of AnomalyClip; labels do not count */
} AnomalyGeneratedTask;

/* The area under the curve, of the frames of the clips as the generator saw
 * them and as it expected each from those before it, by what the detector says
 * of the whole frame. Errors: no such model, one of pictures, what cannot be
 * decoded, too few frames. */
gboolean anomaly_generated_measure (
    const AnomalyGeneratedTask *task, double *area, guint *n, GError **error);

G_END_DECLS

#endif
