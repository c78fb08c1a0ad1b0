/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_AE_GENERATED_META_H
#define GST_AE_GENERATED_META_H

/* Says that a frame does not come from a camera, as a custom meta that stays
 * whatever is done to the picture: readable from Python. */

#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_AE_GENERATED_META "GstAeGeneratedMeta"

/* Once, before the first is attached. */
void gst_ae_generated_meta_register (void);

/* Fields: string `element`, that made it; string `model`: the model's id; string
 * `mode`; #guint64 `seed` and `index`: of the draw. */
typedef struct {
  const gchar *element, *model, *mode;
  guint64 seed, index;
} GstAeGenerated;

void gst_ae_generated_meta_attach (
    GstBuffer *buffer, const GstAeGenerated *generated);

G_END_DECLS

#endif
