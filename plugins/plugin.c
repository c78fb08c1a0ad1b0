/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "aecodecs.h"
#include "gstaedecode.h"
#include "gstaeencode.h"
#include "gstaefilter.h"
#include "gstaeparse.h"
#include "gstaetrain.h"
#include "gstdenoise.h"
#include "gstgandiscriminate.h"
#include "gstidxsrc.h"
#include "gstvaeaugment.h"
#include "gstvaesample.h"

/* One line per element. Nothing starts here: the plugin scanner runs it. */
static gboolean
plugin_init (GstPlugin *plugin)
{
  gboolean registered = FALSE;

  registered |= GST_ELEMENT_REGISTER (aedecode, plugin);
  registered |= GST_ELEMENT_REGISTER (aeencode, plugin);
  registered |= GST_ELEMENT_REGISTER (aefilter, plugin);
  registered |= GST_ELEMENT_REGISTER (aeparse, plugin);
  registered |= gst_ae_codec_register_typefind (plugin);
  registered |= GST_ELEMENT_REGISTER (aetrain, plugin);
  registered |= GST_ELEMENT_REGISTER (denoise, plugin);
  registered |= GST_ELEMENT_REGISTER (gandiscriminate, plugin);
  registered |= GST_ELEMENT_REGISTER (idxsrc, plugin);
  registered |= GST_ELEMENT_REGISTER (vaeaugment, plugin);
  registered |= GST_ELEMENT_REGISTER (vaesample, plugin);
  return registered;
}

GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, autoencoder,
    "Autoencoders for video: denoising, coding, finding what is unusual, "
    "training on your own footage",
    plugin_init, PACKAGE_VERSION, GST_LICENSE, PACKAGE, GST_PACKAGE_ORIGIN)
