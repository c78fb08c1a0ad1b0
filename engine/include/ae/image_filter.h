/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_IMAGE_FILTER_H
#define AE_IMAGE_FILTER_H

/* Runs any model that makes a picture of a picture on pictures of any kind
 * and size. One filter is used by one thread at a time. Usable without
 * GStreamer; the `aefilter` element wraps it.
 *
 * The model has one input (1,C,H,W) of f32, C = 1 (grey) or 3 (R, G, B), and
 * its first output is (1,C,H',W'). Where it leaves H and W open, H' and W' are
 * whole multiples of them, and pictures go in at their own size, with mirrored
 * margins where the graph needs sides that are multiples of something. Where
 * it fixes them, pictures are scaled to its size and results back. A grey
 * model changes the luma of colour pictures. */

#include <ae/cpu.h>
#include <ae/image.h>
#include <ae/model.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct AeImageFilter AeImageFilter;

/* The numbers of a tensor that mean black and white. */
typedef enum {
  /* As the model's metadata says ("ae.input_range", "ae.output_range": 0-1,
   * -1-1 or 0-255); without that input 0..1, and output as input. */
  AE_VALUES_AUTO = 0,
  AE_VALUES_0_1,
  AE_VALUES_MINUS_1_1,
  AE_VALUES_0_255
} AeValues;

typedef struct {
  int n_threads; /* 0 = all cores */
  AePrecision precision;
  AeValues input, output;
  /* Of R, G, B (grey: the first), in units of the input's values:
   * input = (value - mean) / deviation. NULL = as the model's metadata says
   * ("ae.mean", "ae.deviation": numbers with commas), or 0 and 1. Only read
   * during the call. */
  const float *mean, *deviation;
  /* Where the model fixes its size, results keep it. */
  bool keep_model_size;
} AeImageFilterOptions;

/* What results are like, in either direction: as large as `width` where that
 * is not 0, otherwise `scale_x` times as wide as pictures; so for heights. */
typedef struct {
  int width, height;
  int scale_x, scale_y;
} AeImageFilterSize;

/* Keeps a reference to `model`. `options` may be NULL. Errors: SHAPE / FORMAT
 * with what was wanted when the model does not make pictures of pictures;
 * ARGUMENT (deviation); and those of ae_session_bind(). */
AE_API AeStatus ae_image_filter_new (AeImageFilter **out, AeModel *model,
    const AeImageFilterOptions *options, AeError *err);
AE_API void ae_image_filter_free (AeImageFilter **filter);

AE_API AeImageFilterSize ae_image_filter_size (const AeImageFilter *filter);

/* Plans for pictures like `format` (planes are ignored). Errors: ARGUMENT,
 * LIMIT (results of more than 16384 pixels a side) and those of
 * ae_session_bind(). */
AE_API AeStatus ae_image_filter_bind (
    AeImageFilter *filter, const AeImage *format, AeError *err);

/* Filters `in`, of the bound format, into `out`, which is the same but for its
 * size and another memory. Cannot fail once bound: when the model's numbers
 * are no picture (not a number, infinite), `out` is `in`, scaled. */
AE_API void ae_image_filter_process (
    AeImageFilter *filter, const AeImage *in, const AeImage *out);

/* True when the last result was no picture. */
AE_API bool ae_image_filter_result_refused (const AeImageFilter *filter);

#ifdef __cplusplus
}
#endif

#endif
