/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_DENOISE_H
#define GST_DENOISE_H

#include <gst/video/gstvideofilter.h>

G_BEGIN_DECLS

#define GST_TYPE_DENOISE (gst_denoise_get_type ())
G_DECLARE_FINAL_TYPE (GstDenoise, gst_denoise, GST, DENOISE, GstVideoFilter)

GST_ELEMENT_REGISTER_DECLARE (denoise);

G_END_DECLS

#endif
