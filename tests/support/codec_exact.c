/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* codec_exact make MODEL STREAM: codes clips with the model.
 * codec_exact sums MODEL STREAM THREADS: prints a checksum of the integers that
 * each packet holds, and of the picture that changes make of a fixed one.
 *
 * The sums are the same with every processor, number of threads and compiler
 * (tests/matrix.py tries that). Key frames' pictures are made by floating point:
 * here a fixed picture takes their place. */
#include "codec_clip.h"

#include "util/file.h"
#include "util/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* Several slices, and one; colour, and grey. */
static const CodecClipShape shapes[]
    = { { AE_PIXELS_I420, 80, 528, 5, 5, 150, false, 0 },
        { AE_PIXELS_GRAY8, 51, 80, 6, 3, 255, false, 0 },
        { AE_PIXELS_I420, 96, 80, 4, 4, 30, false, 0 } };

typedef struct {
  AeCodec *codec;
  AeGrid grid;
  AeLatentLevel level;
  AeChanges changes;
  int16_t *values; /* of a key frame */
  float *fixed;    /* the picture that stands for key frames */
  AeLatentScratch scratch[AE_CODER_THREADS];
  int n_threads;
  AePacket key;
} Reader;

typedef struct {
  Reader *reader;
  const AePacket *packet;
  const AeSlice *slices;
  bool ok[AE_PACKET_MAX_SLICES];
} Work;

static void
must (AeStatus status, const AeError *err)
{
  if (status == AE_OK)
    return;
  fprintf (stderr, "codec_exact: %s\n", err->text);
  exit (EXIT_FAILURE);
}

/* Whole numbers of grey levels. */
static void
draw_fixed (Reader *r)
{
  size_t n = (size_t) 6 * r->grid.h * r->grid.w;
  r->fixed = calloc (n, sizeof *r->fixed);
  for (size_t i = 0; i < n; i++)
    r->fixed[i] = (float) (40 + (i / 5 * 7 + i / (size_t) r->grid.w * 3) % 170)
        / 255;
}

static void
clear (Reader *r)
{
  for (int i = 0; i < AE_CODER_THREADS; i++)
    ae_latent_scratch_clear (&r->scratch[i]);
  ae_changes_clear (&r->changes);
  ae_latent_level_clear (&r->level);
  free (r->values);
  free (r->fixed);
  *r = (Reader){ .codec = r->codec, .n_threads = r->n_threads };
}

/* For another clip. */
static void
start (Reader *r, const AePacket *key)
{
  AeError err;
  clear (r);
  r->grid = ae_grid_of (r->codec, key->width, key->height);
  r->values = calloc (r->grid.n, sizeof *r->values);
  draw_fixed (r);
  must (ae_latent_level_init (&r->level, &r->codec->tables.intra, &err), &err);
  must (ae_changes_init (&r->changes, r->codec, &err), &err);
  must (ae_changes_bind (&r->changes, &r->grid, false, &err), &err);
}

static bool
read_latents (Reader *r, const AeGridSlice *slice, AeRansReader *rans,
    AeLatentScratch *scratch)
{
  AeLatents l = { .channels = r->grid.channels, .rows = slice->n_rows,
    .columns = r->grid.columns, .values = r->values + slice->at };
  return ae_latents_get (rans, &r->level, &l, scratch, NULL) == AE_OK
      && ae_rans_is_done (rans);
}

static void
slice_job (void *arg, size_t index, int thread)
{
  Work *w = arg;
  Reader *r = w->reader;
  AeGridSlice slice = ae_grid_slice (&r->grid, (int) index);
  AeRansReader rans;
  ae_rans_reader_open (&rans, w->slices[index].data, w->slices[index].size);
  w->ok[index] = w->packet->key
      ? read_latents (r, &slice, &rans, &r->scratch[thread])
      : ae_changes_get (&r->changes, &slice, &rans, &r->scratch[thread]);
}

static uint32_t
sum_more (uint32_t sum, const AeLatents *l)
{
  size_t places = (size_t) l->rows * l->columns;
  for (int c = 0; c < l->channels; c++)
    for (size_t i = 0; i < places; i++) {
      bool none = l->groups && l->groups[i] <= c / AE_GROUP;
      int16_t value = none ? 0 : l->values[c * places + i];
      uint8_t bytes[2] = { (uint8_t) value, (uint8_t) (value >> 8) };
      sum = (uint32_t) crc32_z (sum, bytes, 2);
    }
  return sum;
}

