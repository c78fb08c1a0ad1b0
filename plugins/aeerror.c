/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "aeerror.h"

#include <errno.h>
#include <string.h>

typedef struct {
  AeStatus status;
  GQuark (*domain) (void);
  gint code;
} Code;

static const Code reading[] = {
  { AE_ERROR_ARGUMENT, gst_resource_error_quark, GST_RESOURCE_ERROR_SETTINGS },
  { AE_ERROR_NOT_FOUND, gst_resource_error_quark,
      GST_RESOURCE_ERROR_NOT_FOUND },
  { AE_ERROR_IO, gst_resource_error_quark, GST_RESOURCE_ERROR_OPEN_READ },
  { AE_ERROR_FORMAT, gst_resource_error_quark, GST_RESOURCE_ERROR_READ },
  { AE_ERROR_LIMIT, gst_resource_error_quark, GST_RESOURCE_ERROR_READ },
  { AE_ERROR_UNSUPPORTED, gst_stream_error_quark,
      GST_STREAM_ERROR_WRONG_TYPE },
  { AE_ERROR_SHAPE, gst_stream_error_quark, GST_STREAM_ERROR_WRONG_TYPE },
  { AE_ERROR_NEEDS_DATA, gst_stream_error_quark,
      GST_STREAM_ERROR_WRONG_TYPE },
  { AE_OK, NULL, 0 },
};

static const Code writing[] = {
  { AE_ERROR_ARGUMENT, gst_resource_error_quark, GST_RESOURCE_ERROR_SETTINGS },
  { AE_ERROR_NOT_FOUND, gst_resource_error_quark,
      GST_RESOURCE_ERROR_OPEN_WRITE },
  { AE_ERROR_IO, gst_resource_error_quark, GST_RESOURCE_ERROR_WRITE },
  { AE_OK, NULL, 0 },
};

static const Code running[] = {
  { AE_ERROR_ARGUMENT, gst_resource_error_quark, GST_RESOURCE_ERROR_SETTINGS },
  { AE_ERROR_SHAPE, gst_stream_error_quark, GST_STREAM_ERROR_WRONG_TYPE },
  { AE_OK, NULL, 0 },
};

static const Code *const codes[] = {
  [GST_AE_READING] = reading,
  [GST_AE_WRITING] = writing,
  [GST_AE_RUNNING] = running,
};

void
gst_ae_error_code (GstAeActivity activity, const AeError *error,
    GQuark *domain, gint *code)
{
  *domain = GST_LIBRARY_ERROR;
  *code = GST_LIBRARY_ERROR_FAILED;
  for (const Code *c = codes[activity]; c->domain != NULL; c++) {
    if (c->status == error->status) {
      *domain = c->domain ();
      *code = c->code;
      break;
    }
  }
  /* The engine has one status for all trouble with files; the text ends with
   * the system's own words for the cause. */
  if (activity == GST_AE_WRITING && error->status == AE_ERROR_IO
      && (strstr (error->text, g_strerror (ENOSPC)) != NULL
          || strstr (error->text, g_strerror (EDQUOT)) != NULL))
    *code = GST_RESOURCE_ERROR_NO_SPACE_LEFT;
}

void
gst_ae_error_set (AeError *error, AeStatus status, const gchar *format, ...)
{
  va_list args;

  error->status = status;
  va_start (args, format);
  g_vsnprintf (error->text, sizeof error->text, format, args);
  va_end (args);
}

void
gst_ae_error_prefix (AeError *error, const gchar *path)
{
  if (strstr (error->text, path) != NULL)
    return;
  gchar *text = g_strdup_printf ("%s: %s", path, error->text);
  g_strlcpy (error->text, text, sizeof error->text);
  g_free (text);
}

void
gst_ae_post (GstElement *element, GstMessageType type, GstAeActivity activity,
    const AeError *error, const gchar *file, const gchar *function, gint line)
{
  GQuark domain;
  gint code;

  gst_ae_error_code (activity, error, &domain, &code);
  /* File names and settings may hold any bytes; messages are UTF-8. */
  gchar *text = g_utf8_make_valid (error->text, -1);
  gst_element_message_full (element, type, domain, code, text,
      g_strdup_printf ("engine %s, status %d", ae_version (), error->status),
      file, function, line);
}
