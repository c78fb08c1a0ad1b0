/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_OPS_ROWS_H
#define AE_OPS_ROWS_H

/* AeOp.rows and AeOp.forward_rows for operators whose output elements depend
 * on the elements at the same place of their inputs, which may be broadcast
 * as in numpy: `forward` is called for pieces of channels. */

#include "ops/op.h"

bool ae_elementwise_rows (const AeOpCall *call, AeRows *out, AeRows *in);
void ae_elementwise_forward_rows (const AeOpCall *call, const AeRowCall *r);

/* Input i is read whole: it has no rows of its own. */
static inline AeRows
ae_rows_whole (void)
{
  return (AeRows){ -1, -1 };
}

/* How many of the n rows from y on lie behind each other. */
static inline int
ae_rows_together (const AeRowBuffer *b, int y, int n)
{
  int left = b->ring - y % b->ring;
  return n < left ? n : left;
}

#endif
