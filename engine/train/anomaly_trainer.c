/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/anomaly_trainer.h"

#include "detect/grey.h"
#include "train/anomaly_batch.h"
#include "train/anomaly_fit.h"
#include "train/anomaly_nets.h"
#include "train/anomaly_things.h"
#include "train/footage.h"
#include "train/recipe.h"
#include "util/mem.h"
#include "util/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JITTER 0.1f /* of light, beside what detect/grey.h leaves */
#define CROPS 64    /* to validate on */
#define LEAST_COUNTED 0.02f /* share of the fakes' places; see weigh_fakes */
/* Shares of the fakes of video: something put in that is odd. Of the others: a
 * patch of the same frame, one of another time; the rest are whole frames of
 * another time. */
#define ODD_THING 0.6f
#define SAME_FRAME 0.5f
#define OTHER_FRAME 0.25f
#define USUAL_THING 0.5f /* of real windows, with something usual put in */

struct AeAnomalyTrainer {
  AeRecipe *recipe;
  AeAnomalyShape shape;
  AeFootage *footage;
  AeAdversarial *adversarial;
  AeRng rng;
  int batch, patch;
  int width, height; /* of the footage; 0: no picture yet */
  AeAnomalyCrop crop; /* its size */
  AeAnomalyThings *things; /* of video */
  uint8_t *scene[2]; /* a window's frames: as they are, and odd */
  atomic_bool cancel;
};

static double
number (const AeRecipe *r, const char *section, const char *key)
{
  return ae_recipe_number_of (r, section, key);
}

static bool
for_pictures (const AeRecipe *recipe)
{
  static const char *const kinds[] = { "video", "pictures", NULL };
  return ae_recipe_word_of (recipe, "anomaly", "kind", kinds) == 1;
}

/* Frames of a sample: those before, and the one to predict. */
static size_t
window_of (const AeAnomalyTrainer *t)
{
  return (size_t) t->shape.past + 1;
}

static AeStatus
take_shape (AeAnomalyTrainer *t, AeError *err)
{
  int list[AE_KEY_MAX_LIST];
  size_t n = ae_recipe_ints_of (t->recipe, "anomaly", "widths", list);
  if (n != 3)
    return ae_fail (err, AE_ERROR_FORMAT,
        "[anomaly] widths has %zu items, wanted 3", n);
  t->patch = (int) number (t->recipe, "training", "patch");
  if (t->patch % AE_ANOMALY_SCALE != 0 || t->patch < 32)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "[training] patch is %d, wanted a multiple of %d from 32", t->patch,
        AE_ANOMALY_SCALE);
  int window = (int) number (t->recipe, "anomaly", "window");
  int code = (int) number (t->recipe, "anomaly", "code");
  int reduce = (int) number (t->recipe, "anomaly", "reduce");
  if (window % 2 == 0 || code > window * window || reduce == 3)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "[anomaly] window is %d, code %d, reduce %d, wanted an odd window, a "
        "code of at most its square and to reduce by 1, 2 or 4",
        window, code, reduce);
  t->batch = (int) number (t->recipe, "training", "batch");
  t->shape = (AeAnomalyShape){
    .past = for_pictures (t->recipe)
        ? 0
        : (int) number (t->recipe, "anomaly", "past"),
    .widths = { list[0], list[1], list[2] },
    .latent = (int) number (t->recipe, "anomaly", "latent"),
  };
  return AE_OK;
}

static AeStatus
make_footage (AeAnomalyTrainer *t, AeError *err)
{
  const AeRecipe *r = t->recipe;
  AeFootageOptions o = { .frame_rate = number (r, "anomaly", "frame_rate"),
    .area = (size_t) number (r, "anomaly", "size"),
    .max_bytes = (size_t) number (r, "training", "memory") << 20,
    .seed = (uint64_t) number (r, "training", "seed"),
    .by_median = for_pictures (r),
    .n_threads = (int) number (r, "training", "threads") };
  return ae_footage_new (&t->footage, &o, err);
}

