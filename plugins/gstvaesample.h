/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_VAE_SAMPLE_H
#define GST_VAE_SAMPLE_H

#include <gst/base/gstpushsrc.h>

G_BEGIN_DECLS

#define GST_TYPE_VAE_SAMPLE (gst_vae_sample_get_type ())
G_DECLARE_FINAL_TYPE (GstVaeSample, gst_vae_sample, GST, VAE_SAMPLE, GstPushSrc)

GST_ELEMENT_REGISTER_DECLARE (vaesample);

G_END_DECLS

#endif
