/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "detect/patch_facts.h"

#include "detect/fact_reader.h"
#include "graph/model.h"
#include "util/mem.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MOST_SIDE 4096
#define MOST_CODE 128
#define MOST_BLOCK 4
#define MOST_REACH 2
#define MOST_CODES 16384 /* of a block */

void
ae_patch_places (const AePreparation *p, int *columns, int *rows)
{
  *columns = p->plane_width / AE_PATCH_STEP;
  *rows = p->plane_height / AE_PATCH_STEP;
}

static size_t
blocks_of (const AeLocalBankShape *s)
{
  return (size_t) ae_local_bank_block_columns (s)
         * (size_t) ae_local_bank_block_rows (s);
}

AeStatus
ae_patch_facts_init (AePatchFacts *f, const AePreparation *preparation,
    int window, int code, const AeLocalBankShape *shape, AeError *err)
{
  *f = (AePatchFacts){ .preparation = *preparation, .window = window,
    .code = code, .shape = *shape };
  ae_patch_places (preparation, &f->columns, &f->rows);
  f->shape.columns = f->columns;
  f->shape.rows = f->rows;
  f->shape.d = code + 1;
  size_t patch = (size_t) (window * window), d = (size_t) f->shape.d;
  size_t places = (size_t) f->columns * (size_t) f->rows;
  f->mean = ae_calloc (patch, sizeof (float));
  f->axes = ae_calloc (patch, d * sizeof (float));
  f->counts = ae_calloc (blocks_of (&f->shape), sizeof *f->counts);
  f->steps = ae_calloc (d, sizeof (float));
  f->usual = ae_calloc (places, sizeof *f->usual);
  if (f->mean && f->axes && f->counts && f->steps && f->usual)
    return AE_OK;
  ae_patch_facts_clear (f);
  return ae_fail (err, AE_ERROR_MEMORY, "no memory for %zu places", places);
}

void
ae_patch_facts_clear (AePatchFacts *f)
{
  ae_local_bank_free (&f->bank);
  ae_free (f->mean);
  ae_free (f->axes);
  ae_free (f->counts);
  ae_free (f->codes);
  ae_free (f->steps);
  ae_free (f->usual);
  *f = (AePatchFacts){ 0 };
}

/* The bank of the codes as they are stored. */
static AeStatus
make_bank (AePatchFacts *f, const uint16_t *owners, AeError *err)
{
  size_t d = (size_t) f->shape.d;
  float *codes = ae_calloc (f->n_codes, d * sizeof *codes);
  if (!codes)
    return ae_fail (
        err, AE_ERROR_MEMORY, "no memory for %zu codes", f->n_codes);
  for (size_t i = 0; i < f->n_codes * d; i++)
    codes[i] = f->steps[i % d] * (float) f->codes[i];
  ae_local_bank_free (&f->bank);
  AeStatus status = ae_local_bank_new (
      &f->bank, &f->shape, f->counts, codes, owners, err);
  ae_free (codes);
  return status;
}

static size_t
sum_of (const uint32_t *counts, size_t n)
{
  size_t sum = 0;
  for (size_t i = 0; i < n; i++)
    sum += counts[i];
  return sum;
}

AeStatus
ae_patch_facts_set_codes (AePatchFacts *f, const uint32_t *counts,
    const float *codes, const uint16_t *owners, AeError *err)
{
  size_t d = (size_t) f->shape.d, blocks = blocks_of (&f->shape);
  memcpy (f->counts, counts, blocks * sizeof *counts);
  f->n_codes = sum_of (counts, blocks);
  ae_free (f->codes);
  f->codes = ae_calloc (f->n_codes, d);
  if (!f->codes)
    return ae_fail (
        err, AE_ERROR_MEMORY, "no memory for %zu codes", f->n_codes);
  for (size_t k = 0; k < d; k++) {
    float most = 1e-6f;
    for (size_t i = 0; i < f->n_codes; i++)
      most = fmaxf (most, fabsf (codes[i * d + k]));
    f->steps[k] = most / INT8_MAX;
    for (size_t i = 0; i < f->n_codes; i++)
      f->codes[i * d + k]
          = (int8_t) lrintf (codes[i * d + k] / f->steps[k]);
  }
  return make_bank (f, owners, err);
}