static AeAdversarialOptions
adversarial_options (const AeRecipe *r)
{
  static const char *const optimisers[]
      = { "adam", "adamw", "sgd", "muon", NULL };
  static const char *const schedules[] = { "constant", "cosine", NULL };
  const char *s = "training";
  float rate = (float) number (r, s, "learning_rate");
  float decay = (float) number (r, s, "ema_decay");
  return (AeAdversarialOptions){
    .loss = AE_ADVERSARIAL_HINGE,
    .reconstruction = AE_LOSS_L2,
    .reconstruction_weight = 1,
    .generator_rate = rate,
    .discriminator_rate
    = (float) number (r, "anomaly", "discriminator_rate"),
    .schedule = ae_recipe_word_of (r, s, "schedule", schedules) == 1
        ? AE_SCHEDULE_COSINE
        : AE_SCHEDULE_CONSTANT,
    .final_share = fminf (
        (float) number (r, s, "final_learning_rate") / rate, 1),
    .total_steps = (int64_t) number (r, s, "steps"),
    .warmup_steps = (int64_t) number (r, s, "warmup_steps"),
    .optimiser
    = (AeOptimiser) ae_recipe_word_of (r, s, "optimiser", optimisers),
    .momentum = (float) number (r, s, "momentum"),
    .weight_decay = (float) number (r, s, "weight_decay"),
    .clip_norm = (float) number (r, s, "clip_norm"),
    .ema_decay = decay > 0 ? decay : -1,
    .discriminator_ema_decay = decay,
    .n_threads = (int) number (r, s, "threads"),
    .precision = ae_recipe_precision (r),
    .seed = (uint64_t) number (r, s, "seed"),
  };
}

static AeStatus
make_adversarial (AeAnomalyTrainer *t, const AeModel *base, AeError *err)
{
  AeModel *g = NULL, *d = NULL;
  AeAdversarialOptions o = adversarial_options (t->recipe);
  AeStatus status = ae_build_anomaly_generator (&g, &t->shape, o.seed, err);
  if (status == AE_OK)
    status = ae_build_anomaly_discriminator (&d, &t->shape, o.seed + 1, err);
  if (status == AE_OK && base)
    status = ae_anomaly_net_start (g, base, err);
  if (status == AE_OK && base)
    status = ae_anomaly_net_start (d, base, err);
  if (status == AE_OK)
    status = ae_adversarial_new (&t->adversarial, g, d, &o, err);
  if (status == AE_OK)
    status = ae_adversarial_set_weights (t->adversarial, 1,
        (float) number (t->recipe, "anomaly", "adversarial_weight"), err);
  ae_model_unref (&g);
  ae_model_unref (&d);
  return status;
}

AeStatus
ae_anomaly_trainer_new (AeAnomalyTrainer **out, const AeRecipe *recipe,
    AeModel *base, AeError *err)
{
  AeAnomalyTrainer *t = *out = ae_calloc (1, sizeof *t);
  if (!t || !(t->recipe = ae_recipe_copy (recipe))) {
    ae_anomaly_trainer_free (out);
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for a trainer");
  }
  ae_rng_seed (&t->rng, (uint64_t) number (recipe, "training", "seed"));
  AeStatus status = take_shape (t, err);
  if (status == AE_OK)
    status = make_footage (t, err);
  if (status == AE_OK)
    status = make_adversarial (t, base, err);
  if (status != AE_OK)
    ae_anomaly_trainer_free (out);
  return status;
}

void
ae_anomaly_trainer_free (AeAnomalyTrainer **trainer)
{
  AeAnomalyTrainer *t = *trainer;
  *trainer = NULL;
  if (!t)
    return;
  ae_adversarial_free (&t->adversarial);
  ae_anomaly_things_free (&t->things);
  ae_free (t->scene[0]);
  ae_free (t->scene[1]);
  ae_footage_free (&t->footage);
  ae_recipe_free (&t->recipe);
  ae_free (t);
}

AeStatus
ae_anomaly_trainer_add (AeAnomalyTrainer *t, const AeImage *image,
    double seconds, AeError *err)
{
  return ae_footage_add (t->footage, image, seconds, err);
}

size_t
ae_anomaly_trainer_n_frames (const AeAnomalyTrainer *t)
{
  return ae_footage_n_frames (t->footage);
}

int64_t
ae_anomaly_trainer_steps (const AeAnomalyTrainer *t)
{
  return ae_adversarial_steps (t->adversarial);
}

