/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* aetool idx: pictures in MNIST's format -> some of them, without their labels
 * or blended with photographs. */

#include <stdio.h>

#include "aetool.h"
#include "blend.h"
#include "idx_writer.h"
#include "picture_set.h"

static struct {
  char *output;
  char **photographs;
  int from, count;
  gint64 seed;
  gboolean no_labels;
} option = { .seed = 1 };

static const GOptionEntry entries[] = {
  { "output", 'o', 0, G_OPTION_ARG_FILENAME, &option.output,
      "how the files to write begin: PREFIX-images-idx3-ubyte, with colours "
      "PREFIX-images-idx4-ubyte, and PREFIX-labels-idx1-ubyte", "PREFIX" },
  { "from", 0, 0, G_OPTION_ARG_INT, &option.from,
      "leave out so many pictures at the start", "N" },
  { "count", 0, 0, G_OPTION_ARG_INT, &option.count,
      "take so many (default: all that follow)", "N" },
  { "no-labels", 0, 0, G_OPTION_ARG_NONE, &option.no_labels,
      "write no labels", NULL },
  { "photographs", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &option.photographs,
      "blend each picture with a random piece of one of these, a file, folder "
      "or pattern: their difference, in colours", "PHOTOGRAPHS" },
  { "seed", 0, 0, G_OPTION_ARG_INT64, &option.seed,
      "of the pieces (default: 1)", "N" },
  { 0 }
};

/* (channels, height, width) -> (height, width, channels). */
static void
interleave (const PictureSet *set, const guint8 *from, guint8 *to)
{
  gsize plane = (gsize) set->width * set->height;
  for (gsize i = 0; i < plane; i++)
    for (int c = 0; c < set->channels; c++)
      *to++ = from[c * plane + i];
}

static void
say (const PictureSet *set, const Blend *blend, const char *path, guint n,
    gboolean labels)
{
  int channels = blend ? 3 : set->channels;
  guint photographs = blend ? blend_n_photographs (blend) : 0;
  printf ("%s: %u pictures of %dx%d, %d channel%s, %s labels", path, n,
      set->width, set->height, channels, channels == 1 ? "" : "s",
      labels ? "with" : "without");
  if (blend)
    printf (", on %u photograph%s", photographs, photographs == 1 ? "" : "s");
  printf ("\n");
}

static gboolean
write_all (const PictureSet *set, Blend *blend, guint n, gboolean labels,
    GError **error)
{
  int channels = blend ? 3 : set->channels;
  g_autoptr (IdxWriter) writer = idx_writer_new (option.output, n,
      set->width, set->height, channels, labels, error);
  if (!writer)
    return FALSE;
  g_autofree guint8 *pixels
      = g_malloc ((gsize) set->width * set->height * channels);
  for (guint i = (guint) option.from; i < option.from + n; i++) {
    const guint8 *from = set->pixels->data + i * picture_set_values (set);
    if (blend)
      blend_next (blend, from, set->channels, pixels);
    else
      interleave (set, from, pixels);
    idx_writer_add (writer, pixels, picture_set_label (set, i));
  }
  if (!idx_writer_finish (writer, error))
    return FALSE;
  say (set, blend, idx_writer_path (writer), n, labels);
  return TRUE;
}

/* How many pictures to write; 0 and an error: there are not that many. */
static guint
count (const PictureSet *set, GError **error)
{
  guint wanted = option.count > 0 ? (guint) option.count : 1;
  if (option.from < (int) set->n && wanted <= set->n - (guint) option.from)
    return option.count > 0 ? wanted : set->n - (guint) option.from;
  g_set_error (error, AETOOL_DOMAIN, AE_ERROR_ARGUMENT,
      "%u pictures, wanted at least %u: see --from and --count", set->n,
      (guint) option.from + wanted);
  return 0;
}

static gboolean
make (const PictureSet *set, GError **error)
{
  gboolean labels = !option.no_labels && picture_set_classes (set) > 0;
  guint n = count (set, error);
  if (n == 0)
    return FALSE;
  g_autoptr (Blend) blend
      = option.photographs
            ? blend_new (option.photographs, set->width, set->height,
                  (guint32) option.seed, error)
            : NULL;
  return (blend || !option.photographs)
         && write_all (set, blend, n, labels, error);
}

int
aetool_idx (int argc, char **argv)
{
  if (!aetool_parse (&argc, &argv, "IDX-FILE...",
          "Cuts a piece out of files in MNIST's format, takes the labels away "
          "or blends the\npictures with photographs.",
          NULL, entries))
    return AETOOL_USAGE;
  if (argc < 2 || !option.output)
    return aetool_usage ("wanted files of pictures, and --output");
  if (option.from < 0 || option.count < 0 || option.seed < 0
      || option.seed > G_MAXUINT32)
    return aetool_usage (
        "--from and --count are 0 and up, --seed 0 to %u", G_MAXUINT32);
  GError *error = NULL;
  g_autoptr (PictureSet) set
      = picture_set_read (argv + 1, (guint) argc - 1, 0, &error);
  return set && make (set, &error) ? AETOOL_OK : aetool_g_error (error);
}
