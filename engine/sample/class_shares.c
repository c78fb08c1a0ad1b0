/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sample/class_shares.h"

#include "graph/model.h"
#include "util/mem.h"

#include <math.h>
#include <string.h>

/* Floats that add up to 1, and what half floats leave of them. */
#define TOLERANCE 0.01

static AeStatus
check (const AeTensor *block, int classes, AeError *err)
{
  size_t n = ae_shape_count (&block->shape);
  if (block->type != AE_F32 || n != (size_t) classes)
    return ae_fail (err, AE_ERROR_FORMAT,
        "the constant \"" AE_SHARES_CONSTANT "\" is %zu numbers of type %s, "
        "wanted one of type %s for each of %d classes",
        n, ae_type_name (block->type), ae_type_name (AE_F32), classes);
  const float *share = block->data;
  double sum = 0, least = 0;
  for (size_t i = 0; i < n; i++) {
    sum += (double) share[i];
    least = fmin (least, (double) share[i]);
  }
  if (fabs (sum - 1) < TOLERANCE && least >= 0)
    return AE_OK;
  return ae_fail (err, AE_ERROR_FORMAT,
      "the constant \"" AE_SHARES_CONSTANT "\" adds up to %g with a least "
      "number of %g, wanted 1 and none below 0",
      sum, least);
}

AeStatus
ae_class_shares_read (
    AeClassShares *s, const AeModel *model, int classes, AeError *err)
{
  const AeGraph *graph = ae_model_graph (model);
  int at = classes > 0 ? ae_graph_find (graph, AE_SHARES_CONSTANT) : -1;
  const AeTensor *block = at < 0 ? NULL : graph->values[at].constant;
  *s = (AeClassShares){ .classes = classes };
  if (!block)
    return AE_OK;
  AeStatus status = check (block, classes, err);
  if (status != AE_OK)
    return status;
  s->shares = ae_calloc ((size_t) classes, sizeof *s->shares);
  if (!s->shares)
    return ae_fail (
        err, AE_ERROR_MEMORY, "no memory for %d classes", classes);
  memcpy (s->shares, block->data, (size_t) classes * sizeof *s->shares);
  return AE_OK;
}

void
ae_class_shares_clear (AeClassShares *s)
{
  ae_free (s->shares);
  *s = (AeClassShares){ 0 };
}

/* The last one that has a share takes what rounding leaves. */
int
ae_class_shares_draw (const AeClassShares *s, AeRng *rng)
{
  int last = 0;
  if (s->classes == 0)
    return 0;
  if (!s->shares)
    return (int) ae_rng_below (rng, (uint32_t) s->classes);
  double left = (double) ae_rng_uniform (rng);
  for (int i = 0; i < s->classes; i++) {
    if (s->shares[i] <= 0)
      continue;
    last = i;
    if ((left -= (double) s->shares[i]) < 0)
      break;
  }
  return last;
}
