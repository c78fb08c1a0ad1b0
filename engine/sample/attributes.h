/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_SAMPLE_ATTRIBUTES_H
#define AE_SAMPLE_ATTRIBUTES_H

/* Directions of the space of codes along which something that can be named
 * changes (Larsen et al., "Autoencoding beyond pixels using a learned similarity
 * metric", 2016). Kept as metadata: `ae.attributes` has the names with commas
 * between them, `ae.attribute.NAME` the numbers of a direction, and `ae.curve.NAME`
 * (of all or none) those of a curve. */

#include <ae/attributes.h>

#include "util/error.h"

#define AE_ATTRIBUTES_KEY "ae.attributes"
#define AE_ATTRIBUTE_KEY "ae.attribute."
#define AE_CURVE_KEY "ae.curve."

typedef struct {
  size_t n;
  int latent;
  char (*name)[AE_ATTRIBUTE_NAME];
  float *direction; /* n x latent: one more of it */
  float *curve;     /* n x ae_attribute_curve_values(); NULL: straight */
} AeAttributes;

/* None where the model tells of none. Errors: FORMAT, LIMIT, MEMORY; it is
 * cleared then. */
AeStatus ae_attributes_read (AeAttributes *attributes, const AeModel *model,
    int latent, AeError *err);
void ae_attributes_clear (AeAttributes *attributes);

/* Changes `code` by `amount` of an attribute; `spread` (latent): deviations of
 * codes, which say how readily each number changes. */
void ae_attributes_shift (const AeAttributes *attributes, const float *spread,
    size_t which, float amount, float *code);

/* -1: there is none. */
int ae_attributes_find (const AeAttributes *attributes, const char *name);

#endif
