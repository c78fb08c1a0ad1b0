/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_METHOD_H
#define AETOOL_METHOD_H

/* A way to denoise: our models and the programs they are compared with. */

#include <ae/denoiser.h>

#include "frames.h"

G_BEGIN_DECLS

typedef GPtrArray Pictures; /* of Picture, frees them */

Pictures *pictures_new (void);

typedef struct Method Method;

struct Method {
  char *name;
  gboolean temporal; /* sees all frames; else only those that are scored */
  guint min_frames;  /* shorter sequences are not for it */

  /* Denoises a sequence of equal size and format (GRAY8, I420 or RGB).
   * strength: the two numbers that strength_for gave. */
  Pictures *(*run) (Method *method, const Pictures *noisy,
      const double strength[2], GError **error);

  /* Strengths to try: for noise `sigma`, `a` and `b` out of the grids, which
   * end with 0. No grid: nothing is tuned. */
  const double *grid_a, *grid_b;
  void (*strength_for) (
      const Method *method, double sigma, double a, double b, double out[2]);

  const struct Peer *peer; /* of a peer */

  /* of our models */
  AeModel *model;
  gboolean fusion; /* recurrent fusion with earlier frames */
  gboolean known;  /* is told sigma: strength[0] */
  AeDenoiserOptions options;
};

void method_free (Method *method);

/* Returns its input. */
Method *method_noisy (void);

/* Keeps a reference to model. */
Method *method_model (const char *name, AeModel *model, gboolean fusion,
    gboolean known, const AeDenoiserOptions *options);

/* The programs that are installed, appended to `methods`; what is missing is
 * named on standard error. */
void method_add_peers (GPtrArray *methods);

G_END_DECLS

#endif
