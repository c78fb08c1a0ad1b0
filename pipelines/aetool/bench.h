/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_BENCH_H
#define AETOOL_BENCH_H

/* How fast a model runs, here and in onnxruntime. */

#include <ae/session.h>

#include "ort.h"

G_BEGIN_DECLS

typedef struct {
  int threads, runs, rounds;
  AePrecision precision;
  gboolean no_strips;
  const char *node_path; /* onnxruntime's; NULL: not compared */
  gboolean no_peers;     /* nor with torch */
  const char *chart;     /* file for a picture of the ratios, or NULL */
} BenchOptions;

typedef struct {
  double median_ms, min_ms;
  OrtResult ort;     /* median_ms is NaN where it was not measured */
  double difference; /* largest of the first output's, by the largest value of
                        onnxruntime's; NaN: not compared */
  AeSessionInfo info;
} BenchResult;

/* Sorts the values; n > 0. */
double bench_median (double *values, int n);

typedef struct Bench Bench;

/* A session of the model in the file `path`, bound for pictures of that
 * size. NULL: see err. */
Bench *bench_new (AeModel *model, const char *path, int width, int height,
    const BenchOptions *options, AeError *err);
void bench_free (Bench *bench);

/* Medians of `runs` runs, and of `rounds` in which both engines take turns.
 * FALSE: onnxruntime failed, the own figures are there. */
gboolean bench_run (Bench *bench, BenchResult *result, GError **error);

/* "name=1x3x480x640,..." */
const char *bench_shapes (const Bench *bench);

/* Times each step once; the session has the times. */
const AeSession *bench_profile (Bench *bench);

/* Median time of an I420 frame of a moving, noisy stream through all of the
 * denoiser: conversion, noise estimate, motion, network. NaN: no denoiser. */
double bench_stream (AeModel *model, int width, int height,
    const BenchOptions *options);

G_END_DECLS

#endif
