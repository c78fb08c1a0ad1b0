/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_DENOISER_H
#define AE_DENOISER_H

/* Denoises a stream of pictures with a model of task "denoise": blind noise
 * estimate, motion-compensated recurrent fusion, spatial network. One
 * denoiser serves one stream and is used by one thread at a time. Usable
 * without GStreamer; the `denoise` element wraps it. */

#include <ae/cpu.h>
#include <ae/image.h>
#include <ae/model.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct AeDenoiser AeDenoiser;

typedef struct {
  int n_threads; /* 0 = all cores */
  AePrecision precision;
} AeDenoiserOptions;

/* May change from frame to frame. */
typedef struct {
  float strength;    /* 0 = copy, 1 = the network's full result */
  float noise_level; /* standard deviation in 8-bit grey levels; < 0 = estimate */
  bool temporal;     /* recurrent fusion with earlier frames */
} AeDenoiseParams;

/* Keeps a reference to `model`. Errors: SHAPE / FORMAT with what was wanted
 * when the model is not a denoiser ("ae.task" is not "denoise"); UNSUPPORTED
 * (the precision). */
AE_API AeStatus ae_denoiser_new (AeDenoiser **out, AeModel *model,
    const AeDenoiserOptions *options, AeError *err);
AE_API void ae_denoiser_free (AeDenoiser **denoiser);

/* Plans for pictures of this size and pixel kind (planes are ignored) and
 * forgets earlier frames. */
AE_API AeStatus ae_denoiser_bind (
    AeDenoiser *denoiser, const AeImage *format, AeError *err);

/* Forgets earlier frames (a seek, a discontinuity, a new stream). */
AE_API void ae_denoiser_reset (AeDenoiser *denoiser);

/* Denoises `in` into `out`; both have the bound format and may be the same
 * memory. Cannot fail once bound: when the network's numbers are no picture
 * (not a number, infinite), `out` is `in` and earlier frames are forgotten. */
AE_API void ae_denoiser_process (AeDenoiser *denoiser, const AeImage *in,
    const AeImage *out, const AeDenoiseParams *params);

/* Noise found in (or given for) the last frame, 8-bit grey levels. */
AE_API float ae_denoiser_noise_level (const AeDenoiser *denoiser);

/* True when the last frame was taken as a scene cut. */
AE_API bool ae_denoiser_scene_cut (const AeDenoiser *denoiser);

/* True when the network's result for the last frame was no picture: a broken
 * model. */
AE_API bool ae_denoiser_result_refused (const AeDenoiser *denoiser);

#ifdef __cplusplus
}
#endif

#endif
