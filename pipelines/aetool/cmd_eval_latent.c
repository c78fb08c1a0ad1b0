/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* aetool eval --latent: what an autoencoder's space of codes is like. */

#include <stdio.h>

#include "aetool.h"
#include "coded_pictures.h"
#include "json.h"
#include "latent_walks.h"

#define USUAL_PICTURES 200
#define USUAL_STRENGTH 0.8

static struct {
  char *model, *sheet;
  double strength;
  int most, threads;
  gboolean json;
} option = { .strength = USUAL_STRENGTH };

static const GOptionEntry entries[] = {
  { "latent", 0, 0, G_OPTION_ARG_FILENAME, &option.model,
      "an autoencoder's model file", "MODEL" },
  { "strength", 0, 0, G_OPTION_ARG_DOUBLE, &option.strength,
      "how far beyond the median attributes are shifted, in their deviations "
      "(default: 0.8)",
      "N" },
  { "max-pictures", 0, 0, G_OPTION_ARG_INT, &option.most,
      "use at most so many (default: 200)", "N" },
  { "sheet", 0, 0, G_OPTION_ARG_FILENAME, &option.sheet,
      "write a PNG: ways from picture to picture, and attributes from less to "
      "more",
      "FILE" },
  { "threads", 0, 0, G_OPTION_ARG_INT, &option.threads,
      "cores to use (default: all)", "N" },
  { "json", 0, 0, G_OPTION_ARG_NONE, &option.json, "print JSON", NULL },
  { 0 }
};

typedef struct {
  gsize latent;
  GArray *codes, *labels;
} Codes;

static gboolean
keep (const AeImage *image, const float *code, int label, const char *name,
    gpointer user_data, GError **error)
{
  Codes *c = user_data;
  g_array_append_vals (c->codes, code, (guint) c->latent);
  g_array_append_val (c->labels, label);
  return TRUE;
}

static void
print_json (const MorphScores *m, const GArray *attributes)
{
  g_autoptr (Json) json = json_new ();
  json_open (json, NULL, '{');
  json_number (json, "pairs", m->pairs);
  json_number (json, "largest_step_mean", m->mean);
  json_number (json, "largest_step_worst", m->worst);
  json_open (json, "attributes", '[');
  for (guint i = 0; i < attributes->len; i++) {
    const AttributeScores *a = &g_array_index (attributes, AttributeScores, i);
    json_open (json, NULL, '{');
    json_string (json, "name", a->name);
    json_bool (json, "measured", a->measured);
    if (a->measured) {
      json_number (json, "flipped", a->flipped);
      json_number (json, "kept", a->kept);
    }
    json_close (json, '{');
  }
  json_close (json, '[');
  json_close (json, '{');
  json_print (json);
}

static void
print_text (const MorphScores *m, const GArray *attributes)
{
  printf ("%u ways of %d frames from picture to picture: largest step %.2f "
          "times the mean one, at worst %.2f\n",
      m->pairs, MORPH_FRAMES, m->mean, m->worst);
  if (attributes->len > 0)
    printf ("%-12s %8s %12s\n", "attribute", "flipped", "others kept");
  for (guint i = 0; i < attributes->len; i++) {
    const AttributeScores *a = &g_array_index (attributes, AttributeScores, i);
    if (a->measured)
      printf ("%-12s %7.1f%% %11.1f%%\n", a->name, 100 * a->flipped,
          100 * a->kept);
    else
      printf ("%-12s cannot be measured on pictures\n", a->name);
  }
}

static gboolean
evaluate (AeSampler *s, const Codes *c, GError **error)
{
  const float *codes = (const float *) c->codes->data;
  const int *labels = (const int *) c->labels->data;
  MorphScores morph = latent_walks_morph (s, codes, labels, c->labels->len);
  g_autoptr (GArray) attributes = latent_walks_attributes (
      s, codes, labels, c->labels->len, option.strength);
  if (option.json)
    print_json (&morph, attributes);
  else
    print_text (&morph, attributes);
  if (!option.sheet)
    return TRUE;
  g_autoptr (Picture) sheet
      = latent_walks_sheet (s, codes, labels, c->labels->len);
  return picture_save (sheet, option.sheet, error);
}

int
aetool_eval_latent (int argc, char **argv)
{
  GError *error = NULL;
  AeModel *model = NULL;
  if (!aetool_parse (&argc, &argv, "PICTURES...",
          "Prints how even the ways between an autoencoder's codes are, and "
          "whether attributes change what they say.",
          NULL, entries))
    return AETOOL_USAGE;
  if (argc < 2)
    return aetool_usage ("wanted pictures: folders, files, or idx files");
  if (option.most < 0 || option.threads < 0 || !(option.strength > 0))
    return aetool_usage ("pictures and threads are 0 and up, strength above 0");
  AeSampler *s
      = coded_pictures_open (option.model, option.threads, &model, &error);
  if (!s)
    return aetool_g_error (error);
  Codes c = { .latent = (gsize) ae_sampler_facts (s).latent,
    .codes = g_array_new (FALSE, FALSE, sizeof (float)),
    .labels = g_array_new (FALSE, FALSE, sizeof (int)) };
  gboolean good = coded_pictures_read (s, argv + 1, argc - 1,
                      option.most ? (guint) option.most : USUAL_PICTURES, keep,
                      &c, &error)
      && evaluate (s, &c, &error);
  g_array_unref (c.codes);
  g_array_unref (c.labels);
  ae_sampler_free (&s);
  ae_model_unref (&model);
  return good ? AETOOL_OK : aetool_g_error (error);
}
