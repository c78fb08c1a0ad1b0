/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* aetool eval --generated: what is to be thought of pictures that a model makes. */

#include <ae/codes.h>
#include <stdio.h>

#include "aetool.h"
#include "confusion.h"
#include "gan_train.h"
#include "generated.h"
#include "likeness.h"
#include "paths.h"
#include "picture_net.h"
#include "sureness.h"

#define NEAREST 5 /* of coverage and density, see ae_codes_manifold () */

static struct {
  char *model, *classifier, *sheet, *nearest, *confusion, *recipe;
  char **train, **test;
  int samples, most, threads;
  gint64 seed, steps;
  double temperature;
  gboolean normal, json;
} option = { .samples = 10000, .temperature = 1 };

static const GOptionEntry entries[] = {
  { "generated", 0, 0, G_OPTION_ARG_FILENAME, &option.model,
      "model that makes pictures: a VAE, autoencoder or GAN", "MODEL" },
  { "classifier", 0, 0, G_OPTION_ARG_FILENAME, &option.classifier,
      "classifier that judges them, see eval --classifier", "MODEL" },
  { "train", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &option.train,
      "pictures that the model learned from (may be repeated)", "IDX-FILE" },
  { "test", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &option.test,
      "real pictures that it did not learn from", "IDX-FILE" },
  { "samples", 0, 0, G_OPTION_ARG_INT, &option.samples,
      "pictures to make (default: 10000)", "N" },
  { "seed", 0, 0, G_OPTION_ARG_INT64, &option.seed,
      "of the samples and of --gan-train (default: 0)", "N" },
  { "temperature", 0, 0, G_OPTION_ARG_DOUBLE, &option.temperature,
      "of the samples: 1 as they are distributed, less nearer to the mean "
      "(default: 1)",
      "N" },
  { "normal-prior", 0, 0, G_OPTION_ARG_NONE, &option.normal,
      "draw codes from the standard normal distribution, also where the model "
      "has another",
      NULL },
  { "gan-train", 0, 0, G_OPTION_ARG_FILENAME, &option.recipe,
      "train a classifier by this recipe from the samples alone, of a model "
      "that is told what to make, and try it on --test",
      "RECIPE" },
  { "gan-train-steps", 0, 0, G_OPTION_ARG_INT64, &option.steps,
      "instead of that recipe's", "N" },
  { "sheet", 0, 0, G_OPTION_ARG_FILENAME, &option.sheet,
      "write a PNG: samples", "FILE" },
  { "nearest", 0, 0, G_OPTION_ARG_FILENAME, &option.nearest,
      "write a PNG: the samples that are nearest to a picture of --train, "
      "above it",
      "FILE" },
  { "confusion", 0, 0, G_OPTION_ARG_FILENAME, &option.confusion,
      "write an SVG: what the model was told to make, and what the classifier "
      "takes it for",
      "FILE" },
  { "max-pictures", 0, 0, G_OPTION_ARG_INT, &option.most,
      "use at most so many of each file (default: all)", "N" },
  { "threads", 0, 0, G_OPTION_ARG_INT, &option.threads,
      "cores to use (default: all)", "N" },
  { "json", 0, 0, G_OPTION_ARG_NONE, &option.json, "print JSON", NULL },
  { 0 }
};

/* Pictures as the classifier sees them. */
typedef struct {
  PictureSet *set;
  float *logits, *features;
  Sureness sureness;
} Judged;

typedef struct {
  PictureNet *judge;
  Judged made, real; /* real: of the test, or else those that were learned from */
  PictureSet *train;
  int classes;             /* that the model was told of; 0: none */
  int *said;               /* what the judge takes each made one for */
  guint *counts;           /* of what is said, by class */
  Confusion *asked;        /* NULL: it was not told */
  Confusion *gan_train;    /* NULL: not tried */
  AeManifold manifold;
  Likeness likeness;       /* n 0: there is no test */
} Eval;

static void
judged_clear (Judged *j)
{
  g_clear_pointer (&j->set, picture_set_free);
  g_clear_pointer (&j->logits, g_free);
  g_clear_pointer (&j->features, g_free);
}

static void
clear (Eval *e)
{
  judged_clear (&e->made);
  judged_clear (&e->real);
  g_clear_pointer (&e->judge, picture_net_free);
  g_clear_pointer (&e->train, picture_set_free);
  g_clear_pointer (&e->said, g_free);
  g_clear_pointer (&e->counts, g_free);
  g_clear_pointer (&e->asked, confusion_free);
  g_clear_pointer (&e->gan_train, confusion_free);
  likeness_clear (&e->likeness);
}

