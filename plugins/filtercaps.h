/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_AE_FILTER_CAPS_H
#define GST_AE_FILTER_CAPS_H

/* Which pictures a filter makes of which. */

#include <ae/image_filter.h>
#include <gst/gst.h>

G_BEGIN_DECLS

/* What is on the pad in `direction`'s opposite when `caps` are on that in
 * `direction`. `size` NULL: no model is known yet, and any size is. */
GstCaps *gst_ae_filter_caps (const AeImageFilterSize *size,
    GstPadDirection direction, const GstCaps *caps);

G_END_DECLS

#endif
