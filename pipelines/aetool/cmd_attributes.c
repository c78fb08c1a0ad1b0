/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* aetool attributes: teaches an autoencoder directions with names. */

#include <ae/attributes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "aetool.h"
#include "attribute_table.h"
#include "coded_pictures.h"
#include "picture_measures.h"

static struct {
  char *output, *measures, *labels;
  int most, threads;
} option;

static const GOptionEntry entries[] = {
  { "output", 'o', 0, G_OPTION_ARG_FILENAME, &option.output,
      "model file to write (default: MODEL, in place)", "FILE" },
  { "measure", 'm', 0, G_OPTION_ARG_STRING, &option.measures,
      "attributes that are measured on the pictures, with commas between them",
      "LIST" },
  { "labels", 'l', 0, G_OPTION_ARG_FILENAME, &option.labels,
      "attributes that somebody has told: a table with commas whose first line "
      "has their names and whose first column has pictures' names, without "
      "folder and extension",
      "CSV" },
  { "max-pictures", 0, 0, G_OPTION_ARG_INT, &option.most,
      "use at most so many (default: all)", "N" },
  { "threads", 0, 0, G_OPTION_ARG_INT, &option.threads,
      "cores to use (default: all)", "N" },
  { 0 }
};

typedef struct {
  AeSampler *sampler;
  GPtrArray *measures; /* PictureMeasure */
  AttributeTable *table; /* may be NULL */
  GArray *codes, *values;
  gsize latent, n_attributes;
  guint n, unlabelled;
} Learning;

/* On what the model makes of the code: that is what shifts change. */
static void
measure (Learning *l, const float *code, int label)
{
  AeSamplerFacts f = ae_sampler_facts (l->sampler);
  g_autofree float *made
      = g_new (float, (gsize) f.width * (gsize) f.height * (gsize) f.channels);
  ae_sampler_decode (l->sampler, code, &label, 1, made);
  g_autofree float *grey
      = picture_measure_grey_planes (made, f.channels, f.width, f.height);
  for (guint i = 0; i < l->measures->len; i++) {
    const PictureMeasure *m = g_ptr_array_index (l->measures, i);
    float value = (float) m->measure (grey, f.width, f.height);
    g_array_append_val (l->values, value);
  }
}

static gboolean
add (const AeImage *image, const float *code, int label, const char *name,
    gpointer user_data, GError **error)
{
  Learning *l = user_data;
  const float *row = l->table ? attribute_table_find (l->table, name) : NULL;
  if (l->table && !row) {
    l->unlabelled++;
    return TRUE;
  }
  g_array_append_vals (l->codes, code, (guint) l->latent);
  measure (l, code, MAX (label, 0));
  if (row)
    g_array_append_vals (l->values, row, l->table->n_columns);
  l->n++;
  return TRUE;
}

static gboolean
find_measures (Learning *l, GPtrArray *names, GError **error)
{
  g_auto (GStrv) parts
      = option.measures ? g_strsplit (option.measures, ",", -1) : NULL;
  for (guint i = 0; parts && parts[i]; i++) {
    const PictureMeasure *m = picture_measure_find (g_strstrip (parts[i]));
    if (!m) {
      g_autofree char *known = picture_measure_names ();
      g_set_error (error, AETOOL_DOMAIN, AE_ERROR_ARGUMENT,
          "--measure %s is not known, wanted some of %s", parts[i], known);
      return FALSE;
    }
    g_ptr_array_add (l->measures, (gpointer) m);
    g_ptr_array_add (names, (gpointer) m->name);
  }
  for (guint i = 0; l->table && i < l->table->n_columns; i++)
    g_ptr_array_add (names, l->table->columns[i]);
  l->n_attributes = names->len;
  return TRUE;
}

/* What codes tell of attributes: straight, and where there are pictures enough
 * along curves. */
typedef struct {
  float *directions, *curves; /* the second NULL: too few pictures */
  double *straight, *curved;  /* shares that are explained */
} Learned;

static void
learned_clear (Learned *l)
{
  g_free (l->directions);
  g_free (l->curves);
  g_free (l->straight);
  g_free (l->curved);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Learned, learned_clear)

