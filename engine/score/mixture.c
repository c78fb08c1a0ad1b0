/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "score/mixture.h"

#include "score/mixture_parts.h"
#include "util/mem.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* At the block's begin: version, whether full, components, d. */
#define VERSION 1
#define HEAD 4

size_t
ae_mixture_factor_floats (const AeMixture *m)
{
  return m->full ? m->d * (m->d + 1) / 2 : m->d;
}

/* Sizes are within the limits. */
static size_t
block_floats (const AeMixture *m)
{
  return HEAD + m->components * (1 + m->d + ae_mixture_factor_floats (m));
}

AeStatus
ae_mixture_new (
    AeMixture **out, size_t components, size_t d, bool full, AeError *err)
{
  AeMixture *m = ae_calloc (1, sizeof *m);
  if (!m)
    goto fail;
  m->components = components;
  m->d = d;
  m->full = full;
  m->floats = block_floats (m);
  m->block = ae_calloc (m->floats, sizeof *m->block);
  if (!m->block)
    goto fail;
  const float head[HEAD]
      = { VERSION, full ? 1 : 0, (float) components, (float) d };
  memcpy (m->block, head, sizeof head);
  m->constant = m->block + HEAD;
  m->mean = m->constant + components;
  m->factor = m->mean + components * d;
  *out = m;
  return AE_OK;
fail:
  ae_mixture_free (&m);
  return ae_fail (err, AE_ERROR_MEMORY,
      "no memory for a mixture of %zu components of %zu values", components,
      d);
}

void
ae_mixture_free (AeMixture **mixture)
{
  AeMixture *m = *mixture;
  if (!m)
    return;
  ae_free (m->block);
  ae_free (m);
  *mixture = NULL;
}

typedef float Lanes[AE_MIXTURE_LANES]; /* of as many rows */

/* |F difference|^2 of one component. */
static void
sum_squares (const AeMixture *m, const float *factor,
    const Lanes *difference, float *square)
{
  if (m->full) {
    ae_kernels ()->triangle_squares (factor, *difference, m->d, square);
    return;
  }
  memset (square, 0, sizeof (Lanes));
  for (size_t i = 0; i < m->d; i++)
    for (int r = 0; r < AE_MIXTURE_LANES; r++) {
      float value = factor[i] * difference[i][r];
      square[r] += value * value;
    }
}

void
ae_mixture_component_logs (const AeMixture *m, const float *rows, size_t n,
    float (*logs)[AE_MIXTURE_LANES])
{
  Lanes value[AE_MIXTURE_MOST_VALUES], difference[AE_MIXTURE_MOST_VALUES];
  size_t size = ae_mixture_factor_floats (m);
  for (size_t r = 0; r < AE_MIXTURE_LANES; r++)
    for (size_t i = 0; i < m->d; i++)
      value[i][r] = rows[(r < n ? r : 0) * m->d + i];
  for (size_t k = 0; k < m->components; k++) {
    Lanes square;
    for (size_t i = 0; i < m->d; i++)
      for (int r = 0; r < AE_MIXTURE_LANES; r++)
        difference[i][r] = value[i][r] - m->mean[k * m->d + i];
    sum_squares (
        m, m->factor + k * size, (const Lanes *) difference, square);
    for (int r = 0; r < AE_MIXTURE_LANES; r++)
      logs[k][r] = fmaxf (m->constant[k] - 0.5f * square[r], -FLT_MAX);
  }
}

float
ae_mixture_sum_logs (
    const AeMixture *m, float (*logs)[AE_MIXTURE_LANES], size_t row)
{
  float most = logs[0][row], sum = 0;
  for (size_t k = 1; k < m->components; k++)
    most = fmaxf (most, logs[k][row]);
  for (size_t k = 0; k < m->components; k++)
    sum += expf (logs[k][row] - most);
  return most + logf (sum);
}

void
ae_mixture_log_density (
    const AeMixture *mixture, const float *rows, size_t n, float *logs)
{
  float parts[AE_MIXTURE_MOST_COMPONENTS][AE_MIXTURE_LANES];
  for (size_t begin = 0; begin < n; begin += AE_MIXTURE_LANES) {
    size_t count = n - begin;
    count = count < AE_MIXTURE_LANES ? count : AE_MIXTURE_LANES;
    ae_mixture_component_logs (
        mixture, rows + begin * mixture->d, count, parts);
    for (size_t r = 0; r < count; r++)
      logs[begin + r] = ae_mixture_sum_logs (mixture, parts, r);
  }
}

static bool
is_whole (float value, size_t most)
{
  return value >= 1 && value <= (float) most && value == floorf (value);
}

static AeStatus
check_head (const float *block, size_t floats, AeError *err)
{
  if (floats < HEAD || block[0] != VERSION)
    return ae_fail (err, AE_ERROR_FORMAT,
        "a mixture of %zu values begins with %g, wanted %d or more and %d",
        floats, floats ? (double) block[0] : NAN, HEAD, VERSION);
  if ((block[1] != 0 && block[1] != 1)
      || !is_whole (block[2], AE_MIXTURE_MOST_COMPONENTS)
      || !is_whole (block[3], AE_MIXTURE_MOST_VALUES))
    return ae_fail (err, AE_ERROR_FORMAT,
        "a mixture is of kind %g with %g components of %g values, wanted 0 "
        "or 1, 1 to %d, 1 to %d", (double) block[1], (double) block[2],
        (double) block[3], AE_MIXTURE_MOST_COMPONENTS,
        AE_MIXTURE_MOST_VALUES);
  return AE_OK;
}

/* The diagonal of a factor is positive. */
static bool
has_densities (const AeMixture *m)
{
  const float *factor = m->factor;
  for (size_t k = 0; k < m->components; k++)
    for (size_t j = 0; j < m->d; j++) {
      factor += m->full ? j : 0;
      if (!(*factor++ > 0))
        return false;
    }
  return true;
}

AeStatus
ae_mixture_read (
    AeMixture **out, const float *block, size_t floats, AeError *err)
{
  *out = NULL;
  AeStatus status = check_head (block, floats, err);
  if (status != AE_OK)
    return status;
  AeMixture sizes = { .components = (size_t) block[2],
    .d = (size_t) block[3], .full = block[1] != 0 };
  if (floats != block_floats (&sizes))
    return ae_fail (err, AE_ERROR_FORMAT,
        "a mixture has %zu values, wanted %zu for %zu components", floats,
        block_floats (&sizes), sizes.components);
  for (size_t i = 0; i < floats; i++)
    if (!isfinite (block[i]))
      return ae_fail (err, AE_ERROR_FORMAT,
          "value %zu of a mixture is %g, wanted a finite one", i,
          (double) block[i]);
  AeMixture *m;
  status = ae_mixture_new (&m, sizes.components, sizes.d, sizes.full, err);
  if (status != AE_OK)
    return status;
  memcpy (m->block, block, floats * sizeof *block);
  if (!has_densities (m)) {
    ae_mixture_free (&m);
    return ae_fail (err, AE_ERROR_FORMAT,
        "a factor of a mixture has a diagonal that is not above 0");
  }
  *out = m;
  return AE_OK;
}
