/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <ae/attributes.h>

#include "score/cholesky.h"
#include "util/error.h"
#include "util/mem.h"

#include <math.h>

#define RIDGE 1e-4      /* of a term's variance */
#define PICTURES_EACH 10 /* for a number that is to be found */

/* A regression on 1, the numbers of a code and their products, of codes that are
 * centred and scaled. */
typedef struct {
  const float *codes, *values;
  size_t n, latent, attributes, terms;
  double *mean, *scale;     /* of codes */
  double *centre, *spread;  /* of attributes: mean, deviation */
  double *term;             /* of a picture */
  double *variance;         /* terms x terms */
  double *weight;           /* attributes x terms: covariances, then weights */
} Fit;

static bool
make_room (Fit *f)
{
  f->mean = ae_calloc (2 * f->latent, sizeof (double));
  f->centre = ae_calloc (2 * f->attributes, sizeof (double));
  f->term = ae_calloc (f->terms, sizeof (double));
  f->variance = ae_calloc (f->terms * f->terms, sizeof (double));
  f->weight = ae_calloc (f->attributes * f->terms, sizeof (double));
  if (!f->mean || !f->centre)
    return false;
  f->scale = f->mean + f->latent;
  f->spread = f->centre + f->attributes;
  return f->term && f->variance && f->weight;
}

static void
clear (Fit *f)
{
  ae_free (f->mean);
  ae_free (f->centre);
  ae_free (f->term);
  ae_free (f->variance);
  ae_free (f->weight);
}

/* Means and deviations of columns, 0 of those that do not change; false: they are
 * not finite. */
static bool
find_moments (const float *rows, size_t n, size_t d, double *mean,
    double *deviation)
{
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; k < d; k++)
      mean[k] += (double) rows[i * d + k] / (double) n;
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; k < d; k++) {
      double off = (double) rows[i * d + k] - mean[k];
      deviation[k] += off * off / (double) n;
    }
  for (size_t k = 0; k < d; k++) {
    double tiny = 1e-10 * (1 + mean[k] * mean[k]);
    if (!isfinite (deviation[k]))
      return false;
    deviation[k] = deviation[k] > tiny ? sqrt (deviation[k]) : 0;
  }
  return true;
}

/* A number of the codes that never changes tells nothing, in any scale. */
static AeStatus
find_scales (Fit *f, AeError *err)
{
  if (!find_moments (f->codes, f->n, f->latent, f->mean, f->scale)
      || !find_moments (
          f->values, f->n, f->attributes, f->centre, f->spread))
    return ae_fail (err, AE_ERROR_NUMERIC,
        "codes or attributes that are not finite, wanted finite ones");
  for (size_t k = 0; k < f->latent; k++)
    f->scale[k] = f->scale[k] > 0 ? f->scale[k] : 1;
  for (size_t k = 0; k < f->attributes; k++)
    if (!(f->spread[k] > 0))
      return ae_fail (err, AE_ERROR_NUMERIC,
          "attribute %zu is the same for all pictures, wanted some that "
          "differ",
          k);
  return AE_OK;
}

static void
find_terms (Fit *f, size_t picture)
{
  const float *code = f->codes + picture * f->latent;
  double *linear = f->term + 1, *product = linear + f->latent;
  f->term[0] = 1;
  for (size_t i = 0; i < f->latent; i++)
    linear[i] = ((double) code[i] - f->mean[i]) / f->scale[i];
  for (size_t r = 0; r < f->latent; r++)
    for (size_t k = r; k < f->latent; k++)
      *product++ = linear[r] * linear[k];
}

