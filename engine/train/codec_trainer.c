/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/codec_trainer.h"

#include <ae/trainer.h>

#include "coder/masking.h"
#include "coder/pictures.h"
#include "train/codec_store.h"
#include "train/ms_ssim.h"
#include "util/mem.h"
#include "util/pool.h"
#include "util/rng.h"
#include "video/frame.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define CHANNELS 6
#define LATENT 16        /* pixels along the edge of a latent */
#define MOST_PATCH 1024
#define SHARE 0.35f      /* how much more weight finer levels lose: see weigh */
#define FINAL_RATE 0.02f /* of the learning rate */
#define CONTEXT_CORE 64  /* latents whose means are predicted */
#define EMA_DECAY 0.9995f
/* %, see coder/masking.h: of 10 to 50, least rate at the same MS-SSIM for a bare
 * cosine transform. */
#define MASKING 30
#define LEAST_SIMILAR 176 /* pixels of pictures that have an MS-SSIM */
#define CROPS 32 /* to validate on */
#define LUMA_BESIDE 0.1f /* weight of the root of luma's error beside MS-SSIM */

struct AeCodecTrainer {
  AeCodecTrainerOptions o;
  AeCodecShape shape;
  AeTrainer *trainer;
  AeCodecStore *store;
  AeRng rng;
  atomic_bool cancel;
};

static int
or_int (int value, int otherwise)
{
  return value ? value : otherwise;
}

static float
or_float (float value, float otherwise)
{
  return value != 0 ? value : otherwise;
}

static AeCodecTrainerOptions
with_defaults (const AeCodecTrainerOptions *options)
{
  AeCodecTrainerOptions o = { 0 };
  if (options)
    o = *options;
  o.latents = or_int (o.latents, 384);
  o.core = or_int (o.core, o.latents < 160 ? o.latents : 160);
  o.widths[0] = or_int (o.widths[0], 48);
  o.widths[1] = or_int (o.widths[1], 64);
  o.depths[0] = or_int (o.depths[0], 1);
  o.depths[1] = or_int (o.depths[1], 1);
  o.batch = or_int (o.batch, 4);
  o.patch = or_int (o.patch, 192);
  o.steps = o.steps ? o.steps : 50000;
  o.learning_rate = or_float (o.learning_rate, 0.0007f);
  o.lambda[0] = or_float (o.lambda[0], 0.0014f);
  o.lambda[1] = or_float (o.lambda[1], 0.35f);
  o.context_steps = or_int (o.context_steps, 1000);
  o.similarity[0] = or_float (o.similarity[0], 3);
  o.similarity[1] = or_float (o.similarity[1], 700);
  o.chroma = or_float (
      o.chroma, o.tune == AE_TUNE_MS_SSIM ? 1.2f : 1.8f);
  return o;
}

static AeStatus
check_options (const AeCodecTrainerOptions *o, AeError *err)
{
  if (o->latents < 16 || o->latents > 384 || o->latents % 16 != 0)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "%d latents, wanted a multiple of 16 up to 384", o->latents);
  if (o->core < 1 || o->core > o->latents)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "networks for %d latents of %d", o->core, o->latents);
  if (o->patch < LATENT || o->patch > MOST_PATCH || o->patch % LATENT != 0)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "patches of %d pixels, wanted a multiple of %d up to %d", o->patch,
        LATENT, MOST_PATCH);
  for (int i = 0; i < 2; i++)
    if (o->widths[i] < 1 || o->widths[i] > 1024 || o->depths[i] < 1
        || o->depths[i] > 16)
      return ae_fail (err, AE_ERROR_ARGUMENT,
          "%d channels and %d residual pairs, wanted 1 to 1024 and 1 to 16",
          o->widths[i], o->depths[i]);
  if (o->context_steps < 1)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "%d steps for contexts, wanted at least 1", o->context_steps);
  if (o->batch < 1 || o->batch > 256 || !(o->lambda[0] > 0)
      || !(o->lambda[1] >= o->lambda[0]))
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "batches of %d, lambda %g to %g; wanted 1 to 256, and lambda above 0 "
        "and rising",
        o->batch, o->lambda[0], o->lambda[1]);
  if (o->tune == AE_TUNE_MS_SSIM && o->patch < LEAST_SIMILAR)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "patches of %d pixels, wanted at least %d for MS-SSIM", o->patch,
        LEAST_SIMILAR);
  if (!(o->similarity[0] > 0) || !(o->similarity[1] >= o->similarity[0]))
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "weights %g to %g of MS-SSIM, wanted above 0 and rising",
        o->similarity[0], o->similarity[1]);
  if (!(o->validation >= 0) || o->validation > 0.5f)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "a share of %g held out, wanted 0 to 0.5", o->validation);
  return AE_OK;
}

