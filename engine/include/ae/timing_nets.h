/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TIMING_NETS_H
#define AE_TIMING_NETS_H

/* Networks of the kinds that run on video, with random weights: to measure
 * how fast engines are, not to be used. */

#include <ae/model.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  const char *name;    /* "ffdnet", ... */
  const char *summary; /* one line */
} AeTimingNet;

/* All of them, ended by a name of NULL. */
AE_API const AeTimingNet *ae_timing_nets (void);

/* Makes one for `batch` inputs at a time (-1: leaves that open). Height and
 * width are open where a network takes any. *out holds a new reference, or
 * NULL on failure. Errors: NOT_FOUND (no such name), MEMORY. */
AE_API AeStatus ae_timing_net_new (
    AeModel **out, const char *name, int batch, AeError *err);

/* A chain of `layers` 3x3 convolutions with ReLU, all of the same number of
 * channels, on pictures of any size. *out holds a new reference, or NULL on
 * failure. Errors: MEMORY. */
AE_API AeStatus ae_timing_chain_new (
    AeModel **out, int batch, int channels, int layers, AeError *err);

#ifdef __cplusplus
}
#endif

#endif
