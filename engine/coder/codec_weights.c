/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "coder/codec_weights.h"

#include "graph/model.h"

#include <stdio.h>
#include <string.h>

AeWeightTensor
ae_weight_tensor (const AeContextWeights *w, int index)
{
  int c = w->channels, k = w->core;
  AeShape around = ae_shape (3, k, AE_OFFSETS, k);
  AeWeightTensor all[AE_N_WEIGHT_TENSORS] = {
    { "sizes", ae_shape (2, c, c), w->sizes },
    { "around", around, w->around },
    { "means", around, w->means },
    { "vectors", ae_shape (2, AE_WEIGHT_VECTORS, c), w->vectors },
  };
  return all[index];
}

static const AeTensor *
find (const AeModel *model, const char *name, AeError *err)
{
  const AeGraph *graph = ae_model_graph (model);
  int v = ae_graph_find (graph, name);
  const AeTensor *t = v >= 0 ? graph->values[v].constant : NULL;
  if (!t)
    ae_fail (err, AE_ERROR_FORMAT, "not a codec: no constant \"%s\"", name);
  else if (t->type != AE_I16)
    ae_fail (err, AE_ERROR_FORMAT,
        "not a codec: \"%s\" is of type %s, wanted i16", name,
        ae_type_name (t->type));
  return t && t->type == AE_I16 ? t : NULL;
}

static AeStatus
read_tensor (const AeWeightTensor *to, const AeModel *model,
    const char *prefix, AeError *err)
{
  char name[64], found[96], wanted[96];
  snprintf (name, sizeof name, "%s.%s", prefix, to->name);
  const AeTensor *t = find (model, name, err);
  if (!t)
    return AE_ERROR_FORMAT;
  if (!ae_shape_equal (&t->shape, &to->shape))
    return ae_fail (err, AE_ERROR_SHAPE,
        "not a codec: \"%s\" has shape %s, wanted %s", name,
        ae_shape_text (&t->shape, found, sizeof found),
        ae_shape_text (&to->shape, wanted, sizeof wanted));
  memcpy (to->values, t->data, ae_shape_count (&to->shape) * sizeof (int16_t));
  return AE_OK;
}

/* Channels and core, by the shapes of two tensors. */
static AeStatus
read_size (const AeModel *model, const char *prefix, int *channels, int *core,
    AeError *err)
{
  char name[64];
  snprintf (name, sizeof name, "%s.sizes", prefix);
  const AeTensor *sizes = find (model, name, err);
  snprintf (name, sizeof name, "%s.means", prefix);
  const AeTensor *means = sizes ? find (model, name, err) : NULL;
  if (!means)
    return AE_ERROR_FORMAT;
  if (sizes->shape.rank < 1 || means->shape.rank < 1
      || sizes->shape.dim[0] > INT16_MAX || means->shape.dim[0] > INT16_MAX)
    return ae_fail (err, AE_ERROR_SHAPE,
        "not a codec: \"%s.sizes\" and \"%s.means\" have %d and %d dimensions",
        prefix, prefix, sizes->shape.rank, means->shape.rank);
  *channels = (int) sizes->shape.dim[0];
  *core = (int) means->shape.dim[0];
  return AE_OK;
}

static AeStatus
check_sets (const AeContextWeights *w, const char *prefix, AeError *err)
{
  const int16_t *set = w->vectors + AE_WEIGHT_SET * (size_t) w->channels;
  for (int c = 0; c < w->channels; c++)
    if (set[c] < 0 || set[c] >= AE_TABLE_SETS)
      return ae_fail (err, AE_ERROR_FORMAT,
          "not a codec: \"%s.vectors\" gives channel %d set %d of tables, "
          "wanted 0 to %d",
          prefix, c, set[c], AE_TABLE_SETS - 1);
  return AE_OK;
}

AeWeightTensor
ae_points_tensor (const AeLatentTables *t)
{
  return (AeWeightTensor){ "points",
    ae_shape (2, ae_latent_tables_n (t), 2 * AE_POINT_REACH + 1),
    t->points->shift };
}

AeStatus
ae_codec_points_read (AeLatentTables *t, const AeModel *model,
    const char *prefix, AeError *err)
{
  AeWeightTensor to = ae_points_tensor (t);
  return read_tensor (&to, model, prefix, err);
}

AeStatus
ae_codec_weights_read (AeContextWeights *w, const AeModel *model,
    const char *prefix, AeError *err)
{
  int channels = 0, core = 0;
  AeStatus status = read_size (model, prefix, &channels, &core, err);
  if (status == AE_OK)
    status = ae_context_weights_init (w, channels, core, err);
  for (int i = 0; status == AE_OK && i < AE_N_WEIGHT_TENSORS; i++) {
    AeWeightTensor t = ae_weight_tensor (w, i);
    status = read_tensor (&t, model, prefix, err);
  }
  if (status == AE_OK)
    status = check_sets (w, prefix, err);
  return status;
}
