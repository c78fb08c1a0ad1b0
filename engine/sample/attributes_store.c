/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <ae/attributes.h>

#include "graph/model.h"
#include "sample/attributes.h"
#include "util/mem.h"
#include "util/number.h"

#include <stdio.h>
#include <string.h>

#define NUMBER 16 /* bytes of a number in text, with its comma */

static AeStatus
check_names (const char *const *names, size_t n, AeError *err)
{
  if (n < 1 || n > AE_MOST_ATTRIBUTES)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "%zu attributes, wanted 1 to %d", n, AE_MOST_ATTRIBUTES);
  for (size_t i = 0; i < n; i++) {
    size_t length = strlen (names[i]);
    if (length < 1 || length >= AE_ATTRIBUTE_NAME
        || strcspn (names[i], ",= \t\n") < length)
      return ae_fail (err, AE_ERROR_ARGUMENT,
          "an attribute is called \"%.60s\", wanted 1 to %d bytes without "
          "commas, blanks and =",
          names[i], AE_ATTRIBUTE_NAME - 1);
    for (size_t k = 0; k < i; k++)
      if (strcmp (names[k], names[i]) == 0)
        return ae_fail (err, AE_ERROR_ARGUMENT,
            "two attributes are called \"%s\", wanted other names", names[i]);
  }
  return AE_OK;
}

/* `text` has room for all. */
static void
write_names (const char *const *names, size_t n, char *text)
{
  *text = 0;
  for (size_t i = 0; i < n; i++) {
    if (i > 0)
      strcat (text, ",");
    strcat (text, names[i]);
  }
}

static void
write_numbers (const float *x, size_t n, char *text)
{
  for (size_t i = 0; i < n; i++)
    text += ae_number_print (
        text, NUMBER, i > 0 ? ",%.6g" : "%.6g", (double) x[i]);
}

/* Rows of n numbers, each as the metadata that is called by `kind` and a name. */
static AeStatus
set_rows (AeModel *model, const char *kind, const char *const *names,
    size_t n_names, const float *rows, size_t n, char *text, AeError *err)
{
  AeStatus status = AE_OK;
  for (size_t i = 0; status == AE_OK && i < n_names; i++) {
    char key[sizeof AE_ATTRIBUTE_KEY + AE_ATTRIBUTE_NAME];
    snprintf (key, sizeof key, "%s%s", kind, names[i]);
    write_numbers (rows + i * n, n, text);
    status = ae_model_set_meta (model, key, text, err);
  }
  return status;
}

/* Those that a model had are no longer true. */
static AeStatus
forget_curves (
    AeModel *model, const char *const *names, size_t n, AeError *err)
{
  AeStatus status = AE_OK;
  for (size_t i = 0; status == AE_OK && i < n; i++) {
    char key[sizeof AE_CURVE_KEY + AE_ATTRIBUTE_NAME];
    snprintf (key, sizeof key, AE_CURVE_KEY "%s", names[i]);
    if (ae_model_meta (model, key))
      status = ae_model_set_meta (model, key, "", err);
  }
  return status;
}

typedef struct {
  const char *const *names;
  const float *directions, *curves;
  size_t latent, n;
} Learned;

static AeStatus
set_all (AeModel *model, const Learned *l, char *text, AeError *err)
{
  write_names (l->names, l->n, text);
  AeStatus status = ae_model_set_meta (model, AE_ATTRIBUTES_KEY, text, err);
  if (status == AE_OK)
    status = set_rows (model, AE_ATTRIBUTE_KEY, l->names, l->n,
        l->directions, l->latent, text, err);
  if (status == AE_OK)
    status = l->curves
        ? set_rows (model, AE_CURVE_KEY, l->names, l->n, l->curves,
              ae_attribute_curve_values (l->latent), text, err)
        : forget_curves (model, l->names, l->n, err);
  return status == AE_OK ? ae_model_seal (model, err) : status;
}

/* Bytes for the longest of the texts. */
static size_t
room_for (const Learned *l)
{
  size_t numbers = l->curves ? ae_attribute_curve_values (l->latent)
                             : l->latent;
  size_t names = l->n * AE_ATTRIBUTE_NAME;
  return (numbers * NUMBER > names ? numbers * NUMBER : names) + 1;
}

AeStatus
ae_attributes_store (AeModel **out, const AeModel *model,
    const char *const *names, const float *directions, const float *curves,
    size_t latent, size_t n, AeError *err)
{
  Learned learned = { names, directions, curves, latent, n };
  *out = NULL;
  AeStatus status = check_names (names, n, err);
  if (status != AE_OK)
    return status;
  char *text = ae_alloc (room_for (&learned));
  status = text ? ae_model_copy (out, model, err)
                : ae_fail (err, AE_ERROR_MEMORY, "no memory for attributes");
  if (status == AE_OK)
    status = set_all (*out, &learned, text, err);
  ae_free (text);
  if (status != AE_OK)
    ae_model_unref (out);
  return status;
}
