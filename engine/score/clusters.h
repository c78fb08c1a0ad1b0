/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_SCORE_CLUSTERS_H
#define AE_SCORE_CLUSTERS_H

/* Scores above a threshold that belong together. */

#include <stddef.h>

/* Scores of runs that do not follow each other. */
typedef struct {
  const float *scores;
  size_t n;
  const size_t *run_lengths; /* add up to n; NULL: one run */
  size_t n_runs;
  double seconds; /* from one score to the next */
} AeRuns;

/* Clusters above `threshold`; their peaks, in order, go to `peaks` unless that
 * is NULL (room for n). A cluster ends with a run and where no score is above
 * for AE_CALIBRATION_GAP, but not between two scores that follow each other. */
size_t ae_clusters (const AeRuns *runs, double threshold, double *peaks);

#endif
