/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "fixedframes.h"

static void
explain (GstBaseSrc *source, const GstCaps *own, const GstCaps *wanted)
{
  gchar *found = gst_caps_to_string (own), *text = gst_caps_to_string (wanted);

  GST_ELEMENT_ERROR (source, CORE, NEGOTIATION,
      ("frames are %s, which what follows does not take: it wants %s; put "
       "videoscale and videoconvert between",
          found, text),
      (NULL));
  g_free (text);
  g_free (found);
}

gboolean
gst_ae_fixed_frames_negotiate (GstBaseSrc *source, GstBaseSrcClass *parent)
{
  GstPad *pad = GST_BASE_SRC_PAD (source);

  if (parent->negotiate (source))
    return TRUE;
  GstCaps *own = gst_pad_query_caps (pad, NULL);
  GstCaps *wanted = gst_pad_peer_query_caps (pad, NULL);
  if (wanted != NULL && !GST_PAD_IS_FLUSHING (pad)
      && !gst_caps_can_intersect (own, wanted))
    explain (source, own, wanted);
  g_clear_pointer (&wanted, gst_caps_unref);
  gst_caps_unref (own);
  return FALSE;
}
