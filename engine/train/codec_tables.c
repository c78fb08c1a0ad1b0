/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Contexts and tables of a trained codec: its encoder runs, first with tables of
 * Laplace's distribution, and what it codes is counted and learned from. */
#include "train/codec_trainer.h"

#include "coder/changes.h"
#include "coder/encoder.h"
#include "train/codec_contexts.h"
#include "train/codec_density.h"
#include "util/mem.h"
#include "util/rng.h"

#include <math.h>
#include <string.h>

#define ROUNDS 3 /* what is coded depends on the tables */
#define MOST_PICTURES 200
#define MOST_CLIP 12
#define LEVELS 8       /* of quality, which take turns */
#define MOVES 2        /* pictures after each key frame */
#define FINE 64  /* the first channel that is fine */
#define MARGIN 5       /* samples of chroma that moves reach over */
#define ONE (1 << AE_WEIGHT_BITS)

/* Offsets of who is told by those to the left and above. */
enum { LEFT = 5, ABOVE = 7 };

/* What a camera sees that moves by quarters of a pixel and is noisy. */
typedef struct {
  int dx, dy; /* quarters of chroma's samples */
  float noise;
  AeRng *rng;
} View;

static float
sample_of (const AeCodecPicture *p, int plane, int y, int x)
{
  if (plane > 0)
    return p->bytes[((size_t) (3 + plane) * p->h + y) * p->w + x];
  return p->bytes[((size_t) ((y & 1) * 2 + (x & 1)) * p->h + y / 2) * p->w
      + x / 2];
}

/* The sample at (y, x) in 1 / unit of samples, with noise. */
static uint8_t
view_sample (
    const AeCodecPicture *p, const View *v, int plane, int y, int x, int unit)
{
  float fy = (float) (y % unit) / (float) unit;
  float fx = (float) (x % unit) / (float) unit;
  y /= unit;
  x /= unit;
  float above = (1 - fx) * sample_of (p, plane, y, x)
      + fx * sample_of (p, plane, y, x + 1);
  float below = (1 - fx) * sample_of (p, plane, y + 1, x)
      + fx * sample_of (p, plane, y + 1, x + 1);
  float value = (1 - fy) * above + fy * below + 0.5f
      + v->noise * ae_rng_normal (v->rng);
  return (uint8_t) fmaxf (0, fminf (255, value));
}

/* I420, MARGIN samples of chroma smaller than the picture. */
static void
view_of (const AeCodecPicture *p, const View *v, uint8_t *to, AeImage *image)
{
  int w = p->w - MARGIN, h = p->h - MARGIN;
  *image = (AeImage){ .pixels = AE_PIXELS_I420, .width = 2 * w,
    .height = 2 * h };
  for (int plane = 0; plane < 3; plane++) {
    int scale = plane == 0 ? 2 : 1, unit = plane == 0 ? 2 : 4;
    image->plane[plane] = to;
    image->stride[plane] = scale * w;
    for (int y = 0; y < scale * h; y++)
      for (int x = 0; x < scale * w; x++)
        *to++ = view_sample (
            p, v, plane, y * unit + v->dy, x * unit + v->dx, unit);
  }
}

static AeStatus
go_on (const atomic_bool *cancel, AeError *err)
{
  return atomic_load (cancel)
      ? ae_fail (err, AE_ERROR_CANCELLED, "fitting of tables was cancelled")
      : AE_OK;
}

/* An encoder at work on pictures. Its latents are counted, or kept. */
typedef struct {
  AeEncoder *encoder;
  AeLatentCounts *counts[AE_LATENT_KINDS];
  AeContextSamples *samples; /* AE_LATENT_KINDS; NULL: they are counted */
  uint8_t *bytes;
  AeRng rng;
  const atomic_bool *cancel;
} Counting;

static AeStatus
keep (Counting *c, AeLatentKind kind, float level, AeError *err)
{
  AeStatus status = AE_OK;
  for (int i = 0;
       status == AE_OK && i < ae_encoder_slices (c->encoder, kind); i++) {
    AeLatents l = ae_encoder_latents (c->encoder, kind, i);
    status = ae_context_samples_add (&c->samples[kind], &l, level, err);
  }
  return status;
}

