/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_AE_ZONES_H
#define GST_AE_ZONES_H

/* Named polygons of a picture:
 *
 *   door:0.1,0.2 0.5,0.2 0.5,0.9;road:0,0.6 1,0.6 1,1 0,1
 *
 * Points are x,y as shares of the picture's width and height, three or more
 * to a zone; a point is inside by the even-odd rule. Immutable once parsed. */

#include <ae/types.h>
#include <glib.h>

G_BEGIN_DECLS

typedef struct _GstAeZones GstAeZones;

/* More zones, or points of a zone, than this are refused. */
#define GST_AE_MAX_ZONES 64
#define GST_AE_MAX_ZONE_POINTS 256

/* NULL on failure; the text says what was found where. A NULL text, an empty
 * one and one of blanks are no zones: everything counts. Errors: ARGUMENT. */
GstAeZones *gst_ae_zones_parse (const gchar *text, AeError *error);

/* Sets *zones to NULL; NULL is accepted. */
void gst_ae_zones_free (GstAeZones **zones);

guint gst_ae_zones_count (const GstAeZones *zones);

/* The first zone that holds the point, "" for none; belongs to `zones`. */
const gchar *gst_ae_zones_at (const GstAeZones *zones, gdouble x, gdouble y);

/* Clears to 0 the pixels of width x height bytes whose centres are in no zone.
 * Without zones nothing changes. */
void gst_ae_zones_limit (
    const GstAeZones *zones, guint8 *mask, gint width, gint height);

G_END_DECLS

#endif
