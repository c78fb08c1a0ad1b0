/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_AE_FILTER_H
#define GST_AE_FILTER_H

#include <gst/video/gstvideofilter.h>

G_BEGIN_DECLS

#define GST_TYPE_AE_FILTER (gst_ae_filter_get_type ())
G_DECLARE_FINAL_TYPE (GstAeFilter, gst_ae_filter, GST, AE_FILTER,
    GstVideoFilter)

GST_ELEMENT_REGISTER_DECLARE (aefilter);

G_END_DECLS

#endif
