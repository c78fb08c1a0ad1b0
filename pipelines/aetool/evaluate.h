/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_EVALUATE_H
#define AETOOL_EVALUATE_H

/* Measures denoising methods on clean sequences with added noise, or on pairs
 * of noisy and clean pictures. */

#include "method.h"
#include "progress.h"

G_BEGIN_DECLS

typedef struct {
  char *name;
  Pictures *clean;
  Pictures *noisy; /* NULL: noise is added */
} EvalItem;

EvalItem *eval_item_new (const char *name, Pictures *clean, Pictures *noisy);
void eval_item_free (EvalItem *item);

/* Sequences that are scored together. Frames first, first + step, ... of each
 * are compared: errors are averaged over an item's frames, dB over items. */
typedef struct {
  const char *key;   /* for JSON */
  const char *title; /* for people */
  GPtrArray *items;  /* of EvalItem */
  GPtrArray *tune;   /* of EvalItem, on which strengths are chosen; may be the
                        same */
  guint first, step;
  gboolean luma_only; /* noise on plane 0 alone */
  gboolean moving;    /* score moving regions too */
} EvalSet;

typedef struct {
  gboolean valid;
  double psnr, ssim;
  double moving_psnr; /* NaN: nothing moves, or not asked for */
  double strength[2];
} EvalScore;

typedef struct {
  guint n_methods, n_sigmas;
  EvalScore *score; /* n_methods x n_sigmas */
} EvalTable;

/* sigmas: of double; for pairs one entry, a guess at their noise from which
 * the peers' strengths are searched. */
EvalTable *evaluate (const EvalSet *set, const GPtrArray *methods,
    const GArray *sigmas, GError **error);
void eval_table_free (EvalTable *table);

/* The picture that frame `index` of an item becomes: the noise and methods of
 * `evaluate` again. */
Picture *evaluate_picture (const EvalSet *set, const EvalItem *item,
    guint index, Method *method, const EvalScore *score, double sigma,
    GError **error);

/* Noisy sequence of an item; `number` counts items and seeds the noise. Caller
 * unrefs. */
Pictures *eval_noisy (const EvalSet *set, const EvalItem *item, double sigma);

guint64 eval_noise_seed (double sigma, guint frame);

G_END_DECLS

#endif
