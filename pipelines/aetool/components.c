/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "components.h"

#include <ae/codes.h>

#include "aetool.h"
#include "idx_pictures.h"

struct Components {
  AutoencoderScorer *scorer; /* not owned */
  gsize n_values;
  int n;
  guint pictures, added;
  float *mean, *axes; /* n_values; n x n_values */
  float *picture;
  double *made;
  double squared_error; /* sum over pictures */
};

typedef struct {
  Components *components;
  GArray *rows; /* of n_values floats */
} Reading;

static gboolean
keep (const AeImage *image, guint index, int label, gpointer user_data,
    GError **error)
{
  Reading *r = user_data;
  Components *c = r->components;
  if (!autoencoder_scorer_values (c->scorer, image, c->picture, error))
    return FALSE;
  g_array_append_vals (r->rows, c->picture, 1);
  return TRUE;
}

static gboolean
fit (Components *c, const GArray *rows, const char *path, GError **error)
{
  AeError err;
  AeCodes codes = { (const float *) rows->data, rows->len, c->n_values };
  c->pictures = rows->len;
  if (rows->len == 0) {
    g_set_error (error, AETOOL_DOMAIN, AE_ERROR_FORMAT,
        "%s: no pictures to find principal components of", path);
    return FALSE;
  }
  if (ae_codes_principal_axes (c->mean, c->axes, &codes, (size_t) c->n, &err)
      == AE_OK)
    return TRUE;
  aetool_set_error (error, &err);
  return FALSE;
}

static gboolean
read_and_fit (Components *c, const char *path, GError **error)
{
  GError *wrong = NULL;
  g_autoptr (GArray) rows = g_array_new (
      FALSE, FALSE, (guint) (c->n_values * sizeof (float)));
  Reading r = { c, rows };
  if (!idx_pictures_read (path, keep, &r, &wrong)) {
    g_propagate_prefixed_error (error, wrong, "principal components: ");
    return FALSE;
  }
  return fit (c, rows, path, error);
}

Components *
components_new (AutoencoderScorer *scorer, const char *path, GError **error)
{
  gsize n_values = autoencoder_scorer_n_values (scorer);
  int n = autoencoder_scorer_latent (scorer);
  if (n_values > AE_CODE_AXES_MOST_NUMBERS || (gsize) n > n_values) {
    g_set_error (error, AETOOL_DOMAIN, AE_ERROR_UNSUPPORTED,
        "%d principal components of pictures of %zu values, wanted at most as "
        "many as values, and of these at most %d",
        n, n_values, AE_CODE_AXES_MOST_NUMBERS);
    return NULL;
  }
  g_autoptr (Components) c = g_new0 (Components, 1);
  c->scorer = scorer;
  c->n_values = n_values;
  c->n = n;
  c->mean = g_new0 (float, n_values);
  c->axes = g_new0 (float, n_values * n);
  c->picture = g_new0 (float, n_values);
  c->made = g_new0 (double, n_values);
  return read_and_fit (c, path, error) ? g_steal_pointer (&c) : NULL;
}

void
components_free (Components *c)
{
  if (!c)
    return;
  g_free (c->mean);
  g_free (c->axes);
  g_free (c->picture);
  g_free (c->made);
  g_free (c);
}

/* c->made becomes what the components keep of c->picture. */
static void
make_again (Components *c)
{
  for (gsize k = 0; k < c->n_values; k++)
    c->made[k] = c->mean[k];
  for (int i = 0; i < c->n; i++) {
    const float *axis = c->axes + i * c->n_values;
    double along = 0;
    for (gsize k = 0; k < c->n_values; k++)
      along += ((double) c->picture[k] - c->mean[k]) * axis[k];
    for (gsize k = 0; k < c->n_values; k++)
      c->made[k] += along * axis[k];
  }
}

gboolean
components_add (Components *c, const AeImage *image, GError **error)
{
  double sum = 0;
  if (!autoencoder_scorer_values (c->scorer, image, c->picture, error))
    return FALSE;
  make_again (c);
  for (gsize k = 0; k < c->n_values; k++) {
    double value = CLAMP (c->made[k], 0, 1) - c->picture[k];
    sum += value * value;
  }
  c->squared_error += sum / c->n_values;
  c->added++;
  return TRUE;
}

gboolean
components_result (Components *c, ComponentScores *scores, GError **error)
{
  AeError err;
  g_autofree float *columns = g_new (float, c->n_values * c->n);
  AeCodes own = { c->axes, (size_t) c->n, c->n_values };
  AeCodes decoders = { columns, (size_t) c->n, c->n_values };
  *scores = (ComponentScores){ .n = c->n,
    .pictures = c->pictures,
    .squared_error = c->squared_error / MAX (c->added, 1),
    .linear = autoencoder_scorer_columns (c->scorer, columns) };
  if (!scores->linear
      || ae_codes_largest_angle (&scores->angle, &own, &decoders, &err)
          == AE_OK)
    return TRUE;
  aetool_set_error (error, &err);
  return FALSE;
}
