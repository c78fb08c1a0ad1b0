/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sample/attributes.h"

#include "util/mem.h"
#include "util/number.h"

#include <stdio.h>
#include <string.h>

static size_t
count_names (const char *names)
{
  size_t n = 1;
  for (const char *at = names; (at = strchr (at, ',')); at++)
    n++;
  return n;
}

/* Copies the name that begins at *at and goes to the next. */
static AeStatus
next_name (const char **at, char name[AE_ATTRIBUTE_NAME], AeError *err)
{
  size_t length = strcspn (*at, ",");
  if (length == 0 || length >= AE_ATTRIBUTE_NAME)
    return ae_fail (err, AE_ERROR_FORMAT,
        "metadata " AE_ATTRIBUTES_KEY " has a name of %zu bytes, wanted 1 to "
        "%d",
        length, AE_ATTRIBUTE_NAME - 1);
  memcpy (name, *at, length);
  name[length] = 0;
  *at += length + ((*at)[length] == ',');
  return AE_OK;
}

/* Numbers of the metadata that is called by `kind` and `name`. */
static AeStatus
read_numbers (const char *kind, const char *name, const AeModel *model,
    size_t n, float *to, AeError *err)
{
  char key[sizeof AE_ATTRIBUTE_KEY + AE_ATTRIBUTE_NAME];
  snprintf (key, sizeof key, "%s%s", kind, name);
  const char *text = ae_model_meta (model, key);
  if (text && ae_number_list_read (text, (int) n, to))
    return AE_OK;
  return ae_fail (err, AE_ERROR_FORMAT,
      "metadata %s is %s%.40s%s, wanted %zu numbers with commas between them",
      key, text ? "\"" : "", text ? text : "missing", text ? "\"" : "", n);
}

static bool
has_curve (const AeModel *model, const char *name)
{
  char key[sizeof AE_ATTRIBUTE_KEY + AE_ATTRIBUTE_NAME];
  snprintf (key, sizeof key, AE_CURVE_KEY "%s", name);
  const char *text = ae_model_meta (model, key);
  return text && *text;
}

/* All attributes have one, or none has. */
static AeStatus
read_curves (AeAttributes *a, const AeModel *model, AeError *err)
{
  size_t latent = (size_t) a->latent, n = 0;
  for (size_t i = 0; i < a->n; i++)
    n += has_curve (model, a->name[i]);
  if (n == 0)
    return AE_OK;
  if (latent > AE_MOST_CURVED)
    return ae_fail (err, AE_ERROR_LIMIT,
        "attributes with curves of codes of %zu numbers, wanted %d at most",
        latent, AE_MOST_CURVED);
  size_t values = ae_attribute_curve_values (latent);
  a->curve = ae_calloc (a->n * values, sizeof *a->curve);
  if (!a->curve)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for curves");
  AeStatus status = AE_OK;
  for (size_t i = 0; status == AE_OK && i < a->n; i++)
    status = read_numbers (AE_CURVE_KEY, a->name[i], model, values,
        a->curve + i * values, err);
  return status;
}

AeStatus
ae_attributes_read (AeAttributes *a, const AeModel *model, int latent,
    AeError *err)
{
  const char *names = ae_model_meta (model, AE_ATTRIBUTES_KEY);
  *a = (AeAttributes){ .latent = latent };
  if (!names || !*names)
    return AE_OK;
  size_t n = count_names (names);
  if (n > AE_MOST_ATTRIBUTES)
    return ae_fail (err, AE_ERROR_LIMIT,
        "metadata " AE_ATTRIBUTES_KEY " has %zu names, wanted %d at most", n,
        AE_MOST_ATTRIBUTES);
  a->name = ae_calloc (n, sizeof *a->name);
  a->direction = ae_calloc (n * (size_t) latent, sizeof *a->direction);
  AeStatus status = a->name && a->direction
      ? AE_OK
      : ae_fail (err, AE_ERROR_MEMORY, "no memory for %zu attributes", n);
  for (; status == AE_OK && a->n < n; a->n++)
    status = next_name (&names, a->name[a->n], err);
  for (size_t i = 0; status == AE_OK && i < n; i++)
    status = read_numbers (AE_ATTRIBUTE_KEY, a->name[i], model,
        (size_t) latent, a->direction + i * (size_t) latent, err);
  if (status == AE_OK)
    status = read_curves (a, model, err);
  if (status != AE_OK)
    ae_attributes_clear (a);
  return status;
}

void
ae_attributes_clear (AeAttributes *a)
{
  ae_free (a->name);
  ae_free (a->direction);
  ae_free (a->curve);
  *a = (AeAttributes){ 0 };
}

int
ae_attributes_find (const AeAttributes *a, const char *name)
{
  for (size_t i = 0; i < a->n; i++)
    if (strcmp (a->name[i], name) == 0)
      return (int) i;
  return -1;
}
