/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_AE_ERROR_H
#define GST_AE_ERROR_H

/* Engine errors as GStreamer messages. */

#include <ae/types.h>
#include <gst/gst.h>

G_BEGIN_DECLS

/* What was being done when the engine refused: it decides the domain. */
typedef enum {
  GST_AE_READING, /* a model, recipe or checkpoint */
  GST_AE_WRITING, /* a model or checkpoint */
  GST_AE_RUNNING  /* planning, processing, training */
} GstAeActivity;

/* Domain and code for a status: RESOURCE/NOT_FOUND, STREAM/WRONG_TYPE, ... */
void gst_ae_error_code (GstAeActivity activity, const AeError *error,
    GQuark *domain, gint *code);

/* Fills `error` from printf-like arguments, one line, always terminated. */
void gst_ae_error_set (AeError *error, AeStatus status, const gchar *format,
    ...) G_GNUC_PRINTF (3, 4);

/* Puts "path: " before the text unless the text names the path already. */
void gst_ae_error_prefix (AeError *error, const gchar *path);

/* Posts an error or warning message on the element's bus. Never call it with
 * a lock held. */
void gst_ae_post (GstElement *element, GstMessageType type,
    GstAeActivity activity, const AeError *error, const gchar *file,
    const gchar *function, gint line);

#define GST_AE_ERROR(element, activity, error) \
  gst_ae_post (GST_ELEMENT (element), GST_MESSAGE_ERROR, activity, error, \
      __FILE__, GST_FUNCTION, __LINE__)
#define GST_AE_WARNING(element, activity, error) \
  gst_ae_post (GST_ELEMENT (element), GST_MESSAGE_WARNING, activity, error, \
      __FILE__, GST_FUNCTION, __LINE__)

G_END_DECLS

#endif
