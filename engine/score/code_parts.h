/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_SCORE_CODE_PARTS_H
#define AE_SCORE_CODE_PARTS_H

/* What the functions of ae/codes.h share. */

#include <ae/codes.h>

#include "util/error.h"

/* ARGUMENT without rows or numbers, NUMERIC for one that is not finite; `what`
 * they are is told. */
AeStatus ae_codes_check (const AeCodes *codes, const char *what, AeError *err);

#endif
