/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The codec's model: checks, tables, ids. */
#include "coder/changes.h"

#include "codec/tables_text.h"
#include "coder/codec_weights.h"
#include "coder/masking.h"
#include "graph/model.h"
#include "util/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_POWER (12 << AE_POWER_BITS)

void
ae_codec_tables_clear (AeCodecTables *tables)
{
  ae_latent_tables_clear (&tables->intra);
  ae_latent_tables_clear (&tables->motion);
  ae_latent_tables_clear (&tables->change);
  ae_latent_tables_clear (&tables->steps);
}

static AeStatus
check_task (const AeModel *model, AeError *err)
{
  const char *task = ae_model_meta (model, "ae.task");
  if (task && strcmp (task, "codec") == 0)
    return AE_OK;
  return ae_fail (err, AE_ERROR_FORMAT,
      "not a codec: metadata ae.task is %s%s%s, wanted \"codec\"",
      task ? "\"" : "", task ? task : "missing", task ? "\"" : "");
}

static AeStatus
read_tables (const AeModel *model, const char *prefix, AeLatentTables *t,
    AeError *err)
{
  char key[32];
  snprintf (key, sizeof key, "ae.codec.%s", prefix);
  const char *text = ae_model_meta (model, key);
  if (!text)
    return ae_fail (
        err, AE_ERROR_FORMAT, "not a codec: metadata %s is missing", key);
  AeContextWeights weights = { 0 };
  AeStatus status = ae_codec_weights_read (&weights, model, prefix, err);
  if (status == AE_OK)
    status = ae_latent_tables_init (
        t, weights.channels, weights.core, err);
  if (status != AE_OK) {
    ae_context_weights_clear (&weights);
    return status;
  }
  ae_context_weights_clear (&t->weights);
  t->weights = weights;
  return ae_symbol_tables_parse (
      t->tables, ae_latent_tables_n (t), text, err);
}

static AeStatus
read_step (AeCodec *codec, AeError *err)
{
  const char *text = ae_model_meta (codec->model, "ae.codec.step");
  if (text
      && sscanf (text, "%d %d", &codec->step_low, &codec->step_range) == 2
      && abs (codec->step_low) <= MOST_POWER
      && abs (codec->step_range) <= MOST_POWER)
    return AE_OK;
  return ae_fail (err, AE_ERROR_FORMAT,
      "not a codec: metadata ae.codec.step is %s%s%s, wanted two numbers from "
      "%d to %d",
      text ? "\"" : "", text ? text : "missing", text ? "\"" : "", -MOST_POWER,
      MOST_POWER);
}

static AeStatus
check_tables (const AeLatentTables *t, const char *name, int channels,
    AeError *err)
{
  if (t->weights.channels == channels)
    return AE_OK;
  return ae_fail (err, AE_ERROR_SHAPE,
      "not a codec: \"%s\" is of %d channels, wanted %d", name,
      t->weights.channels, channels);
}

/* Codecs without masking do not have to say so. */
static AeStatus
read_masking (AeCodec *codec, AeError *err)
{
  const char *text = ae_model_meta (codec->model, "ae.codec.masking");
  int percent;
  if (!text)
    return AE_OK;
  if (sscanf (text, "%d", &percent) != 1 || percent < 1 || percent > 100)
    return ae_fail (err, AE_ERROR_FORMAT,
        "not a codec: metadata ae.codec.masking is \"%s\", wanted 1 to 100",
        text);
  codec->masking = (float) percent / 100;
  return read_tables (codec->model, "steps", &codec->tables.steps, err);
}

/* `integers` has as many channels as the tables. */
static AeStatus
check_channels (const AeCodec *codec, AeError *err)
{
  for (size_t i = 0; i < ae_model_n_inputs (codec->model); i++) {
    if (strcmp (ae_model_input_name (codec->model, i), "integers") != 0)
      continue;
    AeShape shape = ae_model_input_shape (codec->model, i);
    char text[96];
    if (shape.rank == 4 && shape.dim[1] == codec->channels)
      return AE_OK;
    return ae_fail (err, AE_ERROR_SHAPE,
        "not a codec: input \"integers\" has shape %s, wanted ?x%dx?x?",
        ae_shape_text (&shape, text, sizeof text), codec->channels);
  }
  return ae_fail (
      err, AE_ERROR_FORMAT, "not a codec: no input \"integers\"");
}

/* One number for each channel. */
static const float *
find_gains (const AeCodec *codec, const char *name, AeError *err)
{
  const AeGraph *graph = ae_model_graph (codec->model);
  int v = ae_graph_find (graph, name);
  const AeTensor *t = v >= 0 ? graph->values[v].constant : NULL;
  if (t && t->type == AE_F32
      && ae_shape_count (&t->shape) == (size_t) codec->channels)
    return t->data;
  ae_fail (err, AE_ERROR_FORMAT,
      "not a codec: no constant \"%s\" of %d floats", name, codec->channels);
  return NULL;
}

static AeStatus
read_gains (AeCodec *codec, AeError *err)
{
  codec->gain_low = find_gains (codec, "inverse.low", err);
  if (codec->gain_low)
    codec->gain_range = find_gains (codec, "inverse.range", err);
  return codec->gain_range ? AE_OK : AE_ERROR_FORMAT;
}

