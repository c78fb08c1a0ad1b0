/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_CALIBRATION_H
#define AE_CALIBRATION_H

/* From scores of normal footage to a threshold that is a promise: so many false
 * alarms per hour. Scores rise and fall slowly, so alarms are counted, not
 * frames: exceedances less than AE_CALIBRATION_GAP apart are one cluster. The
 * tail of the clusters' peaks above a high quantile is a generalised Pareto
 * distribution (Pickands, 1975; peaks over threshold with declustering as in
 * Coles, "An Introduction to Statistical Modeling of Extreme Values", 2001). */

#include <ae/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Seconds. */
#define AE_CALIBRATION_GAP 1.0

#define AE_CALIBRATION_BODY 32

/* Scores: the larger, the less usual. Plain numbers, copied freely. */
typedef struct {
  double hours;      /* of footage seen */
  double start;      /* where the tail begins */
  double rate;       /* clusters per hour above `start` */
  double scale;      /* > 0, of the tail */
  double shape;      /* of the tail; 0: exponential */
  double body[AE_CALIBRATION_BODY + 1]; /* evenly spaced quantiles of all
                                           scores, 0 to 100 % */
} AeCalibration;

/* Fits `n` scores, `seconds` apart, of n_runs runs that do not follow each
 * other; their lengths add up to n. Any finite scores will do, also few,
 * constant or single ones: what they do not tell is taken from what is usual,
 * on the side of fewer alarms. Errors: ARGUMENT (no score, one that is not
 * finite, lengths that do not add up, seconds not above 0), MEMORY. */
AE_API AeStatus ae_calibration_fit (AeCalibration *calibration,
    const float *scores, size_t n, const size_t *run_lengths, size_t n_runs,
    double seconds, AeError *err);

/* False alarms per hour that are to be expected with a threshold at `score`:
 * falls with the score, never 0 for a finite one. */
AE_API double ae_calibration_rate (
    const AeCalibration *calibration, double score);

/* The score with this rate; per_hour > 0. */
AE_API double ae_calibration_threshold (
    const AeCalibration *calibration, double per_hour);

/* per_hour / (per_hour + rate): 0.5 at the threshold, 0 to 1; what the
 * probability is that this is no normal cluster when other ones are as frequent
 * as the false alarms that are asked for. */
AE_API double ae_calibration_probability (
    const AeCalibration *calibration, double score, double per_hour);

/* The score of that probability, its inverse. probability: above 0, below 1. */
AE_API double ae_calibration_score (const AeCalibration *calibration,
    double probability, double per_hour);

/* A line of text that holds the same numbers; at most
 * AE_CALIBRATION_TEXT bytes with its 0. Reading refuses (FORMAT) what is no
 * such text, not finite or not monotonic. */
#define AE_CALIBRATION_TEXT 1024
AE_API void ae_calibration_write (
    const AeCalibration *calibration, char text[AE_CALIBRATION_TEXT]);
AE_API AeStatus ae_calibration_read (
    AeCalibration *calibration, const char *text, AeError *err);

#ifdef __cplusplus
}
#endif

#endif
