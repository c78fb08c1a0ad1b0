/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_AE_STREAM_END_H
#define GST_AE_STREAM_END_H

/* When a coded stream of known size ends. */

#include <ae/codec.h>
#include <gst/gst.h>

G_BEGIN_DECLS

/* Looks for the last packets of what the sink pad, in pull mode, can read. *end:
 * when the last frame ends. FALSE: that cannot be told. */
gboolean gst_ae_stream_end (GstPad *pad, GstClockTime *end);

G_END_DECLS

#endif
