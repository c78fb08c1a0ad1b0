/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "op_run.h"
#include "op_text.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const AeType all_types[] = { AE_F32, AE_U8, AE_I8, AE_U16, AE_I16,
  AE_I32, AE_I64, AE_BOOL, AE_F16, AE_F64, AE_U32, AE_U64, AE_BF16 };

/* Copies the next word of *text, moves past it; false at the end. */
static bool
next_word (const char **text, char *word, size_t size)
{
  *text += strspn (*text, " ");
  size_t n = strcspn (*text, " ");
  if (n == 0)
    return false;
  ck_assert_msg (n < size, "word too long: %s", *text);
  memcpy (word, *text, n);
  word[n] = '\0';
  *text += n;
  return true;
}

static AeType
parse_type (char **word)
{
  char *colon = strchr (*word, ':');
  if (!colon)
    return AE_F32;
  *colon = '\0';
  for (size_t i = 0; i < sizeof all_types / sizeof all_types[0]; i++)
    if (strcmp (ae_type_name (all_types[i]), *word) == 0) {
      *word = colon + 1;
      return all_types[i];
    }
  ck_abort_msg ("unknown type '%s'", *word);
  return AE_TYPE_NONE;
}

static AeShape
parse_shape (char **word)
{
  AeShape shape = { 0 };
  char *p = *word;
  if (*p == 's') {
    *word = p + 1;
    return shape;
  }
  for (;;) {
    ck_assert_int_lt (shape.rank, AE_MAX_RANK);
    shape.dim[shape.rank++] = strtoll (p, &p, 10);
    if (*p != 'x')
      break;
    p++;
  }
  *word = p;
  return shape;
}

/* Every value of an evenly spaced grid once, in random order, so that no two
 * are closer than a step and none is nearer to 0 than 0.15 steps when
 * lo == -hi, for an odd or even count. */
static void
fill_random (AeTensor *t, AeRng *rng, double lo, double hi)
{
  size_t n = ae_shape_count (&t->shape);
  size_t *order = calloc (n ? n : 1, sizeof *order);
  for (size_t i = 0; i < n; i++) {
    size_t j = ae_rng_below (rng, (uint32_t) i + 1);
    order[i] = order[j];
    order[j] = i;
  }
  double shift = 0.15 + 0.05 * ae_rng_below (rng, 4);
  for (size_t i = 0; i < n; i++)
    ae_tensor_set (t, i, lo + (hi - lo) * ((double) order[i] + shift)
        / (double) n);
  free (order);
}

static void
fill_values (AeTensor *t, char *p)
{
  size_t n = ae_shape_count (&t->shape);
  for (size_t i = 0; i < n; i++) {
    char *end;
    double value = strtod (p, &end);
    ck_assert_msg (end != p, "value %zu missing at '%s'", i, p);
    ae_tensor_set (t, i, value);
    if (t->type == AE_I64 || t->type == AE_U64)
      ae_tensor_set_int (t, i,
          t->type == AE_I64 ? strtoll (p, NULL, 10)
                            : (int64_t) strtoull (p, NULL, 10));
    p = *end == ',' ? end + 1 : end;
  }
  ck_assert_msg (*p == '\0', "values too many: '%s'", p);
}

AeTensor *
op_tensor_parse (
    const char **text, AeRng *rng, double lo, double hi, bool *random)
{
  char buffer[4000], *word = buffer;
  ck_assert (next_word (text, buffer, sizeof buffer));
  if (random)
    *random = false;
  if (strcmp (word, "_") == 0)
    return NULL;
  AeType type = parse_type (&word);
  AeShape shape = parse_shape (&word);
  AeTensor *t = ae_tensor_new (type, &shape);
  ck_assert_ptr_nonnull (t);
  if (*word == '=') {
    fill_values (t, word + 1);
    return t;
  }
  ck_assert_msg (*word == '\0', "bad tensor text '%s'", buffer);
  fill_random (t, rng, lo, hi);
  if (random)
    *random = true;
  return t;
}

bool
op_text_more (const char **text)
{
  *text += strspn (*text, " ");
  return **text != '\0';
}

static bool
parse_list (AeAttrs *attrs, const char *name, const char *p)
{
  int64_t ints[64];
  float floats[64];
  size_t n = 0;
  bool point = strchr (p, '.') != NULL;
  for (p++; *p && *p != ']'; n++) {
    char *end;
    ck_assert_uint_lt (n, 64);
    floats[n] = strtof (p, &end);
    ck_assert_msg (end != p, "bad list at '%s'", p);
    ints[n] = strtoll (p, NULL, 10);
    p = *end == ',' ? end + 1 : end;
  }
  return point ? ae_attrs_set_floats (attrs, name, floats, n)
               : ae_attrs_set_ints (attrs, name, ints, n);
}

static bool
parse_value (AeAttrs *attrs, const char *name, char *p)
{
  if (*p == '[')
    return parse_list (attrs, name, p);
  if (*p == '\'') {
    p[strlen (p) - 1] = '\0';
    return ae_attrs_set_string (attrs, name, p + 1);
  }
  char *end;
  double number = strtod (p, &end);
  if (end == p || *end)
    return ae_attrs_set_string (attrs, name, p);
  return strpbrk (p, ".e") ? ae_attrs_set_float (attrs, name, (float) number)
                           : ae_attrs_set_int (attrs, name, (int64_t) number);
}

void
op_text_attrs (AeAttrs *attrs, const char *text)
{
  char word[1000];
  while (text && next_word (&text, word, sizeof word)) {
    char *equal = strchr (word, '=');
    ck_assert_msg (equal != NULL, "attribute without value: '%s'", word);
    *equal = '\0';
    ck_assert (parse_value (attrs, word, equal + 1));
  }
}
