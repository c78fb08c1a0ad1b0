/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_ONNX_NAMES_H
#define AE_ONNX_NAMES_H

/* Every name of a graph that is file content, looked up in logarithmic time
 * however the names were chosen. */

#include "util/error.h"

typedef enum { AE_NAME_INITIALIZER, AE_NAME_INPUT, AE_NAME_NODE } AeNameKind;

typedef struct {
  const char *name; /* not owned */
  AeNameKind kind;  /* what makes the value */
  int value;        /* index in the AeGraph, -1 until it is there */
} AeName;

typedef struct {
  AeName *list;
  size_t n, capacity;
} AeNames;

AeStatus ae_names_reserve (AeNames *names, size_t capacity, AeError *err);

/* Room must be reserved. */
void ae_names_add (AeNames *names, const char *name, AeNameKind kind);

/* To be called once after the last ae_names_add. A name may stand twice only
 * as initializer and input (an input's default value): then one entry, of the
 * initializer, stays. */
AeStatus ae_names_seal (AeNames *names, AeError *err);

/* NULL when there is none. */
AeName *ae_names_find (const AeNames *names, const char *name);

void ae_names_clear (AeNames *names);

#endif
