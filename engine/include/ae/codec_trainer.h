/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_CODEC_TRAINER_H
#define AE_CODEC_TRAINER_H

/* Trains a codec (ae/codec.h) on pictures: both networks and the rate of their
 * latents together, for all levels of quality at once. For training by a recipe
 * see ae/recipe_trainer.h. */

#include <ae/cpu.h>
#include <ae/image.h>
#include <ae/model.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct AeCodecTrainer AeCodecTrainer;

/* What the codec is to keep of pictures. */
typedef enum {
  AE_TUNE_PSNR,   /* samples: the squared error */
  AE_TUNE_MS_SSIM /* structural similarity of luma at several scales: busy
                     places are coded more coarsely */
} AeTune;

/* 0 stands for the value in brackets. */
typedef struct {
  AeTune tune;
  int latents;   /* [384], which is all of a 16x16 transform; a multiple of 16 */
  int core;      /* [160] of them with networks */
  int widths[2]; /* [48, 64] channels at a quarter and an eighth */
  int depths[2]; /* [1, 1] residual pairs there */
  int batch, patch;      /* [4] crops of [192] pixels, a multiple of 16 */
  int64_t steps;         /* [50000] after which the rate has fallen */
  float learning_rate;   /* [0.0007] */
  float lambda[2];       /* [0.0014, 0.35] bits per pixel for a squared grey
                            level, at level 0 and 255 */
  float similarity[2];   /* [3, 700] with AE_TUNE_MS_SSIM: bits per pixel for
                            1 - MS-SSIM, there */
  float chroma;          /* [1.8, 1.2 with AE_TUNE_MS_SSIM] weight of the
                            root of chroma's error */
  int context_steps;     /* [1000] with which the contexts are fitted to what an
                            encoder makes, when a model is asked for */
  AeModel *start; /* a codec to go on from, or NULL; read by ae_codec_trainer_new
                     alone */
  size_t memory;    /* bytes of pictures at most, 1.5 per pixel; 0: any number */
  float validation; /* share of the pictures held out of the networks' training,
                       64 of them at most */
  uint64_t seed;
  int n_threads;
  AePrecision precision;
} AeCodecTrainerOptions;

typedef struct {
  int64_t step;
  float loss;
  float psnr;           /* dB of the batch, all channels, levels mixed */
  float bits_per_pixel; /* by the learned density */
  float learning_rate;
} AeCodecTrainReport;

/* options may be NULL. Errors: ARGUMENT (a value), UNSUPPORTED (the precision),
 * FORMAT, SHAPE, NOT_FOUND (the codec to start from is none, or of another
 * shape), MEMORY. */
AE_API AeStatus ae_codec_trainer_new (AeCodecTrainer **out,
    const AeCodecTrainerOptions *options, AeError *err);
AE_API void ae_codec_trainer_free (AeCodecTrainer **trainer);

/* Copies a picture of any pixel kind, at least a patch large; when the memory is
 * full, random pieces of some that follow each other make room. `continues`: it
 * follows the one before in time. May be called from another thread while the
 * trainer is at work. Errors: ARGUMENT (too small), LIMIT (larger than the
 * memory), MEMORY. */
AE_API AeStatus ae_codec_trainer_add (AeCodecTrainer *trainer,
    const AeImage *picture, bool continues, AeError *err);
AE_API size_t ae_codec_trainer_n_pictures (const AeCodecTrainer *trainer);

/* One step. Errors: NEEDS_DATA (no pictures), NUMERIC (nothing changed). */
AE_API AeStatus ae_codec_trainer_step (
    AeCodecTrainer *trainer, AeCodecTrainReport *report, AeError *err);

/* Done so far, those of a restored checkpoint included. */
AE_API int64_t ae_codec_trainer_steps (const AeCodecTrainer *trainer);

/* What the loss of held-out pictures (those for training when none is held out)
 * says, as -10 log10 of it, in dB: the same crops and levels at each call, by the
 * averaged weights. Errors: NEEDS_DATA (no pictures), CANCELLED. */
AE_API AeStatus ae_codec_trainer_validate (
    AeCodecTrainer *trainer, float *score, AeError *err);

/* Ends a validation or the making of a model that runs, and any later one, with
 * CANCELLED. From any thread. */
AE_API void ae_codec_trainer_cancel (AeCodecTrainer *trainer);

/* The codec as it is now, with the averaged weights, and contexts and tables
 * fitted to the pictures: those that follow each other as a clip does are coded
 * as one. Takes minutes. Errors: NEEDS_DATA (no pictures), CANCELLED, MEMORY. */
AE_API AeStatus ae_codec_trainer_model (
    AeCodecTrainer *trainer, AeModel **out, AeError *err);

/* As ae_trainer_save and ae_trainer_restore; the pictures are the caller's to
 * add again. */
AE_API AeStatus ae_codec_trainer_save (
    AeCodecTrainer *trainer, const char *path, AeError *err);
AE_API AeStatus ae_codec_trainer_restore (
    AeCodecTrainer *trainer, const char *path, AeError *err);

#ifdef __cplusplus
}
#endif

#endif
