/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_CLASSIFIER_NETS_H
#define AE_TRAIN_CLASSIFIER_NETS_H

/* Networks that tell what a picture shows: the encoder of an autoencoder of
 * convolutions or of dense layers, whose weights it may start from, and a layer
 * that knows the classes. */

#include <ae/model.h>

#include "train/schema.h"
#include "train/thumbnail.h"

typedef enum {
  AE_CLASSIFIER_DENSE, /* widths: units of the layers before the features */
  AE_CLASSIFIER_CONV   /* widths: channels at a half, a quarter ... of the size */
} AeClassifierNet;

typedef struct {
  AeClassifierNet net;
  AeThumbnailSize size;
  int features; /* numbers that the classes are told by */
  int classes;
  int widths[AE_KEY_MAX_LIST];
  size_t n_widths;
} AeClassifierShape;

/* Errors: ARGUMENT (a size that the convolutions do not halve as often as they
 * should), LIMIT (too many weights). */
AeStatus ae_classifier_check (const AeClassifierShape *shape, AeError *err);

/* The model, with the weights of `trained`, which may be what was trained:
 *   frame (N,channels,height,width), 0..1
 * -> logits (N,classes): softmax makes probabilities of them
 *    features (N,features), none below 0
 * Errors: MEMORY, SHAPE (the weights do not fit). */
AeStatus ae_build_classifier (AeModel **out, const AeClassifierShape *shape,
    const AeModel *trained, const char *const *meta, size_t n_meta,
    AeError *err);

/* How it is trained. */
typedef struct {
  int batch;
  float dropout; /* share of the features that are left out */
  bool freeze;   /* the encoder stays what it is in `base` */
  bool adapts;   /* see train/adaptation.h */
} AeClassifierTerms;

/* The same graph with what training needs; with `adapts` an input `strength`
 * and an output `domain` more. base (may be NULL): a classifier, or an
 * autoencoder with the same layers, of which the encoder is taken. Errors: MEMORY,
 * SHAPE (base does not fit). */
AeStatus ae_build_classifier_training (AeModel **out,
    const AeClassifierShape *shape, const AeClassifierTerms *terms,
    const AeModel *base, uint64_t seed, AeError *err);

#endif
