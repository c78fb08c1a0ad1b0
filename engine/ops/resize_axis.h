/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_OPS_RESIZE_AXIS_H
#define AE_OPS_RESIZE_AXIS_H

/* Resampling of one axis: which input samples make an output sample, and with
 * which weights. Follows the ONNX operator Resize. */

#include "tensor/tensor.h"

typedef enum { AE_NEAREST, AE_LINEAR, AE_CUBIC } AeResizeMode;

typedef enum {
  AE_HALF_PIXEL,
  AE_HALF_PIXEL_SYMMETRIC,
  AE_PYTORCH_HALF_PIXEL,
  AE_ALIGN_CORNERS,
  AE_ASYMMETRIC,
  AE_TF_HALF_PIXEL,
  AE_TF_CROP_AND_RESIZE
} AeResizeCoordinates;

typedef enum {
  AE_ROUND_PREFER_FLOOR,
  AE_ROUND_PREFER_CEIL,
  AE_FLOOR,
  AE_CEIL,
  /* floor when growing, ceil when shrinking: before opset 11 */
  AE_SIMPLE
} AeResizeRounding;

/* How to resample; the same for all axes. */
typedef struct {
  AeResizeMode mode;
  AeResizeCoordinates coordinates;
  AeResizeRounding rounding;
  float cubic_a;
  bool exclude_outside, antialias;
} AeResizeKind;

typedef struct {
  int64_t in, out;
  double scale;      /* output samples per input sample */
  double roi[2];     /* tf_crop_and_resize: normalised begin and end */
} AeResizeAxis;

/* Output sample o is the sum over t of weight[o * taps + t] times input
 * index[o * taps + t]. Where crop-and-resize looks outside of the input,
 * outside[o] is set and all weights are 0. */
typedef struct {
  int64_t in, out, taps;
  int32_t *index;
  float *weight;
  bool *outside;
} AeResizeTaps;

/* AE_ERROR_MEMORY, AE_ERROR_LIMIT for absurdly many taps. */
AeStatus ae_resize_taps (const AeResizeKind *kind, const AeResizeAxis *axis,
    AeResizeTaps *taps, AeError *err);
void ae_resize_taps_clear (AeResizeTaps *taps);

/* The input sample that is nearest to output sample o; -1 outside. */
int64_t ae_resize_nearest (
    const AeResizeKind *kind, const AeResizeAxis *axis, int64_t o);

#endif
