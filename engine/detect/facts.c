/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "detect/facts.h"

#include "detect/fact_reader.h"
#include "graph/model.h"
#include "util/mem.h"
#include "util/number.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MOST_SIDE 4096
#define MOST_PAST 16
#define MOST_POINTS 65536
#define SHARE_UNIT 0.3f

void
ae_facts_motion_point (const float f[AE_MOTION_FEATURES], float limit,
    float point[AE_MOTION_POINT])
{
  float scale = 1 / limit;
  point[0] = f[AE_MOTION_SHARE] / SHARE_UNIT;
  point[1] = f[AE_MOTION_U] * scale;
  point[2] = f[AE_MOTION_V] * scale;
  point[3] = f[AE_MOTION_SPEED] * scale;
  point[4] = f[AE_MOTION_SPREAD] * scale;
}

static size_t
cells_of (const AeFacts *f)
{
  return (size_t) f->columns * (size_t) f->rows;
}

AeStatus
ae_facts_init (AeFacts *f, const AeObserverShape *shape, AeError *err)
{
  *f = (AeFacts){ .shape = *shape,
    .columns = shape->width / AE_CELL,
    .rows = shape->height / AE_CELL };
  f->limit = ae_calloc (cells_of (f), sizeof (float));
  bool ok = f->limit;
  for (int i = 0; i < AE_APPEARANCES; i++) {
    f->usual[i] = ae_calloc (cells_of (f), sizeof (AeUsual));
    ok = ok && f->usual[i];
  }
  if (ok)
    return AE_OK;
  ae_facts_clear (f);
  return ae_fail (err, AE_ERROR_MEMORY, "no memory for pictures of %dx%d",
      shape->width, shape->height);
}

void
ae_facts_clear (AeFacts *f)
{
  ae_mixture_free (&f->latent);
  ae_neighbours_free (&f->motion);
  if (f->patches)
    ae_patch_facts_clear (f->patches);
  ae_free (f->patches);
  for (int i = 0; i < AE_APPEARANCES; i++)
    ae_free (f->usual[i]);
  ae_free (f->limit);
  ae_free (f->points);
  *f = (AeFacts){ 0 };
}

AeStatus
ae_facts_set_motion (
    AeFacts *f, const float *points, size_t n, AeError *err)
{
  AeNeighbours *motion = NULL;
  float *copy = ae_alloc (n * AE_MOTION_POINT * sizeof (float));
  if (!copy)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for %zu points", n);
  memcpy (copy, points, n * AE_MOTION_POINT * sizeof (float));
  AeStatus status
      = ae_neighbours_new (&motion, copy, n, AE_MOTION_POINT, err);
  if (status != AE_OK) {
    ae_free (copy);
    return status;
  }
  ae_neighbours_free (&f->motion);
  ae_free (f->points);
  f->motion = motion;
  f->points = copy;
  f->n_points = n;
  return AE_OK;
}

static size_t
blocks_of (const AePatchFacts *p)
{
  return (size_t) ae_local_bank_block_columns (&p->shape)
         * (size_t) ae_local_bank_block_rows (&p->shape);
}

/* What the facts do not hold as one block of floats. */
static float *
pack_numbers (const AeFacts *f)
{
  size_t cells = cells_of (f), blocks = f->patches ? blocks_of (f->patches) : 0;
  size_t n = 2 * cells * AE_APPEARANCES
             + (AE_N_CHANNELS - 1) * (AE_RARITY_STEPS + 1) + 2 + blocks;
  float *own = ae_alloc (n * sizeof (float)), *to = own;
  if (!own)
    return NULL;
  for (int i = 0; i < AE_APPEARANCES; i++)
    for (size_t c = 0; c < cells; c++) {
      *to++ = f->usual[i][c].mean;
      *to++ = f->usual[i][c].deviation;
    }
  for (int i = 1; i < AE_N_CHANNELS; i++)
    for (int k = 0; k < AE_RARITY_STEPS; k++)
      *to++ = f->rarity[i][k];
  for (int i = 1; i < AE_N_CHANNELS; i++)
    *to++ = f->weight[i];
  *to++ = f->motion_scale;
  *to++ = f->motion_jitter;
  for (size_t i = 0; i < blocks; i++)
    *to++ = (float) f->patches->counts[i];
  return own;
}

