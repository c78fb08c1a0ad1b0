/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_AE_TRAIN_H
#define GST_AE_TRAIN_H

#include <gst/base/gstbasetransform.h>

G_BEGIN_DECLS

#define GST_TYPE_AE_TRAIN (gst_ae_train_get_type ())
G_DECLARE_FINAL_TYPE (
    GstAeTrain, gst_ae_train, GST, AE_TRAIN, GstBaseTransform)

GST_ELEMENT_REGISTER_DECLARE (aetrain);

G_END_DECLS

#endif
