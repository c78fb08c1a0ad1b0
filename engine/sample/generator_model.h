/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_SAMPLE_GENERATOR_MODEL_H
#define AE_SAMPLE_GENERATOR_MODEL_H

/* Where a model has its code, its class and the picture that it makes of them:
 * see ae/sampler.h. */

#include <ae/session.h>

#include "util/error.h"

#define AE_GENERATOR_MOST_LATENT 4096
#define AE_GENERATOR_MOST_CLASSES 1000

typedef struct {
  const char *code, *class_name, *picture; /* owned by the model; class_name
                                              NULL: there is none */
  int latent, classes;
  bool clusters; /* its classes are no labels, but clusters */
  bool square; /* codes are (N,L,1,1) */
  bool encodes, variational;
  float gain, offset; /* of the picture's values: gain * (0..1) + offset */
} AeGeneratorModel;

/* Errors: FORMAT, SHAPE, UNSUPPORTED (the type of an input). */
AeStatus ae_generator_model_learn (
    AeGeneratorModel *found, const AeModel *model, AeError *err);

/* A session of what makes pictures, bound for `batch` of them; inputs: codes,
 * then classes. Errors: those of ae_session_bind() and SHAPE when what it makes
 * are no pictures. */
AeStatus ae_generator_model_decoder (AeSession **out,
    const AeGeneratorModel *found, AeModel *model, int batch,
    const AeSessionOptions *options, AeError *err);

/* One of what makes codes of single pictures of that shape; inputs: picture,
 * then class; outputs: code, then deviation. */
AeStatus ae_generator_model_encoder (AeSession **out,
    const AeGeneratorModel *found, AeModel *model, AeShape picture,
    const AeSessionOptions *options, AeError *err);

#endif