static AeStatus
find_curves (const Learning *l, Learned *to, AeError *err)
{
  gsize values = ae_attribute_curve_values (l->latent);
  to->curves = g_new (float, values * l->n_attributes);
  to->curved = g_new (double, l->n_attributes);
  AeStatus status = ae_attributes_learn_curves (to->curves, to->curved,
      (const float *) l->codes->data, (const float *) l->values->data, l->n,
      l->latent, l->n_attributes, err);
  if (status == AE_ERROR_LIMIT) {
    g_clear_pointer (&to->curves, g_free);
    status = AE_OK;
  }
  return status;
}

static AeStatus
find_both (const Learning *l, Learned *to, AeError *err)
{
  to->directions = g_new (float, l->latent * l->n_attributes);
  to->straight = g_new (double, l->n_attributes);
  AeStatus status = ae_attributes_learn (to->directions, to->straight,
      (const float *) l->codes->data, (const float *) l->values->data, l->n,
      l->latent, l->n_attributes, err);
  return status == AE_OK ? find_curves (l, to, err) : status;
}

static void
print_learned (const Learning *l, const Learned *found, GPtrArray *names)
{
  printf ("%u pictures", l->n);
  if (l->unlabelled)
    printf (", %u without labels left out", l->unlabelled);
  printf ("\n%-12s %s%s\n", "attribute", "explained by codes",
      found->curves ? ", along curves" : "");
  for (guint i = 0; i < names->len; i++) {
    printf ("%-12s %17.1f%%", (char *) g_ptr_array_index (names, i),
        100 * found->straight[i]);
    if (found->curves)
      printf (" %13.1f%%", 100 * found->curved[i]);
    putchar ('\n');
  }
}

static gboolean
learn (Learning *l, AeModel *model, GPtrArray *names, const char *path,
    GError **error)
{
  AeError err;
  AeModel *taught = NULL;
  g_auto (Learned) found = { 0 };
  AeStatus status = find_both (l, &found, &err);
  if (status == AE_OK)
    status = ae_attributes_store (&taught, model,
        (const char *const *) names->pdata, found.directions, found.curves,
        l->latent, l->n_attributes, &err);
  if (status == AE_OK)
    status = ae_model_save (taught, path, &err);
  ae_model_unref (&taught);
  if (status != AE_OK) {
    aetool_set_error (error, &err);
    return FALSE;
  }
  print_learned (l, &found, names);
  printf ("%s\n", path);
  return TRUE;
}

static gboolean
run (const char *name, char **pictures, int n, GError **error)
{
  Learning l = { .measures = g_ptr_array_new (),
    .codes = g_array_new (FALSE, FALSE, sizeof (float)),
    .values = g_array_new (FALSE, FALSE, sizeof (float)) };
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  AeModel *model = NULL;
  AeSampler *sampler = NULL;
  gboolean good = (!option.labels
                      || (l.table = attribute_table_read (
                              option.labels, error)))
      && find_measures (&l, names, error)
      && (sampler = coded_pictures_open (name, option.threads, &model, error));
  if (good) {
    l.sampler = sampler;
    l.latent = (gsize) ae_sampler_facts (sampler).latent;
    good = coded_pictures_read (sampler, pictures, n, (guint) option.most, add,
               &l, error)
        && learn (&l, model, names, option.output ? option.output : name,
            error);
  }
  ae_sampler_free (&sampler);
  ae_model_unref (&model);
  attribute_table_free (l.table);
  g_ptr_array_unref (l.measures);
  g_array_unref (l.codes);
  g_array_unref (l.values);
  return good;
}

int
aetool_attributes (int argc, char **argv)
{
  GError *error = NULL;
  g_autofree char *known = picture_measure_names ();
  g_autofree char *more
      = g_strdup_printf ("Measures: %s.\nPICTURES are folders, files, or files "
                         "in MNIST's format.",
          known);
  if (!aetool_parse (&argc, &argv, "MODEL PICTURES...",
          "Teaches an autoencoder directions of its codes with names, for "
          "vaesample's `attributes`.",
          more, entries))
    return AETOOL_USAGE;
  if (argc < 3)
    return aetool_usage ("wanted a model and pictures");
  if (!option.measures && !option.labels)
    return aetool_usage ("wanted --measure or --labels (or both)");
  if (option.most < 0 || option.threads < 0)
    return aetool_usage ("pictures and threads are 0 and up");
  return run (argv[1], argv + 2, argc - 2, &error) ? AETOOL_OK
                                                   : aetool_g_error (error);
}
