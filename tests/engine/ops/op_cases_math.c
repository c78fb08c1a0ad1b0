/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "op_cases.h"

const OpCase op_cases_math[] = {
  { 0 },
};
