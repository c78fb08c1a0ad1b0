/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_ANOMALY_PIXELS_H
#define AETOOL_ANOMALY_PIXELS_H

/* How well scores of cells part unusual pixels from usual ones: the area under
 * the curve over all pixels, of which there are too many to keep. They are
 * counted in bins whose borders are 0.2 % apart. */

#include <glib.h>

G_BEGIN_DECLS

typedef struct AnomalyPixels AnomalyPixels;

AnomalyPixels *anomaly_pixels_new (void);
void anomaly_pixels_free (AnomalyPixels *pixels);

/* A frame: rows x columns scores of cells, between whose middles pixels have
 * what lies on a straight line, and for each pixel whether it is unusual (above
 * 127). grid: NULL stands for 0 all over. */
void anomaly_pixels_add (AnomalyPixels *pixels, const float *grid, int columns,
    int rows, const guint8 *mask, int width, int height, gsize stride);

/* NaN when there are no unusual or no usual ones. `unusual_frames`: of frames
 * with some unusual pixel only. */
double anomaly_pixels_area (
    const AnomalyPixels *pixels, gboolean unusual_frames);

G_END_DECLS

#endif
