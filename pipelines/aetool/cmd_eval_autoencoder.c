/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* aetool eval --autoencoder: what comes back, and how likely pictures are. */

#include <stdio.h>

#include "aetool.h"
#include "autoencoder_scorer.h"
#include "components.h"
#include "filters.h"
#include "idx_pictures.h"
#include "inputs.h"
#include "json.h"
#include "odd_pictures.h"
#include "paths.h"
#include "quality.h"
#include "whole_pictures.h"

static struct {
  char *model, *sheet, *pca, *filters;
  char **odd;
  int samples, most, threads, seed;
  double knock_out;
  gboolean json;
} option;

static const GOptionEntry entries[] = {
  { "autoencoder", 0, 0, G_OPTION_ARG_FILENAME, &option.model,
      "an autoencoder's model file", "MODEL" },
  { "samples", 0, 0, G_OPTION_ARG_INT, &option.samples,
      "of a VAE of black and white pictures: draw so many codes for each to "
      "find its likelihood (default: 0, do not)",
      "N" },
  { "pca", 0, 0, G_OPTION_ARG_FILENAME, &option.pca,
      "compare with as many principal components of these pictures (all of "
      "them), and of an autoencoder with net = linear tell how far they are "
      "from what its decoder spans",
      "IDX-FILE" },
  { "knock-out", 0, 0, G_OPTION_ARG_DOUBLE, &option.knock_out,
      "tell what it costs to lose this share of each code's numbers, 0 to 0.9 "
      "(default: 0, do not)",
      "SHARE" },
  { "odd", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &option.odd,
      "pictures of something else, to tell from the others by the error of what "
      "comes back (may be repeated)",
      "IDX-FILE" },
  { "max-pictures", 0, 0, G_OPTION_ARG_INT, &option.most,
      "use at most so many of each file (default: all)", "N" },
  { "sheet", 0, 0, G_OPTION_ARG_FILENAME, &option.sheet,
      "write a PNG: pictures, what was made of them, and of random codes",
      "FILE" },
  { "filters", 0, 0, G_OPTION_ARG_FILENAME, &option.filters,
      "of one with net = linear: write a PNG of what each number of a code "
      "stands for; files of pictures need not be given then",
      "FILE" },
  { "seed", 0, 0, G_OPTION_ARG_INT, &option.seed,
      "of all that is drawn (default: 0)", "N" },
  { "threads", 0, 0, G_OPTION_ARG_INT, &option.threads,
      "cores to use (default: all)", "N" },
  { "json", 0, 0, G_OPTION_ARG_NONE, &option.json, "print JSON", NULL },
  { 0 }
};

typedef struct {
  AutoencoderScorer *scorer;
  Components *components; /* NULL: not asked for */
  AutoencoderScores scores;
  ComponentScores beside;
  OddPictures *odd; /* NULL: not asked for */
  OddAreas areas;
} Evaluation;

static gboolean
score (const AeImage *image, guint index, int label, gpointer user_data,
    GError **error)
{
  Evaluation *e = user_data;
  if (!autoencoder_scorer_add (e->scorer, image, label, error))
    return FALSE;
  if (e->odd)
    odd_pictures_usual (e->odd, e->scorer);
  return (!e->components || components_add (e->components, image, error))
         && (option.most == 0 || index + 1 < (guint) option.most);
}

/* The model's error over the components'; 0 where these leave none. */
static double
share_of_components (const Evaluation *e)
{
  double least = e->beside.squared_error;
  return least > 0 ? e->scores.squared_error / least : 0;
}

