/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "sureness.h"

#include <math.h>

#include "confusion.h"

Sureness
sureness_of (const float *logits, guint n, int classes)
{
  Sureness s = { 0 };
  for (guint i = 0; i < n; i++, logits += classes) {
    float most = logits[confusion_largest (logits, classes)];
    double sum = 0;
    for (int c = 0; c < classes; c++)
      sum += exp ((double) logits[c] - most);
    s.mean += 1 / sum / n;
    s.share += (1 / sum >= SURENESS_LEAST) / (double) n;
  }
  return s;
}
