/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_CODE_SCORES_H
#define AETOOL_CODE_SCORES_H

/* What the codes of labelled pictures are worth: see ae/codes.h. */

#include <ae/codes.h>
#include <glib.h>

#include "confusion.h"
#include "frames.h"
#include "picture_net.h"

G_BEGIN_DECLS

/* Codes of pictures with the labels that these have. */
typedef struct {
  AeCodes codes;
  float *values; /* those of `codes` */
  const int *labels;
} LabelledCodes;

/* What output `output` of a network gives for the pictures, which it takes; the
 * labels are the set's. */
void labelled_codes_init (
    LabelledCodes *codes, PictureNet *net, const PictureSet *set);
void labelled_codes_clear (LabelledCodes *codes);

/* Of a linear probe that learned from `train`, on `test`: what is taken for
 * what. NULL and an error when there are too few. */
Confusion *code_scores_probe (const LabelledCodes *train,
    const LabelledCodes *test, int classes, int threads, GError **error);

/* Mutual information of the labels with as many clusters as classes. */
gboolean code_scores_clusters (double information[2],
    const LabelledCodes *codes, int classes, guint64 seed, int threads,
    GError **error);

typedef struct {
  double precision;   /* of the 10 nearest of `train`, with the test's label */
  guint items;        /* among which time was taken */
  double alone;       /* ms of a query, the median */
  double together;    /* ms of each of many queries */
} Retrieval;

#define RETRIEVAL_NEAREST 10

/* Times are of queries among `items` codes: those of `train`, over and over. */
gboolean code_scores_retrieval (Retrieval *retrieval,
    const LabelledCodes *train, const LabelledCodes *test, guint items,
    int threads, GError **error);

/* Maps of codes, and how far each can be trusted. */
typedef enum { CODE_MAP_AXES, CODE_MAP_TSNE, CODE_MAPS } CodeMapKind;

typedef struct {
  float *places[CODE_MAPS]; /* n x 2 */
  double trust[CODE_MAPS];
} CodeMaps;

#define CODE_MAP_NEAREST 12
#define CODE_MAP_PERPLEXITY 30.0 /* of t-SNE; less where there are few */

/* Of 25 to 6000 codes. */
gboolean code_scores_maps (CodeMaps *maps, const LabelledCodes *codes,
    int threads, GError **error);

/* The maps side by side, with a colour for each label. */
Picture *code_maps_draw (
    const CodeMaps *maps, const LabelledCodes *codes, int classes);
void code_maps_clear (CodeMaps *maps);

/* Area under the curve that tells scores of odd pictures from those of usual
 * ones; the larger, the odder. */
gboolean code_scores_area (double *area, const float *usual, guint n_usual,
    const float *odd, guint n_odd, GError **error);

/* Distances to the nearest code of `train`; (n). NULL and an error. */
float *code_scores_distances (const LabelledCodes *train,
    const AeCodes *codes, int threads, GError **error);

G_END_DECLS

#endif
