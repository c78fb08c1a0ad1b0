/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_DENOISE_TRAINER_H
#define AE_DENOISE_TRAINER_H

/* Trains a denoiser from clean pictures: a bounded reservoir of frames, from
 * which a worker makes noisy moving sequences while the step before runs. */

#include <ae/image.h>
#include <ae/recipe.h>
#include <ae/trainer.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct AeDenoiseTrainer AeDenoiseTrainer;

/* `base` (may be NULL) gives weights to continue from; its structure must fit
 * the recipe. */
AE_API AeStatus ae_denoise_trainer_new (AeDenoiseTrainer **out,
    const AeRecipe *recipe, AeModel *base, AeError *err);
AE_API void ae_denoise_trainer_free (AeDenoiseTrainer **trainer);

/* Copies a picture into the reservoir (when that is full, in place of a
 * random one). May be called from another thread while steps run.
 * `continues`: the frame follows the one before in time (same camera, same
 * shot). The recipe's share of the pictures (one in ten) is held out for
 * validation, 64 at most. Errors: MEMORY, ARGUMENT (smaller than a patch: it
 * is mirrored up, no error, when at least 16x16). */
AE_API AeStatus ae_denoise_trainer_add (AeDenoiseTrainer *trainer,
    const AeImage *image, bool continues, AeError *err);
AE_API size_t ae_denoise_trainer_n_frames (const AeDenoiseTrainer *trainer);

/* One step. NUMERIC when it was skipped. NEEDS_DATA when there is no frame. */
AE_API AeStatus ae_denoise_trainer_step (
    AeDenoiseTrainer *trainer, AeStepReport *report, AeError *err);

/* Done so far, those of a restored checkpoint included. */
AE_API int64_t ae_denoise_trainer_steps (const AeDenoiseTrainer *trainer);

/* Mean luma PSNR in dB over the held-out pictures (those for training when
 * none is held out), white noise of sigma 25, the same at each call.
 * NEEDS_DATA when there is no frame. */
AE_API AeStatus ae_denoise_trainer_validate (
    AeDenoiseTrainer *trainer, float *psnr, AeError *err);

/* Ends a validation that runs, and any later one, with CANCELLED: for a
 * program that shuts down. From any thread. */
AE_API void ae_denoise_trainer_cancel (AeDenoiseTrainer *trainer);

/* What the last validation found; 0 before. The video figure is the luma PSNR
 * of the last of 8 frames panned over the held-out pictures. */
AE_API float ae_denoise_trainer_still_psnr (const AeDenoiseTrainer *trainer);
AE_API float ae_denoise_trainer_video_psnr (const AeDenoiseTrainer *trainer);

/* The model so far (averaged weights), metadata filled in. */
AE_API AeStatus ae_denoise_trainer_model (
    AeDenoiseTrainer *trainer, AeModel **out, AeError *err);

/* Atomic checkpoint; resuming gives the same training as going on when the
 * same pictures are added in the same order first. */
AE_API AeStatus ae_denoise_trainer_save (
    AeDenoiseTrainer *trainer, const char *path, AeError *err);
AE_API AeStatus ae_denoise_trainer_restore (
    AeDenoiseTrainer *trainer, const char *path, AeError *err);

#ifdef __cplusplus
}
#endif

#endif