static bool
by_similarity (const AeCodecTrainer *t)
{
  return t->o.tune == AE_TUNE_MS_SSIM;
}

static AeStatus
bind_trainer (AeCodecTrainer *t, AeError *err)
{
  const AeCodecTrainerOptions *o = &t->o;
  int h = o->patch / 2, places = o->patch / LATENT;
  size_t n_in = t->shape.masking ? 3 : 2;
  size_t n_out = by_similarity (t) ? 2 + AE_SIMILARITY_SCALES : 2;
  AeTensor in[3] = {
    { .type = AE_F32, .shape = ae_shape (4, o->batch, CHANNELS, h, h) },
    { .type = AE_F32, .shape = ae_shape (4, o->batch, 1, 1, 1) },
    { .type = AE_F32, .shape = ae_shape (4, o->batch, 1, places, places) },
  };
  AeStatus status = ae_trainer_bind (t->trainer, in, n_in, err);
  for (size_t i = 0; status == AE_OK && i < n_out; i++) {
    AeTensor *target = ae_trainer_target (t->trainer, i);
    memset (target->data, 0,
        ae_shape_count (&target->shape) * sizeof (float));
  }
  return status;
}

static AeStatus
start_from (AeModel *net, const AeCodecShape *shape, AeModel *start,
    AeError *err)
{
  AeCodec *codec;
  AeStatus status = ae_codec_new (&codec, start, err);
  if (status != AE_OK)
    return status;
  status = ae_codec_net_start (
      net, shape, start, &codec->tables.intra.weights, err);
  ae_codec_unref (&codec);
  return status;
}

AeStatus
ae_codec_trainer_new (AeCodecTrainer **out,
    const AeCodecTrainerOptions *options, AeError *err)
{
  AeCodecTrainerOptions o = with_defaults (options);
  *out = NULL;
  AeStatus status = check_options (&o, err);
  if (status != AE_OK)
    return status;
  AeCodecTrainer *t = *out = ae_calloc (1, sizeof *t);
  if (!t)
    return ae_fail (err, AE_ERROR_MEMORY, "out of memory for a trainer");
  t->o = o;
  t->o.start = NULL;
  t->shape = (AeCodecShape){ o.latents, o.core,
    { o.widths[0], o.widths[1] }, { o.depths[0], o.depths[1] },
    o.latents < CONTEXT_CORE ? o.latents : CONTEXT_CORE,
    { o.lambda[0], o.lambda[1] }, by_similarity (t) ? MASKING : 0 };
  AeCodecTarget target = { by_similarity (t) ? LUMA_BESIDE : 1, o.chroma,
    by_similarity (t) };
  ae_rng_seed (&t->rng, o.seed);
  AeTrainerOptions to = { .learning_rate = o.learning_rate,
    .final_learning_rate = o.learning_rate * FINAL_RATE,
    .schedule = AE_SCHEDULE_COSINE,
    .total_steps = o.steps,
    .warmup_steps = o.steps < 2000 ? 0 : 200,
    .ema_decay = EMA_DECAY,
    .clip_norm = 1,
    .n_threads = o.n_threads,
    .precision = o.precision,
    .seed = o.seed };
  AeModel *model;
  unsigned hold_out
      = o.validation > 0 ? (unsigned) lroundf (1 / o.validation) : 0;
  status = ae_build_codec_training_net (
      &model, &t->shape, &target, o.seed, err);
  if (status == AE_OK)
    status = ae_codec_store_new (
        &t->store, o.memory, hold_out, o.seed, err);
  if (status == AE_OK && o.start)
    status = start_from (model, &t->shape, o.start, err);
  if (status == AE_OK)
    status = ae_trainer_new (&t->trainer, model, &to, err);
  if (status == AE_OK)
    status = bind_trainer (t, err);
  ae_model_unref (&model);
  if (status != AE_OK)
    ae_codec_trainer_free (out);
  return status;
}

