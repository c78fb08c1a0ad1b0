/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_VAE_AUGMENT_H
#define GST_VAE_AUGMENT_H

#include <gst/base/gstbasetransform.h>

G_BEGIN_DECLS

#define GST_TYPE_VAE_AUGMENT (gst_vae_augment_get_type ())
G_DECLARE_FINAL_TYPE (
    GstVaeAugment, gst_vae_augment, GST, VAE_AUGMENT, GstBaseTransform)

GST_ELEMENT_REGISTER_DECLARE (vaeaugment);

G_END_DECLS

#endif