static void
read_id (AeCodec *codec)
{
  const char *id = ae_model_id (codec->model);
  for (int i = 0; i < 8; i++) {
    char two[3] = { id[2 * i], id[2 * i + 1], '\0' };
    codec->id[i] = (uint8_t) strtol (two, NULL, 16);
  }
}

AeStatus
ae_codec_new (AeCodec **out, AeModel *model, AeError *err)
{
  *out = NULL;
  AeStatus status = check_task (model, err);
  if (status != AE_OK)
    return status;
  AeCodec *codec = ae_calloc (1, sizeof *codec);
  if (!codec)
    return ae_fail (err, AE_ERROR_MEMORY, "out of memory for a codec");
  codec->refs = 1;
  codec->model = ae_model_ref (model);
  AeCodecTables *tables = &codec->tables;
  status = read_tables (model, "intra", &tables->intra, err);
  if (status == AE_OK)
    status = read_tables (model, "motion", &tables->motion, err);
  if (status == AE_OK)
    status = read_tables (model, "change", &tables->change, err);
  codec->channels = tables->intra.weights.channels;
  if (status == AE_OK)
    status = check_tables (
        &tables->motion, "motion", AE_MOTION_CHANNELS, err);
  if (status == AE_OK)
    status = check_tables (&tables->change, "change", AE_COSINES, err);
  if (status == AE_OK)
    status = read_masking (codec, err);
  if (status == AE_OK && codec->masking > 0)
    status = check_tables (&tables->steps, "steps", 1, err);
  if (status == AE_OK)
    status = check_channels (codec, err);
  if (status == AE_OK)
    status = read_step (codec, err);
  if (status == AE_OK)
    status = ae_codec_points_read (&tables->intra, model, "intra", err);
  if (status == AE_OK)
    status = read_gains (codec, err);
  read_id (codec);
  if (status == AE_OK)
    *out = codec;
  else
    ae_codec_unref (&codec);
  return status;
}

AeCodec *
ae_codec_ref (AeCodec *codec)
{
  codec->refs++;
  return codec;
}

void
ae_codec_unref (AeCodec **pointer)
{
  AeCodec *codec = *pointer;
  *pointer = NULL;
  if (!codec || --codec->refs > 0)
    return;
  ae_codec_tables_clear (&codec->tables);
  ae_model_unref (&codec->model);
  ae_free (codec);
}

void
ae_codec_id (const AeCodec *codec, uint8_t id[8])
{
  memcpy (id, codec->id, 8);
}

AeStatus
ae_codec_session (const AeCodec *codec, const AeCodecOptions *options,
    const char *input, const char *output, AeSession **session, AeError *err)
{
  const char *inputs[] = { input, "level" };
  AeSessionOptions o = { .inputs = inputs, .n_inputs = 2, .outputs = &output,
    .n_outputs = 1 };
  if (options) {
    o.n_threads = options->n_threads;
    o.precision = options->precision;
  }
  return ae_session_new (session, codec->model, &o, err);
}

static AeStatus
bind (AeSession *session, const AeShape *in, const char *what,
    const AeShape *out, AeError *err)
{
  AeTensor inputs[2] = { { .type = AE_F32, .shape = *in },
    { .type = AE_F32, .shape = ae_shape (4, 1, 1, 1, 1) } };
  AeStatus status = ae_session_bind (session, inputs, 2, err);
  if (status != AE_OK)
    return status;
  const AeShape *found = &ae_session_output (session, 0)->shape;
  char a[96], b[96];
  if (ae_shape_equal (found, out))
    return AE_OK;
  return ae_fail (err, AE_ERROR_SHAPE,
      "the codec's %s have shape %s, wanted %s", what,
      ae_shape_text (found, a, sizeof a), ae_shape_text (out, b, sizeof b));
}

AeStatus
ae_codec_bind_analysis (AeSession *session, const AeGrid *g, AeError *err)
{
  AeShape frame = ae_shape (4, 1, 6, g->h, g->w);
  AeShape latents = ae_shape (4, 1, g->channels, g->rows, g->columns);
  return bind (session, &frame, "latents", &latents, err);
}

AeStatus
ae_codec_bind_synthesis (AeSession *session, const AeGrid *g, AeError *err)
{
  AeShape frame = ae_shape (4, 1, 6, g->h, g->w);
  AeShape latents = ae_shape (4, 1, g->channels, g->rows, g->columns);
  return bind (session, &latents, "frames", &frame, err);
}

const float *
ae_codec_synthesise (AeSession *session, const AeGrid *g, const float *points,
    const int16_t *steps, int level)
{
  size_t places = (size_t) g->rows * g->columns;
  float *in = ae_session_input (session, 0)->data;
  memcpy (in, points, g->n * sizeof *points);
  if (steps)
    ae_steps_apply (steps, places, false, g->channels, places, in);
  *(float *) ae_session_input (session, 1)->data = (float) level / 255;
  ae_session_run (session);
  return ae_session_output (session, 0)->data;
}
