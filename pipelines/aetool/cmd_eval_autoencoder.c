/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* aetool eval --autoencoder: what comes back, and how likely pictures are. */

#include <stdio.h>

#include "aetool.h"
#include "autoencoder_scorer.h"
#include "idx_pictures.h"
#include "inputs.h"
#include "json.h"
#include "paths.h"
#include "quality.h"

static struct {
  char *model, *sheet;
  int samples, most, threads, seed;
  gboolean json;
} option;

static const GOptionEntry entries[] = {
  { "autoencoder", 0, 0, G_OPTION_ARG_FILENAME, &option.model,
      "an autoencoder's model file", "MODEL" },
  { "samples", 0, 0, G_OPTION_ARG_INT, &option.samples,
      "of a VAE of black and white pictures: draw so many codes for each to "
      "find its likelihood (default: 0, do not)",
      "N" },
  { "max-pictures", 0, 0, G_OPTION_ARG_INT, &option.most,
      "use at most so many of each file (default: all)", "N" },
  { "sheet", 0, 0, G_OPTION_ARG_FILENAME, &option.sheet,
      "write a PNG: pictures, what was made of them, and of random codes",
      "FILE" },
  { "seed", 0, 0, G_OPTION_ARG_INT, &option.seed,
      "of all that is drawn (default: 0)", "N" },
  { "threads", 0, 0, G_OPTION_ARG_INT, &option.threads,
      "cores to use (default: all)", "N" },
  { "json", 0, 0, G_OPTION_ARG_NONE, &option.json, "print JSON", NULL },
  { 0 }
};

static gboolean
score (const AeImage *image, guint index, int label, gpointer user_data,
    GError **error)
{
  return autoencoder_scorer_add (user_data, image, label, error)
         && (option.most == 0 || index + 1 < (guint) option.most);
}

static void
print_json (const AutoencoderScores *s)
{
  g_autoptr (Json) json = json_new ();
  json_open (json, NULL, '{');
  json_number (json, "pictures", s->n);
  json_number (json, "mse", s->squared_error);
  if (s->likely) {
    json_number (json, "elbo", s->bound);
    json_number (json, "nll", -s->likelihood);
  }
  json_close (json, '{');
  json_print (json);
}

static void
print_text (const AutoencoderScores *s)
{
  printf ("%u pictures: MSE %.5f, PSNR %.2f dB\n", s->n, s->squared_error,
      quality_psnr (s->squared_error * 255 * 255));
  if (s->likely)
    printf ("ELBO %.2f nats, NLL %.2f nats (%d samples)\n", s->bound,
        -s->likelihood, option.samples);
}

static gboolean
score_all (AutoencoderScorer *scorer, GPtrArray *uris, GError **error)
{
  for (guint i = 0; i < uris->len; i++) {
    const char *uri = g_ptr_array_index (uris, i);
    if (!idx_pictures_named (uri)) {
      g_set_error (error, AETOOL_DOMAIN, AE_ERROR_FORMAT,
          "%s: wanted pictures in MNIST's format, with -idx3-ubyte or .idx in "
          "the name",
          uri);
      return FALSE;
    }
    if (!idx_pictures_read (uri, score, scorer, error))
      return FALSE;
  }
  if (!option.sheet)
    return TRUE;
  g_autoptr (Picture) sheet = autoencoder_scorer_sheet (scorer);
  return picture_save (sheet, option.sheet, error);
}

int
aetool_eval_autoencoder (int argc, char **argv)
{
  if (!aetool_parse (&argc, &argv, "IDX-FILE...",
          "Prints how well an autoencoder gives pictures back.", NULL,
          entries))
    return AETOOL_USAGE;
  if (argc < 2)
    return aetool_usage ("wanted files of pictures");
  if (option.samples < 0 || option.samples > 100000 || option.most < 0
      || option.threads < 0)
    return aetool_usage (
        "samples are 0 to 100000, pictures and threads 0 and up");
  GError *error = NULL;
  g_autofree char *path = paths_find (option.model, ".onnx", &error);
  g_autoptr (GPtrArray) uris
      = path ? inputs_expand (argv + 1, argc - 1, &error) : NULL;
  g_autoptr (AutoencoderScorer) scorer
      = uris ? autoencoder_scorer_new (path, option.samples, option.threads,
            (guint32) option.seed, &error)
             : NULL;
  if (!scorer || !score_all (scorer, uris, &error))
    return aetool_g_error (error);
  AutoencoderScores scores = autoencoder_scorer_result (scorer);
  if (option.json)
    print_json (&scores);
  else
    print_text (&scores);
  return AETOOL_OK;
}
