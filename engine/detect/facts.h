/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_DETECT_FACTS_H
#define AE_DETECT_FACTS_H

/* What an anomaly model knows about what is usual, beside its networks: kept in
 * the ONNX file as metadata and constant outputs. */

#include <ae/calibration.h>
#include <ae/detector.h>

#include "detect/observer.h"
#include "detect/patch_facts.h"
#include "score/neighbours.h"

/* How rare a cell's score is: the scores that a share of 1, 10^-1/4, 10^-2/4, ...
 * 10^-5 of normal cells exceeds. */
#define AE_RARITY_STEPS 21
#define AE_RARITY_PER_DECADE 4

typedef struct {
  AeObserverShape shape;
  bool any_camera;   /* takes pictures of any proportions */
  double frame_rate; /* pictures per second that it was trained at */
  int columns, rows;
  bool networks; /* false: patches only */
  AePatchFacts *patches; /* of models of pictures; NULL: of video. They are the
                            latent channel then, and `latent` is NULL */
  AeMixture *latent; /* density of latents */
  AeUsual *usual[AE_APPEARANCES]; /* of cells */
  float *limit; /* of cells: a speed, in pixels per picture, that is seldom
                   reached there; above 0 */
  float *points;     /* n_points x AE_MOTION_POINT: usual motion */
  size_t n_points;   /* may be 0 */
  AeNeighbours *motion; /* of these; NULL when there are none */
  float motion_scale;   /* a distance that is seldom reached; above 0 */
  float motion_jitter;  /* usual one, see detect/jitter.h; 0: not known */
  float rarity[AE_N_CHANNELS][AE_RARITY_STEPS]; /* the fused one's is unused */
  float weight[AE_N_CHANNELS]; /* in the fused score, >= 0; its own is unused */
  AeCalibration calibration[AE_N_CHANNELS];
} AeFacts;

/* Motion as points for distances: share that moves, mean vector, mean speed and
 * spread, speeds in units of the limit. */
#define AE_MOTION_POINT 5
void ae_facts_motion_point (
    const float features[AE_MOTION_FEATURES], float limit,
    float point[AE_MOTION_POINT]);

/* Makes room for the cells of `shape`; all else is 0. Errors: MEMORY. */
AeStatus ae_facts_init (
    AeFacts *facts, const AeObserverShape *shape, AeError *err);
void ae_facts_clear (AeFacts *facts);

/* Copies n points (n x AE_MOTION_POINT). Errors: those of ae_neighbours_new. */
AeStatus ae_facts_set_motion (
    AeFacts *facts, const float *points, size_t n, AeError *err);

/* Reads and checks those of a model of task "anomaly". Errors: FORMAT, SHAPE
 * (with what was found and wanted), MEMORY. */
AeStatus ae_facts_read (AeFacts *facts, const AeModel *model, AeError *err);

/* The metadata that holds a channel's calibration. */
#define AE_CALIBRATION_KEY 48
void ae_facts_calibration_key (AeChannel channel, char key[AE_CALIBRATION_KEY]);

/* What a model has to hold for that. */
typedef struct {
  const char *name;
  AeType type;
  AeShape shape;
  const void *values; /* of the facts, or of `own` */
} AeFactTensor;

#define AE_FACT_TENSORS 14
#define AE_FACT_TEXTS (AE_N_CHANNELS + 1)
typedef struct {
  AeFactTensor tensor[AE_FACT_TENSORS];
  size_t n_tensors;
  char key[AE_FACT_TEXTS][AE_CALIBRATION_KEY];
  char text[AE_FACT_TEXTS][AE_CALIBRATION_TEXT]; /* metadata of these keys */
  size_t n_texts;
  float *own;
} AeFactList;

/* Valid as long as the facts are unchanged. Errors: MEMORY. */
AeStatus ae_facts_list (
    AeFactList *list, const AeFacts *facts, AeError *err);
void ae_fact_list_clear (AeFactList *list);

#endif
