/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "jsonoutlet.h"

#include "aeerror.h"
#include "jsonlines.h"

struct _GstAeJsonOutlet {
  GstElement *element;
  GMutex lock;           /* the count may be asked for while lines change */
  GstAeJsonLines *lines; /* NULL = not open */
  guint64 dropped;       /* of earlier ones */
};

GstAeJsonOutlet *
gst_ae_json_outlet_new (GstElement *element)
{
  GstAeJsonOutlet *o = g_new0 (GstAeJsonOutlet, 1);

  o->element = element;
  g_mutex_init (&o->lock);
  return o;
}

void
gst_ae_json_outlet_free (GstAeJsonOutlet **outlet)
{
  if (*outlet == NULL)
    return;
  gst_ae_json_outlet_close (*outlet);
  g_mutex_clear (&(*outlet)->lock);
  g_clear_pointer (outlet, g_free);
}

/* From the writer's thread. */
static void
on_trouble (gpointer user, const AeError *error)
{
  GST_AE_WARNING (user, GST_AE_WRITING, error);
}

typedef struct {
  GstElement *element; /* which the writer's troubles are told to */
  GstAeJsonLines *lines;
} Closing;

static gpointer
close_main (gpointer data)
{
  Closing *closing = data;

  gst_ae_json_lines_free (&closing->lines);
  gst_object_unref (closing->element);
  g_free (closing);
  return NULL;
}

/* Beside the stream: it may take a second to write what waits. */
static void
close_beside (GstAeJsonOutlet *o, GstAeJsonLines *lines)
{
  Closing *closing = g_new (Closing, 1);

  *closing = (Closing){ gst_object_ref (o->element), lines };
  GThread *thread = g_thread_try_new ("json-close", close_main, closing, NULL);
  if (thread != NULL)
    g_thread_unref (thread);
  else
    close_main (closing);
}

/* Returns the ones before, or NULL. */
static GstAeJsonLines *
exchange (GstAeJsonOutlet *o, GstAeJsonLines *lines)
{
  g_mutex_lock (&o->lock);
  GstAeJsonLines *older = o->lines;
  o->lines = lines;
  if (older != NULL)
    o->dropped += gst_ae_json_lines_dropped (older);
  g_mutex_unlock (&o->lock);
  return older;
}

gboolean
gst_ae_json_outlet_open (
    GstAeJsonOutlet *o, const gchar *location, AeError *error)
{
  GstAeJsonLines *lines = NULL;

  if (location != NULL && location[0] != '\0') {
    lines = gst_ae_json_lines_new (location, on_trouble, o->element, error);
    if (lines == NULL)
      return FALSE;
  }
  GstAeJsonLines *older = exchange (o, lines);
  if (older != NULL)
    close_beside (o, older);
  return TRUE;
}

gboolean
gst_ae_json_outlet_is_open (const GstAeJsonOutlet *o)
{
  return o->lines != NULL;
}

void
gst_ae_json_outlet_add (GstAeJsonOutlet *o, gchar *line)
{
  gst_ae_json_lines_add (o->lines, line);
}

void
gst_ae_json_outlet_close (GstAeJsonOutlet *o)
{
  GstAeJsonLines *lines = exchange (o, NULL);

  gst_ae_json_lines_free (&lines);
}

guint64
gst_ae_json_outlet_dropped (GstAeJsonOutlet *o)
{
  g_mutex_lock (&o->lock);
  guint64 dropped = o->dropped;
  if (o->lines != NULL)
    dropped += gst_ae_json_lines_dropped (o->lines);
  g_mutex_unlock (&o->lock);
  return dropped;
}

void
gst_ae_json_outlet_reset (GstAeJsonOutlet *o)
{
  g_mutex_lock (&o->lock);
  o->dropped = 0;
  g_mutex_unlock (&o->lock);
}
