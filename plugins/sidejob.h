/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_AE_SIDE_JOB_H
#define GST_AE_SIDE_JOB_H

/* One function at a time in a thread beside the stream, which looks whether it
 * is done, or waits for it, but not for long. All calls from one thread. */

#include <glib.h>

G_BEGIN_DECLS

typedef struct _GstAeSideJob GstAeSideJob;
typedef void (*GstAeSideJobFunction) (gpointer data);

/* The thread starts with the first function. */
GstAeSideJob *gst_ae_side_job_new (void);

/* Waits for what runs. Sets *job to NULL; NULL is accepted. */
void gst_ae_side_job_free (GstAeSideJob **job);

/* Runs function (data); nothing may run. Without a thread it runs at once. */
void gst_ae_side_job_start (
    GstAeSideJob *job, GstAeSideJobFunction function, gpointer data);

/* Waits until monotonic time `until` in us (0: does not wait; -1: for as long
 * as it takes). TRUE when nothing runs (any more). */
gboolean gst_ae_side_job_wait (GstAeSideJob *job, gint64 until);

G_END_DECLS

#endif
