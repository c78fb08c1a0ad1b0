/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "odd_pictures.h"

#include "code_scores.h"
#include "idx_pictures.h"
#include "inputs.h"

/* Of pictures of one kind, floats. */
typedef struct {
  GArray *errors, *shares;
} Errors;

struct OddPictures {
  AutoencoderScorer *scorer;
  Errors usual, odd;
  guint most;
};

static void
errors_init (Errors *e)
{
  e->errors = g_array_new (FALSE, FALSE, sizeof (float));
  e->shares = g_array_new (FALSE, FALSE, sizeof (float));
}

static void
errors_clear (Errors *e)
{
  g_array_unref (e->errors);
  g_array_unref (e->shares);
}

OddPictures *
odd_pictures_new (AutoencoderScorer *scorer)
{
  OddPictures *o = g_new0 (OddPictures, 1);
  o->scorer = scorer;
  errors_init (&o->usual);
  errors_init (&o->odd);
  return o;
}

void
odd_pictures_free (OddPictures *o)
{
  if (!o)
    return;
  autoencoder_scorer_free (o->scorer);
  errors_clear (&o->usual);
  errors_clear (&o->odd);
  g_free (o);
}

static void
append_last (Errors *e, const AutoencoderScorer *scorer)
{
  AutoencoderScores scores = autoencoder_scorer_result (scorer);
  float last = (float) scores.last, share = (float) scores.last_share;
  g_array_append_val (e->errors, last);
  g_array_append_val (e->shares, share);
}

void
odd_pictures_usual (OddPictures *o, const AutoencoderScorer *scorer)
{
  append_last (&o->usual, scorer);
}

static gboolean
add (const AeImage *image, guint index, int label, gpointer user_data,
    GError **error)
{
  OddPictures *o = user_data;
  if (!autoencoder_scorer_add (o->scorer, image, label, error))
    return FALSE;
  append_last (&o->odd, o->scorer);
  return o->most == 0 || index + 1 < o->most;
}

static gboolean
find_area (
    double *area, const GArray *usual, const GArray *odd, GError **error)
{
  return code_scores_area (area, (const float *) usual->data, usual->len,
      (const float *) odd->data, odd->len, error);
}

gboolean
odd_pictures_areas (OddPictures *o, char **arguments, guint most,
    OddAreas *areas, GError **error)
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
         && find_area (&areas->error, o->usual.errors, o->odd.errors, error)
         && find_area (&areas->share, o->usual.shares, o->odd.shares, error);
}

guint
odd_pictures_count (const OddPictures *o)
{
  return o->odd.errors->len;
}