/* Codes a picture and counts what comes of it; *key: it was a key frame. */
static AeStatus
code (Counting *c, const AeImage *image, int level, bool *key, AeError *err)
{
  AePacketInfo info = { .key = *key, .level = level };
  const uint8_t *packet;
  AeStatus status
      = ae_encoder_encode (c->encoder, image, &info, &packet, err);
  *key = info.key;
  for (int k = 0; status == AE_OK && k < AE_LATENT_KINDS; k++)
    status = c->samples
        ? keep (c, (AeLatentKind) k, (float) level / 255, err)
        : ae_encoder_count (
            c->encoder, (AeLatentKind) k, c->counts[k], err);
  return status;
}

/* The picture, and then as a camera would see it that moves or stands. */
static AeStatus
count_still (Counting *c, const AeCodecPicture *p, int index, AeError *err)
{
  AeStatus status = AE_OK;
  View v = { .noise = (float) (index % 4), .rng = &c->rng };
  int level = index % LEVELS * 255 / (LEVELS - 1);
  for (int i = 0; status == AE_OK && i <= MOVES; i++) {
    AeImage image;
    bool key = i == 0;
    v.dx = index % 3 > 0 ? i * (index % 5) : 0;
    v.dy = index % 3 > 1 ? i * (index % 7) : 0;
    view_of (p, &v, c->bytes, &image);
    if (key)
      status = ae_encoder_bind (c->encoder, &image, err);
    if (status == AE_OK)
      status = code (c, &image, level, &key, err);
  }
  return status;
}

/* The picture and those after it, as long as they go on like it: a clip.
 * *n: pictures that were taken. */
static AeStatus
count_clip (Counting *c, const AeCodecPicture *p, int most, int index, int *n,
    AeError *err)
{
  AeStatus status = AE_OK;
  View v = { .rng = &c->rng };
  int level = index % LEVELS * 255 / (LEVELS - 1);
  bool key = true;
  for (*n = 0; status == AE_OK && *n < most; ++*n) {
    AeImage image;
    if (p[*n].w != p->w || p[*n].h != p->h)
      break;
    view_of (&p[*n], &v, c->bytes, &image);
    if (*n == 0)
      status = ae_encoder_bind (c->encoder, &image, err);
    if (status == AE_OK)
      status = code (c, &image, level, &key, err);
    if (key && *n > 0)
      break;
    key = false;
  }
  return status;
}

/* Clips are taken in pieces of MOST_CLIP pictures; what is alone is a still.
 * *index counts them. */
static AeStatus
count_once (Counting *c, const AeCodecPicture *pictures, int n, int *index,
    AeError *err)
{
  AeStatus status = AE_OK;
  int taken = 1, step = n > MOST_PICTURES ? n / MOST_PICTURES : 1;
  for (int i = 0; status == AE_OK && i < n; i += taken, ++*index) {
    const AeCodecPicture *p = &pictures[i];
    int left = n - i < MOST_CLIP ? n - i : MOST_CLIP;
    if ((status = go_on (c->cancel, err)) != AE_OK)
      break;
    ae_free (c->bytes);
    c->bytes = ae_alloc ((size_t) 6 * p->h * p->w);
    status = c->bytes
        ? count_clip (c, p, left, *index, &taken, err)
        : ae_fail (err, AE_ERROR_MEMORY, "out of memory for a picture");
    if (status == AE_OK && taken < 2) {
      status = count_still (c, p, *index, err);
      taken = step;
    }
  }
  return status;
}

/* Few pieces are taken more than once, or some levels would see none. */
static AeStatus
count_all (Counting *c, const AeCodecPicture *pictures, int n, AeError *err)
{
  int index = 0;
  AeStatus status = AE_OK;
  while (status == AE_OK && index < LEVELS)
    status = count_once (c, pictures, n, &index, err);
  return status;
}