static void
list_tensors (AeFactList *list, const AeFactTensor *tensors, size_t n)
{
  for (size_t i = 0; i < n; i++)
    if (tensors[i].values)
      list->tensor[list->n_tensors++] = tensors[i];
}

/* counts: of the codes of blocks. */
static void
list_patches (AeFactList *list, const AePatchFacts *p, const float *counts)
{
  int edge = p->window, d = p->shape.d;
  const AeFactTensor all[] = {
    { "anomaly.patch_mean", AE_F32, ae_shape (2, edge, edge), p->mean },
    { "anomaly.patch_axes", AE_F32, ae_shape (3, p->code, edge, edge),
        p->axes },
    { "anomaly.patch_usual", AE_F32, ae_shape (3, p->rows, p->columns, 2),
        p->usual },
    { "anomaly.bank_counts", AE_F32,
        ae_shape (2, ae_local_bank_block_rows (&p->shape),
            ae_local_bank_block_columns (&p->shape)),
        counts },
    { "anomaly.bank_steps", AE_F32, ae_shape (1, d), p->steps },
    { "anomaly.bank", AE_I8, ae_shape (2, (int) p->n_codes, d), p->codes },
  };
  list_tensors (list, all, sizeof all / sizeof *all);
  snprintf (list->key[list->n_texts], sizeof list->key[0], AE_PATCH_META);
  ae_patch_facts_text (p, list->text[list->n_texts++]);
}

void
ae_facts_calibration_key (AeChannel channel, char key[AE_CALIBRATION_KEY])
{
  snprintf (key, AE_CALIBRATION_KEY, "ae.anomaly.calibration.%s",
      ae_channel_name (channel));
}

AeStatus
ae_facts_list (AeFactList *list, const AeFacts *f, AeError *err)
{
  *list = (AeFactList){ .own = pack_numbers (f) };
  if (!list->own)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for a model's facts");
  size_t cells = cells_of (f);
  const float *usual = list->own;
  const float *rarity = usual + 2 * cells * AE_APPEARANCES;
  const float *weight = rarity + (AE_N_CHANNELS - 1) * AE_RARITY_STEPS;
  const float *scale = weight + AE_N_CHANNELS - 1;
  const AeFactTensor all[] = {
    { "anomaly.limit", AE_F32, ae_shape (2, f->rows, f->columns), f->limit },
    { "anomaly.usual", AE_F32,
        ae_shape (4, AE_APPEARANCES, f->rows, f->columns, 2), usual },
    { "anomaly.rarity", AE_F32,
        ae_shape (2, AE_N_CHANNELS - 1, AE_RARITY_STEPS), rarity },
    { "anomaly.weights", AE_F32, ae_shape (1, AE_N_CHANNELS - 1), weight },
    { "anomaly.motion_scale", AE_F32, ae_shape (1, 1), scale },
    { "anomaly.motion_jitter", AE_F32, ae_shape (1, 1),
        f->motion_jitter > 0 ? scale + 1 : NULL },
    { "anomaly.latent", AE_F32,
        ae_shape (1, f->latent ? (int) f->latent->floats : 0),
        f->latent ? f->latent->block : NULL },
    { "anomaly.motion", AE_F32,
        ae_shape (2, (int) f->n_points, AE_MOTION_POINT), f->points },
  };
  list_tensors (list, all, sizeof all / sizeof *all);
  for (int i = 0; i < AE_N_CHANNELS; i++) {
    ae_facts_calibration_key ((AeChannel) i, list->key[i]);
    ae_calibration_write (&f->calibration[i], list->text[i]);
  }
  list->n_texts = AE_N_CHANNELS;
  if (f->patches)
    list_patches (list, f->patches, scale + 2);
  return AE_OK;
}

void
ae_fact_list_clear (AeFactList *list)
{
  ae_free (list->own);
  *list = (AeFactList){ 0 };
}

/* Reading. */

static AeStatus
check_task (const AeModel *model, AeError *err)
{
  const char *task = ae_model_meta (model, "ae.task");
  if (task && strcmp (task, "anomaly") == 0)
    return AE_OK;
  return ae_fail (err, AE_ERROR_FORMAT,
      "not an anomaly model: metadata ae.task is %s%s%s, wanted \"anomaly\"",
      task ? "\"" : "", task ? task : "missing", task ? "\"" : "");
}

