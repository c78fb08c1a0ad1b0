/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "score/clusters.h"

#include <ae/calibration.h>

#include <math.h>
#include <stdint.h>

/* Largest distance, in scores, of two that are in one cluster; the gap itself
 * is too far, also where frame rates like 1/30 s round it down. */
static size_t
reach_of (double seconds)
{
  double reach = ceil (AE_CALIBRATION_GAP / seconds * (1 - 1e-9)) - 1;
  return reach < 1 ? 1 : reach < 1e9 ? (size_t) reach : (size_t) 1e9;
}

/* Clusters of one run; peaks from index `found` on. */
static size_t
run_clusters (const float *scores, size_t n, size_t reach, double threshold,
    double *peaks, size_t found)
{
  size_t last = SIZE_MAX;
  for (size_t i = 0; i < n; i++) {
    double score = scores[i];
    if (!(score > threshold))
      continue;
    bool begins = last == SIZE_MAX || i - last > reach;
    found += begins;
    if (peaks && (begins || score > peaks[found - 1]))
      peaks[found - 1] = score;
    last = i;
  }
  return found;
}

size_t
ae_clusters (const AeRuns *runs, double threshold, double *peaks)
{
  size_t reach = reach_of (runs->seconds), found = 0, at = 0;
  if (!runs->run_lengths)
    return run_clusters (
        runs->scores, runs->n, reach, threshold, peaks, 0);
  for (size_t r = 0; r < runs->n_runs; at += runs->run_lengths[r++])
    found = run_clusters (runs->scores + at, runs->run_lengths[r], reach,
        threshold, peaks, found);
  return found;
}
