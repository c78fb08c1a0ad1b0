/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_AE_FIXED_FRAMES_H
#define GST_AE_FIXED_FRAMES_H

/* What sources share whose frames have a size and format of their own. */

#include <gst/base/gstbasesrc.h>

G_BEGIN_DECLS

/* Negotiates as the parent class does. Where that fails because what follows
 * does not take such frames, an error message says what they are and what was
 * wanted. */
gboolean gst_ae_fixed_frames_negotiate (
    GstBaseSrc *source, GstBaseSrcClass *parent);

G_END_DECLS

#endif