/* What tables are fitted for. */
typedef struct {
  const AeCodecShape *shape;
  const AeModel *trained;
  const AeCodecPicture *pictures;
  int n_pictures, context_steps, n_threads;
  const atomic_bool *cancel;
} Job;

static AeStatus
open_encoder (AeEncoder **encoder, const AeCodecTables *tables,
    const Job *job, AeError *err)
{
  AeModel *model = NULL;
  AeCodec *codec = NULL;
  AeCodecOptions options = { .n_threads = job->n_threads };
  AeStatus status
      = ae_build_codec (
          &model, job->shape, job->trained, tables, NULL, 0, err);
  if (status == AE_OK)
    status = ae_codec_new (&codec, model, err);
  if (status == AE_OK)
    status = ae_encoder_new (encoder, codec, &options, err);
  ae_codec_unref (&codec);
  ae_model_unref (&model);
  return status;
}

/* Sets of tables: means of blocks, luma and chroma, coarse and fine. */
static void
choose_sets (AeContextWeights *w)
{
  AeCosine order[AE_COSINES];
  int16_t *set = w->vectors + AE_WEIGHT_SET * (size_t) w->channels;
  ae_cosine_order (order);
  for (int c = 0; c < w->channels; c++)
    set[c] = (int16_t) (c < 3 ? 0 : 1 + 2 * (order[c].plane > 0) + (c >= FINE));
}

/* The trained weights, with tables of Laplace's distribution. */
static AeStatus
begin_intra (AeLatentTables *t, const AeCodecShape *shape,
    const AeModel *trained, AeError *err)
{
  AeDensityShape density = { shape->latents, shape->context_core, "intra" };
  AeStatus status = ae_latent_tables_init (
      t, shape->latents, shape->context_core, err);
  if (status != AE_OK)
    return status;
  ae_context_weights_clear (&t->weights);
  status = ae_density_weights (&t->weights, &density, trained, err);
  if (status == AE_OK)
    choose_sets (&t->weights);
  ae_latent_tables_fit (t, NULL);
  return status;
}

/* Vectors are what those to the left and above are; scales of everything
 * follow their neighbours'. */
static AeStatus
begin_motion (AeLatentTables *t, AeError *err)
{
  int n = AE_MOTION_CHANNELS;
  AeStatus status = ae_latent_tables_init (t, n, n, err);
  if (status != AE_OK)
    return status;
  AeContextWeights *w = &t->weights;
  for (int c = 0; c < n; c++) {
    w->vectors[AE_WEIGHT_NEAR * n + c] = ONE / 12;
    w->vectors[AE_WEIGHT_LOW * n + c] = -4 * (1 << AE_POWER_BITS);
    for (int to = c + 1; to < n; to++)
      w->sizes[c * n + to] = ONE / 8;
    if (c != AE_MOTION_MODE) {
      w->means[(c * AE_OFFSETS + LEFT) * n + c] = ONE / 2;
      w->means[(c * AE_OFFSETS + ABOVE) * n + c] = ONE / 2;
    }
  }
  ae_latent_tables_fit (t, NULL);
  return AE_OK;
}

/* Scales of changes as those of pictures, but no means: what neighbours tell
 * about a picture is what its prediction has. */
static AeStatus
begin_change (
    AeLatentTables *t, const AeContextWeights *intra, AeError *err)
{
  AeStatus status
      = ae_latent_tables_init (t, AE_COSINES, intra->core, err);
  if (status != AE_OK)
    return status;
  AeContextWeights *w = &t->weights;
  for (int c = 0; c < AE_COSINES; c++) {
    int known = c < intra->channels ? c : intra->channels - 1;
    for (int to = c + 1; to < AE_COSINES; to++)
      w->sizes[c * AE_COSINES + to] = to < intra->channels
          ? intra->sizes[c * intra->channels + to]
          : (int16_t) (ONE / 2 / to);
    for (int v = 0; v < AE_WEIGHT_VECTORS; v++)
      w->vectors[v * AE_COSINES + c]
          = intra->vectors[v * intra->channels + known];
  }
  memcpy (w->around, intra->around,
      ae_weights_around (w) * sizeof *w->around);
  ae_latent_tables_fit (t, NULL);
  return AE_OK;
}

