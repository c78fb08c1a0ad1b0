/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAINER_H
#define AE_TRAINER_H

/* Trains any model on batches that the caller feeds: forward, loss, backward,
 * optimiser. One trainer is used by one thread at a time. For ready-made
 * training from frames see ae/recipe_trainer.h. */

#include <ae/cpu.h>
#include <ae/model.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct AeTrainer AeTrainer;

typedef enum {
  AE_LOSS_L2 = 0, /* mean of squared differences */
  AE_LOSS_L1,
  AE_LOSS_CHARBONNIER,    /* mean of sqrt (d^2 + loss_epsilon^2) */
  AE_LOSS_CROSS_ENTROPY,  /* softmax over axis 1 of the output, target: class
                             probabilities of the same shape */
  AE_LOSS_BINARY_CROSS_ENTROPY /* output: probabilities in 0..1 */
} AeLoss;

typedef enum {
  AE_OPTIMISER_ADAM = 0,
  AE_OPTIMISER_ADAMW,
  AE_OPTIMISER_SGD,
  AE_OPTIMISER_MUON /* matrices of 17 and more rows and columns; all other
                       parameters as Adam */
} AeOptimiser;

typedef enum { AE_SCHEDULE_CONSTANT = 0, AE_SCHEDULE_COSINE, AE_SCHEDULE_STEP }
    AeSchedule;

/* {0} is valid: L2, Adam with its usual values, constant rate 1e-3. */
typedef struct {
  AeLoss loss;
  float loss_epsilon; /* 0 = 1e-3 */
  AeOptimiser optimiser;
  float learning_rate;       /* 0 = 1e-3 */
  float final_learning_rate; /* cosine ends here; 0 = a hundredth */
  float beta1, beta2, epsilon; /* 0 = 0.9, 0.999, 1e-8 */
  float momentum;              /* SGD, Muon (0 = 0.95) */
  float weight_decay;          /* AdamW, Muon: decoupled; SGD: L2 */
  AeSchedule schedule;
  int64_t total_steps;  /* cosine: length */
  int64_t step_every;   /* step: divide the rate by 10 every so many steps */
  int64_t warmup_steps; /* linear from 0 */
  float clip_norm;      /* 0 = none; norm of the whole gradient */
  float ema_decay;      /* 0 = none; e.g. 0.999 */
  int n_threads;        /* 0 = all cores */
  AePrecision precision;
  uint64_t seed;
} AeTrainerOptions;

typedef struct {
  int64_t step; /* steps done so far, this one included */
  float loss;
  float learning_rate;
  float grad_norm;
  bool skipped; /* loss or gradient was NaN or infinite: nothing changed */
} AeStepReport;

/* Keeps a reference to `model`, which is not changed. options may be NULL. */
AE_API AeStatus ae_trainer_new (AeTrainer **out, AeModel *model,
    const AeTrainerOptions *options, AeError *err);
AE_API void ae_trainer_free (AeTrainer **trainer);

/* Plans for these input shapes (data pointers are ignored). */
AE_API AeStatus ae_trainer_bind (AeTrainer *trainer, const AeTensor *inputs,
    size_t n_inputs, AeError *err);

/* Storage to be filled before each step: inputs; the target of output
 * `index`, of that output's shape; and its weight: per-sample factors of the
 * loss, shape (N), all 1 after bind. Outputs whose target was never asked for
 * take no part in the loss. Owned by the trainer, valid until the next bind. */
AE_API AeTensor *ae_trainer_input (AeTrainer *trainer, size_t index);
AE_API AeTensor *ae_trainer_target (AeTrainer *trainer, size_t index);
AE_API AeTensor *ae_trainer_weight (AeTrainer *trainer, size_t index);

/* Outputs of the last step or evaluation. */
AE_API const AeTensor *ae_trainer_output (
    const AeTrainer *trainer, size_t index);

/* One optimisation step over the filled batch. Returns NUMERIC when it was
 * skipped (also in *report), otherwise OK. report may be NULL. */
AE_API AeStatus ae_trainer_step (
    AeTrainer *trainer, AeStepReport *report, AeError *err);

/* Loss of the filled batch with the averaged weights (the current ones when
 * there is no average), nothing changed. */
AE_API float ae_trainer_evaluate (AeTrainer *trainer);

/* A new model with the averaged (or current) weights and the original
 * metadata plus n_meta pairs key, value, key, value, ... */
AE_API AeStatus ae_trainer_model (AeTrainer *trainer, bool averaged,
    const char *const *meta, size_t n_meta, AeModel **out, AeError *err);

/* Parameters, averages, optimiser state, step and random state. Saving is
 * atomic; loading checks a checksum and that the model's structure fits
 * (FORMAT / SHAPE, nothing changed). Training resumed from a checkpoint gives
 * the same bits as training that went on, with the same batches. `extra` is
 * the caller's own state (n_extra bytes; read back with the same size). */
AE_API AeStatus ae_trainer_save (AeTrainer *trainer, const char *path,
    const void *extra, size_t n_extra, AeError *err);
AE_API AeStatus ae_trainer_restore (AeTrainer *trainer, const char *path,
    void *extra, size_t n_extra, AeError *err);

AE_API int64_t ae_trainer_steps (const AeTrainer *trainer);

#ifdef __cplusplus
}
#endif

#endif
