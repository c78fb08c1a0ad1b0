/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TEST_DENOISE_NET_H
#define AE_TEST_DENOISE_NET_H

/* A denoiser without weights: the plain mean of the frames so far. */

#include <check.h>

#include "graph/build.h"

/* Values of a network that is being built. */
typedef struct {
  int frame, mean, count;
} MeanNet;

/* keep = 1: the plain mean of all frames; 0: the frame as it is. */
static inline MeanNet
mean_net_start (AeBuilder *b, float keep)
{
  ae_builder_start (b, 1);
  int frame = ae_build_input (b, "frame", ae_shape (4, -1, 6, -1, -1));
  int fused = ae_build_input (b, "fused", ae_shape (4, -1, 6, -1, -1));
  int count = ae_build_input (b, "count", ae_shape (4, -1, 1, -1, -1));
  ae_build_input (b, "noise", ae_shape (4, -1, 2, -1, -1));
  int m = ae_build_binary (b, "Mul", count, ae_build_scalar (b, keep));
  int n = ae_build_binary (b, "Add", m, ae_build_scalar (b, 1));
  int sum = ae_build_binary (
      b, "Add", ae_build_binary (b, "Mul", fused, m), frame);
  return (MeanNet) { frame, ae_build_binary (b, "Div", sum, n), n };
}

/* These three values become the outputs. */
static inline AeModel *
mean_net_end (AeBuilder *b, int clean, int fused, int count)
{
  ae_build_output (b, ae_build_unary (b, "Identity", clean), "clean");
  ae_build_output (b, fused, "fused_out");
  ae_build_output (b, count, "count_out");
  if (b->error.status == AE_OK) {
    ae_model_set_meta (b->model, "ae.task", "denoise", &b->error);
    ae_model_set_meta (b->model, "ae.format", "yuv420-s2d", &b->error);
  }
  AeModel *model;
  AeError err;
  if (ae_builder_end (b, &model, &err) != AE_OK)
    ck_abort_msg ("%s", err.text);
  return model;
}

static inline AeModel *
mean_denoiser_new (float keep)
{
  AeBuilder b;
  MeanNet net = mean_net_start (&b, keep);
  return mean_net_end (&b, net.mean, net.mean, net.count);
}

#endif