static PictureSet *
read_set (const Eval *e, char **files, GError **error)
{
  g_autoptr (PictureSet) set = picture_set_read (
      files, g_strv_length (files), (guint) option.most, error);
  return set && picture_net_takes (e->judge, set, error)
             ? g_steal_pointer (&set)
             : NULL;
}

/* The samples, which have to fit what the judge knows. */
static gboolean
make (Eval *e, const char *path, GError **error)
{
  GeneratedOptions options = { .seed = (guint64) option.seed,
    .temperature = (float) option.temperature, .normal = option.normal,
    .threads = option.threads };
  e->made.set = generated_make (
      path, (guint) option.samples, &options, &e->classes, error);
  if (!e->made.set || !picture_net_takes (e->judge, e->made.set, error))
    return FALSE;
  if (e->classes == 0 || e->classes == picture_net_classes (e->judge))
    return TRUE;
  g_set_error (error, AETOOL_DOMAIN, AE_ERROR_ARGUMENT,
      "%s makes %d classes, wanted the %d of %s", path, e->classes,
      picture_net_classes (e->judge), option.classifier);
  return FALSE;
}

static gboolean
open (Eval *e, GError **error)
{
  static const char *const outputs[] = { "logits", "features" };
  g_autofree char *judge = paths_find (option.classifier, ".onnx", error);
  g_autofree char *model
      = judge ? paths_find (option.model, ".onnx", error) : NULL;
  return model
         && (e->judge = picture_net_new (
                 judge, "classifier", outputs, 2, option.threads, error))
         && make (e, model, error)
         && (e->train = read_set (e, option.train, error))
         && (e->real.set
             = read_set (e, option.test ? option.test : option.train, error));
}

static void
judge (Eval *e, Judged *j)
{
  guint n = j->set->n;
  j->logits = g_new (float, n * picture_net_values (e->judge, 0));
  j->features = g_new (float, n * picture_net_values (e->judge, 1));
  picture_net_run (
      e->judge, j->set, (float *[]){ j->logits, j->features });
  j->sureness
      = sureness_of (j->logits, n, picture_net_classes (e->judge));
}

/* What the judge takes the samples for, and whether that was asked for. */
static void
count (Eval *e)
{
  int classes = picture_net_classes (e->judge);
  e->said = g_new (int, e->made.set->n);
  e->counts = g_new0 (guint, classes);
  e->asked = e->classes ? confusion_new (classes) : NULL;
  for (guint i = 0; i < e->made.set->n; i++) {
    e->said[i] = confusion_largest (
        e->made.logits + (gsize) i * classes, classes);
    e->counts[e->said[i]]++;
    if (e->asked)
      confusion_add (
          e->asked, picture_set_label (e->made.set, i), e->said[i]);
  }
}

/* As many of the real ones as of the made ones: coverage grows with the number
 * of those. */
static gboolean
find_manifold (Eval *e, GError **error)
{
  AeError err;
  gsize d = picture_net_values (e->judge, 1);
  gsize n = MIN (e->made.set->n, e->real.set->n);
  AeCodes real = { e->real.features, n, d };
  AeCodes made = { e->made.features, n, d };
  if (ae_codes_manifold (
          &e->manifold, &real, &made, NEAREST, option.threads, &err)
      == AE_OK)
    return TRUE;
  aetool_set_error (error, &err);
  return FALSE;
}

static gboolean
draw (const Eval *e, GError **error)
{
  g_autoptr (Picture) sheet
      = option.sheet ? generated_sheet (e->made.set, e->classes) : NULL;
  g_autoptr (Picture) nearest
      = option.nearest
            ? likeness_draw (&e->likeness, e->train, e->made.set, e->said,
                picture_net_classes (e->judge))
            : NULL;
  return (!sheet || picture_save (sheet, option.sheet, error))
         && (!nearest || picture_save (nearest, option.nearest, error))
         && (!option.confusion
             || confusion_draw (e->asked, option.confusion, error));
}

static gboolean
learn_from_samples (Eval *e, GError **error)
{
  e->gan_train = gan_train (option.recipe, e->made.set, e->real.set,
      option.steps, (guint64) option.seed, option.threads, error);
  return e->gan_train != NULL;
}

static gboolean
score (Eval *e, GError **error)
{
  if (e->classes == 0 && (option.recipe || option.confusion)) {
    g_set_error (error, AETOOL_DOMAIN, AE_ERROR_ARGUMENT,
        "%s is not told what to make: --gan-train and --confusion need labels",
        option.model);
    return FALSE;
  }
  judge (e, &e->made);
  judge (e, &e->real);
  count (e);
  return find_manifold (e, error)
         && (!option.test
             || likeness_find (&e->likeness, e->train, e->real.set,
                 e->made.set, option.threads, error))
         && draw (e, error)
         && (!option.recipe || learn_from_samples (e, error));
}