static AeStatus
read_number (double *value, const AeModel *model, const char *key, double low,
    double high, AeError *err)
{
  const char *text = ae_model_meta (model, key);
  char *end = NULL, wanted[64];
  *value = text ? ae_number_read (text, &end) : NAN;
  if (text && end != text && *end == '\0' && *value >= low && *value <= high)
    return AE_OK;
  snprintf (wanted, sizeof wanted, "a number from %g to %g", low, high);
  return ae_fact_bad_meta (model, key, wanted, err);
}

static bool
good_side (int side)
{
  return side >= 32 && side <= MOST_SIDE && side % AE_CELL == 0;
}

static AeStatus
read_shape (AeObserverShape *shape, const AeModel *model, AeError *err)
{
  const char *size = ae_model_meta (model, "ae.anomaly.size");
  double past = 0;
  char rest;
  if (!size
      || sscanf (size, "%dx%d%c", &shape->width, &shape->height, &rest) != 2
      || !good_side (shape->width) || !good_side (shape->height))
    return ae_fact_bad_meta (model, "ae.anomaly.size",
        "width x height in multiples of 8, as 360x240", err);
  AeStatus status = read_number (
      &past, model, "ae.anomaly.past", 0, MOST_PAST, err);
  shape->past = (int) past;
  return status;
}

static AeStatus
not_above_zero (const char *name, AeError *err)
{
  return ae_fail (err, AE_ERROR_FORMAT,
      "not an anomaly model: \"%s\" holds a number that is not above 0", name);
}

static AeStatus
read_cells (AeFacts *f, const AeModel *model, AeError *err)
{
  size_t cells = cells_of (f);
  const float *limit = ae_fact_find_shaped (
      model, "anomaly.limit", AE_F32, ae_shape (2, f->rows, f->columns), err);
  const float *usual = limit ? ae_fact_find_shaped (
      model, "anomaly.usual", AE_F32,
      ae_shape (4, AE_APPEARANCES, f->rows, f->columns, 2), err) : NULL;
  if (!usual)
    return err ? err->status : AE_ERROR_FORMAT;
  for (size_t c = 0; c < cells; c++)
    if (!((f->limit[c] = limit[c]) > 0))
      return not_above_zero ("anomaly.limit", err);
  for (int i = 0; i < AE_APPEARANCES; i++)
    for (size_t c = 0; c < cells; c++, usual += 2) {
      f->usual[i][c] = (AeUsual){ usual[0], usual[1] };
      if (!(usual[1] > 0))
        return not_above_zero ("anomaly.usual", err);
    }
  return AE_OK;
}

static AeStatus
read_fusion (AeFacts *f, const AeModel *model, AeError *err)
{
  const int n = AE_N_CHANNELS - 1;
  const float *rarity = ae_fact_find_shaped (
      model, "anomaly.rarity", AE_F32, ae_shape (2, n, AE_RARITY_STEPS), err);
  const float *weight = rarity ? ae_fact_find_shaped (
      model, "anomaly.weights", AE_F32, ae_shape (1, n), err) : NULL;
  const float *scale = weight ? ae_fact_find_shaped (
      model, "anomaly.motion_scale", AE_F32, ae_shape (1, 1), err) : NULL;
  if (!scale)
    return err ? err->status : AE_ERROR_FORMAT;
  for (int i = 0; i < n; i++) {
    memcpy (f->rarity[i + 1], rarity + i * AE_RARITY_STEPS,
        sizeof f->rarity[0]);
    for (int k = 1; k < AE_RARITY_STEPS; k++)
      if (f->rarity[i + 1][k] < f->rarity[i + 1][k - 1])
        return ae_fail (err, AE_ERROR_FORMAT,
            "not an anomaly model: \"anomaly.rarity\" does not rise");
    if (!((f->weight[i + 1] = weight[i]) >= 0))
      return ae_fail (err, AE_ERROR_FORMAT,
          "not an anomaly model: weight %g, wanted 0 or more", weight[i]);
  }
  f->motion_scale = scale[0];
  return scale[0] > 0 ? AE_OK : not_above_zero ("anomaly.motion_scale", err);
}

