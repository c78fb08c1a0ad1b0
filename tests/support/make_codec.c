/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* make_codec SEED FILE: writes a small codec that was not trained. */
#include "codec_net.h"

#include <stdio.h>

int
main (int argc, char **argv)
{
  AeError err;
  if (argc != 3)
    return 2;
  AeModel *model = codec_net (160 + 16 * atoi (argv[1]));
  if (ae_model_save (model, argv[2], &err) != AE_OK) {
    fprintf (stderr, "make_codec: %s\n", err.text);
    return 1;
  }
  ae_model_unref (&model);
  return 0;
}
