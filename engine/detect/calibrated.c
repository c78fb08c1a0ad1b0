/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <ae/detector.h>

#include "detect/facts.h"
#include "graph/model.h"
#include "util/error.h"

AeStatus
ae_detector_calibrated_model (AeModel **out, const AeModel *model,
    const AeCalibration calibration[AE_N_CHANNELS], AeError *err)
{
  AeFacts facts;
  *out = NULL;
  AeStatus status = ae_facts_read (&facts, model, err);
  if (status != AE_OK)
    return status;
  ae_facts_clear (&facts);
  status = ae_model_copy (out, model, err);
  for (int i = 0; status == AE_OK && i < AE_N_CHANNELS; i++) {
    char key[AE_CALIBRATION_KEY], text[AE_CALIBRATION_TEXT];
    ae_facts_calibration_key ((AeChannel) i, key);
    ae_calibration_write (&calibration[i], text);
    status = ae_model_set_meta (*out, key, text, err);
  }
  if (status == AE_OK)
    status = ae_model_seal (*out, err);
  if (status != AE_OK)
    ae_model_unref (out);
  return status;
}
