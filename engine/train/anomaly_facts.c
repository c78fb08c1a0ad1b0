/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/anomaly_fit.h"

#include "train/anomaly_calibrate.h"
#include "train/anomaly_fusion.h"
#include "train/anomaly_pictures.h"
#include "train/anomaly_usual.h"
#include "train/recipe.h"

#include <string.h>

static AeStatus
read_shape (AeObserverShape *shape, AeFootage *footage,
    const AeRecipe *recipe, AeError *err)
{
  bool pictures
      = strcmp (ae_recipe_text_of (recipe, "anomaly", "kind"), "pictures") == 0;
  shape->past
      = pictures ? 0 : (int) ae_recipe_number_of (recipe, "anomaly", "past");
  shape->latent = pictures /* patches take their place */
      ? 0
      : (int) ae_recipe_number_of (recipe, "anomaly", "latent");
  if (ae_footage_size (footage, &shape->width, &shape->height))
    return AE_OK;
  return ae_fail (
      err, AE_ERROR_NEEDS_DATA, "no footage to fit a detector to");
}

static AePrecision
precision_of (const AeRecipe *recipe)
{
  const char *word = ae_recipe_text_of (recipe, "training", "precision");
  return strcmp (word, "f32") == 0    ? AE_PRECISION_F32
         : strcmp (word, "bf16") == 0 ? AE_PRECISION_BF16
                                      : AE_PRECISION_AUTO;
}

static AeStatus
find_all (AeAnomalyWork *w, AeError *err)
{
  AeStatus status = ae_anomaly_find_usual (w, err);
  if (status == AE_OK)
    status = ae_channels_init (&w->channels, &w->facts, err);
  if (status == AE_OK)
    status = ae_anomaly_find_fusion (w, err);
  if (status == AE_OK)
    status = ae_anomaly_calibrate (w, err);
  return status;
}

static AePatchOptions
patch_options (const AeRecipe *r)
{
  static const char *const align[] = { "none", "object", NULL };
  static const char *const flatten[] = { "none", "columns", "rows", NULL };
  const char *s = "anomaly";
  return (AePatchOptions){
    .align = (AeAlign) ae_recipe_word_of (r, s, "align", align),
    .flatten = (AeFlatten) ae_recipe_word_of (r, s, "flatten", flatten),
    .reduce = (int) ae_recipe_number_of (r, s, "reduce"),
    .strip = (int) ae_recipe_number_of (r, s, "strip"),
    .window = (int) ae_recipe_number_of (r, s, "window"),
    .code = (int) ae_recipe_number_of (r, s, "code"),
    .bank = ae_recipe_number_of (r, s, "bank") * (1 << 20),
  };
}

static AeStatus
hand_over (AeAnomalyFit *fit, const AeFacts *facts, AeError *err)
{
  AeFactList list;
  AeStatus status = ae_facts_list (&list, facts, err);
  bool ok = status == AE_OK;
  for (size_t i = 0; ok && i < list.n_tensors; i++)
    ok = ae_anomaly_fit_add (fit, list.tensor[i].name, list.tensor[i].type,
        list.tensor[i].shape, list.tensor[i].values);
  for (size_t i = 0; ok && i < list.n_texts; i++)
    ok = ae_anomaly_fit_say (fit, list.key[i], list.text[i]);
  if (status == AE_OK)
    ae_fact_list_clear (&list);
  if (status == AE_OK && !ok)
    status = ae_fail (err, AE_ERROR_MEMORY, "no memory for a model's facts");
  return status;
}

AeStatus
ae_anomaly_fit (AeAnomalyFit *fit, AeFootage *footage, AeModel *net,
    const AeRecipe *recipe, const atomic_bool *cancel, AeError *err)
{
  AeObserverShape shape;
  AeAnomalyWork w = { .footage = footage,
    .net = net,
    .n_threads = (int) ae_recipe_number_of (recipe, "training", "threads"),
    .precision = precision_of (recipe),
    .seed = (uint64_t) ae_recipe_number_of (recipe, "training", "seed"),
    .cancel = cancel };
  AeStatus status = read_shape (&shape, footage, recipe, err);
  if (status == AE_OK)
    status = ae_facts_init (&w.facts, &shape, err);
  if (status != AE_OK)
    return status;
  w.facts.frame_rate
      = ae_recipe_number_of (recipe, "anomaly", "frame_rate");
  AePatchOptions patches = patch_options (recipe);
  status = shape.past > 0 ? find_all (&w, err)
                          : ae_anomaly_find_pictures (&w, &patches, err);
  if (status == AE_OK)
    status = hand_over (fit, &w.facts, err);
  ae_channels_clear (&w.channels);
  ae_observer_free (&w.observer);
  ae_facts_clear (&w.facts);
  return status;
}
