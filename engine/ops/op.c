/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ops/op.h"

#include <string.h>

#define AE_OP(id) extern const AeOp ae_op_##id;
#include "ops/op_list.h"
#undef AE_OP

const AeOp *const ae_ops[] = {
#define AE_OP(id) &ae_op_##id,
#include "ops/op_list.h"
#undef AE_OP
  NULL
};

const AeOp *
ae_op_find (const char *domain, const char *name, int opset)
{
  for (const AeOp *const *op = ae_ops; *op; op++)
    if (strcmp ((*op)->name, name) == 0 && strcmp ((*op)->domain, domain) == 0
        && (*op)->since <= opset
        && ((*op)->until == 0 || opset <= (*op)->until))
      return *op;
  return NULL;
}
