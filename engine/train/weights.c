/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/weights.h"

#include "util/error.h"

#include <string.h>

AeStatus
ae_take_weights (AeModel *net, const AeModel *base, AeError *err)
{
  return ae_take_weights_of (net, base, "", err);
}

AeStatus
ae_take_weights_of (
    AeModel *net, const AeModel *base, const char *prefix, AeError *err)
{
  AeGraph *to = ae_model_edit (net);
  const AeGraph *from = ae_model_graph (base);
  for (int i = 0; i < to->n_values; i++) {
    AeValue *value = &to->values[i];
    if (!value->trainable
        || strncmp (value->name, prefix, strlen (prefix)) != 0)
      continue;
    int found = ae_graph_find (from, value->name);
    const AeTensor *weights = found < 0 ? NULL : from->values[found].constant;
    char wanted[128], there[128] = "nothing";
    if (weights)
      ae_shape_text (&weights->shape, there, sizeof there);
    if (!weights || weights->type != AE_F32
        || !ae_shape_equal (&weights->shape, &value->constant->shape))
      return ae_fail (err, AE_ERROR_SHAPE,
          "base model does not fit the recipe: %s is %s, wanted %s",
          value->name, there,
          ae_shape_text (&value->constant->shape, wanted, sizeof wanted));
    memcpy (value->constant->data, weights->data, ae_tensor_bytes (weights));
  }
  return AE_OK;
}
