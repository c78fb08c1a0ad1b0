/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_IDX_SRC_H
#define GST_IDX_SRC_H

#include <gst/base/gstpushsrc.h>

G_BEGIN_DECLS

#define GST_TYPE_IDX_SRC (gst_idx_src_get_type ())
G_DECLARE_FINAL_TYPE (GstIdxSrc, gst_idx_src, GST, IDX_SRC, GstPushSrc)

GST_ELEMENT_REGISTER_DECLARE (idxsrc);

G_END_DECLS

#endif
