/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_ONNX_FUNCTIONS_H
#define AE_ONNX_FUNCTIONS_H

/* The functions that a model defines, found by what a node calls and however
 * many there are. */

#include "onnx.pb-c.h"
#include "onnx/arena.h"

/* A name in a function's list of inputs or of outputs. */
typedef struct {
  const char *name;
  size_t index;
} AeFormal;

typedef struct {
  const OnnxFunction *proto;
  AeFormal *input, *output; /* sorted by name */
  bool active;              /* for the caller: being unfolded */
} AeFunction;

typedef struct {
  AeFunction *list;
  size_t n;
} AeFunctions;

/* Unpacks them into the arena; nothing is to be freed. Errors: FORMAT (one
 * without a name, the same function or one of its names twice), LIMIT,
 * MEMORY. */
AeStatus ae_functions_read (AeFunctions *functions, const OnnxModel *header,
    AeArena *arena, AeError *err);

/* The function that a node calls; NULL when it is none of these. */
AeFunction *ae_functions_find (
    const AeFunctions *functions, const OnnxNode *node);

/* The place of `name` in a sorted list of n; NULL when it is not there. */
const AeFormal *ae_formal_find (
    const AeFormal *list, size_t n, const char *name);

#endif