static void
print_json (const Eval *e)
{
  g_autoptr (Json) json = json_new ();
  json_open (json, NULL, '{');
  json_number (json, "samples", e->made.set->n);
  json_number (json, "seed", (double) option.seed);
  json_number (json, "sure", e->made.sureness.share);
  json_number (json, "mean_probability", e->made.sureness.mean);
  json_number (json, "real_sure", e->real.sureness.share);
  json_open (json, "taken_for", '[');
  for (int i = 0; i < picture_net_classes (e->judge); i++)
    json_number (json, NULL, e->counts[i]);
  json_close (json, '[');
  json_number (json, "coverage", e->manifold.coverage);
  json_number (json, "density", e->manifold.density);
  json_number (json, "precision", e->manifold.precision);
  json_number (json, "recall", e->manifold.recall);
  if (option.test) {
    json_number (json, "nearest_train", e->likeness.made);
    json_number (json, "nearest_train_held_out", e->likeness.held_out);
    json_number (json, "closer_than_held_out", e->likeness.closer);
  }
  if (e->asked) {
    json_open (json, "asked", '{');
    confusion_json (e->asked, json);
    json_close (json, '{');
  }
  if (e->gan_train) {
    json_open (json, "gan_train", '{');
    confusion_json (e->gan_train, json);
    json_close (json, '{');
  }
  json_close (json, '{');
  json_print (json);
}

static void
print_classes (const Eval *e)
{
  printf ("taken for:");
  for (int i = 0; i < picture_net_classes (e->judge); i++)
    printf ("%s %d %.1f %%", i ? "," : "", i,
        100.0 * e->counts[i] / e->made.set->n);
  printf ("\n");
}

static void
print_text (const Eval *e)
{
  const Likeness *l = &e->likeness;
  printf ("%u samples, seed %" G_GINT64_FORMAT ": the classifier is sure (%.1f "
          "and more) of %.2f %%, mean probability %.4f; of real pictures it is "
          "sure of %.2f %%\n",
      e->made.set->n, option.seed, SURENESS_LEAST,
      100 * e->made.sureness.share, e->made.sureness.mean,
      100 * e->real.sureness.share);
  print_classes (e);
  printf ("beside as many %s pictures, %d nearest: coverage %.4f, density "
          "%.4f, precision %.4f, recall %.4f\n",
      option.test ? "test" : "training", NEAREST, e->manifold.coverage,
      e->manifold.density, e->manifold.precision, e->manifold.recall);
  if (option.test)
    printf ("nearest training picture, median distance: %.4f of samples, %.4f "
            "of test pictures; %.2f %% of the samples are nearer than 99 %% "
            "of the test pictures\n",
        l->made, l->held_out, 100 * l->closer);
  if (e->asked)
    printf ("label consistency (GAN-test): %.2f %%\n",
        100 * confusion_accuracy (e->asked));
  if (e->gan_train)
    printf ("learned from samples, tried on test pictures (GAN-train): "
            "%.2f %%\n",
        100 * confusion_accuracy (e->gan_train));
  if (e->asked)
    confusion_print (e->asked);
}

static int
check_options (int argc)
{
  if (argc > 1 || !option.classifier || !option.train)
    return aetool_usage ("wanted --classifier and --train, and no arguments");
  if (option.samples <= NEAREST || option.samples > 1000000 || option.most < 0
      || option.threads < 0 || option.steps < 0 || option.seed < 0)
    return aetool_usage ("samples are %d to 1000000, other numbers 0 and up",
        NEAREST + 1);
  if (!(option.temperature >= 0) || option.temperature > 100)
    return aetool_usage ("temperatures are 0 to 100");
  if (!option.test && (option.recipe || option.nearest))
    return aetool_usage ("--gan-train and --nearest need --test");
  return AETOOL_OK;
}

int
aetool_eval_generated (int argc, char **argv)
{
  if (!aetool_parse (&argc, &argv, "",
          "Judges the pictures that a model makes by a classifier of real "
          "ones.",
          "Pictures are files in MNIST's format. Coverage and density: Naeem "
          "et al., 2020, in the\nclassifier's features. GAN-test and "
          "GAN-train: Shmelkov et al., 2018.",
          entries))
    return AETOOL_USAGE;
  int usage = check_options (argc);
  if (usage != AETOOL_OK)
    return usage;
  GError *error = NULL;
  Eval e = { 0 };
  gboolean ok = open (&e, &error) && score (&e, &error);
  if (ok && option.json)
    print_json (&e);
  else if (ok)
    print_text (&e);
  clear (&e);
  return ok ? AETOOL_OK : aetool_g_error (error);
}
