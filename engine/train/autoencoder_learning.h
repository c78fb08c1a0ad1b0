/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_AUTOENCODER_LEARNING_H
#define AE_TRAIN_AUTOENCODER_LEARNING_H

/* The training graph of an autoencoder with what it learns by: an optimiser
 * alone, or an adversary beside it (see autoencoder_adversary.h). */

#include <ae/recipe.h>
#include <ae/trainer.h>

#include "train/autoencoder_nets.h"
#include "util/rng.h"

typedef struct AeAutoencoderLearning AeAutoencoderLearning;

/* The recipe says how it learns; the others as for
 * ae_build_autoencoder_training(). Errors: FORMAT, ARGUMENT, SHAPE, UNSUPPORTED,
 * MEMORY. */
AeStatus ae_autoencoder_learning_new (AeAutoencoderLearning **out,
    const AeRecipe *recipe, const AeAutoencoderShape *shape,
    const AeAutoencoderTerms *terms, const AeModel *base, AeError *err);
void ae_autoencoder_learning_free (AeAutoencoderLearning **learning);

const AeAutoencoderShape *ae_autoencoder_learning_shape (
    const AeAutoencoderLearning *learning);
const AeAutoencoderTerms *ae_autoencoder_learning_terms (
    const AeAutoencoderLearning *learning);

/* Makes an output a term of the loss: `weight` times the sum over a sample. An
 * output that is not there is none. False: no memory. */
bool ae_autoencoder_learning_weigh (AeAutoencoderLearning *learning,
    AeAutoencoderOutput which, double weight);

/* Storage of an input, to be filled before each step and evaluation, and what
 * came out of the last of these; NULL where there is none. real: what the
 * adversary is to take for real, of the shape of what it judges. */
AeTensor *ae_autoencoder_learning_input (
    AeAutoencoderLearning *learning, AeAutoencoderInput which);
AeTensor *ae_autoencoder_learning_real (AeAutoencoderLearning *learning);
const AeTensor *ae_autoencoder_learning_output (
    const AeAutoencoderLearning *learning, AeAutoencoderOutput which);

typedef struct {
  AeStepReport step;
  double discriminator; /* its loss; 0 where there is none */
  double margin;        /* between its answers to what is real and what is not */
} AeAutoencoderLearningReport;

/* One step, or (nothing changed) outputs with the averaged weights. Errors of a
 * step: NUMERIC (it was skipped). */
AeStatus ae_autoencoder_learning_step (AeAutoencoderLearning *learning,
    AeAutoencoderLearningReport *report, AeError *err);
void ae_autoencoder_learning_evaluate (AeAutoencoderLearning *learning);
int64_t ae_autoencoder_learning_steps (
    const AeAutoencoderLearning *learning);

/* How often it came back to where it went well, and what is to be said of it:
 * see gan_guard.h. 0 and false without an adversary. */
int ae_autoencoder_learning_returns (const AeAutoencoderLearning *learning);
bool ae_autoencoder_learning_note (
    AeAutoencoderLearning *learning, char *text, size_t bytes);

/* The training graph with the averaged weights. */
AeStatus ae_autoencoder_learning_model (
    AeAutoencoderLearning *learning, AeModel **out, AeError *err);

/* All of it in one file, with `rng` of the batches. */
AeStatus ae_autoencoder_learning_save (AeAutoencoderLearning *learning,
    const char *path, const AeRng *rng, AeError *err);
AeStatus ae_autoencoder_learning_restore (AeAutoencoderLearning *learning,
    const char *path, AeRng *rng, AeError *err);

#endif
