/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/anomaly_pictures.h"

#include "train/anomaly_nets.h"
#include "train/anomaly_usual.h"
#include "train/patch_usual.h"
#include "train/picture_fusion.h"
#include "util/mem.h"

#define BLOCK 2 /* places that share codes, each way */
#define REACH 1 /* blocks */

typedef struct {
  AeAnomalyWork *work;
  const AePatchOptions *options;
  AePatchSource source;
  AePatchLooks looks;
} Fit;

static AeStatus
find_patches (Fit *fit, AeError *err)
{
  AeAnomalyWork *w = fit->work;
  AePatchFacts *f = w->facts.patches;
  const AePatchOptions *o = fit->options;
  AePreparation preparation;
  AeLocalBankShape shape
      = { .block = BLOCK, .reach_x = REACH, .reach_y = REACH };
  AePatchCodes codes = { 0 };
  AeStatus status = ae_patch_plan (&preparation, w->facts.shape.width,
      w->facts.shape.height, o, &fit->source, err);
  if (status == AE_OK)
    status = ae_patch_facts_init (
        f, &preparation, o->window, o->code, &shape, err);
  if (status == AE_OK) {
    ae_patch_source_thin (&fit->source, ae_patch_codes_room (f));
    status = ae_patch_codes_make (&codes, f, &fit->source, w->seed,
        w->n_threads, w->cancel, err);
  }
  if (status == AE_OK)
    status = ae_patch_codes_choose (&codes, f, o->bank, w->n_threads, err);
  if (status == AE_OK)
    status = ae_patch_find_usual (
        &fit->looks, f, &codes, w->n_threads, w->cancel, err);
  ae_patch_codes_clear (&codes);
  return status;
}

/* What networks would be told by, where there are none. */
static void
set_nothing_usual (AeFacts *f)
{
  for (int i = 0; i < f->columns * f->rows; i++) {
    f->limit[i] = 1;
    for (int k = 0; k < AE_APPEARANCES; k++)
      f->usual[k][i] = (AeUsual){ 0, 1 };
  }
  f->motion_scale = 1;
}

static AeStatus
find_networks (Fit *fit, AeError *err)
{
  AeFacts *f = &fit->work->facts;
  f->networks = ae_anomaly_has_networks (fit->work->net);
  if (f->networks)
    return ae_anomaly_find_usual (fit->work, err);
  set_nothing_usual (f);
  return AE_OK;
}

AeStatus
ae_anomaly_find_pictures (
    AeAnomalyWork *w, const AePatchOptions *options, AeError *err)
{
  Fit fit = { .work = w, .options = options };
  w->facts.patches = ae_calloc (1, sizeof *w->facts.patches);
  if (!w->facts.patches)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for patches");
  AeStatus status = ae_patch_source_open (&fit.source, w->footage, err);
  if (status == AE_OK)
    status = find_patches (&fit, err);
  if (status == AE_OK)
    status = find_networks (&fit, err);
  if (status == AE_OK)
    status = ae_channels_init (&w->channels, &w->facts, err);
  if (status == AE_OK)
    status = ae_picture_find_fusion (w, &fit.source, &fit.looks, err);
  ae_patch_source_close (&fit.source);
  ae_patch_looks_clear (&fit.looks);
  return status;
}
