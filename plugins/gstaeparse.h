/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_AE_PARSE_H
#define GST_AE_PARSE_H

#include <gst/base/gstbaseparse.h>

G_BEGIN_DECLS

#define GST_TYPE_AE_PARSE (gst_ae_parse_get_type ())
G_DECLARE_FINAL_TYPE (GstAeParse, gst_ae_parse, GST, AE_PARSE, GstBaseParse)

GST_ELEMENT_REGISTER_DECLARE (aeparse);

G_END_DECLS

#endif