bool
ae_patch_facts_are_in (const AeModel *model)
{
  return ae_model_meta (model, AE_PATCH_META) != NULL;
}

#define FORMAT_OUT \
  "align=%s flatten=%s plane=%dx%d scale=%.9g window=%d code=%d block=%d " \
  "reach=%dx%d"
#define FORMAT_IN \
  "align=%15s flatten=%15s plane=%dx%d scale=%lf window=%d code=%d block=%d " \
  "reach=%dx%d%c"

void
ae_patch_facts_text (const AePatchFacts *f, char text[AE_PATCH_TEXT])
{
  const AePreparation *p = &f->preparation;
  const AeLocalBankShape *s = &f->shape;
  snprintf (text, AE_PATCH_TEXT, FORMAT_OUT, ae_align_name (p->align),
      ae_flatten_name (p->flatten), p->plane_width, p->plane_height, p->scale,
      f->window, f->code, s->block, s->reach_x, s->reach_y);
}

static bool
within (int value, int low, int high)
{
  return value >= low && value <= high;
}

/* Without alignment the plane is the picture, reduced. */
static bool
good_plane (const AePreparation *p)
{
  if (!within (p->plane_width, 16, MOST_SIDE)
      || !within (p->plane_height, 16, MOST_SIDE))
    return false;
  if (p->align == AE_ALIGN_OBJECT)
    return p->scale >= 0.01 && p->scale <= 100;
  int step = (int) lround (1 / p->scale);
  return (p->scale == 1 || p->scale == 0.5 || p->scale == 0.25)
         && p->plane_width * step <= p->width
         && p->plane_height * step <= p->height;
}

static bool
good_sizes (const AePatchFacts *f)
{
  const AeLocalBankShape *s = &f->shape;
  return good_plane (&f->preparation)
         && within (f->window, 3, AE_PATCH_MOST_WINDOW) && f->window % 2 == 1
         && within (f->code, 1, MOST_CODE)
         && f->code <= f->window * f->window
         && within (s->block, 1, MOST_BLOCK)
         && within (s->reach_x, 0, MOST_REACH)
         && within (s->reach_y, 0, MOST_REACH);
}

static int
index_of (const char *word, int n, const char *(*name) (int))
{
  for (int i = 0; i < n; i++)
    if (strcmp (word, name (i)) == 0)
      return i;
  return -1;
}

static const char *
align_name (int i)
{
  return ae_align_name ((AeAlign) i);
}

static const char *
flatten_name (int i)
{
  return ae_flatten_name ((AeFlatten) i);
}

static AeStatus
read_sizes (AePatchFacts *f, const AeModel *model, AeError *err)
{
  AePreparation *p = &f->preparation;
  AeLocalBankShape *s = &f->shape;
  char align[16], flatten[16], rest;
  const char *text = ae_model_meta (model, AE_PATCH_META);
  int n = text ? sscanf (text, FORMAT_IN, align, flatten, &p->plane_width,
      &p->plane_height, &p->scale, &f->window, &f->code, &s->block, &s->reach_x,
      &s->reach_y, &rest) : 0;
  int a = n == 10 ? index_of (align, AE_N_ALIGN, align_name) : -1;
  int b = n == 10 ? index_of (flatten, AE_N_FLATTEN, flatten_name) : -1;
  if (a >= 0 && b >= 0) {
    p->align = (AeAlign) a;
    p->flatten = (AeFlatten) b;
    if (good_sizes (f))
      return AE_OK;
  }
  return ae_fact_bad_meta (model, AE_PATCH_META,
      "as \"align=none flatten=none plane=128x96 scale=0.5 window=9 code=24 "
      "block=2 reach=1x1\" that fits the model's size",
      err);
}

