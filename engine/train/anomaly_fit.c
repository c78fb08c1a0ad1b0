/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/anomaly_fit.h"

#include "tensor/tensor.h"
#include "util/mem.h"

#include <string.h>

bool
ae_anomaly_fit_add (AeAnomalyFit *fit, const char *name, AeType type,
    AeShape shape, const void *values)
{
  size_t n = fit->n_constants;
  size_t bytes = ae_shape_count (&shape) * ae_type_size (type);
  void *grown = ae_realloc (
      fit->constants, n, n + 1, sizeof *fit->constants);
  if (!grown)
    return false;
  fit->constants = grown;
  fit->n_constants++;
  fit->constants[n].type = type;
  fit->constants[n].shape = shape;
  fit->constants[n].name = ae_strdup (name);
  fit->constants[n].values = ae_alloc (bytes);
  if (!fit->constants[n].name || !fit->constants[n].values)
    return false;
  memcpy (fit->constants[n].values, values, bytes);
  return true;
}

bool
ae_anomaly_fit_say (AeAnomalyFit *fit, const char *key, const char *value)
{
  size_t n = 2 * fit->n_meta;
  char **grown = ae_realloc (fit->meta, n, n + 2, sizeof *grown);
  if (!grown)
    return false;
  fit->meta = grown;
  fit->n_meta++;
  grown[n] = ae_strdup (key);
  grown[n + 1] = ae_strdup (value);
  return grown[n] && grown[n + 1];
}

void
ae_anomaly_fit_clear (AeAnomalyFit *fit)
{
  for (size_t i = 0; i < fit->n_constants; i++) {
    ae_free (fit->constants[i].name);
    ae_free (fit->constants[i].values);
  }
  for (size_t i = 0; i < 2 * fit->n_meta; i++)
    ae_free (fit->meta[i]);
  ae_free (fit->constants);
  ae_free (fit->meta);
  *fit = (AeAnomalyFit){ 0 };
}
