/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef OP_TEXT_H
#define OP_TEXT_H

/* Reading the texts that op_run.h describes. */

#include "ops/attrs.h"

/* True when another word follows. */
bool op_text_more (const char **text);

/* Adds the attributes of a text (NULL: none). */
void op_text_attrs (AeAttrs *attrs, const char *text);

#endif
