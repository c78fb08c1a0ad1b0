/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "labelmeta.h"

void
gst_ae_label_meta_register (void)
{
  static gsize once;
  static const gchar *tags[] = { NULL };

  if (g_once_init_enter (&once)) {
    /* a program may have a copy of this of its own */
    if (gst_meta_get_info (GST_AE_LABEL_META) == NULL)
      gst_meta_register_custom (GST_AE_LABEL_META, tags, NULL, NULL, NULL);
    g_once_init_leave (&once, 1);
  }
}

void
gst_ae_label_meta_attach (GstBuffer *buffer, gint label, guint64 index)
{
  GstCustomMeta *meta = gst_buffer_add_custom_meta (buffer, GST_AE_LABEL_META);

  if (meta != NULL)
    gst_structure_set (gst_custom_meta_get_structure (meta), "label",
        G_TYPE_INT, label, "index", G_TYPE_UINT64, index, NULL);
}

gboolean
gst_ae_label_meta_get (GstBuffer *buffer, gint *label)
{
  GstCustomMeta *meta = gst_buffer_get_custom_meta (buffer, GST_AE_LABEL_META);

  return meta != NULL
         && gst_structure_get_int (
             gst_custom_meta_get_structure (meta), "label", label);
}
