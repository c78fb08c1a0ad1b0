/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_VIDEO_FLOW_REFINE_H
#define AE_VIDEO_FLOW_REFINE_H

/* Smooths a flow field where the pictures allow it: a few steps towards the
 * least of
 *   5 |brightness differs| + 10 |gradients differ| + 20 |gradient of the flow|,
 * the first two in units of the gradients' size (Brox et al., "High accuracy
 * optical flow estimation based on a theory for warping", ECCV 2004; Zimmer et
 * al., "Optic flow in harmony", 2011; weights of Kroeger et al., 2016). */

#include <stddef.h>

typedef struct AeFlowRefiner AeFlowRefiner;

/* For fields of up to width x height; NULL when memory runs out. */
AeFlowRefiner *ae_flow_refiner_new (int width, int height, int n_threads);
void ae_flow_refiner_free (AeFlowRefiner **refiner);

/* Pictures have a margin of `margin` pixels of replicated edges. */
typedef struct {
  int width, height, margin;
  const float *now, *before; /* top left pixels */
  ptrdiff_t stride;
  float *u, *v; /* width x height: what is now at x was at x + u */
} AeFlowLevel;

/* Does not depend on the number of threads. */
void ae_flow_refine (AeFlowRefiner *refiner, const AeFlowLevel *level);

#endif
