/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_AE_JSON_OUTLET_H
#define GST_AE_JSON_OUTLET_H

/* Where an element's JSON lines go, which may change while the stream runs. One
 * thread at a time, but for the count. */

#include <ae/types.h>
#include <gst/gst.h>

G_BEGIN_DECLS

typedef struct _GstAeJsonOutlet GstAeJsonOutlet;

/* Belongs to the element, which posts warnings when writing fails. */
GstAeJsonOutlet *gst_ae_json_outlet_new (GstElement *element);

/* Closes. Sets *outlet to NULL; NULL is accepted. */
void gst_ae_json_outlet_free (GstAeJsonOutlet **outlet);

/* From now on to `location` (see jsonlines.h), or nowhere when that is NULL or
 * empty. What the one before has not written yet is written beside the stream.
 * FALSE: it cannot be opened, and all stays as it was. */
gboolean gst_ae_json_outlet_open (
    GstAeJsonOutlet *outlet, const gchar *location, AeError *error);

gboolean gst_ae_json_outlet_is_open (const GstAeJsonOutlet *outlet);

/* Takes a line without its end; must be open. */
void gst_ae_json_outlet_add (GstAeJsonOutlet *outlet, gchar *line);

/* Writes what waits, for a second at most. */
void gst_ae_json_outlet_close (GstAeJsonOutlet *outlet);

/* Lines that were not, or not wholly, written. Any thread. */
guint64 gst_ae_json_outlet_dropped (GstAeJsonOutlet *outlet);

/* Counts from 0; must not be open. */
void gst_ae_json_outlet_reset (GstAeJsonOutlet *outlet);

G_END_DECLS

#endif