static uint32_t
sum_integers (const Reader *r, bool key)
{
  uint32_t sum = 0;
  for (int i = 0; i < r->grid.n_slices; i++) {
    AeGridSlice slice = ae_grid_slice (&r->grid, i);
    AeLatents motion = ae_changes_motion (&r->changes, &slice);
    AeLatents values = ae_changes_values (&r->changes, &slice);
    AeLatents l = { .channels = r->grid.channels, .rows = slice.n_rows,
      .columns = r->grid.columns, .values = r->values + slice.at };
    sum = key ? sum_more (sum, &l)
              : sum_more (sum_more (sum, &motion), &values);
  }
  return sum;
}

static uint32_t
sum_picture (const Reader *r)
{
  int width = 2 * r->grid.w, height = 2 * r->grid.h;
  AeImage p = codec_clip_picture (AE_PIXELS_I420, width, height);
  ae_reference_show (&r->changes.before, &p);
  uint32_t sum = (uint32_t) crc32_z (
      0, p.plane[0], (size_t) width * height * 3 / 2);
  free (p.plane[0]);
  return sum;
}

static void
read_slices (Reader *r, const AePacket *p, const AeSlice *slices)
{
  Work work = { .reader = r, .packet = p, .slices = slices };
  int n = ae_pool_threads (r->n_threads);
  if (p->key)
    ae_latent_level_set (&r->level, p->level);
  else
    ae_changes_set_level (&r->changes, p->level, &p->refresh);
  ae_pool_run (
      ae_pool_shared (), n, (size_t) p->n_slices, slice_job, &work);
  for (int i = 0; i < p->n_slices; i++)
    if (!work.ok[i]) {
      fprintf (stderr, "codec_exact: slice %d is damaged\n", i);
      exit (EXIT_FAILURE);
    }
  if (p->key)
    ae_changes_begin (&r->changes, r->fixed, n);
  else
    ae_changes_smooth (&r->changes, n);
  ae_changes_end (&r->changes);
}

/* The bytes of the packet. */
static size_t
print_packet (Reader *r, const uint8_t *bytes, size_t size)
{
  AePacket p;
  AeError err;
  AeSlice slices[AE_PACKET_MAX_SLICES];
  must (ae_packet_read (
            &p, r->key.size > 0 ? &r->key : NULL, bytes, size, &err),
      &err);
  ae_packet_slices (&p, bytes, size, slices);
  if (p.key) {
    start (r, &p);
    r->key = p;
  }
  read_slices (r, &p, slices);
  printf ("%dx%d %s %u: %d slices, integers %08x, picture %08x\n", p.width,
      p.height, p.key ? "key frame" : "changes", p.number, p.n_slices,
      sum_integers (r, p.key), sum_picture (r));
  return p.size;
}

static void
print_sums (AeCodec *codec, const char *path, int n_threads)
{
  Reader r = { .codec = codec, .n_threads = n_threads };
  void *bytes;
  size_t size;
  AeError err;
  must (ae_file_read (path, (size_t) 16 << 20, &bytes, &size, &err), &err);
  for (size_t at = 0; at < size;)
    at += print_packet (&r, (uint8_t *) bytes + at, size - at);
  clear (&r);
  ae_free (bytes);
}

static void
make_stream (AeCodec *codec, const char *path)
{
  CodecClip all = { .n = 0 };
  AeError err;
  for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
    CodecClip clip = codec_clip (codec, &shapes[i]);
    codec_clip_add (&all, clip.bytes, clip.size);
    free (clip.bytes);
  }
  must (ae_file_replace (path, all.bytes, all.size, &err), &err);
  free (all.bytes);
}

int
main (int argc, char **argv)
{
  AeModel *model;
  AeCodec *codec;
  AeError err;
  bool sums = argc == 5 && strcmp (argv[1], "sums") == 0;
  if (!sums && !(argc == 4 && strcmp (argv[1], "make") == 0)) {
    fprintf (stderr, "usage: %s make MODEL STREAM\n"
                     "       %s sums MODEL STREAM THREADS\n",
        argv[0], argv[0]);
    return 2;
  }
  must (ae_model_load (&model, argv[2], &err), &err);
  must (ae_codec_new (&codec, model, &err), &err);
  if (sums)
    print_sums (codec, argv[3], atoi (argv[4]));
  else
    make_stream (codec, argv[3]);
  ae_codec_unref (&codec);
  ae_model_unref (&model);
  return EXIT_SUCCESS;
}
