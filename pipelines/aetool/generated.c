/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "generated.h"

#include <ae/sampler.h>

#include "aetool.h"
#include "canvas.h"

enum { BATCH = 64, COLUMNS = 16, ROWS = 10, ZOOM = 2, GAP = 2 };

static AeSampler *
open_sampler (
    const char *path, const GeneratedOptions *options, GError **error)
{
  AeError err;
  AeModel *model;
  AeSampler *sampler = NULL;
  AeSamplerOptions o = { .n_threads = options->threads, .batch = BATCH,
    .normal_prior = options->normal };
  AeStatus status = ae_model_load (&model, path, &err);
  if (status == AE_OK)
    status = ae_sampler_new (&sampler, model, &o, &err);
  ae_model_unref (&model);
  if (status != AE_OK)
    aetool_set_error (error, &err);
  return sampler;
}

/* As many bytes as an array of them can hold. */
static gboolean
check_size (const AeSamplerFacts *facts, guint n, GError **error)
{
  guint64 bytes
      = (guint64) facts->width * facts->height * facts->channels * n;
  if (bytes <= G_MAXINT)
    return TRUE;
  g_set_error (error, AETOOL_DOMAIN, AE_ERROR_LIMIT,
      "%u samples of %dx%d, wanted at most 2 GiB of them: see --samples", n,
      facts->width, facts->height);
  return FALSE;
}

PictureSet *
generated_make (const char *path, guint n, const GeneratedOptions *options,
    int *classes, GError **error)
{
  AeSampler *sampler = open_sampler (path, options, error);
  if (!sampler)
    return NULL;
  AeSamplerFacts facts = ae_sampler_facts (sampler);
  if (!check_size (&facts, n, error)) {
    ae_sampler_free (&sampler);
    return NULL;
  }
  PictureSet *set
      = picture_set_new (facts.width, facts.height, facts.channels);
  gsize values = picture_set_values (set);
  g_autofree float *codes = g_new (float, BATCH * facts.latent);
  g_autofree float *made = g_new (float, BATCH * values);
  int labels[BATCH];
  gboolean labelled = facts.classes > 0 && !facts.clusters;
  for (guint first = 0; first < n; first += BATCH) {
    guint some = MIN (BATCH, n - first);
    for (guint i = 0; i < some; i++)
      ae_sampler_draw (sampler, options->seed, first + i,
          options->temperature, codes + (gsize) i * facts.latent, &labels[i]);
    ae_sampler_decode (
        sampler, codes, facts.classes > 0 ? labels : NULL, some, made);
    for (guint i = 0; i < some; i++)
      picture_set_add (set, made + i * values, labelled ? labels[i] : -1);
  }
  *classes = labelled ? facts.classes : 0;
  ae_sampler_free (&sampler);
  return set;
}

Picture *
generated_sheet (const PictureSet *set, int classes)
{
  int columns = classes > 0 ? MIN (classes, COLUMNS) : COLUMNS;
  int width = ZOOM * set->width + GAP, height = ZOOM * set->height + GAP;
  int filled[COLUMNS] = { 0 };
  Canvas *sheet
      = canvas_new (GAP + columns * width, GAP + ROWS * height);
  for (guint i = 0; i < set->n; i++) {
    int column = classes > 0 ? picture_set_label (set, i) : (int) i % columns;
    if (column >= columns || filled[column] == ROWS)
      continue;
    g_autoptr (Picture) p = picture_set_picture (set, i);
    canvas_picture (sheet, GAP + column * width,
        GAP + filled[column]++ * height, p, ZOOM);
  }
  return sheet;
}
