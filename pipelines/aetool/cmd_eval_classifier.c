/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* aetool eval --classifier: which pictures are told right, and what the others
 * are taken for. */

#include <stdio.h>

#include "aetool.h"
#include "confusion.h"
#include "paths.h"
#include "picture_net.h"
#include "sureness.h"
#include "taken_sheet.h"

static struct {
  char *model, *confusion, *sheet;
  int most, threads;
  gboolean json;
} option;

static const GOptionEntry entries[] = {
  { "classifier", 0, 0, G_OPTION_ARG_FILENAME, &option.model,
      "a classifier's model file", "MODEL" },
  { "max-pictures", 0, 0, G_OPTION_ARG_INT, &option.most,
      "use at most so many of each file (default: all)", "N" },
  { "confusion", 0, 0, G_OPTION_ARG_FILENAME, &option.confusion,
      "write an SVG: what is taken for what", "FILE" },
  { "sheet", 0, 0, G_OPTION_ARG_FILENAME, &option.sheet,
      "write a PNG: the first pictures, and what each is taken for, red where "
      "it is wrong",
      "FILE" },
  { "threads", 0, 0, G_OPTION_ARG_INT, &option.threads,
      "cores to use (default: all)", "N" },
  { "json", 0, 0, G_OPTION_ARG_NONE, &option.json, "print JSON", NULL },
  { 0 }
};

static void
print_scores (const Confusion *confusion, Sureness sureness)
{
  if (option.json) {
    g_autoptr (Json) json = json_new ();
    json_open (json, NULL, '{');
    json_number (json, "pictures", confusion->n);
    json_number (json, "sure", sureness.share);
    json_number (json, "mean_probability", sureness.mean);
    confusion_json (confusion, json);
    json_close (json, '{');
    json_print (json);
    return;
  }
  printf ("%u pictures: %.2f %% right; sure (%.1f and more) of %.2f %%, mean "
          "probability %.4f\n",
      confusion->n, 100 * confusion_accuracy (confusion), SURENESS_LEAST,
      100 * sureness.share, sureness.mean);
  confusion_print (confusion);
}

static gboolean
score (PictureNet *net, const PictureSet *set, GError **error)
{
  int classes = picture_net_classes (net);
  if (!picture_set_check_labels (set, classes, error))
    return FALSE;
  g_autofree float *logits
      = g_new (float, set->n * picture_net_values (net, 0));
  g_autofree int *taken = g_new (int, set->n);
  g_autoptr (Confusion) confusion = confusion_new (classes);
  picture_net_run (net, set, &logits);
  for (guint i = 0; i < set->n; i++) {
    taken[i] = confusion_largest (logits + (gsize) i * classes, classes);
    confusion_add (confusion, picture_set_label (set, i), taken[i]);
  }
  print_scores (confusion, sureness_of (logits, set->n, classes));
  return (!option.confusion
             || confusion_draw (confusion, option.confusion, error))
         && (!option.sheet
             || taken_sheet_save (set, taken, option.sheet, error));
}

int
aetool_eval_classifier (int argc, char **argv)
{
  static const char *const outputs[] = { "logits" };
  if (!aetool_parse (&argc, &argv, "IDX-FILE...",
          "Prints how many pictures a classifier tells right, and what it "
          "takes the others for.",
          NULL, entries))
    return AETOOL_USAGE;
  if (argc < 2)
    return aetool_usage ("wanted files of labelled pictures");
  if (option.most < 0 || option.threads < 0)
    return aetool_usage ("numbers of pictures and threads are 0 and up");
  GError *error = NULL;
  g_autofree char *path = paths_find (option.model, ".onnx", &error);
  g_autoptr (PictureNet) net
      = path ? picture_net_new (
            path, "classifier", outputs, 1, option.threads, &error)
             : NULL;
  g_autoptr (PictureSet) set
      = net ? picture_set_read (argv + 1, (guint) argc - 1,
            (guint) option.most, &error)
            : NULL;
  return set && picture_net_fit (net, &set, &error)
                 && score (net, set, &error)
             ? AETOOL_OK
             : aetool_g_error (error);
}
