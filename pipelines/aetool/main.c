/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* aetool: looks at, measures and trains models. */

#include <gst/gst.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "aetool.h"

static const AetoolCommand commands[] = {
  { "attributes", aetool_attributes,
      "teach an autoencoder directions with names" },
  { "autotune", aetool_autotune,
      "print the costs that choose between kernels" },
  { "bench", aetool_bench, "time a model, beside onnxruntime when present" },
  { "compare", aetool_compare, "compare a clip with its clean original" },
  { "eval", aetool_eval, "print how well a denoiser denoises or a codec codes" },
  { "idx", aetool_idx,
      "cut files in MNIST's format, or blend them with photographs" },
  { "info", aetool_info, "print what a model is" },
  { "onnx-test", aetool_onnx_test, "run folders of ONNX test data" },
  { "pan", aetool_pan, "make a moving, noisy clip from photographs" },
  { "train", aetool_train, "train a model from videos and pictures" },
};

static void
print_help (FILE *to)
{
  fprintf (to, "usage: aetool COMMAND [OPTION...] [ARGUMENT...]\n\n");
  for (size_t i = 0; i < G_N_ELEMENTS (commands); i++)
    fprintf (to, "  %-11s %s\n", commands[i].name, commands[i].summary);
  fprintf (to, "\n`aetool COMMAND --help` lists a command's options.\n");
}

int
main (int argc, char **argv)
{
  setlocale (LC_ALL, "");
  /* Numbers in tables, recipes and JSON always have a point. */
  setlocale (LC_NUMERIC, "C");
  if (argc < 2) {
    print_help (stderr);
    return AETOOL_USAGE;
  }
  if (!strcmp (argv[1], "--help") || !strcmp (argv[1], "-h")
      || !strcmp (argv[1], "help")) {
    print_help (stdout);
    return AETOOL_OK;
  }
  if (!strcmp (argv[1], "--version")) {
    printf ("aetool %s\n", ae_version ());
    return AETOOL_OK;
  }
  for (size_t i = 0; i < G_N_ELEMENTS (commands); i++) {
    if (strcmp (argv[1], commands[i].name))
      continue;
    g_autofree char *name = g_strdup_printf ("aetool %s", argv[1]);
    g_set_prgname (name);
    gst_init (NULL, NULL);
    return commands[i].run (argc - 1, argv + 1);
  }
  fprintf (stderr, "aetool: no command '%s'\n\n", argv[1]);
  print_help (stderr);
  return AETOOL_USAGE;
}