/* Steps of places are about those to the left and above. */
static AeStatus
begin_steps (AeLatentTables *t, const AeCodecShape *shape, AeError *err)
{
  if (!shape->masking)
    return AE_OK;
  AeStatus status = ae_latent_tables_init (t, 1, 1, err);
  if (status != AE_OK)
    return status;
  t->weights.means[LEFT] = t->weights.means[ABOVE] = ONE / 2;
  t->weights.vectors[AE_WEIGHT_NEAR] = ONE / 32;
  ae_latent_tables_fit (t, NULL);
  return AE_OK;
}

/* Fits the weights to what an encoder with these tables makes. */
static AeStatus
improve_weights (AeCodecTables *tables, const Job *job, AeError *err)
{
  AeLatentTables *all[AE_LATENT_KINDS] = { &tables->intra, &tables->motion,
    &tables->change, &tables->steps };
  AeContextSamples samples[AE_LATENT_KINDS] = { { NULL } };
  Counting c = { .samples = samples, .cancel = job->cancel };
  ae_rng_seed (&c.rng, 2);
  AeStatus status
      = open_encoder (&c.encoder, tables, job, err);
  if (status == AE_OK)
    status = count_all (&c, job->pictures, job->n_pictures, err);
  for (int i = 0; i < AE_LATENT_KINDS; i++) {
    if (status == AE_OK)
      status = ae_context_weights_fit (&all[i]->weights, &samples[i],
          job->context_steps, job->n_threads, 1, job->cancel, err);
    ae_context_samples_clear (&samples[i]);
  }
  ae_free (c.bytes);
  ae_encoder_free (&c.encoder);
  return status;
}

/* Counts what an encoder with these tables makes, and fits them to that. */
static AeStatus
improve_tables (AeCodecTables *tables, const Job *job, AeError *err)
{
  AeLatentTables *all[AE_LATENT_KINDS] = { &tables->intra, &tables->motion,
    &tables->change, &tables->steps };
  Counting c = { .cancel = job->cancel };
  ae_rng_seed (&c.rng, 1);
  AeStatus status
      = open_encoder (&c.encoder, tables, job, err);
  for (int i = 0; status == AE_OK && i < AE_LATENT_KINDS; i++)
    status = ae_latent_counts_new (&c.counts[i], err);
  if (status == AE_OK)
    status = count_all (&c, job->pictures, job->n_pictures, err);
  for (int i = 0; i < AE_LATENT_KINDS; i++) {
    if (status == AE_OK && all[i]->tables)
      ae_latent_tables_fit (all[i], c.counts[i]);
    ae_latent_counts_free (&c.counts[i]);
  }
  ae_free (c.bytes);
  ae_encoder_free (&c.encoder);
  return status;
}

AeStatus
ae_codec_fit_tables (AeCodecTables *tables, const AeCodecShape *shape,
    const AeModel *trained, const AeCodecPicture *pictures, int n_pictures,
    int context_steps, int n_threads, const atomic_bool *cancel, AeError *err)
{
  Job job = { shape, trained, pictures, n_pictures, context_steps, n_threads,
    cancel };
  *tables = (AeCodecTables){ 0 };
  AeStatus status = begin_intra (&tables->intra, shape, trained, err);
  if (status == AE_OK)
    status = begin_motion (&tables->motion, err);
  if (status == AE_OK)
    status = begin_change (&tables->change, &tables->intra.weights, err);
  if (status == AE_OK)
    status = begin_steps (&tables->steps, shape, err);
  for (int i = 0; status == AE_OK && i < ROUNDS; i++) {
    if (i > 0)
      status = improve_weights (tables, &job, err);
    if (status == AE_OK)
      status = improve_tables (tables, &job, err);
  }
  if (status != AE_OK)
    ae_codec_tables_clear (tables);
  return status;
}
