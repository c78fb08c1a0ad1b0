/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sample/prior.h"

#include "graph/model.h"
#include "util/mem.h"

#include <math.h>

static AeStatus
read_mixture (AePrior *p, const AeTensor *block, AeError *err)
{
  if (block->type != AE_F32)
    return ae_fail (err, AE_ERROR_FORMAT,
        "the constant \"" AE_PRIOR_CONSTANT "\" is of type %s, wanted %s",
        ae_type_name (block->type), ae_type_name (AE_F32));
  AeStatus status = ae_mixture_read (
      &p->mixture, block->data, ae_shape_count (&block->shape), err);
  if (status != AE_OK)
    return status;
  if (p->mixture->d != (size_t) p->latent)
    return ae_fail (err, AE_ERROR_SHAPE,
        "the constant \"" AE_PRIOR_CONSTANT "\" is a mixture of %zu numbers, "
        "wanted the %d of a code",
        p->mixture->d, p->latent);
  p->shares = ae_calloc (p->mixture->components, sizeof *p->shares);
  if (!p->shares)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for a mixture");
  ae_mixture_shares (p->mixture, p->shares);
  return AE_OK;
}

AeStatus
ae_prior_read (AePrior *p, const AeModel *model, int latent, bool normal,
    AeError *err)
{
  const AeGraph *graph = ae_model_graph (model);
  int at = normal ? -1 : ae_graph_find (graph, AE_PRIOR_CONSTANT);
  const AeTensor *block = at < 0 ? NULL : graph->values[at].constant;
  *p = (AePrior){ .latent = latent };
  AeStatus status = block ? read_mixture (p, block, err) : AE_OK;
  if (status != AE_OK)
    ae_prior_clear (p);
  return status;
}

void
ae_prior_clear (AePrior *p)
{
  ae_mixture_free (&p->mixture);
  ae_free (p->shares);
  p->shares = NULL;
}

static size_t
draw_component (const AePrior *p, AeRng *rng)
{
  double left = (double) ae_rng_uniform (rng);
  size_t last = p->mixture->components - 1;
  for (size_t k = 0; k < last; k++)
    if ((left -= p->shares[k]) < 0)
      return k;
  return last;
}

void
ae_prior_draw (
    const AePrior *p, AeRng *rng, float temperature, float *code)
{
  size_t which = p->mixture ? draw_component (p, rng) : 0;
  for (int i = 0; i < p->latent; i++)
    code[i] = temperature * ae_rng_normal (rng);
  if (p->mixture)
    ae_mixture_place (p->mixture, which, code, code);
}

AeStatus
ae_prior_spread (const AePrior *p, float *deviation, AeError *err)
{
  enum { DRAWS = 2000 };
  size_t n = (size_t) p->latent;
  AeRng rng;
  float *code = ae_calloc (n, sizeof *code);
  double *sums = ae_calloc (2 * n, sizeof *sums);
  if (code && sums) {
    ae_rng_seed (&rng, 1);
    for (int k = 0; k < DRAWS; k++) {
      ae_prior_draw (p, &rng, 1, code);
      for (size_t i = 0; i < n; i++) {
        sums[i] += (double) code[i];
        sums[n + i] += (double) code[i] * (double) code[i];
      }
    }
    for (size_t i = 0; i < n; i++) {
      double mean = sums[i] / DRAWS;
      deviation[i]
          = (float) sqrt (fmax (sums[n + i] / DRAWS - mean * mean, 0));
    }
  }
  bool good = code && sums;
  ae_free (code);
  ae_free (sums);
  return good ? AE_OK
              : ae_fail (err, AE_ERROR_MEMORY, "no memory for %zu numbers", n);
}
