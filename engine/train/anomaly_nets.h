/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_ANOMALY_NETS_H
#define AE_TRAIN_ANOMALY_NETS_H

/* The networks that learn what is usual before a fixed camera.
 *
 * Pictures are luma of the usual light, (grey - 112) / 48, see detect/grey.h;
 * H and W are multiples of 8. The generator predicts a frame from those before
 * it ("Future frame prediction for anomaly detection", Liu et al., 2018), or,
 * where there are none, makes the frame again; all goes through the bottleneck
 * "latent": what it cannot say, the prediction has not. The discriminator
 * judges places of a frame beside its past (Isola et al., "Image-to-image
 * translation with conditional adversarial networks", 2017). */

#include <ae/model.h>

#include <stdbool.h>
#include <stddef.h>

#define AE_ANOMALY_SCALE 8 /* pixels along a place's edge */
typedef struct {
  int past;      /* frames before; 0: pictures by themselves */
  int widths[3]; /* channels at a half, a quarter and an eighth of the size */
  int latent;    /* channels of the bottleneck */
} AeAnomalyShape;

/* Input "past" (N,past,H,W), oldest first (for pictures "frame" (N,1,H,W));
 * outputs prediction (N,1,H,W), latent (N,latent,H/8,W/8). Errors: MEMORY. */
AeStatus ae_build_anomaly_generator (AeModel **out,
    const AeAnomalyShape *shape, uint64_t seed, AeError *err);

/* Inputs "frame" (N,1,H,W) and, but for pictures, "past"; output realness
 * (N,1,H/8,W/8), large for what is usual. Errors: MEMORY. */
AeStatus ae_build_anomaly_discriminator (AeModel **out,
    const AeAnomalyShape *shape, uint64_t seed, AeError *err);

/* Sets a network's parameters to those of the same names in a model. Errors:
 * NOT_FOUND (a parameter of that name and shape). */
AeStatus ae_anomaly_net_start (
    AeModel *net, const AeModel *trained, AeError *err);

/* Whether a model made by ae_build_anomaly_net has them. */
bool ae_anomaly_has_networks (const AeModel *model);

/* What is known beside the weights. Borrowed. */
typedef struct {
  const char *name;
  AeType type; /* f32 or i8 */
  AeShape shape;
  const void *values;
} AeAnomalyConstant;

typedef struct {
  const AeAnomalyConstant *constants; /* outputs */
  size_t n_constants;
  const char *const *meta; /* n_meta pairs of key and value; those without
                              value are left out */
  size_t n_meta;
} AeAnomalyFacts;

/* Both networks in one: inputs past and frame (pictures: frame); outputs
 * prediction, latent, realness and the constants. Parameters are those of the
 * trained two, which may be one model. Without them (NULL) there is only the
 * frame, as output "picture", and the constants. Errors: MEMORY, NOT_FOUND. */
AeStatus ae_build_anomaly_net (AeModel **out, const AeAnomalyShape *shape,
    const AeModel *generator, const AeModel *discriminator,
    const AeAnomalyFacts *facts, AeError *err);

#endif
