/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Writes the fuzz corpus of coded streams:
 *   build/tests/fuzz/make_corpus_codec tests/fuzz/corpus-codec
 * A file's name begins with the decoder's answer to its last packet. */
#include "codec_clip.h"
#include "codec_mend.h"
#include "fuzz_codec.h"
#include "util/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *folder;
static AeCodec *codec;
static int failures;

static const CodecClipShape colour = { .pixels = AE_PIXELS_I420, .width = 48,
  .height = 32, .frames = 4, .key_every = 4, .level = 200, .header = true };
static const CodecClipShape grey = { .pixels = AE_PIXELS_GRAY8, .width = 33,
  .height = 17, .frames = 3, .key_every = 2, .level = 110 };
static const CodecClipShape tall = { .pixels = AE_PIXELS_GRAY8, .width = 16,
  .height = 272, .frames = 2, .key_every = 2, .level = 0 };

static const CodecClipShape band = { .pixels = AE_PIXELS_GRAY8, .width = 64,
  .height = 17, .frames = 5, .key_every = 5, .level = 90, .header = true,
  .refresh = 2 };

static void
write_bytes (const char *name, const void *bytes, size_t size)
{
  char path[4096];
  AeError err;
  snprintf (path, sizeof path, "%s/%s.aev", folder, name);
  if (ae_file_replace (path, bytes, size, &err) != AE_OK) {
    fprintf (stderr, "%s\n", err.text);
    failures++;
  }
}

static void
write_clip (const char *name, CodecClip *clip)
{
  write_bytes (name, clip->bytes, clip->size);
  free (clip->bytes);
}

/* The clip without the packets from `first` to before `end`. */
static CodecClip
without (CodecClip clip, int first, int end)
{
  size_t gap = clip.at[end] - clip.at[first];
  memmove (clip.bytes + clip.at[first], clip.bytes + clip.at[end],
      clip.size - clip.at[end]);
  clip.size -= gap;
  return clip;
}

static void
write_whole (void)
{
  CodecClip clip = codec_clip (codec, &colour);
  write_clip ("ok-colour", &clip);
  clip = codec_clip (codec, &grey);
  write_clip ("ok-grey", &clip);
  clip = codec_clip (codec, &tall);
  write_clip ("ok-slices", &clip);
  clip = codec_clip (codec, &colour);
  CodecClip other = codec_clip (codec, &grey);
  codec_clip_add (&clip, (const uint8_t *) "noise\xa5\xa5", 7);
  codec_clip_add (&clip, other.bytes, other.size);
  free (other.bytes);
  write_clip ("ok-two-sizes", &clip);
}

static void
write_parts (void)
{
  CodecClip clip = without (codec_clip (codec, &colour), 1, 5);
  write_clip ("format-header-alone", &clip);
  clip = without (codec_clip (codec, &colour), 0, 2);
  write_clip ("needsdata-no-key-frame", &clip);
  clip = without (codec_clip (codec, &colour), 2, 4);
  write_clip ("needsdata-lost-frames", &clip);
  clip = codec_clip (codec, &colour);
  clip.size -= 3;
  write_clip ("ok-cut", &clip);
  clip = codec_clip (codec, &grey);
  clip.size = clip.at[1] - 3;
  write_clip ("format-first-cut", &clip);
  clip = codec_clip (codec, &tall);
  clip.bytes[clip.size - 5] ^= 4;
  write_clip ("ok-damaged-slice", &clip);
}

/* With flag 8: whole, begun late, with a gap, and bands that cannot be. */
static void
write_refreshed (void)
{
  CodecMend mend = { .checksums = true };
  CodecClip clip = codec_clip (codec, &band);
  ae_codec_id (codec, mend.id);
  write_clip ("ok-refresh", &clip);
  clip = without (codec_clip (codec, &band), 1, 3);
  write_clip ("ok-refresh-header-alone", &clip);
  clip = without (codec_clip (codec, &band), 3, 4);
  write_clip ("ok-refresh-gap", &clip);
  clip = without (codec_clip (codec, &band), 0, 2);
  write_clip ("needsdata-refresh-alone", &clip);
  for (int i = 0; i < 2; i++) {
    clip = codec_clip (codec, &band);
    uint8_t *last = clip.bytes + clip.at[clip.n - 1];
    last[11 + (last[9] >= 128)] = i ? 127 : 1; /* where the band begins */
    codec_mend (&mend, clip.bytes, clip.size);
    write_clip (i ? "ok-refresh-beyond" : "ok-refresh-moved", &clip);
  }
}

/* A header that says something else. */
static void
write_announced (const char *name, int width, int height, int n_slices)
{
  CodecMend mend = { .checksums = true };
  CodecClip clip = codec_clip (codec, &grey);
  uint8_t *bytes = clip.bytes;
  ae_codec_id (codec, mend.id);
  codec_mend_put (bytes + 20, 2, (uint64_t) width);
  codec_mend_put (bytes + 22, 2, (uint64_t) height);
  codec_mend_put (bytes + 44, 2, (uint64_t) n_slices);
  clip.size = clip.at[1];
  codec_mend (&mend, bytes, clip.size);
  write_clip (name, &clip);
}

int
main (int argc, char **argv)
{
  if (argc != 2) {
    fprintf (stderr, "usage: %s FOLDER\n", argv[0]);
    return EXIT_FAILURE;
  }
  folder = argv[1];
  AeModel *model = codec_net (FUZZ_CODEC_LATENTS);
  codec_net_must (ae_codec_new (&codec, model, NULL));
  ae_model_unref (&model);
  write_whole ();
  write_parts ();
  write_refreshed ();
  write_announced ("format-wrong-slices", 33, 17, 7);
  write_announced ("ok-wide", 16384, 4, 1); /* and damaged */
  write_announced ("needsdata-no-pixels", 0, 0, 1);
  write_bytes ("needsdata-text", "not a stream\n", 13);
  write_bytes ("needsdata-mark", "\xa5" "AEV\x01", 5);
  ae_codec_unref (&codec);
  return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