void
ae_codec_trainer_free (AeCodecTrainer **trainer)
{
  AeCodecTrainer *t = *trainer;
  *trainer = NULL;
  if (!t)
    return;
  ae_codec_store_free (&t->store);
  ae_trainer_free (&t->trainer);
  ae_free (t);
}

AeStatus
ae_codec_trainer_add (AeCodecTrainer *t, const AeImage *picture,
    bool continues, AeError *err)
{
  if (picture->width < t->o.patch || picture->height < t->o.patch)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "a picture of %dx%d, wanted at least %dx%d as a patch has: see "
        "training.patch",
        picture->width, picture->height, t->o.patch, t->o.patch);
  AeCodecPicture p;
  ae_frame_size (picture, &p.h, &p.w);
  size_t n = (size_t) CHANNELS * p.h * p.w;
  float *frame = ae_alloc (n * sizeof *frame);
  void *scratch = ae_alloc (ae_picture_scratch (picture, 1));
  p.bytes = ae_alloc (n);
  AeStatus status;
  if (frame && scratch && p.bytes) {
    ae_picture_load (picture, frame, p.h, p.w, 1, scratch);
    for (size_t i = 0; i < n; i++)
      p.bytes[i] = (uint8_t) (frame[i] * 255 + 0.5f);
    status = ae_codec_store_add (t->store, p, continues, err);
  } else {
    ae_free (p.bytes);
    status = ae_fail (err, AE_ERROR_MEMORY, "out of memory for a picture");
  }
  ae_free (frame);
  ae_free (scratch);
  return status;
}

static int
n_pictures (const AeCodecTrainer *t)
{
  return ae_codec_store_count (t->store, false)
      + ae_codec_store_count (t->store, true);
}

size_t
ae_codec_trainer_n_pictures (const AeCodecTrainer *t)
{
  return (size_t) n_pictures (t);
}

int64_t
ae_codec_trainer_steps (const AeCodecTrainer *t)
{
  return ae_trainer_steps (t->trainer);
}

static int
below (AeRng *rng, int n)
{
  int i = (int) (ae_rng_uniform (rng) * (float) n);
  return i < n ? i : n - 1;
}

/* One of the eight ways in which a square can be turned and mirrored. */
typedef struct {
  bool right_left, bottom_up, transposed;
} Turn;

/* Luma's phases, [row][column], change places as the pixels do. */
static int
turned_channel (Turn t, int c)
{
  if (c >= 4)
    return c;
  int y = c / 2, x = c % 2;
  int row = t.transposed ? x : y, column = t.transposed ? y : x;
  return 2 * (t.bottom_up ? 1 - row : row)
      + (t.right_left ? 1 - column : column);
}

static void
fill_crop (const AeCodecPicture *p, int side, AeRng *rng, float *to)
{
  int last = side - 1;
  int y0 = below (rng, p->h - side + 1);
  int x0 = below (rng, p->w - side + 1);
  int which = below (rng, 8);
  Turn turn = { which & 1, which & 2, which & 4 };
  for (int c = 0; c < CHANNELS; c++) {
    int from = turned_channel (turn, c);
    const uint8_t *plane = p->bytes + (size_t) from * p->h * p->w;
    for (int y = 0; y < side; y++)
      for (int x = 0; x < side; x++) {
        int row = turn.transposed ? x : y, column = turn.transposed ? y : x;
        row = y0 + (turn.bottom_up ? last - row : row);
        column = x0 + (turn.right_left ? last - column : column);
        *to++ = (float) plane[(size_t) row * p->w + column] / 255;
      }
  }
}

static void
weigh_similarity (AeCodecTrainer *t, int i, float level, float share)
{
  const float *from = t->o.similarity;
  float worth = from[0] * powf (from[1] / from[0], level) / share;
  for (size_t k = 0; k < AE_SIMILARITY_SCALES; k++) {
    float *weights = ae_trainer_weight (t->trainer, 2 + k)->data;
    weights[i] = worth * ae_similarity_weights[k];
  }
}

/* Bits per pixel and lambda times the squared error; less for fine levels,
 * whose sums are large, so that all levels count. */
