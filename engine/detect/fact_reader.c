/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "detect/fact_reader.h"

#include "graph/model.h"

#include <math.h>
#include <string.h>

AeStatus
ae_fact_bad_meta (const AeModel *model, const char *key, const char *wanted,
    AeError *err)
{
  const char *text = ae_model_meta (model, key);
  return ae_fail (err, AE_ERROR_FORMAT,
      "not an anomaly model: metadata %s is %s%.40s%s, wanted %s", key,
      text ? "\"" : "", text ? text : "missing", text ? "\"" : "", wanted);
}

static bool
check_numbers (const char *name, const AeTensor *t, AeError *err)
{
  const float *values = t->data;
  size_t n = ae_shape_count (&t->shape);
  for (size_t i = 0; i < n; i++)
    if (!isfinite (values[i])) {
      ae_fail (err, AE_ERROR_FORMAT,
          "not an anomaly model: \"%s\" holds %g", name, values[i]);
      return false;
    }
  return true;
}

const AeTensor *
ae_fact_find (
    const AeModel *model, const char *name, AeType type, AeError *err)
{
  const AeGraph *graph = ae_model_graph (model);
  int v = ae_graph_find (graph, name);
  const AeTensor *t = v >= 0 ? graph->values[v].constant : NULL;
  if (!t) {
    ae_fail (err, AE_ERROR_FORMAT, "not an anomaly model: no constant \"%s\"",
        name);
    return NULL;
  }
  if (t->type != type) {
    ae_fail (err, AE_ERROR_FORMAT,
        "not an anomaly model: \"%s\" is of type %s, wanted %s", name,
        ae_type_name (t->type), ae_type_name (type));
    return NULL;
  }
  return type != AE_F32 || check_numbers (name, t, err) ? t : NULL;
}

const void *
ae_fact_find_shaped (const AeModel *model, const char *name, AeType type,
    AeShape wanted, AeError *err)
{
  char found[96], text[96];
  const AeTensor *t = ae_fact_find (model, name, type, err);
  if (!t)
    return NULL;
  if (ae_shape_equal (&t->shape, &wanted))
    return t->data;
  ae_fail (err, AE_ERROR_SHAPE,
      "not an anomaly model: \"%s\" has shape %s, wanted %s", name,
      ae_shape_text (&t->shape, found, sizeof found),
      ae_shape_text (&wanted, text, sizeof text));
  return NULL;
}