static void
add_products (Fit *f)
{
  for (size_t i = 0; i < f->n; i++) {
    find_terms (f, i);
    for (size_t r = 0; r < f->terms; r++) {
      double *row = f->variance + r * f->terms;
      for (size_t k = 0; k <= r; k++)
        row[k] += f->term[r] * f->term[k];
    }
    for (size_t a = 0; a < f->attributes; a++) {
      double value
          = ((double) f->values[i * f->attributes + a] - f->centre[a])
          / f->spread[a];
      for (size_t k = 0; k < f->terms; k++)
        f->weight[a * f->terms + k] += value * f->term[k];
    }
  }
  for (size_t k = 1; k < f->terms; k++)
    f->variance[k * f->terms + k] += RIDGE * (double) f->n;
}

/* What the sum of squares is less by, over the whole: weights times
 * covariances. */
static AeStatus
regress (Fit *f, double *explained, AeError *err)
{
  double *common = f->term; /* no longer needed */
  if (!ae_cholesky_factorise (f->variance, f->terms, 0))
    return ae_fail (err, AE_ERROR_NUMERIC,
        "the products of the codes' numbers have no factor");
  for (size_t a = 0; a < f->attributes; a++) {
    double *weight = f->weight + a * f->terms, sum = 0;
    for (size_t k = 0; k < f->terms; k++)
      common[k] = weight[k];
    ae_cholesky_solve (f->variance, f->terms, weight);
    for (size_t k = 0; k < f->terms; k++)
      sum += weight[k] * common[k];
    if (explained)
      explained[a] = sum / (double) f->n;
  }
  return AE_OK;
}

/* The polynomial of centred, scaled numbers as one of the numbers. */
static void
write_curve (const Fit *f, size_t attribute, float *curve)
{
  size_t l = f->latent;
  const double *linear = f->weight + attribute * f->terms + 1;
  const double *product = linear + l;
  float *second = curve + l;
  double gradient[AE_MOST_CURVED];
  for (size_t i = 0; i < l; i++)
    gradient[i] = linear[i] / f->scale[i];
  for (size_t r = 0; r < l; r++)
    for (size_t k = r; k < l; k++) {
      double value = *product++ * (r == k ? 2 : 1)
          / (f->scale[r] * f->scale[k]);
      gradient[r] -= value * f->mean[k];
      if (k > r)
        gradient[k] -= value * f->mean[r];
      *second++ = (float) value;
    }
  for (size_t i = 0; i < l; i++)
    curve[i] = (float) gradient[i];
}

static AeStatus
check (const Fit *f, AeError *err)
{
  if (f->n < 2 || f->latent < 1 || f->attributes < 1
      || f->attributes > AE_MOST_ATTRIBUTES)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "%zu attributes of %zu pictures with codes of %zu numbers, wanted 1 to "
        "%d of 2 or more with 1 or more",
        f->attributes, f->n, f->latent, AE_MOST_ATTRIBUTES);
  if (f->latent > AE_MOST_CURVED || f->n < PICTURES_EACH * f->terms)
    return ae_fail (err, AE_ERROR_LIMIT,
        "%zu pictures with codes of %zu numbers, wanted %d for each of %zu "
        "terms, and codes of %d numbers at most",
        f->n, f->latent, PICTURES_EACH, f->terms, AE_MOST_CURVED);
  return AE_OK;
}

static AeStatus
learn (Fit *f, double *explained, AeError *err)
{
  if (!make_room (f))
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for a regression");
  AeStatus status = find_scales (f, err);
  if (status != AE_OK)
    return status;
  add_products (f);
  return regress (f, explained, err);
}

AeStatus
ae_attributes_learn_curves (float *curves, double *explained,
    const float *codes, const float *values, size_t n, size_t latent,
    size_t n_attributes, AeError *err)
{
  Fit f = { .codes = codes,
    .values = values,
    .n = n,
    .latent = latent,
    .attributes = n_attributes,
    .terms = 1 + ae_attribute_curve_values (latent) };
  AeStatus status = check (&f, err);
  if (status == AE_OK)
    status = learn (&f, explained, err);
  for (size_t a = 0; status == AE_OK && a < n_attributes; a++)
    write_curve (&f, a, curves + a * ae_attribute_curve_values (latent));
  clear (&f);
  return status;
}
