/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* aetool eval --codes: what an autoencoder's codes are good for. */

#include <stdio.h>

#include "aetool.h"
#include "code_scores.h"
#include "paths.h"

#define MAPPED 2000 /* pictures, at most */

static struct {
  char *model, *confusion, *map;
  char **train, **test, **odd;
  int most, items, threads;
  gint64 seed;
  gboolean json;
} option;

static const GOptionEntry entries[] = {
  { "codes", 0, 0, G_OPTION_ARG_FILENAME, &option.model,
      "an autoencoder's model file", "MODEL" },
  { "train", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &option.train,
      "labelled pictures to learn from, and to be found (may be repeated)",
      "IDX-FILE" },
  { "test", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &option.test,
      "labelled pictures to be told and to search with", "IDX-FILE" },
  { "odd", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &option.odd,
      "pictures of something else, to tell from those of the test",
      "IDX-FILE" },
  { "confusion", 0, 0, G_OPTION_ARG_FILENAME, &option.confusion,
      "write an SVG: what the probe takes for what", "FILE" },
  { "map", 0, 0, G_OPTION_ARG_FILENAME, &option.map,
      "write a PNG: codes of the test along two axes, and a t-SNE, coloured by "
      "label",
      "FILE" },
  { "items", 0, 0, G_OPTION_ARG_INT, &option.items,
      "codes among which the time of a query is taken (default: 100000)",
      "N" },
  { "max-pictures", 0, 0, G_OPTION_ARG_INT, &option.most,
      "use at most so many of each file (default: all)", "N" },
  { "seed", 0, 0, G_OPTION_ARG_INT64, &option.seed,
      "of the clusters' start (default: 0)", "N" },
  { "threads", 0, 0, G_OPTION_ARG_INT, &option.threads,
      "cores to use (default: all)", "N" },
  { "json", 0, 0, G_OPTION_ARG_NONE, &option.json, "print JSON", NULL },
  { 0 }
};

/* The material, and what was found. */
typedef struct {
  PictureNet *coder, *decoder; /* to codes; to reconstructions */
  PictureSet *train_set, *test_set, *odd_set;
  LabelledCodes train, test, odd;
  int classes;
  Confusion *probe;
  double information[2];
  Retrieval retrieval;
  CodeMaps maps;
  guint mapped;
  double area_error, area_distance;
} Eval;

static void
clear (Eval *e)
{
  g_clear_pointer (&e->coder, picture_net_free);
  g_clear_pointer (&e->decoder, picture_net_free);
  g_clear_pointer (&e->train_set, picture_set_free);
  g_clear_pointer (&e->test_set, picture_set_free);
  g_clear_pointer (&e->odd_set, picture_set_free);
  labelled_codes_clear (&e->train);
  labelled_codes_clear (&e->test);
  labelled_codes_clear (&e->odd);
  g_clear_pointer (&e->probe, confusion_free);
  code_maps_clear (&e->maps);
}

static PictureSet *
read_set (Eval *e, char **files, GError **error)
{
  g_autoptr (PictureSet) set = picture_set_read (
      files, g_strv_length (files), (guint) option.most, error);
  return set && picture_net_takes (e->coder, set, error)
             ? g_steal_pointer (&set)
             : NULL;
}

/* Both sets' labels are 0 to classes - 1. */
static gboolean
find_classes (Eval *e, GError **error)
{
  e->classes = picture_set_classes (e->train_set);
  if (e->classes >= 2 && e->classes <= 1000)
    return picture_set_check_labels (e->test_set, e->classes, error);
  g_set_error (error, AETOOL_DOMAIN, AE_ERROR_ARGUMENT,
      "--train: found %d classes, wanted 2 to 1000: every picture needs a "
      "label",
      e->classes);
  return FALSE;
}

static gboolean
open (Eval *e, const char *path, GError **error)
{
  static const char *const latent[] = { "latent" };
  static const char *const reconstruction[] = { "reconstruction" };
  return (e->coder = picture_net_new (
              path, "autoencoder", latent, 1, option.threads, error))
         && (!option.odd
             || (e->decoder = picture_net_new (path, "autoencoder",
                     reconstruction, 1, option.threads, error)))
         && (e->train_set = read_set (e, option.train, error))
         && (e->test_set = read_set (e, option.test, error))
         && (!option.odd || (e->odd_set = read_set (e, option.odd, error)))
         && find_classes (e, error);
}

/* Of each picture: its mean squared error. */
static float *
find_errors (Eval *e, const PictureSet *set)
{
  gsize n = picture_set_values (set);
  float *errors = g_new0 (float, set->n);
  g_autofree float *made = g_new (float, set->n * n);
  g_autofree float *wanted = g_new (float, n);
  picture_net_run (e->decoder, set, &made);
  for (guint i = 0; i < set->n; i++) {
    double sum = 0;
    picture_set_get (set, i, 1, wanted);
    for (gsize k = 0; k < n; k++) {
      double off = CLAMP (made[i * n + k], 0, 1) - wanted[k];
      sum += off * off / n;
    }
    errors[i] = (float) sum;
  }
  return errors;
}

