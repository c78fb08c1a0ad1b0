/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef AETOOL_CODER_H
#define AETOOL_CODER_H

/* Ways to code pictures: our codec, and programs that it is compared with. */

#include <ae/codec.h>

#include "method.h"

G_BEGIN_DECLS

/* What coding a sequence gave. */
typedef struct {
  gsize bytes; /* of the whole stream */
  Pictures *decoded;
  double encode_ms, decode_ms; /* per picture; 0: not measured */
} Coded;

void coded_clear (Coded *coded);

typedef struct Coder Coder;

struct Coder {
  char *name;
  const double *qualities; /* to take for a curve; ends with a number < 0 */

  /* Codes pictures of equal size and format. */
  gboolean (*run) (Coder *coder, const Pictures *pictures, double quality,
      Coded *coded, GError **error);

  const struct CoderPeer *peer; /* of a program */

  /* of our codec */
  AeCodec *codec;
  AeCodecOptions options;
  guint key_interval; /* pictures from one key frame to the next */
};

void coder_free (Coder *coder);

/* Qualities are levels. Takes I420; keeps a reference to codec. */
Coder *coder_ours (const char *name, AeCodec *codec,
    const AeCodecOptions *options, guint key_interval);

/* The programs that are installed: for stills, which take RGB, or clips, which
 * take I420; what is missing is named on standard error. The first one is the
 * one that others are measured against. */
GPtrArray *coder_peers (gboolean stills);

G_END_DECLS

#endif
