/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TUNING_H
#define AE_TUNING_H

/* Measures whether the engine's choice between its methods of convolution is
 * right on this machine. */

#include <ae/cpu.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A convolution and the ms it takes in one thread with each method. */
typedef struct {
  int ic, oc, height, width, kernel, stride;
  double ms[3]; /* sums over taps, F(4x4,3x3), F(6x6,3x3); HUGE_VAL: cannot */
  int chosen;   /* index of the engine's choice */
  int tuned;    /* of that with the costs below */
} AeTunedShape;

/* The table's line for the level in use, measured. `loss` and `tuned_loss`:
 * mean of time over least time, minus 1, with the engine's costs and these. */
typedef struct {
  AeTunedShape *shapes;
  int n_shapes;
  double in[2], out[2];
  double loss, tuned_loss;
} AeTuning;

/* Takes some seconds; calls progress (may be NULL) with 0..1 on the way. *out
 * is freed with ae_tuning_free. Errors: MEMORY. */
AE_API AeStatus ae_tuning_new (AeTuning **out,
    void (*progress) (double fraction, void *user), void *user, AeError *err);
AE_API void ae_tuning_free (AeTuning **tuning);

#ifdef __cplusplus
}
#endif

#endif
