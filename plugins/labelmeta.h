/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_AE_LABEL_META_H
#define GST_AE_LABEL_META_H

/* What a frame shows, as a custom meta that stays whatever is done to the
 * picture: readable from Python. */

#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_AE_LABEL_META "GstAeLabelMeta"

/* Once, before the first is attached. */
void gst_ae_label_meta_register (void);

/* Fields: #gint `label`, #guint64 `index`: the number of the picture in what it
 * comes from. */
void gst_ae_label_meta_attach (
    GstBuffer *buffer, gint label, guint64 index);

/* FALSE: there is none. */
gboolean gst_ae_label_meta_get (GstBuffer *buffer, gint *label);

G_END_DECLS

#endif
