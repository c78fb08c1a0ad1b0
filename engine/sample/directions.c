/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <ae/attributes.h>

#include "score/cholesky.h"
#include "util/error.h"
#include "util/mem.h"

#include <math.h>
#include <string.h>

#define MOST_LATENT 4096
#define RIDGE 1e-3 /* of the codes' mean variance */
#define LEAST_OWN 1e-6 /* of an attribute's variance that others leave to it */

/* All in double precision; rows of L numbers. */
typedef struct {
  const float *codes, *values;
  size_t n, latent, attributes;
  double *mean;      /* of codes */
  double *centre;    /* of attributes */
  double *scale;     /* 1 / their deviation */
  double *variance;  /* latent x latent: of codes, then its Cholesky factor */
  double *common;    /* attributes x latent: covariance with codes */
  double *weight;    /* attributes x latent: regression */
  double *gain;      /* attributes x attributes */
} Fit;

static bool
make_room (Fit *f)
{
  size_t l = f->latent, a = f->attributes;
  f->mean = ae_calloc (l, sizeof (double));
  f->centre = ae_calloc (a, sizeof (double));
  f->scale = ae_calloc (a, sizeof (double));
  f->variance = ae_calloc (l * l, sizeof (double));
  f->common = ae_calloc (a * l, sizeof (double));
  f->weight = ae_calloc (a * l, sizeof (double));
  f->gain = ae_calloc (a * a, sizeof (double));
  return f->mean && f->centre && f->scale && f->variance && f->common
      && f->weight && f->gain;
}

static void
clear (Fit *f)
{
  ae_free (f->mean);
  ae_free (f->centre);
  ae_free (f->scale);
  ae_free (f->variance);
  ae_free (f->common);
  ae_free (f->weight);
  ae_free (f->gain);
}

static void
find_means (const float *rows, size_t n, size_t d, double *mean)
{
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; k < d; k++)
      mean[k] += (double) rows[i * d + k] / (double) n;
}

static AeStatus
find_scales (Fit *f, AeError *err)
{
  for (size_t k = 0; k < f->attributes; k++) {
    double sum = 0;
    for (size_t i = 0; i < f->n; i++) {
      double off = (double) f->values[i * f->attributes + k] - f->centre[k];
      sum += off * off / (double) f->n;
    }
    double tiny = 1e-10 * (1 + f->centre[k] * f->centre[k]);
    if (!(sum > tiny) || !isfinite (sum))
      return ae_fail (err, AE_ERROR_NUMERIC,
          "attribute %zu has a variance of %g over %zu pictures, wanted some "
          "that differ",
          k, sum, f->n);
    f->scale[k] = 1 / sqrt (sum);
  }
  return AE_OK;
}

/* Variances of codes, and what they have in common with attributes. */
static AeStatus
add_products (Fit *f, AeError *err)
{
  size_t l = f->latent;
  double *off = ae_calloc (l, sizeof *off), trace = 0;
  if (!off)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for a regression");
  for (size_t i = 0; i < f->n; i++) {
    for (size_t k = 0; k < l; k++)
      off[k] = (double) f->codes[i * l + k] - f->mean[k];
    for (size_t r = 0; r < l; r++)
      for (size_t k = 0; k <= r; k++)
        f->variance[r * l + k] += off[r] * off[k] / (double) f->n;
    for (size_t a = 0; a < f->attributes; a++) {
      double value = ((double) f->values[i * f->attributes + a] - f->centre[a])
          * f->scale[a] / (double) f->n;
      for (size_t k = 0; k < l; k++)
        f->common[a * l + k] += value * off[k];
    }
  }
  ae_free (off);
  for (size_t k = 0; k < l; k++)
    trace += f->variance[k * l + k];
  if (!(trace > 0) || !isfinite (trace))
    return ae_fail (err, AE_ERROR_NUMERIC,
        "codes have a variance of %g, wanted finite ones that differ", trace);
  for (size_t k = 0; k < l; k++)
    f->variance[k * l + k] += RIDGE * trace / (double) l;
  return AE_OK;
}

static AeStatus
regress (Fit *f, double *explained, AeError *err)
{
  size_t l = f->latent, n = f->attributes;
  if (!ae_cholesky_factorise (f->variance, l, 0))
    return ae_fail (
        err, AE_ERROR_NUMERIC, "the variances of the codes have no factor");
  memcpy (f->weight, f->common, n * l * sizeof *f->weight);
  for (size_t a = 0; a < n; a++)
    ae_cholesky_solve (f->variance, l, f->weight + a * l);
  for (size_t a = 0; a < n; a++)
    for (size_t b = 0; b < n; b++)
      for (size_t k = 0; k < l; k++)
        f->gain[a * n + b] += f->weight[a * l + k] * f->common[b * l + k];
  for (size_t a = 0; explained && a < n; a++)
    explained[a] = f->gain[a * n + a];
  return ae_cholesky_factorise (f->gain, n, LEAST_OWN)
      ? AE_OK
      : ae_fail (err, AE_ERROR_NUMERIC,
            "one of the attributes is told by the others, or codes tell "
            "nothing of it: wanted ones that differ");
}

/* Each number of the directions solves a system of its own. */
static AeStatus
write_directions (const Fit *f, float *directions, AeError *err)
{
  size_t l = f->latent, n = f->attributes;
  double *x = ae_calloc (n, sizeof *x);
  if (!x)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for directions");
  for (size_t k = 0; k < l; k++) {
    for (size_t a = 0; a < n; a++)
      x[a] = f->common[a * l + k];
    ae_cholesky_solve (f->gain, n, x);
    for (size_t a = 0; a < n; a++)
      directions[a * l + k] = (float) x[a];
  }
  ae_free (x);
  return AE_OK;
}

AeStatus
ae_attributes_learn (float *directions, double *explained, const float *codes,
    const float *values, size_t n, size_t latent, size_t n_attributes,
    AeError *err)
{
  Fit f = { .codes = codes,
    .values = values,
    .n = n,
    .latent = latent,
    .attributes = n_attributes };
  if (n < 2 || latent < 1 || latent > MOST_LATENT || n_attributes < 1
      || n_attributes > AE_MOST_ATTRIBUTES)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "%zu attributes of %zu pictures with codes of %zu numbers, wanted 1 to "
        "%d of 2 or more with 1 to %d",
        n_attributes, n, latent, AE_MOST_ATTRIBUTES, MOST_LATENT);
  AeStatus status = make_room (&f)
      ? AE_OK
      : ae_fail (err, AE_ERROR_MEMORY, "no memory for a regression");
  if (status == AE_OK) {
    find_means (codes, n, latent, f.mean);
    find_means (values, n, n_attributes, f.centre);
    status = find_scales (&f, err);
  }
  if (status == AE_OK)
    status = add_products (&f, err);
  if (status == AE_OK)
    status = regress (&f, explained, err);
  if (status == AE_OK)
    status = write_directions (&f, directions, err);
  clear (&f);
  return status;
}
