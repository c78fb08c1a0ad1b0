/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_DETECTOR_H
#define AE_DETECTOR_H

/* Scores how unusual the frames of a camera are, and where, with a model of
 * task "anomaly". One detector serves one stream and is used by one thread at a
 * time; several may share a model. Usable without GStreamer; the
 * `gandiscriminate` element wraps it. */

#include <ae/calibration.h>
#include <ae/cpu.h>
#include <ae/image.h>
#include <ae/model.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct AeDetector AeDetector;

/* What is scored. The fused channel joins the others. */
typedef enum {
  AE_CHANNEL_FUSED = 0,
  AE_CHANNEL_DISCRIMINATOR,
  AE_CHANNEL_RECONSTRUCTION,
  AE_CHANNEL_LATENT,
  AE_CHANNEL_MOTION,
  AE_N_CHANNELS
} AeChannel;

/* "fused", "discriminator", "reconstruction", "latent", "motion". */
AE_API const char *ae_channel_name (AeChannel channel);

typedef struct {
  int n_threads; /* 0 = all cores */
  AePrecision precision;
} AeDetectorOptions;

/* Keeps a reference to `model`. Errors: FORMAT / SHAPE with what was wanted
 * when the model is no anomaly detector ("ae.task" is not "anomaly");
 * UNSUPPORTED (the precision). options may be NULL. */
AE_API AeStatus ae_detector_new (AeDetector **out, AeModel *model,
    const AeDetectorOptions *options, AeError *err);
AE_API void ae_detector_free (AeDetector **detector);

/* Plans for pictures of this size and kind (planes are ignored), which are
 * scaled to the model's size, and forgets earlier frames and the mask. Errors:
 * SHAPE (proportions other than the model's by more than 5 %, unless it is for
 * any camera), MEMORY. */
AE_API AeStatus ae_detector_bind (
    AeDetector *detector, const AeImage *format, AeError *err);

/* Only where `mask` is not 0 counts: width x height bytes of the bound size,
 * copied; NULL: everywhere. Must be bound. Errors: ARGUMENT (nothing is left),
 * MEMORY. */
AE_API AeStatus ae_detector_set_mask (
    AeDetector *detector, const uint8_t *mask, AeError *err);

/* Forgets earlier frames (a seek, a discontinuity, a new stream). */
AE_API void ae_detector_reset (AeDetector *detector);

/* Cells of scores over the picture, row by row; those of the bound picture. */
AE_API void ae_detector_grid_size (
    const AeDetector *detector, int *columns, int *rows);

typedef struct {
  float x, y, width, height; /* shares of the picture's size, 0 to 1 */
} AeRegion;

typedef struct {
  bool ready; /* false: too few frames seen yet; scores are 0 */
  float score[AE_N_CHANNELS]; /* raw, of the frame */
  float sure; /* 1; less, above 0, for the first frames of a stream, whose
                 averages over time are of few pictures */
  float generated; /* how much the picture as a whole looks as if a generator
                      had made it: the score of the discriminator that half of
                      the cells reach, which nothing that is odd in a part of the
                      picture changes */
  float light; /* how much the light of the whole picture changed at once
                  against the last seconds: 0 not at all, 1 twice (or half) as
                  bright */
  float contrast; /* deviation of the picture's luma in 8-bit grey levels: next
                     to 0 for a black frame or a covered camera */
  bool fresh; /* false: the frame comes too soon for the model's frame rate, and
                 all is as of the one before */
} AeDetection;

/* What the calibrations are of: the raw score, as much smaller as it is less
 * sure. */
AE_API float ae_detection_sure_score (
    const AeDetection *detection, AeChannel channel);

/* The next frame, `seconds` after the one before (0: does not follow it, or
 * first). After a gap, more than five times as long as the stream or the model
 * has it from one picture to the next, what moved is forgotten: the detection is
 * not ready. Cannot fail once bound. */
AE_API void ae_detector_process (AeDetector *detector, const AeImage *frame,
    double seconds, AeDetection *detection);

/* Of the last frame: raw scores of the cells, columns x rows, owned by the
 * detector, valid until the next frame; and the region around the largest. All
 * 0 as long as the detection is not ready. */
AE_API const float *ae_detector_grid (
    const AeDetector *detector, AeChannel channel);
AE_API void ae_detector_peak (
    const AeDetector *detector, AeChannel channel, AeRegion *region);

/* Size of the pictures that the model sees. */
AE_API void ae_detector_size (
    const AeDetector *detector, int *width, int *height);

/* Of the last frame, once ready: as the model saw it, grey and of the usual
 * light, and as it expected it to be (what it saw, where it has no networks).
 * Both height x width bytes of that size. */
AE_API void ae_detector_expected (
    const AeDetector *detector, uint8_t *seen, uint8_t *expected);

/* Milliseconds that parts of the last frame that was scored took. Motion is
 * looked for beside the rest: together they may take longer than the frame. */
typedef struct {
  double scaling;   /* to the model's size and light */
  double motion;    /* optical flow, and its averages */
  double networks;
  double densities; /* of latents */
  double cells;     /* errors, averages, scores */
} AeDetectorTimes;
AE_API AeDetectorTimes ae_detector_times (const AeDetector *detector);

/* How often the channel reaches a score on normal footage: of the model. */
AE_API const AeCalibration *ae_detector_calibration (
    const AeDetector *detector, AeChannel channel);

/* A copy of such a model with other calibrations, for ae_model_save. Errors: those
 * of ae_detector_new, MEMORY. */
AE_API AeStatus ae_detector_calibrated_model (AeModel **out,
    const AeModel *model, const AeCalibration calibration[AE_N_CHANNELS],
    AeError *err);

/* Whether the model has what the channel needs; otherwise its scores are 0. */
AE_API bool ae_detector_has_channel (
    const AeDetector *detector, AeChannel channel);

/* Whether the model is for single pictures, not for video: every frame is
 * scored by itself, there is no motion channel. */
AE_API bool ae_detector_for_pictures (const AeDetector *detector);

#ifdef __cplusplus
}
#endif

#endif