static void
weigh (AeCodecTrainer *t, int i, float level)
{
  float ratio = t->o.lambda[1] / t->o.lambda[0];
  float growth = powf (ratio, level), share = powf (growth, SHARE);
  if (by_similarity (t))
    weigh_similarity (t, i, level, share);
  float *error = ae_trainer_weight (t->trainer, 0)->data;
  float *bits = ae_trainer_weight (t->trainer, 1)->data;
  error[i] = t->o.lambda[0] * growth * 255 * 255 / share;
  bits[i] = (float) t->o.latents / (LATENT * LATENT) / share;
}

/* Factors of the steps of a crop's places. */
static void
fill_steps (AeCodecTrainer *t, const float *crop, int i)
{
  int16_t steps[MOST_PATCH / LATENT * MOST_PATCH / LATENT];
  int side = t->o.patch / LATENT, n = side * side;
  float *to = (float *) ae_trainer_input (t->trainer, 2)->data + i * n;
  ae_masking_steps (crop, t->o.patch / 2, t->o.patch / 2,
      (float) t->shape.masking / 100, steps);
  for (int k = 0; k < n; k++)
    to[k] = ae_step_factor (steps[k]);
}

/* The place of a sample's crop in the batch. */
static float *
crop_of (AeCodecTrainer *t, int i)
{
  AeTensor *frames = ae_trainer_input (t->trainer, 0);
  size_t one = ae_shape_count (&frames->shape) / (size_t) t->o.batch;
  return (float *) frames->data + (size_t) i * one;
}

/* The rest of a sample whose crop is there. */
static void
fill_rest (AeCodecTrainer *t, int i, float level)
{
  if (t->shape.masking)
    fill_steps (t, crop_of (t, i), i);
  ((float *) ae_trainer_input (t->trainer, 1)->data)[i] = level;
  weigh (t, i, level);
}

/* FALSE: there is no picture. */
static bool
fill_batch (AeCodecTrainer *t)
{
  int n = ae_codec_store_count (t->store, false);
  for (int i = 0; i < t->o.batch; i++) {
    /* others may just have made room */
    AeStoredPicture *p = n > 0
        ? ae_codec_store_get (t->store, false, below (&t->rng, n))
        : NULL;
    if (n > 0 && !p)
      p = ae_codec_store_get (t->store, false, 0);
    if (!p)
      return false;
    fill_crop (&p->picture, t->o.patch / 2, &t->rng, crop_of (t, i));
    ae_stored_picture_unref (&p);
    fill_rest (t, i, ae_rng_uniform (&t->rng));
  }
  return true;
}

/* Crops and levels from `first` on, the same at each call. */
static bool
fill_validation (AeCodecTrainer *t, int first)
{
  bool held_out = ae_codec_store_count (t->store, true) > 0;
  int n = ae_codec_store_count (t->store, held_out);
  for (int i = 0; i < t->o.batch; i++) {
    int crop = first + i;
    AeRng rng;
    AeStoredPicture *p = n > 0
        ? ae_codec_store_get (t->store, held_out, crop % n)
        : NULL;
    if (!p)
      return false;
    ae_rng_seed (&rng, 1000 + (uint64_t) crop);
    fill_crop (&p->picture, t->o.patch / 2, &rng, crop_of (t, i));
    ae_stored_picture_unref (&p);
    /* all levels, and not always the same ones of a picture */
    fill_rest (t, i, ((float) (crop * 11 % CROPS) + 0.5f) / CROPS);
  }
  return true;
}

AeStatus
ae_codec_trainer_validate (AeCodecTrainer *t, float *score, AeError *err)
{
  double sum = 0;
  int n = 0;
  *score = 0;
  for (int crop = 0; crop < CROPS; crop += t->o.batch, n++) {
    if (atomic_load (&t->cancel))
      return ae_fail (err, AE_ERROR_CANCELLED, "validation was cancelled");
    if (!fill_validation (t, crop))
      return ae_fail (
          err, AE_ERROR_NEEDS_DATA, "no pictures to validate a codec on");
    sum += ae_trainer_evaluate (t->trainer);
  }
  *score = (float) (-10 * log10 (sum / n + 1e-12));
  return AE_OK;
}

void
ae_codec_trainer_cancel (AeCodecTrainer *t)
{
  atomic_store (&t->cancel, true);
}

static double
mean_square (const AeTensor *x)
{
  double sum = 0;
  size_t n = ae_shape_count (&x->shape);
  for (size_t i = 0; i < n; i++)
    sum += (double) ((const float *) x->data)[i]
        * ((const float *) x->data)[i];
  return sum / (double) n;
}

