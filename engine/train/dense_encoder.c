/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/dense_encoder.h"

#include <stdio.h>

int
ae_build_dense_encoder (
    AeBuilder *b, int x, size_t n_in, const int *widths, size_t n_widths)
{
  char name[32];
  int in = (int) n_in;
  for (size_t i = 0; i < n_widths; i++) {
    snprintf (name, sizeof name, "e.%zu", i);
    x = ae_build_unary (
        b, "Relu", ae_build_dense (b, x, in, widths[i], 1, name));
    in = widths[i];
  }
  return x;
}
