/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_AE_PRECISION_H
#define GST_AE_PRECISION_H

/* The property `precision` of elements that run a model. */

#include <ae/cpu.h>
#include <gst/gst.h>

G_BEGIN_DECLS

#define GST_TYPE_AE_PRECISION (gst_ae_precision_get_type ())
GType gst_ae_precision_get_type (void); /* an enum of AePrecision */

GParamSpec *gst_ae_precision_spec (GParamFlags flags);

G_END_DECLS

#endif
