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

static AeStatus
set_all (AeModel *model, const char *const *names, const float *directions,
    size_t latent, size_t n, char *text, AeError *err)
{
  write_names (names, n, text);
  AeStatus status = ae_model_set_meta (model, AE_ATTRIBUTES_KEY, text, err);
  for (size_t i = 0; status == AE_OK && i < n; i++) {
    char key[sizeof AE_ATTRIBUTE_KEY + AE_ATTRIBUTE_NAME];
    snprintf (key, sizeof key, AE_ATTRIBUTE_KEY "%s", names[i]);
    write_numbers (directions + i * latent, latent, text);
    status = ae_model_set_meta (model, key, text, err);
  }
  return status == AE_OK ? ae_model_seal (model, err) : status;
}

AeStatus
ae_attributes_store (AeModel **out, const AeModel *model,
    const char *const *names, const float *directions, size_t latent,
    size_t n, AeError *err)
{
  *out = NULL;
  AeStatus status = check_names (names, n, err);
  if (status != AE_OK)
    return status;
  size_t room = latent * NUMBER;
  room = room > n * AE_ATTRIBUTE_NAME ? room : n * AE_ATTRIBUTE_NAME;
  char *text = ae_alloc (room + 1);
  status = text ? ae_model_copy (out, model, err)
                : ae_fail (err, AE_ERROR_MEMORY, "no memory for attributes");
  if (status == AE_OK)
    status = set_all (*out, names, directions, latent, n, text, err);
  ae_free (text);
  if (status != AE_OK)
    ae_model_unref (out);
  return status;
}
