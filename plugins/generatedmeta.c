/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "generatedmeta.h"

void
gst_ae_generated_meta_register (void)
{
  static gsize once;
  static const gchar *tags[] = { NULL };

  if (g_once_init_enter (&once)) {
    /* a program may have a copy of this of its own */
    if (gst_meta_get_info (GST_AE_GENERATED_META) == NULL)
      gst_meta_register_custom (GST_AE_GENERATED_META, tags, NULL, NULL, NULL);
    g_once_init_leave (&once, 1);
  }
}

void
gst_ae_generated_meta_attach (
    GstBuffer *buffer, const GstAeGenerated *generated)
{
  GstCustomMeta *meta
      = gst_buffer_add_custom_meta (buffer, GST_AE_GENERATED_META);

  if (meta != NULL)
    gst_structure_set (gst_custom_meta_get_structure (meta), "element",
        G_TYPE_STRING, generated->element, "model", G_TYPE_STRING,
        generated->model, "mode", G_TYPE_STRING, generated->mode, "seed",
        G_TYPE_UINT64, generated->seed, "index", G_TYPE_UINT64,
        generated->index, NULL);
}