void
ae_anomaly_trainer_cancel (AeAnomalyTrainer *t)
{
  atomic_store (&t->cancel, true);
}

/* Batches. */

static bool
make_scenes (AeAnomalyTrainer *t, int width, int height)
{
  size_t bytes = window_of (t) * (size_t) width * (size_t) height;
  t->things = ae_anomaly_things_new (
      width, height, (uint64_t) number (t->recipe, "training", "seed"));
  t->scene[0] = ae_alloc (bytes);
  t->scene[1] = ae_alloc (bytes);
  return t->things && t->scene[0] && t->scene[1]
         && ae_adversarial_extra (t->adversarial, 1);
}

/* The first picture decides how large crops are. */
static AeStatus
bind (AeAnomalyTrainer *t, AeError *err)
{
  if (t->width > 0)
    return AE_OK;
  int w, h;
  if (!ae_footage_size (t->footage, &w, &h))
    return ae_fail (err, AE_ERROR_NEEDS_DATA, "no footage to train on");
  t->crop.width = w < t->patch ? w : t->patch;
  t->crop.height = h < t->patch ? h : t->patch;
  AeTensor in = { .type = AE_F32,
    .shape = ae_shape (4, t->batch, t->shape.past ? t->shape.past : 1,
        t->crop.height, t->crop.width) };
  AeStatus status
      = ae_adversarial_bind (t->adversarial, &in, 1, NULL, 0, err);
  if (status != AE_OK)
    return status;
  if (!ae_adversarial_extra (t->adversarial, 0)
      || !ae_adversarial_extra_weight (t->adversarial)
      || (t->shape.past > 0 && !t->things && !make_scenes (t, w, h)))
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for fakes");
  t->width = w;
  t->height = h;
  return AE_OK;
}

/* A sample's part of a tensor of the batch. */
static float *
part_of (const AeAnomalyTrainer *t, AeTensor *tensor, int sample)
{
  size_t one = ae_shape_count (&tensor->shape) / (size_t) t->batch;
  return (float *) tensor->data + (size_t) sample * one;
}

static AeAnomalyCrop
draw_crop (const AeAnomalyTrainer *t, AeRng *rng)
{
  AeAnomalyCrop c = t->crop;
  c.x = (int) ae_rng_below (rng, (uint32_t) (t->width - c.width + 1));
  c.y = (int) ae_rng_below (rng, (uint32_t) (t->height - c.height + 1));
  c.gain = 1;
  c.shift = 0;
  return c;
}

/* `frames`: those before, and the one to predict. */
static void
cut_past (const AeAnomalyTrainer *t, const uint8_t *const *frames,
    const AeAnomalyCrop *crop, float *to)
{
  size_t one = (size_t) crop->width * (size_t) crop->height;
  for (int i = 0; i < t->shape.past; i++, to += one)
    ae_anomaly_cut (frames[i], t->width, crop, to);
}

static void
fill_real (AeAnomalyTrainer *t, int sample, const uint8_t *const *frames,
    const AeAnomalyCrop *crop)
{
  size_t one = (size_t) crop->width * (size_t) crop->height;
  float *in
      = part_of (t, ae_adversarial_input (t->adversarial, 0), sample);
  float *real = part_of (t, ae_adversarial_real (t->adversarial), sample);
  ae_anomaly_cut (frames[t->shape.past], t->width, crop, real);
  if (t->shape.past > 0)
    cut_past (t, frames, crop, in);
  else
    memcpy (in, real, one * sizeof *in);
}

/* A window for training. */
static bool
draw_window (AeAnomalyTrainer *t, AeFootageView *v)
{
  size_t length = window_of (t);
  size_t n = ae_footage_n_windows (t->footage, false, length);
  uint32_t most = n < UINT32_MAX ? (uint32_t) n : UINT32_MAX;
  size_t index = n ? ae_rng_below (&t->rng, most) : 0;
  /* others may just have made room */
  return n > 0
      && (ae_footage_window (t->footage, false, length, index, v)
          || ae_footage_window (t->footage, false, length, 0, v));
}

