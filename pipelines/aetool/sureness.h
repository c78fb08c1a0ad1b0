/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_SURENESS_H
#define AETOOL_SURENESS_H

/* How sure a classifier is of what it says. */

#include <glib.h>

G_BEGIN_DECLS

/* Probability of the most probable class from which on it counts as sure. */
#define SURENESS_LEAST 0.9

typedef struct {
  double mean;  /* probability of the most probable class */
  double share; /* of pictures it is sure of */
} Sureness;

/* logits: n x classes. */
Sureness sureness_of (const float *logits, guint n, int classes);

G_END_DECLS

#endif