static AeStatus
read_patches (AePatchFacts *f, const AeModel *model, AeError *err)
{
  int edge = f->window, d = f->code;
  size_t patch = (size_t) (edge * edge);
  const float *mean = ae_fact_find_shaped (model, "anomaly.patch_mean",
      AE_F32, ae_shape (2, edge, edge), err);
  const float *axes = mean ? ae_fact_find_shaped (model,
      "anomaly.patch_axes", AE_F32, ae_shape (3, d, edge, edge), err) : NULL;
  const float *usual = axes ? ae_fact_find_shaped (model,
      "anomaly.patch_usual", AE_F32, ae_shape (3, f->rows, f->columns, 2),
      err) : NULL;
  if (!usual)
    return err->status;
  memcpy (f->mean, mean, patch * sizeof *mean);
  memcpy (f->axes, axes, patch * (size_t) d * sizeof *axes);
  memcpy (f->usual, usual,
      (size_t) f->columns * (size_t) f->rows * sizeof *f->usual);
  for (int i = 0; i < f->columns * f->rows; i++)
    if (!(f->usual[i].deviation >= 0))
      return ae_fail (err, AE_ERROR_FORMAT,
          "not an anomaly model: \"anomaly.patch_usual\" holds a deviation "
          "of %g, wanted 0 or more",
          f->usual[i].deviation);
  return AE_OK;
}

static AeStatus
read_counts (AePatchFacts *f, const AeModel *model, AeError *err)
{
  int columns = ae_local_bank_block_columns (&f->shape);
  int rows = ae_local_bank_block_rows (&f->shape);
  const float *counts = ae_fact_find_shaped (model, "anomaly.bank_counts",
      AE_F32, ae_shape (2, rows, columns), err);
  if (!counts)
    return err->status;
  for (int i = 0; i < columns * rows; i++) {
    if (!(counts[i] >= 0 && counts[i] <= MOST_CODES
            && counts[i] == floorf (counts[i])))
      return ae_fail (err, AE_ERROR_FORMAT,
          "not an anomaly model: \"anomaly.bank_counts\" holds %g, wanted "
          "whole numbers from 0 to %d",
          counts[i], MOST_CODES);
    f->counts[i] = (uint32_t) counts[i];
  }
  f->n_codes = sum_of (f->counts, (size_t) columns * (size_t) rows);
  if (f->n_codes > 0)
    return AE_OK;
  return ae_fail (err, AE_ERROR_FORMAT,
      "not an anomaly model: \"anomaly.bank_counts\" is 0 all over, wanted "
      "some codes");
}

static AeStatus
read_bank (AePatchFacts *f, const AeModel *model, AeError *err)
{
  int d = f->shape.d;
  if (f->n_codes > INT32_MAX)
    return ae_fail (err, AE_ERROR_LIMIT, "%zu codes are too many", f->n_codes);
  const float *steps = ae_fact_find_shaped (
      model, "anomaly.bank_steps", AE_F32, ae_shape (1, d), err);
  const int8_t *codes = steps ? ae_fact_find_shaped (model, "anomaly.bank",
      AE_I8, ae_shape (2, (int) f->n_codes, d), err) : NULL;
  if (!codes)
    return err->status;
  memcpy (f->steps, steps, (size_t) d * sizeof *steps);
  for (int k = 0; k < d; k++)
    if (!(steps[k] > 0 && steps[k] < 1e6f))
      return ae_fail (err, AE_ERROR_FORMAT,
          "not an anomaly model: \"anomaly.bank_steps\" holds %g, wanted "
          "above 0 and below 1e6",
          steps[k]);
  f->codes = ae_alloc (f->n_codes * (size_t) d);
  if (!f->codes)
    return ae_fail (
        err, AE_ERROR_MEMORY, "no memory for %zu codes", f->n_codes);
  memcpy (f->codes, codes, f->n_codes * (size_t) d);
  return make_bank (f, NULL, err);
}

AeStatus
ae_patch_facts_read (AePatchFacts *f, const AeModel *model, int width,
    int height, AeError *err)
{
  AeError own;
  err = err ? err : &own;
  AePatchFacts found = { .preparation = { .width = width, .height = height } };
  *f = (AePatchFacts){ 0 };
  AeStatus status = read_sizes (&found, model, err);
  if (status == AE_OK)
    status = ae_patch_facts_init (
        f, &found.preparation, found.window, found.code, &found.shape, err);
  AeStatus (*const parts[]) (AePatchFacts *, const AeModel *, AeError *)
      = { read_patches, read_counts, read_bank };
  for (size_t i = 0; status == AE_OK && i < sizeof parts / sizeof *parts; i++)
    status = parts[i](f, model, err);
  if (status != AE_OK)
    ae_patch_facts_clear (f);
  return status;
}