/* The frame is of another place or time; what was before is as it was. */
static void
fill_fake (AeAnomalyTrainer *t, int sample, const uint8_t *const *frames,
    const AeAnomalyCrop *crop)
{
  AeAdversarial *a = t->adversarial;
  AeFootageView other = { 0 };
  AeAnomalySource source = { frames[t->shape.past], t->width, t->height,
    true };
  float u = ae_rng_uniform (&t->rng);
  if (u >= SAME_FRAME && draw_window (t, &other)) {
    source.frame = other.frames[t->shape.past];
    /* pictures have no time */
    source.other_place = u < SAME_FRAME + OTHER_FRAME || t->shape.past == 0;
  }
  ae_anomaly_fake (part_of (t, ae_adversarial_real (a), sample), crop,
      &source, &t->rng, part_of (t, ae_adversarial_extra (a, 0), sample));
  if (t->shape.past > 0)
    cut_past (t, frames, crop,
        part_of (t, ae_adversarial_extra (a, 1), sample));
  ae_footage_view_clear (&other);
}

static void
list_frames (
    const AeAnomalyTrainer *t, const uint8_t *scene, const uint8_t **frames)
{
  for (size_t i = 0; i < window_of (t); i++)
    frames[i] = scene + i * (size_t) t->width * (size_t) t->height;
}

/* Something odd went through all of the frames. */
static bool
fill_odd (AeAnomalyTrainer *t, int sample, const AeAnomalyCrop *crop)
{
  AeAdversarial *a = t->adversarial;
  const uint8_t *frames[AE_ANOMALY_MOST_PAST + 1];
  AeOddKind kind
      = ae_rng_below (&t->rng, 2) ? AE_ODD_FAST : AE_ODD_LOOK;
  memcpy (t->scene[1], t->scene[0],
      window_of (t) * (size_t) t->width * (size_t) t->height);
  if (!ae_anomaly_things_put (
          t->things, kind, crop, &t->rng, t->scene[1], window_of (t)))
    return false;
  list_frames (t, t->scene[1], frames);
  cut_past (
      t, frames, crop, part_of (t, ae_adversarial_extra (a, 1), sample));
  ae_anomaly_cut (frames[t->shape.past], t->width, crop,
      part_of (t, ae_adversarial_extra (a, 0), sample));
  return true;
}

/* Copies the window, for things to be put in. */
static void
copy_scene (AeAnomalyTrainer *t, const AeFootageView *v,
    const AeAnomalyCrop *crop, const uint8_t **frames)
{
  size_t pixels = (size_t) t->width * (size_t) t->height;
  for (size_t i = 0; i < window_of (t); i++)
    memcpy (t->scene[0] + i * pixels, v->frames[i], pixels);
  if (ae_rng_uniform (&t->rng) < USUAL_THING)
    ae_anomaly_things_put (
        t->things, AE_ODD_NOT, crop, &t->rng, t->scene[0], window_of (t));
  list_frames (t, t->scene[0], frames);
}

static void
fill_sample (AeAnomalyTrainer *t, int sample, const AeFootageView *v)
{
  AeAdversarial *a = t->adversarial;
  const uint8_t *frames[AE_ANOMALY_MOST_PAST + 1] = { v->frames[0] };
  AeAnomalyCrop crop = draw_crop (t, &t->rng);
  crop.gain += JITTER * (2 * ae_rng_uniform (&t->rng) - 1);
  crop.shift += JITTER * (2 * ae_rng_uniform (&t->rng) - 1);
  if (t->things)
    copy_scene (t, v, &crop, frames);
  fill_real (t, sample, frames, &crop);
  if (!t->things || ae_rng_uniform (&t->rng) >= ODD_THING
      || !fill_odd (t, sample, &crop))
    fill_fake (t, sample, frames, &crop);
  ae_anomaly_changes (part_of (t, ae_adversarial_real (a), sample),
      part_of (t, ae_adversarial_extra (a, 0), sample), &crop,
      part_of (t, ae_adversarial_extra_weight (a), sample));
}

/* Places that were changed count as much as all of a picture would, unless they
 * are next to none. */
