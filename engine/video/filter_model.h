/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_VIDEO_FILTER_MODEL_H
#define AE_VIDEO_FILTER_MODEL_H

/* What a model must be to make pictures of pictures, and its session: see
 * <ae/image_filter.h>. */

#include <ae/session.h>

/* One of height and width. */
typedef struct {
  int in, out; /* where the model fixes it; 0 = open */
  int scale;   /* out / in where that is whole, otherwise 1 */
} AeFilterSide;

typedef struct {
  int channels; /* 1 or 3 */
  AeFilterSide down, across;
  int multiple; /* open sides are multiples of it */
} AeFilterModel;

/* Session options that such a model needs. */
AeStatus ae_filter_model_session (AeSession **out, AeModel *model,
    int n_threads, AePrecision precision, AeError *err);

/* Finds out by binding the session to some sizes. Errors: SHAPE with what was
 * found and what is wanted; those of ae_session_bind(). */
AeStatus ae_filter_model_learn (AeFilterModel *filter, const AeModel *model,
    AeSession *session, AeError *err);

/* Binds to the smallest planes that the model takes and that hold pictures of
 * h x w where sides are open; *h and *w become their size. */
AeStatus ae_filter_model_bind (const AeFilterModel *filter,
    AeSession *session, int *h, int *w, AeError *err);

#endif