static void
print_json (const Evaluation *e)
{
  const AutoencoderScores *s = &e->scores;
  g_autoptr (Json) json = json_new ();
  json_open (json, NULL, '{');
  json_number (json, "pictures", s->n);
  json_number (json, "mse", s->squared_error);
  json_number (json, "sharpness", s->sharpness);
  if (s->likely) {
    json_number (json, "elbo", s->bound);
    json_number (json, "nll", -s->likelihood);
  }
  json_number (json, "active", s->active);
  if (e->odd) {
    json_number (json, "odd_area_error", e->areas.error);
    json_number (json, "odd_area_share", e->areas.share);
  }
  if (option.knock_out > 0)
    json_number (json, "mse_knocked_out", s->damaged);
  if (e->components) {
    json_number (json, "components", e->beside.n);
    json_number (json, "components_pictures", e->beside.pictures);
    json_number (json, "components_mse", e->beside.squared_error);
    json_number (json, "mse_over_components", share_of_components (e));
    if (e->beside.linear)
      json_number (json, "largest_angle", e->beside.angle);
  }
  json_close (json, '{');
  json_print (json);
}

static void
print_beside (const Evaluation *e)
{
  const ComponentScores *c = &e->beside;
  printf ("%d principal components of %u pictures: MSE %.5f; the model's is "
          "%.2f %% of it\n",
      c->n, c->pictures, c->squared_error, 100 * share_of_components (e));
  if (c->linear)
    printf ("largest principal angle between what they and the decoder span: "
            "%.3f degrees\n",
        c->angle);
}

static void
print_text (const Evaluation *e)
{
  const AutoencoderScores *s = &e->scores;
  printf ("%u pictures: MSE %.5f, PSNR %.2f dB\n", s->n, s->squared_error,
      quality_psnr (s->squared_error * 255 * 255));
  printf ("gradient energy: %.3f of the pictures' own\n", s->sharpness);
  if (s->likely)
    printf ("ELBO %.2f nats, NLL %.2f nats (%d samples)\n", s->bound,
        -s->likelihood, option.samples);
  if (s->active < 1)
    printf ("%.1f %% of the codes' %d numbers are not 0\n", 100 * s->active,
        s->latent);
  if (e->odd)
    printf ("told from %u odd pictures by the error of the reconstruction, area "
            "under the curve: %.4f; by its share of the picture's variance: %.4f\n",
        odd_pictures_count (e->odd), e->areas.error, e->areas.share);
  if (option.knock_out > 0)
    printf ("with %.0f %% of each code's numbers knocked out: MSE %.5f, %+.1f %%\n",
        100 * option.knock_out, s->damaged,
        100 * (s->damaged / s->squared_error - 1));
  if (e->components)
    print_beside (e);
}

static Components *
find_components (AutoencoderScorer *scorer, GError **error)
{
  g_autoptr (GPtrArray) uris = inputs_expand (&option.pca, 1, error);
  const char *uri = uris ? g_ptr_array_index (uris, 0) : NULL;
  return uri && idx_pictures_check (uri, error) ? components_new (scorer, uri, error)
                                       : NULL;
}

static gboolean
score_all (Evaluation *e, GPtrArray *uris, GError **error)
{
  for (guint i = 0; i < uris->len; i++) {
    const char *uri = g_ptr_array_index (uris, i);
    if (!idx_pictures_check (uri, error) || !idx_pictures_read (uri, score, e, error))
      return FALSE;
  }
  e->scores = autoencoder_scorer_result (e->scorer);
  if (e->components && !components_result (e->components, &e->beside, error))
    return FALSE;
  if (e->odd
      && !odd_pictures_areas (
          e->odd, option.odd, (guint) option.most, &e->areas, error))
    return FALSE;
  if (!option.sheet)
    return TRUE;
  g_autoptr (Picture) sheet = autoencoder_scorer_sheet (e->scorer);
  return picture_save (sheet, option.sheet, error);
}

static AutoencoderScorer *
open_scorer (const char *path, int samples, GError **error)
{
  return autoencoder_scorer_new (
      path, samples, option.threads, (guint32) option.seed, error);
}

static void
clear (Evaluation *e)
{
  autoencoder_scorer_free (e->scorer);
  components_free (e->components);
  odd_pictures_free (e->odd);
}

