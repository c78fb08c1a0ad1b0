/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef GST_AE_TRAIN_SHEET_H
#define GST_AE_TRAIN_SHEET_H

/* Contact sheets of a training, for applications and for people. */

#include "aeerror.h"

#include <ae/recipe_trainer.h>

G_BEGIN_DECLS

/* A copy of the sheet: GRAY8 or RGB. */
GstSample *gst_ae_train_sheet_sample (const AeTrainingSheet *sheet);

/* Writes it as a PNG, replacing what was there whole or not at all. FALSE on
 * failure; the text names the file. */
gboolean gst_ae_train_sheet_write (
    const AeTrainingSheet *sheet, const gchar *path, AeError *error);

G_END_DECLS

#endif
