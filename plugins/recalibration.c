/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "recalibration.h"

#include "aeerror.h"

#include <string.h>

struct _GstAeRecalibration {
  gdouble wanted, seconds; /* of stream, and how much there is */
  GArray *scores[AE_N_CHANNELS]; /* of float */
  GArray *runs; /* of gsize: how many scores follow each other */
};

GstAeRecalibration *
gst_ae_recalibration_new (guint seconds)
{
  GstAeRecalibration *r = g_new0 (GstAeRecalibration, 1);

  r->wanted = seconds;
  for (int i = 0; i < AE_N_CHANNELS; i++)
    r->scores[i] = g_array_new (FALSE, FALSE, sizeof (float));
  r->runs = g_array_new (FALSE, FALSE, sizeof (gsize));
  return r;
}

void
gst_ae_recalibration_free (GstAeRecalibration **place)
{
  GstAeRecalibration *r = *place;

  *place = NULL;
  if (r == NULL)
    return;
  for (int i = 0; i < AE_N_CHANNELS; i++)
    g_array_unref (r->scores[i]);
  g_array_unref (r->runs);
  g_free (r);
}

guint
gst_ae_recalibration_count (const GstAeRecalibration *r)
{
  return r->scores[0]->len;
}

gboolean
gst_ae_recalibration_add (GstAeRecalibration *r,
    const float scores[AE_N_CHANNELS], gdouble seconds)
{
  if (seconds <= 0 || r->runs->len == 0) {
    gsize none = 0;
    g_array_append_val (r->runs, none);
  }
  g_array_index (r->runs, gsize, r->runs->len - 1)++;
  for (int i = 0; i < AE_N_CHANNELS; i++)
    g_array_append_val (r->scores[i], scores[i]);
  r->seconds += MAX (seconds, 0);
  return r->seconds >= r->wanted
      || gst_ae_recalibration_count (r) >= GST_AE_RECALIBRATION_MOST;
}

gboolean
gst_ae_recalibration_fit (const GstAeRecalibration *r,
    AeCalibration calibration[AE_N_CHANNELS], AeError *error)
{
  AeCalibration fitted[AE_N_CHANNELS];
  guint n = gst_ae_recalibration_count (r);

  if (n < GST_AE_RECALIBRATION_FEWEST || r->seconds <= 0) {
    gst_ae_error_set (error, AE_ERROR_ARGUMENT,
        "recalibration: expected %d scores or more, found %u in %.3g s: the "
        "calibration stays as it was",
        GST_AE_RECALIBRATION_FEWEST, n, r->seconds);
    return FALSE;
  }
  /* Between the scores of each run; a run of one has none. */
  gdouble spacing = r->seconds / MAX (n - r->runs->len, 1);
  for (int i = 0; i < AE_N_CHANNELS; i++)
    if (ae_calibration_fit (&fitted[i], (const float *) r->scores[i]->data, n,
            (const gsize *) r->runs->data, r->runs->len, spacing, error)
        != AE_OK)
      return FALSE;
  memcpy (calibration, fitted, sizeof fitted);
  return TRUE;
}