static void
weigh_fakes (AeAnomalyTrainer *t)
{
  AeTensor *weight = ae_adversarial_extra_weight (t->adversarial);
  size_t n = ae_shape_count (&weight->shape);
  float *w = weight->data, sum = 0;
  for (size_t i = 0; i < n; i++)
    sum += w[i];
  float factor = 1 / fmaxf (sum / (float) n, LEAST_COUNTED);
  for (size_t i = 0; i < n; i++)
    w[i] *= factor;
}

static bool
fill_batch (AeAnomalyTrainer *t)
{
  if (t->things)
    ae_anomaly_things_choose (
        t->things, t->footage, ae_anomaly_trainer_steps (t));
  for (int i = 0; i < t->batch; i++) {
    AeFootageView v;
    if (!draw_window (t, &v))
      return false;
    fill_sample (t, i, &v);
    ae_footage_view_clear (&v);
  }
  weigh_fakes (t);
  return true;
}

static AeStatus
too_short (const AeAnomalyTrainer *t, AeError *err)
{
  return ae_fail (err, AE_ERROR_NEEDS_DATA,
      "%zu frames of footage without %zu that follow each other",
      ae_anomaly_trainer_n_frames (t), window_of (t));
}

AeStatus
ae_anomaly_trainer_step (
    AeAnomalyTrainer *t, AeAdversarialReport *report, AeError *err)
{
  *report = (AeAdversarialReport){ .step = ae_anomaly_trainer_steps (t) };
  AeStatus status = bind (t, err);
  if (status != AE_OK)
    return status;
  if (!fill_batch (t))
    return too_short (t, err);
  return ae_adversarial_step (t->adversarial, report, err);
}

/* Parts from `first` on, the same at each call. */
static bool
fill_validation (AeAnomalyTrainer *t, int first)
{
  size_t length = window_of (t);
  bool held_out = ae_footage_n_windows (t->footage, true, length) > 0;
  size_t n = ae_footage_n_windows (t->footage, held_out, length);
  for (int i = 0; i < t->batch; i++) {
    AeFootageView v;
    AeRng rng;
    size_t index = n * (size_t) ((first + i) % CROPS) / CROPS;
    if (!ae_footage_window (t->footage, held_out, length, index, &v))
      return false;
    ae_rng_seed (&rng, 1000 + (uint64_t) (first + i));
    AeAnomalyCrop crop = draw_crop (t, &rng);
    fill_real (t, i, v.frames, &crop);
    ae_footage_view_clear (&v);
  }
  return true;
}

AeStatus
ae_anomaly_trainer_validate (AeAnomalyTrainer *t, float *psnr, AeError *err)
{
  double sum = 0;
  int n = 0;
  *psnr = 0;
  AeStatus status = bind (t, err);
  for (int i = 0; status == AE_OK && i < CROPS; i += t->batch, n++) {
    AeAdversarialReport r = { 0 };
    if (atomic_load (&t->cancel))
      return ae_fail (err, AE_ERROR_CANCELLED, "validation was cancelled");
    if (!fill_validation (t, i))
      return too_short (t, err);
    status = ae_adversarial_evaluate (t->adversarial, &r, err);
    sum += r.reconstruction;
  }
  if (status == AE_OK)
    *psnr = (float) (20 * log10 (255 / AE_GREY_DEVIATION)
        - 10 * log10 (sum / n + 1e-12));
  return status;
}

/* Models. */

static AeStatus
build_net (AeAnomalyTrainer *t, const char *text, const AeModel *g,
    const AeModel *d, AeModel **out, AeError *err)
{
  const AeRecipe *r = t->recipe;
  char size[32], past[16], rate[32], steps[32], frames[32];
  snprintf (size, sizeof size, "%dx%d", t->width, t->height);
  snprintf (past, sizeof past, "%d", t->shape.past);
  ae_number_print (
      rate, sizeof rate, "%g", number (r, "anomaly", "frame_rate"));
  snprintf (steps, sizeof steps, "%lld",
      (long long) ae_anomaly_trainer_steps (t));
  snprintf (frames, sizeof frames, "%zu", ae_anomaly_trainer_n_frames (t));
  const char *const meta[] = { "ae.task", "anomaly", "ae.anomaly.kind",
    t->shape.past ? "video" : "pictures", "ae.anomaly.size", size,
    "ae.anomaly.any_camera",
    ae_recipe_bool_of (t->recipe, "anomaly", "any_camera") ? "yes" : NULL,
    "ae.anomaly.past", past, "ae.anomaly.frame_rate", rate, "ae.name",
    ae_recipe_text_of (r, "model", "name"), "ae.description",
    ae_recipe_text_of (r, "model", "description"), "ae.weights",
    ae_recipe_text_of (r, "model", "weights"), "ae.recipe", text,
    "ae.train.steps", steps, "ae.train.frames", frames };
  AeAnomalyFacts facts
      = { .meta = meta, .n_meta = sizeof meta / sizeof *meta / 2 };
  return ae_build_anomaly_net (out, &t->shape, g, d, &facts, err);
}

