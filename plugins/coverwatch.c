/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "coverwatch.h"

gboolean
gst_ae_cover_watch_step (
    GstAeCoverWatch *watch, gdouble contrast, GstClockTime time)
{
  gboolean was = watch->covered;

  if (!(contrast < GST_AE_COVER_CONTRAST)) {
    watch->covered = watch->empty = FALSE;
    return was;
  }
  if (!watch->empty) {
    watch->empty = TRUE;
    watch->since = time;
  }
  watch->covered = was || time - watch->since >= GST_AE_COVER_TIME;
  return watch->covered != was;
}

void
gst_ae_cover_watch_cut (GstAeCoverWatch *watch)
{
  watch->empty = FALSE;
}
