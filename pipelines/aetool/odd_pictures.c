/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "odd_pictures.h"

#include "code_scores.h"
#include "idx_pictures.h"
#include "inputs.h"

struct OddPictures {
  AutoencoderScorer *scorer;
  GArray *usual, *odd; /* floats: errors */
  guint most;
};

OddPictures *
odd_pictures_new (AutoencoderScorer *scorer)
{
  OddPictures *o = g_new0 (OddPictures, 1);
  o->scorer = scorer;
  o->usual = g_array_new (FALSE, FALSE, sizeof (float));
  o->odd = g_array_new (FALSE, FALSE, sizeof (float));
  return o;
}

void
odd_pictures_free (OddPictures *o)
{
  if (!o)
    return;
  autoencoder_scorer_free (o->scorer);
  g_array_unref (o->usual);
  g_array_unref (o->odd);
  g_free (o);
}

static void
append_last (GArray *errors, const AutoencoderScorer *scorer)
{
  float last = (float) autoencoder_scorer_result (scorer).last;
  g_array_append_val (errors, last);
}

void
odd_pictures_usual (OddPictures *o, const AutoencoderScorer *scorer)
{
  append_last (o->usual, scorer);
}

static gboolean
add (const AeImage *image, guint index, int label, gpointer user_data,
    GError **error)
{
  OddPictures *o = user_data;
  if (!autoencoder_scorer_add (o->scorer, image, label, error))
    return FALSE;
  append_last (o->odd, o->scorer);
  return o->most == 0 || index + 1 < o->most;
}

gboolean
odd_pictures_area (OddPictures *o, char **arguments, guint most, double *area,
    GError **error)
{
  g_autoptr (GPtrArray) uris
      = inputs_expand (arguments, (int) g_strv_length (arguments), error);
  o->most = most;
  for (guint i = 0; uris && i < uris->len; i++) {
    const char *uri = g_ptr_array_index (uris, i);
    if (!idx_pictures_check (uri, error)
        || !idx_pictures_read (uri, add, o, error))
      return FALSE;
  }
  return uris
         && code_scores_area (area, (const float *) o->usual->data,
             o->usual->len, (const float *) o->odd->data, o->odd->len, error);
}

guint
odd_pictures_count (const OddPictures *o)
{
  return o->odd->len;
}
