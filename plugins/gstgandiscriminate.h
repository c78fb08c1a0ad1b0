/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_GAN_DISCRIMINATE_H
#define GST_GAN_DISCRIMINATE_H

#include <gst/base/gstbasetransform.h>

G_BEGIN_DECLS

#define GST_TYPE_GAN_DISCRIMINATE (gst_gan_discriminate_get_type ())
G_DECLARE_FINAL_TYPE (GstGanDiscriminate, gst_gan_discriminate, GST,
    GAN_DISCRIMINATE, GstBaseTransform)
GST_ELEMENT_REGISTER_DECLARE (gandiscriminate)

G_END_DECLS

#endif
