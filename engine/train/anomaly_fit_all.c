/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Nothing is fitted yet. */
#include "train/anomaly_fit.h"

AeStatus
ae_anomaly_fit (AeAnomalyFit *fit, AeFootage *footage, AeModel *net,
    const AeRecipe *recipe, const atomic_bool *cancel, AeError *err)
{
  (void) fit;
  (void) net;
  (void) recipe;
  if (atomic_load (cancel))
    return ae_fail (err, AE_ERROR_CANCELLED, "fitting was cancelled");
  if (ae_footage_n_frames (footage) == 0)
    return ae_fail (
        err, AE_ERROR_NEEDS_DATA, "no footage to fit a detector to");
  return AE_OK;
}