/* The model, and what it is to be judged beside. */
static gboolean
open_all (Evaluation *e, const char *path, GError **error)
{
  e->scorer = open_scorer (path, option.samples, error);
  if (!e->scorer)
    return FALSE;
  autoencoder_scorer_knock_out (e->scorer, option.knock_out);
  if (option.pca && !(e->components = find_components (e->scorer, error)))
    return FALSE;
  AutoencoderScorer *other = option.odd ? open_scorer (path, 0, error) : NULL;
  if (other)
    e->odd = odd_pictures_new (other);
  return other || !option.odd;
}

static gboolean
draw_filters (Evaluation *e, GError **error)
{
  g_autoptr (Picture) sheet = filters_draw (e->scorer, error);
  return sheet && picture_save (sheet, option.filters, error);
}

/* Files in MNIST's format. */
static gboolean
evaluate (Evaluation *e, const char *path, GPtrArray *uris, GError **error)
{
  if (!open_all (e, path, error)
      || (option.filters && !draw_filters (e, error))
      || (uris->len > 0 && !score_all (e, uris, error)))
    return FALSE;
  if (e->scores.n > 0 && option.json)
    print_json (e);
  else if (e->scores.n > 0)
    print_text (e);
  return TRUE;
}

/* Pictures and videos of any size. */
static gboolean
evaluate_whole (const char *path, GPtrArray *uris, GError **error)
{
  g_autoptr (WholePictures) pictures
      = whole_pictures_new (path, option.threads, error);
  for (guint i = 0; pictures && i < uris->len; i++)
    if (!whole_pictures_add (pictures, g_ptr_array_index (uris, i),
            (guint) option.most, error))
      return FALSE;
  if (!pictures)
    return FALSE;
  if (!option.json) {
    whole_pictures_print (pictures);
    return TRUE;
  }
  g_autoptr (Json) json = json_new ();
  whole_pictures_json (pictures, json);
  json_print (json);
  return TRUE;
}

/* Whether some are no files in MNIST's format, and nothing is asked that only
 * those are good for. */
static gboolean
are_whole (GPtrArray *uris)
{
  if (option.sheet || option.pca || option.odd || option.filters
      || option.samples > 0 || option.knock_out > 0)
    return FALSE;
  for (guint i = 0; i < uris->len; i++)
    if (!idx_pictures_named (g_ptr_array_index (uris, i)))
      return TRUE;
  return FALSE;
}

static gboolean
evaluate_any (char **arguments, int n, GError **error)
{
  Evaluation e = { 0 };
  g_autofree char *path = paths_find (option.model, ".onnx", error);
  g_autoptr (GPtrArray) uris
      = !path ? NULL
      : n > 0 ? inputs_expand (arguments, n, error)
              : g_ptr_array_new ();
  if (!uris)
    return FALSE;
  if (are_whole (uris))
    return evaluate_whole (path, uris, error);
  gboolean ok = evaluate (&e, path, uris, error);
  clear (&e);
  return ok;
}

int
aetool_eval_autoencoder (int argc, char **argv)
{
  if (!aetool_parse (&argc, &argv, "IDX-FILE...|PICTURE...",
          "Prints how well an autoencoder gives pictures back.",
          "Pictures are files in MNIST's format, or for an autoencoder with "
          "net = fully-conv\npictures, videos and folders of these.",
          entries))
    return AETOOL_USAGE;
  if (argc < 2 && !option.filters)
    return aetool_usage ("wanted files of pictures");
  if (option.samples < 0 || option.samples > 100000 || option.most < 0
      || option.threads < 0 || !(option.knock_out >= 0)
      || option.knock_out > 0.9)
    return aetool_usage (
        "samples are 0 to 100000, pictures and threads 0 and up, what is "
        "knocked out 0 to 0.9");
  GError *error = NULL;
  return evaluate_any (argv + 1, argc - 1, &error) ? AETOOL_OK
                                                   : aetool_g_error (error);
}