/* Models of before have none. */
static AeStatus
read_jitter (AeFacts *f, const AeModel *model, AeError *err)
{
  const char *name = "anomaly.motion_jitter";
  if (ae_graph_find (ae_model_graph (model), name) < 0)
    return AE_OK;
  const float *jitter = ae_fact_find_shaped (
      model, name, AE_F32, ae_shape (1, 1), err);
  if (!jitter)
    return err ? err->status : AE_ERROR_FORMAT;
  f->motion_jitter = jitter[0];
  return jitter[0] > 0 ? AE_OK : not_above_zero (name, err);
}

/* Of models of pictures: their latents have no density. */
static AeStatus
read_patch_facts (AeFacts *f, const AeModel *model, AeError *err)
{
  f->patches = ae_calloc (1, sizeof *f->patches);
  if (!f->patches)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for patches");
  f->networks = ae_graph_find (ae_model_graph (model), "realness") >= 0;
  return ae_patch_facts_read (
      f->patches, model, f->shape.width, f->shape.height, err);
}

static AeStatus
read_densities (AeFacts *f, const AeModel *model, AeError *err)
{
  if (ae_patch_facts_are_in (model))
    return read_patch_facts (f, model, err);
  f->networks = true;
  const AeTensor *latent = ae_fact_find (
      model, "anomaly.latent", AE_F32, err);
  if (!latent)
    return err ? err->status : AE_ERROR_FORMAT;
  AeStatus status = ae_mixture_read (
      &f->latent, latent->data, ae_shape_count (&latent->shape), err);
  if (status != AE_OK)
    return ae_fail_prefix (err, status, "\"anomaly.latent\"");
  f->shape.latent = (int) f->latent->d; /* the observer checks the network's */
  if (ae_graph_find (ae_model_graph (model), "anomaly.motion") < 0)
    return AE_OK; /* nothing has moved */
  const AeTensor *points = ae_fact_find (
      model, "anomaly.motion", AE_F32, err);
  if (!points)
    return err ? err->status : AE_ERROR_FORMAT;
  if (points->shape.rank != 2 || points->shape.dim[1] != AE_MOTION_POINT
      || points->shape.dim[0] < 1 || points->shape.dim[0] > MOST_POINTS)
    return ae_fail (err, AE_ERROR_SHAPE,
        "not an anomaly model: \"anomaly.motion\" is not of 1 to %d points of "
        "%d values",
        MOST_POINTS, AE_MOTION_POINT);
  return ae_facts_set_motion (
      f, points->data, (size_t) points->shape.dim[0], err);
}

static AeStatus
read_calibrations (AeFacts *f, const AeModel *model, AeError *err)
{
  for (int i = 0; i < AE_N_CHANNELS; i++) {
    char key[AE_CALIBRATION_KEY];
    ae_facts_calibration_key ((AeChannel) i, key);
    const char *text = ae_model_meta (model, key);
    if (!text)
      return ae_fact_bad_meta (model, key, "a calibration", err);
    AeStatus status = ae_calibration_read (&f->calibration[i], text, err);
    if (status != AE_OK)
      return ae_fail_prefix (err, status, "metadata %s", key);
  }
  return AE_OK;
}

AeStatus
ae_facts_read (AeFacts *f, const AeModel *model, AeError *err)
{
  AeError own;
  err = err ? err : &own;
  *f = (AeFacts){ 0 };
  AeObserverShape shape = { 0 };
  double rate = 0;
  AeStatus status = check_task (model, err);
  if (status == AE_OK)
    status = read_shape (&shape, model, err);
  if (status == AE_OK)
    status = read_number (
        &rate, model, "ae.anomaly.frame_rate", 0.01, 1000, err);
  if (status == AE_OK)
    status = ae_facts_init (f, &shape, err);
  if (status != AE_OK)
    return status;
  const char *any = ae_model_meta (model, "ae.anomaly.any_camera");
  f->any_camera = any && strcmp (any, "yes") == 0;
  f->frame_rate = rate;
  AeStatus (*const parts[]) (AeFacts *, const AeModel *, AeError *)
      = { read_cells, read_fusion, read_jitter, read_densities,
            read_calibrations };
  for (size_t i = 0; status == AE_OK && i < sizeof parts / sizeof *parts; i++)
    status = parts[i](f, model, err);
  if (status != AE_OK)
    ae_facts_clear (f);
  return status;
}
