/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* aetool eval --rbm: what a restricted Boltzmann machine gives back, and
 * whether its free energy tells what it knows from what is odd. */

#include <math.h>
#include <stdio.h>

#include "aetool.h"
#include "canvas.h"
#include "code_scores.h"
#include "json.h"
#include "paths.h"
#include "picture_net.h"

#define SHOWN 16 /* pictures in a row of the sheet */
#define ZOOM 2
#define LEAST 1e-6 /* probability in a cross-entropy */

static struct {
  char *model, *sheet;
  char **odd;
  int most, threads;
  gboolean json;
} option;

static const GOptionEntry entries[] = {
  { "rbm", 0, 0, G_OPTION_ARG_FILENAME, &option.model,
      "a restricted Boltzmann machine's model file", "MODEL" },
  { "odd", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &option.odd,
      "pictures of something else, to be told by their free energy (may be "
      "repeated)",
      "IDX-FILE" },
  { "max-pictures", 0, 0, G_OPTION_ARG_INT, &option.most,
      "use at most so many of each file (default: all)", "N" },
  { "sheet", 0, 0, G_OPTION_ARG_FILENAME, &option.sheet,
      "write a PNG: pictures above what was made of them", "FILE" },
  { "threads", 0, 0, G_OPTION_ARG_INT, &option.threads,
      "cores to use (default: all)", "N" },
  { "json", 0, 0, G_OPTION_ARG_NONE, &option.json, "print JSON", NULL },
  { 0 }
};

/* Pictures, and what the machine makes of them. */
typedef struct {
  PictureSet *set;
  float *made;   /* n x the values of a picture */
  float *energy; /* n */
  double squared_error;              /* of a value */
  double cross_entropy, mean_energy; /* of a picture */
} Judged;

static void
judged_clear (Judged *j)
{
  g_clear_pointer (&j->set, picture_set_free);
  g_clear_pointer (&j->made, g_free);
  g_clear_pointer (&j->energy, g_free);
}

static void
count (Judged *j)
{
  gsize values = picture_set_values (j->set), n = j->set->n;
  g_autofree float *wanted = g_new (float, values);
  for (guint i = 0; i < n; i++) {
    picture_set_get (j->set, i, 1, wanted);
    for (gsize k = 0; k < values; k++) {
      double p = CLAMP (j->made[i * values + k], LEAST, 1 - LEAST);
      double difference = j->made[i * values + k] - wanted[k];
      j->squared_error += difference * difference / (double) (n * values);
      j->cross_entropy -= (wanted[k] * log (p) + (1 - wanted[k]) * log1p (-p))
                          / (double) n;
    }
    j->mean_energy += j->energy[i] / (double) n;
  }
}

static gboolean
judge (Judged *j, PictureNet *net, char *const *files, guint n_files,
    GError **error)
{
  j->set = picture_set_read (files, n_files, (guint) option.most, error);
  if (!j->set || !picture_net_takes (net, j->set, error))
    return FALSE;
  j->made = g_new (float, j->set->n * picture_set_values (j->set));
  j->energy = g_new (float, j->set->n);
  picture_net_run (net, j->set, (float *[]){ j->made, j->energy });
  count (j);
  return TRUE;
}

static void
json_judged (Json *json, const Judged *j)
{
  json_number (json, "pictures", j->set->n);
  json_number (json, "mse", j->squared_error);
  json_number (json, "cross_entropy", j->cross_entropy);
  json_number (json, "free_energy", j->mean_energy);
}

static void
print_json (const Judged *usual, const Judged *odd, double area)
{
  g_autoptr (Json) json = json_new ();
  json_open (json, NULL, '{');
  json_judged (json, usual);
  if (odd->set) {
    json_open (json, "odd", '{');
    json_judged (json, odd);
    json_close (json, '{');
    json_number (json, "odd_area", area);
  }
  json_close (json, '{');
  json_print (json);
}

static void
print_judged (const Judged *j, const char *what)
{
  printf ("%u %spictures: MSE %.5f, cross-entropy %.2f nats, mean free energy "
          "%.2f nats\n",
      j->set->n, what, j->squared_error, j->cross_entropy, j->mean_energy);
}

/* A row of pictures above a row of what was made of them. */
static void
draw_rows (Canvas *sheet, const Judged *j, int row)
{
  int width = ZOOM * j->set->width + 2, height = ZOOM * j->set->height + 2;
  gsize values = picture_set_values (j->set);
  g_autoptr (PictureSet) made = picture_set_new (
      j->set->width, j->set->height, j->set->channels);
  for (guint i = 0; i < MIN (SHOWN, j->set->n); i++) {
    picture_set_add (made, j->made + i * values, -1);
    g_autoptr (Picture) above = picture_set_picture (j->set, i);
    g_autoptr (Picture) below = picture_set_picture (made, i);
    int x = 2 + (int) i * width, y = 2 + row * height;
    canvas_picture (sheet, x, y, above, ZOOM);
    canvas_picture (sheet, x, y + height, below, ZOOM);
  }
}

static gboolean
draw_sheet (const Judged *usual, const Judged *odd, GError **error)
{
  const PictureSet *set = usual->set;
  g_autoptr (Canvas) sheet
      = canvas_new (2 + SHOWN * (ZOOM * set->width + 2),
          2 + (odd->set ? 4 : 2) * (ZOOM * set->height + 2));
  draw_rows (sheet, usual, 0);
  if (odd->set)
    draw_rows (sheet, odd, 2);
  return canvas_save (sheet, option.sheet, error);
}

static gboolean
eval (PictureNet *net, char *const *files, guint n_files, Judged *usual,
    Judged *odd, GError **error)
{
  double area = 0;
  if (!judge (usual, net, files, n_files, error))
    return FALSE;
  if (option.odd
      && (!judge (odd, net, option.odd, g_strv_length (option.odd), error)
          || !code_scores_area (&area, usual->energy, usual->set->n,
              odd->energy, odd->set->n, error)))
    return FALSE;
  if (option.sheet && !draw_sheet (usual, odd, error))
    return FALSE;
  if (option.json) {
    print_json (usual, odd, area);
    return TRUE;
  }
  print_judged (usual, "");
  if (!odd->set)
    return TRUE;
  print_judged (odd, "odd ");
  printf ("told apart by the free energy, area under the curve: %.4f\n", area);
  return TRUE;
}

int
aetool_eval_rbm (int argc, char **argv)
{
  static const char *const outputs[] = { "reconstruction", "free_energy" };
  if (!aetool_parse (&argc, &argv, "IDX-FILE...",
          "Prints how well a restricted Boltzmann machine gives pictures back, "
          "and what its free energy tells.",
          NULL, entries))
    return AETOOL_USAGE;
  if (argc < 2)
    return aetool_usage ("wanted files of pictures");
  if (option.most < 0 || option.threads < 0)
    return aetool_usage ("numbers of pictures and threads are 0 and up");
  GError *error = NULL;
  Judged usual = { 0 }, odd = { 0 };
  g_autofree char *path = paths_find (option.model, ".onnx", &error);
  g_autoptr (PictureNet) net
      = path ? picture_net_new (
            path, "rbm", outputs, 2, option.threads, &error)
             : NULL;
  gboolean ok = net
                && eval (net, argv + 1, (guint) argc - 1, &usual, &odd,
                    &error);
  judged_clear (&usual);
  judged_clear (&odd);
  return ok ? AETOOL_OK : aetool_g_error (error);
}
