/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/contact_sheet.h"

#include <ae/sampler.h>
#include <ae/session.h>

#include "tensor/tensor.h"
#include "util/mem.h"

#include <math.h>
#include <string.h>

#define WIDEST 1280    /* pixels of a sheet */
#define MOST_COLUMNS 10
#define LEAST_COLUMNS 2
#define PAIRS 2       /* rows of pictures, each with a row below it */
#define DRAWN_ROWS 4
#define GAP 2         /* pixels between two pictures */
#define GREY 128

typedef struct {
  const AeContactSheet *wanted;
  AeTrainingSheet *sheet;
  int columns, row; /* the next one */
  float *pictures;  /* of a row */
  int labels[MOST_COLUMNS];
} Work;

static size_t
values (const AeThumbnailSize *s)
{
  return (size_t) s->width * (size_t) s->height * (size_t) s->channels;
}

static AeStatus
make_sheet (Work *w, AeError *err)
{
  const AeThumbnailSize *s = &w->wanted->size;
  int fit = (WIDEST - GAP) / (s->width + GAP);
  w->columns = fit > MOST_COLUMNS ? MOST_COLUMNS
      : fit < LEAST_COLUMNS       ? LEAST_COLUMNS
                                  : fit;
  int rows = (w->wanted->store ? 2 * PAIRS : 0)
      + (w->wanted->drawn ? DRAWN_ROWS : 0);
  AeTrainingSheet *sheet = w->sheet;
  *sheet = (AeTrainingSheet){ .width = GAP + w->columns * (s->width + GAP),
    .height = GAP + rows * (s->height + GAP),
    .channels = s->channels };
  size_t n = (size_t) sheet->width * (size_t) sheet->height
      * (size_t) sheet->channels;
  sheet->pixels = ae_calloc (n, 1);
  w->pictures = ae_calloc (
      (size_t) w->columns * values (s), sizeof *w->pictures);
  if (!sheet->pixels || !w->pictures)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for a contact sheet");
  memset (sheet->pixels, GREY, n);
  return AE_OK;
}

static uint8_t
grey_level (float x)
{
  return !(x > 0) ? 0 : x >= 1 ? 255 : (uint8_t) lrintf (255 * x);
}

/* One picture, (channels, height, width), with its corner at (left, top). */
static void
paste (const Work *w, int left, int top, const float *picture)
{
  const AeThumbnailSize *s = &w->wanted->size;
  const AeTrainingSheet *sheet = w->sheet;
  for (int c = 0; c < s->channels; c++)
    for (int y = 0; y < s->height; y++) {
      uint8_t *to = sheet->pixels
          + ((size_t) (top + y) * (size_t) sheet->width + (size_t) left)
              * (size_t) s->channels
          + c;
      for (int x = 0; x < s->width; x++)
        to[x * s->channels] = grey_level (*picture++);
    }
}

/* A row of the sheet. */
static void
paste_row (Work *w, const float *pictures)
{
  const AeThumbnailSize *s = &w->wanted->size;
  int top = GAP + w->row++ * (s->height + GAP);
  for (int i = 0; i < w->columns; i++)
    paste (w, GAP + i * (s->width + GAP), top,
        pictures + (size_t) i * values (s));
}

/* Pictures and what comes back. */

static AeStatus
open_session (
    const Work *w, AeSession **session, AeModel *model, AeError *err)
{
  static const char *const inputs[] = { "frame", "class" };
  static const char *const outputs[] = { "reconstruction" };
  const AeContactSheet *wanted = w->wanted;
  const AeThumbnailSize *s = &wanted->size;
  AeSessionOptions options = { .n_threads = 1,
    .inputs = inputs,
    .n_inputs = wanted->classes > 0 ? 2 : 1,
    .outputs = outputs,
    .n_outputs = 1 };
  AeTensor in[2] = {
    { .type = AE_F32,
        .shape = ae_shape (4, w->columns, s->channels, s->height, s->width) },
    { .type = AE_F32, .shape = ae_shape (2, w->columns, wanted->classes) },
  };
  AeStatus status = ae_session_new (session, model, &options, err);
  return status == AE_OK
      ? ae_session_bind (*session, in, options.n_inputs, err)
      : status;
}

