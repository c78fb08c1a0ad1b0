/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_DETECT_OBSERVER_H
#define AE_DETECT_OBSERVER_H

/* What an anomaly model's networks and the optical flow say about each cell of
 * the pictures of one stream, before it is known what is usual there. */

#include <ae/cpu.h>
#include <ae/detector.h>
#include <ae/model.h>

#include "detect/motion_cells.h"
#include "score/mixture.h"
#include "util/error.h"

/* Averaged as cells.h says. */
enum {
  AE_APPEARANCE_ERROR,  /* logarithm of the prediction's mean error */
  AE_APPEARANCE_RARITY, /* minus the logarithm of the latent's density */
  AE_APPEARANCE_FAKE,   /* minus what the discriminator says */
  AE_APPEARANCES
};

/* Pictures are given to the networks as (grey level - AE_GREY_MEAN) /
 * AE_GREY_DEVIATION. */
typedef struct {
  int width, height; /* multiples of AE_CELL */
  int past;          /* pictures that the prediction is made from; 0: every
                        picture by itself, and no motion */
  int latent;        /* channels of the latent; 0: it is not looked at */
} AeObserverShape;

typedef struct {
  const float *motion;     /* cells x AE_MOTION_FEATURES */
  const float *appearance; /* cells x AE_APPEARANCES */
  const float *latents;    /* cells x latent, of this picture alone */
  float sure; /* 1, less while the averages are of few pictures: their noise is
                 as much larger */
  AeJitterLevel jitter; /* of velocities */
} AeObservation;

typedef struct AeObserver AeObserver;

/* The model has inputs "frame" (1,1,H,W) and, where there is one, "past"
 * (1,past,H,W); outputs
 * "prediction" (1,1,H,W), "latent" (1,latent,H/8,W/8) and "realness"
 * (1,1,H/8,W/8). `density` of latents may be NULL: then all are equally rare;
 * it must live longer. Errors: those of a session; SHAPE (an output), MEMORY. */
AeStatus ae_observer_new (AeObserver **out, AeModel *model,
    const AeObserverShape *shape, const AeMixture *density, int n_threads,
    AePrecision precision, AeError *err);
void ae_observer_free (AeObserver **observer);

/* Forgets earlier pictures. */
void ae_observer_reset (AeObserver *observer);

/* See ae_motion_cells_set_pace. */
void ae_observer_set_pace (AeObserver *observer, double pace);

/* The next picture (height x width). False for the first one where motion
 * counts; while there are not `past` before it, the first stands for those.
 * What is observed is valid until the next. */
bool ae_observer_add (
    AeObserver *observer, const uint8_t *grey, AeObservation *observation);

/* What the generator made of the pictures before the last, or of the last one
 * (past 0): height x width, of 8 bits. */
void ae_observer_prediction (const AeObserver *observer, uint8_t *to);

/* What the last picture's motion, networks, densities and cells took; leaves
 * the other times alone. */
void ae_observer_times (const AeObserver *observer, AeDetectorTimes *times);

#endif