AeStatus
ae_anomaly_trainer_net (AeAnomalyTrainer *t, AeModel **out, AeError *err)
{
  AeModel *g = NULL, *d = NULL;
  *out = NULL;
  AeStatus status = bind (t, err); /* knows the size */
  if (status != AE_OK)
    return status;
  char *text = ae_recipe_text (t->recipe);
  if (!text)
    return ae_fail (err, AE_ERROR_MEMORY, "no memory for the recipe's text");
  /* Pictures have patches; networks that have learned nothing add nothing. */
  bool networks = t->shape.past > 0 || ae_anomaly_trainer_steps (t) > 0;
  if (networks)
    status = ae_adversarial_generator (
        t->adversarial, true, NULL, 0, &g, err);
  if (networks && status == AE_OK)
    status = ae_adversarial_discriminator (
        t->adversarial, true, NULL, 0, &d, err);
  if (status == AE_OK)
    status = build_net (t, text, g, d, out, err);
  ae_model_unref (&g);
  ae_model_unref (&d);
  free (text);
  return status;
}

/* The net with what was fitted. */
static AeStatus
join (const AeAnomalyTrainer *t, AeModel *net, const AeAnomalyFit *fit,
    AeModel **out, AeError *err)
{
  size_t n_net = ae_model_n_meta (net), n = fit->n_constants;
  const char **meta
      = ae_calloc (2 * (n_net + fit->n_meta) + 1, sizeof *meta);
  AeAnomalyConstant *constants = ae_calloc (n + 1, sizeof *constants);
  AeAnomalyFacts facts = { constants, n, meta, n_net + fit->n_meta };
  AeStatus status = AE_ERROR_MEMORY;
  if (meta && constants) {
    for (size_t i = 0; i < n_net; i++) {
      meta[2 * i] = ae_model_meta_key (net, i);
      meta[2 * i + 1] = ae_model_meta_value (net, i);
    }
    for (size_t i = 0; i < 2 * fit->n_meta; i++)
      meta[2 * n_net + i] = fit->meta[i];
    for (size_t i = 0; i < n; i++)
      constants[i] = (AeAnomalyConstant){ fit->constants[i].name,
        fit->constants[i].type, fit->constants[i].shape,
        fit->constants[i].values };
    bool networks = ae_anomaly_has_networks (net);
    status = ae_build_anomaly_net (out, &t->shape, networks ? net : NULL,
        networks ? net : NULL, &facts, err);
  } else {
    ae_fail (err, status, "no memory for %zu facts", facts.n_meta + n);
  }
  ae_free (meta);
  ae_free (constants);
  return status;
}

AeStatus
ae_anomaly_trainer_fit (
    AeAnomalyTrainer *t, AeModel *net, AeModel **out, AeError *err)
{
  AeAnomalyFit fit = { 0 };
  *out = NULL;
  AeStatus status = ae_anomaly_fit (
      &fit, t->footage, net, t->recipe, &t->cancel, err);
  if (status == AE_OK)
    status = join (t, net, &fit, out, err);
  ae_anomaly_fit_clear (&fit);
  return status;
}

AeStatus
ae_anomaly_trainer_save (AeAnomalyTrainer *t, const char *path, AeError *err)
{
  return ae_adversarial_save (
      t->adversarial, path, &t->rng, sizeof t->rng, err);
}

AeStatus
ae_anomaly_trainer_restore (
    AeAnomalyTrainer *t, const char *path, AeError *err)
{
  return ae_adversarial_restore (
      t->adversarial, path, &t->rng, sizeof t->rng, err);
}
