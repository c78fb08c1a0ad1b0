/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AE_TRAIN_SCHEMA_H
#define AE_TRAIN_SCHEMA_H

/* Every key a recipe may hold: what it is, its range, its default. */

#include "util/error.h"

typedef enum {
  AE_KEY_TEXT = 0,
  AE_KEY_CHOICE, /* one of the words in `words` */
  AE_KEY_BOOL,   /* yes/no, true/false, on/off, 1/0 */
  AE_KEY_INT,
  AE_KEY_NUMBER,
  AE_KEY_INTS /* comma-separated, 1 .. AE_KEY_MAX_LIST of them */
} AeKeyKind;

#define AE_KEY_MAX_LIST 8

typedef struct {
  const char *section, *name;
  AeKeyKind kind;
  double min, max;      /* of numbers and list items */
  const char *words;    /* of choices, separated by spaces */
  const char *fallback; /* used when the key is not set; NULL = none */
  const char *description;
} AeKey;

/* Ordered by section; the last entry has section NULL. */
extern const AeKey ae_keys[];

size_t ae_keys_count (void);

/* Index of a key; SIZE_MAX when there is none. */
size_t ae_keys_find (const char *section, const char *name);

/* Whether `value` is one the key may have. FORMAT: names key, value and what
 * was wanted. */
AeStatus ae_key_check (const AeKey *key, const char *value, AeError *err);

/* Reads a value that was checked. */
double ae_key_number (const char *value);
bool ae_key_bool (const char *value);
size_t ae_key_ints (const char *value, int list[AE_KEY_MAX_LIST]);

#endif