AeStatus
ae_codec_trainer_step (
    AeCodecTrainer *t, AeCodecTrainReport *report, AeError *err)
{
  AeStepReport step;
  if (!fill_batch (t))
    return ae_fail (
        err, AE_ERROR_NEEDS_DATA, "no pictures to train a codec on");
  AeStatus status = ae_trainer_step (t->trainer, &step, err);
  if (!report)
    return status;
  double bits = mean_square (ae_trainer_output (t->trainer, 1));
  *report = (AeCodecTrainReport){ .step = step.step,
    .loss = step.loss,
    .psnr = (float) (-10
        * log10 (mean_square (ae_trainer_output (t->trainer, 0)) + 1e-12)),
    .bits_per_pixel = (float) (bits * t->o.latents / (LATENT * LATENT)),
    .learning_rate = step.learning_rate };
  return status;
}

AeStatus
ae_codec_trainer_weights (AeCodecTrainer *t, AeModel **out, AeError *err)
{
  char steps[32];
  snprintf (steps, sizeof steps, "%lld",
      (long long) ae_trainer_steps (t->trainer));
  const char *const meta[] = { "ae.train.steps", steps };
  return ae_trainer_model (t->trainer, true, meta, 1, out, err);
}

#define MOST_META 16

/* The model, with how it was made. */
static AeStatus
build_model (AeCodecTrainer *t, const AeModel *weights,
    const AeCodecTables *tables, int n, const char *const *more, size_t n_more,
    AeModel **out, AeError *err)
{
  char seed[32], pictures[32];
  snprintf (seed, sizeof seed, "%llu", (unsigned long long) t->o.seed);
  snprintf (pictures, sizeof pictures, "%d", n);
  const char *meta[2 * MOST_META] = { "ae.name", "codec", "ae.description",
    "Video codec for aeencode and aedecode", "ae.format", "yuv420-s2d",
    "ae.weights", "float16", "ae.train.steps",
    ae_model_meta (weights, "ae.train.steps"), "ae.train.seed", seed,
    "ae.train.pictures", pictures };
  size_t n_meta = 7;
  for (size_t i = 0; i < n_more && n_meta < MOST_META; i++, n_meta++) {
    meta[2 * n_meta] = more[2 * i];
    meta[2 * n_meta + 1] = more[2 * i + 1];
  }
  return ae_build_codec (
      out, &t->shape, weights, tables, meta, n_meta, err);
}

AeStatus
ae_codec_trainer_fit (AeCodecTrainer *t, const AeModel *weights,
    const char *const *meta, size_t n_meta, AeModel **out, AeError *err)
{
  AeCodecTables tables;
  AeCodecPictures all;
  *out = NULL;
  AeStatus status = ae_codec_store_all (t->store, &all, err);
  if (status == AE_OK && all.n == 0) {
    ae_codec_pictures_clear (&all);
    return ae_fail (
        err, AE_ERROR_NEEDS_DATA, "no pictures to count a codec's latents on");
  }
  if (status != AE_OK)
    return status;
  status = ae_codec_fit_tables (&tables, &t->shape, weights, all.pictures,
      all.n, t->o.context_steps, t->o.n_threads, &t->cancel, err);
  if (status == AE_OK)
    status = build_model (
        t, weights, &tables, all.n, meta, n_meta, out, err);
  ae_codec_tables_clear (&tables);
  ae_codec_pictures_clear (&all);
  return status;
}

AeStatus
ae_codec_trainer_model (AeCodecTrainer *t, AeModel **out, AeError *err)
{
  AeModel *weights;
  *out = NULL;
  AeStatus status = ae_codec_trainer_weights (t, &weights, err);
  if (status == AE_OK)
    status = ae_codec_trainer_fit (t, weights, NULL, 0, out, err);
  ae_model_unref (&weights);
  return status;
}

AeStatus
ae_codec_trainer_save (AeCodecTrainer *t, const char *path, AeError *err)
{
  return ae_trainer_save (t->trainer, path, &t->rng, sizeof t->rng, err);
}

AeStatus
ae_codec_trainer_restore (AeCodecTrainer *t, const char *path, AeError *err)
{
  return ae_trainer_restore (t->trainer, path, &t->rng, sizeof t->rng, err);
}