static gboolean
tell_odd (Eval *e, GError **error)
{
  g_autofree float *usual = find_errors (e, e->test_set);
  g_autofree float *odd = find_errors (e, e->odd_set);
  labelled_codes_init (&e->odd, e->coder, e->odd_set);
  g_autofree float *near = code_scores_distances (
      &e->train, &e->test.codes, option.threads, error);
  g_autofree float *far
      = near ? code_scores_distances (
            &e->train, &e->odd.codes, option.threads, error)
             : NULL;
  guint n = e->test_set->n, m = e->odd_set->n;
  return far && code_scores_area (&e->area_error, usual, n, odd, m, error)
         && code_scores_area (&e->area_distance, near, n, far, m, error);
}

static gboolean
draw_maps (Eval *e, GError **error)
{
  LabelledCodes some = e->test;
  some.codes.n = e->mapped = MIN (some.codes.n, MAPPED);
  if (!code_scores_maps (&e->maps, &some, option.threads, error))
    return FALSE;
  if (!option.map)
    return TRUE;
  g_autoptr (Picture) picture = code_maps_draw (&e->maps, &some, e->classes);
  return picture_save (picture, option.map, error);
}

static gboolean
score (Eval *e, GError **error)
{
  int threads = option.threads;
  labelled_codes_init (&e->train, e->coder, e->train_set);
  labelled_codes_init (&e->test, e->coder, e->test_set);
  e->probe = code_scores_probe (
      &e->train, &e->test, e->classes, threads, error);
  return e->probe
         && code_scores_clusters (e->information, &e->test, e->classes,
             (guint64) option.seed, threads, error)
         && code_scores_retrieval (&e->retrieval, &e->train, &e->test,
             option.items ? (guint) option.items : 100000, threads, error)
         && draw_maps (e, error) && (!option.odd || tell_odd (e, error))
         && (!option.confusion
             || confusion_draw (e->probe, option.confusion, error));
}

static void
print_json (const Eval *e)
{
  g_autoptr (Json) json = json_new ();
  json_open (json, NULL, '{');
  json_number (json, "code", e->train.codes.d);
  json_number (json, "train", e->train_set->n);
  json_number (json, "test", e->test_set->n);
  json_open (json, "probe", '{');
  confusion_json (e->probe, json);
  json_close (json, '{');
  json_number (json, "means_information", e->information[0]);
  json_number (json, "mixture_information", e->information[1]);
  json_number (json, "precision_at_10", e->retrieval.precision);
  json_number (json, "items", e->retrieval.items);
  json_number (json, "query_ms", e->retrieval.alone);
  json_number (json, "query_ms_together", e->retrieval.together);
  json_number (json, "axes_trustworthiness", e->maps.trust[CODE_MAP_AXES]);
  json_number (json, "tsne_trustworthiness", e->maps.trust[CODE_MAP_TSNE]);
  if (option.odd) {
    json_number (json, "odd", e->odd_set->n);
    json_number (json, "odd_area_error", e->area_error);
    json_number (json, "odd_area_distance", e->area_distance);
  }
  json_close (json, '{');
  json_print (json);
}

static void
print_text (const Eval *e)
{
  const Retrieval *r = &e->retrieval;
  printf ("codes of %zu numbers, of %u pictures to learn from and %u of the "
          "test\n",
      e->train.codes.d, e->train_set->n, e->test_set->n);
  printf ("linear probe: %.2f %% right\n",
      100 * confusion_accuracy (e->probe));
  printf ("clusters, normalised mutual information: k-means %.3f, mixture of "
          "Gaussians %.3f (seed %" G_GINT64_FORMAT ")\n",
      e->information[0], e->information[1], option.seed);
  printf ("retrieval: %.4f of the %d nearest have the label; among %u codes "
          "%.2f ms for a query, %.3f ms for each of many\n",
      r->precision, RETRIEVAL_NEAREST, r->items, r->alone, r->together);
  printf ("maps, trustworthiness: along two axes %.3f, t-SNE %.3f (%u codes, "
          "%d nearest)\n",
      e->maps.trust[CODE_MAP_AXES], e->maps.trust[CODE_MAP_TSNE], e->mapped,
      CODE_MAP_NEAREST);
  if (option.odd)
    printf ("told from %u odd pictures, area under the curve: %.4f by the "
            "error of the reconstruction, %.4f by the distance to the nearest "
            "code\n",
        e->odd_set->n, e->area_error, e->area_distance);
  confusion_print (e->probe);
}

int
aetool_eval_codes (int argc, char **argv)
{
  if (!aetool_parse (&argc, &argv, "",
          "Prints what the codes of an autoencoder are good for: telling "
          "classes, finding\npictures that are alike, clustering, maps, and "
          "telling what is odd.",
          "Pictures are files in MNIST's format, with their labels beside "
          "them.",
          entries))
    return AETOOL_USAGE;
  if (argc > 1 || !option.train || !option.test)
    return aetool_usage ("wanted --train and --test, and no arguments");
  if (option.most < 0 || option.threads < 0 || option.items < 0
      || option.items > 10000000
      || (option.items > 0 && option.items < RETRIEVAL_NEAREST))
    return aetool_usage ("numbers of pictures and threads are 0 and up, items "
                         "10 to 10000000");
  GError *error = NULL;
  Eval e = { 0 };
  g_autofree char *path = paths_find (option.model, ".onnx", &error);
  gboolean ok = path && open (&e, path, &error) && score (&e, &error);
  if (ok && option.json)
    print_json (&e);
  else if (ok)
    print_text (&e);
  clear (&e);
  return ok ? AETOOL_OK : aetool_g_error (error);
}