static void
set_classes (const Work *w, AeSession *session)
{
  int n = w->wanted->classes;
  if (n == 0)
    return;
  AeTensor *classes = ae_session_input (session, 1);
  float *one = classes->data;
  memset (one, 0, ae_tensor_bytes (classes));
  for (int i = 0; i < w->columns; i++)
    one[i * n + w->labels[i]] = 1;
}

/* Two rows: pictures from number `first` on, and what is made of them. */
static AeStatus
paste_pair (Work *w, AeSession *session, size_t first, AeError *err)
{
  AePictureStore *store = w->wanted->store;
  bool held_out = ae_picture_store_count (store, true) > 0;
  float *frames = ae_session_input (session, 0)->data;
  if (!ae_picture_store_take (store, held_out, first, (size_t) w->columns,
          frames, w->labels))
    return ae_fail (err, AE_ERROR_NEEDS_DATA, "no pictures to show");
  paste_row (w, frames);
  set_classes (w, session);
  ae_session_run (session);
  paste_row (w, ae_session_output (session, 0)->data);
  return AE_OK;
}

static AeStatus
show_pictures (Work *w, AeModel *model, AeError *err)
{
  AeSession *session = NULL;
  AeStatus status = open_session (w, &session, model, err);
  for (int i = 0; status == AE_OK && i < PAIRS; i++)
    status = paste_pair (w, session, (size_t) (i * w->columns), err);
  ae_session_free (&session);
  return status;
}

/* What is made of drawn codes. */

static AeStatus
paste_drawn (Work *w, AeSampler *sampler, float *codes, AeError *err)
{
  AeSamplerFacts facts = ae_sampler_facts (sampler);
  if (facts.width != w->wanted->size.width
      || facts.height != w->wanted->size.height
      || facts.channels != w->wanted->size.channels)
    return ae_fail (err, AE_ERROR_SHAPE,
        "pictures of %dx%d with %d channels, wanted %dx%d with %d",
        facts.width, facts.height, facts.channels, w->wanted->size.width,
        w->wanted->size.height, w->wanted->size.channels);
  for (int row = 0; row < DRAWN_ROWS; row++) {
    for (int i = 0; i < w->columns; i++) {
      ae_sampler_draw (sampler, w->wanted->seed,
          (uint64_t) (row * w->columns + i), 1, codes + i * facts.latent,
          &w->labels[i]);
      if (facts.classes <= w->columns)
        w->labels[i] = facts.classes > 0 ? i % facts.classes : 0;
    }
    ae_sampler_decode (
        sampler, codes, w->labels, (size_t) w->columns, w->pictures);
    paste_row (w, w->pictures);
  }
  return AE_OK;
}

static AeStatus
show_drawn (Work *w, AeModel *model, AeError *err)
{
  AeSampler *sampler = NULL;
  float *codes = NULL;
  AeSamplerOptions options
      = { .n_threads = 1, .batch = w->columns, .normal_prior = true };
  AeStatus status = ae_sampler_new (&sampler, model, &options, err);
  if (status == AE_OK
      && !(codes = ae_calloc ((size_t) w->columns
                   * (size_t) ae_sampler_facts (sampler).latent,
               sizeof *codes)))
    status = ae_fail (err, AE_ERROR_MEMORY, "no memory for codes");
  if (status == AE_OK)
    status = paste_drawn (w, sampler, codes, err);
  ae_free (codes);
  ae_sampler_free (&sampler);
  return status;
}

AeStatus
ae_contact_sheet_make (AeTrainingSheet *out, const AeContactSheet *wanted,
    AeModel *model, AeError *err)
{
  Work w = { .wanted = wanted, .sheet = out };
  AeStatus status = make_sheet (&w, err);
  if (status == AE_OK && wanted->store)
    status = show_pictures (&w, model, err);
  if (status == AE_OK && wanted->drawn)
    status = show_drawn (&w, model, err);
  ae_free (w.pictures);
  if (status != AE_OK)
    ae_training_sheet_clear (out);
  return status;
}
