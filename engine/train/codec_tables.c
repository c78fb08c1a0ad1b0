/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tables of a trained codec: its encoder runs with tables that fit nothing,
 * and what it codes is counted. */
#include "train/codec_trainer.h"

#include "coder/encoder.h"
#include "train/codec_density.h"
#include "util/mem.h"

#include <string.h>

#define ROUNDS 2 /* what is coded depends on the tables */
#define MOST_PICTURES 200
#define LEVELS 8       /* of quality, which take turns */
#define MOVES 2        /* pictures after each key frame */

/* I420 of what lies (2 dx, 2 dy) pixels into the picture. */
static void
view_of (const AeCodecPicture *p, int dx, int dy, uint8_t *to, AeImage *image)
{
  int w = p->w - MOVES, h = p->h - MOVES;
  uint8_t *luma = to, *chroma = to + (size_t) 4 * w * h;
  size_t plane = (size_t) p->h * p->w;
  for (int y = 0; y < 2 * h; y++)
    for (int x = 0; x < 2 * w; x++)
      *luma++ = p->bytes[(size_t) ((y & 1) * 2 + (x & 1)) * plane
          + (size_t) (y / 2 + dy) * p->w + x / 2 + dx];
  for (int c = 4; c < 6; c++)
    for (int y = 0; y < h; y++, chroma += w)
      memcpy (chroma, p->bytes + c * plane + (size_t) (y + dy) * p->w + dx,
          (size_t) w);
  *image = (AeImage){ .pixels = AE_PIXELS_I420, .width = 2 * w,
    .height = 2 * h };
  for (int i = 0; i < 3; i++) {
    image->plane[i] = to + (i > 0 ? (size_t) (3 + i) * w * h : 0);
    image->stride[i] = i > 0 ? w : 2 * w;
  }
}

typedef struct {
  AeEncoder *encoder;
  AeLatentCounts *intra, *delta;
  uint8_t *bytes;
} Counting;

/* The picture, and then as a camera would see it that moves or stands. */
static AeStatus
count_picture (Counting *c, const AeCodecPicture *p, int index, AeError *err)
{
  AeStatus status = AE_OK;
  for (int i = 0; status == AE_OK && i <= MOVES; i++) {
    AeImage image;
    AePacketInfo info = { .key = i == 0,
      .level = index % LEVELS * 255 / (LEVELS - 1) };
    const uint8_t *packet;
    view_of (p, index % 3 > 0 ? i : 0, index % 3 > 1 ? i : 0, c->bytes,
        &image);
    if (i == 0)
      status = ae_encoder_bind (c->encoder, &image, err);
    if (status == AE_OK)
      status = ae_encoder_encode (c->encoder, &image, &info, &packet, err);
    if (status == AE_OK)
      status = ae_encoder_count (
          c->encoder, AE_PLACE_INTRA, c->intra, err);
    if (status == AE_OK)
      status = ae_encoder_count (
          c->encoder, AE_PLACE_DELTA, c->delta, err);
  }
  return status;
}

static AeStatus
count_all (Counting *c, const AeCodecPicture *pictures, int n, AeError *err)
{
  AeStatus status = AE_OK;
  int step = n > MOST_PICTURES ? n / MOST_PICTURES : 1;
  for (int i = 0; status == AE_OK && i < n; i += step) {
    const AeCodecPicture *p = &pictures[i];
    ae_free (c->bytes);
    c->bytes = ae_alloc ((size_t) 6 * p->h * p->w);
    status = c->bytes
        ? count_picture (c, p, i / step, err)
        : ae_fail (err, AE_ERROR_MEMORY, "out of memory for a picture");
  }
  return status;
}

static AeStatus
open_encoder (AeEncoder **encoder, const AeLatentModel *tables,
    const AeCodecShape *shape, const AeModel *trained, int n_threads,
    AeError *err)
{
  AeModel *model = NULL;
  AeCodec *codec = NULL;
  AeCodecOptions options = { .n_threads = n_threads };
  AeStatus status
      = ae_build_codec (&model, shape, trained, tables, NULL, 0, err);
  if (status == AE_OK)
    status = ae_codec_new (&codec, model, err);
  if (status == AE_OK)
    status = ae_encoder_new (encoder, codec, &options, err);
  ae_codec_unref (&codec);
  ae_model_unref (&model);
  return status;
}

/* The trained weights, with tables of Laplace's distribution. */
static AeStatus
begin_tables (AeLatentTables *t, const AeCodecShape *shape,
    const AeModel *trained, AeError *err)
{
  AeDensityShape density = { shape->latents, shape->context_core, "intra" };
  AeStatus status = ae_latent_tables_init (
      t, shape->latents, shape->context_core, err);
  if (status != AE_OK)
    return status;
  ae_context_weights_clear (&t->weights);
  status = ae_density_weights (&t->weights, &density, trained, err);
  ae_latent_tables_fit (t, NULL);
  return status;
}

/* Counts what an encoder with these tables makes, and fits them to that. */
static AeStatus
improve_tables (AeLatentModel *tables, const AeCodecShape *shape,
    const AeModel *trained, const AeCodecPicture *pictures, int n_pictures,
    int n_threads, AeError *err)
{
  Counting c = { NULL };
  AeStatus status
      = open_encoder (&c.encoder, tables, shape, trained, n_threads, err);
  if (status == AE_OK)
    status = ae_latent_counts_new (&c.intra, err);
  if (status == AE_OK)
    status = ae_latent_counts_new (&c.delta, err);
  if (status == AE_OK)
    status = count_all (&c, pictures, n_pictures, err);
  if (status == AE_OK) {
    ae_latent_tables_fit (&tables->intra, c.intra);
    ae_latent_tables_fit (&tables->delta, c.delta);
  }
  ae_free (c.bytes);
  ae_latent_counts_free (&c.intra);
  ae_latent_counts_free (&c.delta);
  ae_encoder_free (&c.encoder);
  return status;
}

AeStatus
ae_codec_count_tables (AeLatentModel *tables, const AeCodecShape *shape,
    const AeModel *trained, const AeCodecPicture *pictures, int n_pictures,
    int n_threads, AeError *err)
{
  *tables = (AeLatentModel){ { { 0 }, NULL }, { { 0 }, NULL } };
  AeStatus status = begin_tables (&tables->intra, shape, trained, err);
  if (status == AE_OK)
    status = begin_tables (&tables->delta, shape, trained, err);
  for (int i = 0; status == AE_OK && i < ROUNDS; i++)
    status = improve_tables (
        tables, shape, trained, pictures, n_pictures, n_threads, err);
  if (status != AE_OK)
    ae_latent_model_clear (tables);
  return status;
}
