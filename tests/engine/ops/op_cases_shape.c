/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "op_cases.h"

const OpCase op_cases_shape[] = {
  { "Identity", 13, NULL, "2x3x4", NULL },
  { "Identity", 13, NULL, "i64:2=3,-4", "i64:2=3,-4" },
  { 0 },
};
