/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "train/anomaly_trainer.h"

#include "detect/grey.h"
#include "train/anomaly_feed.h"
#include "train/anomaly_fit.h"
#include "train/anomaly_nets.h"
#include "train/footage.h"
#include "train/recipe.h"
#include "util/mem.h"
#include "util/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct AeAnomalyTrainer {
  AeRecipe *recipe;
  AeAnomalyShape shape;
  AeFootage *footage;
  AeAdversarial *adversarial;
  AeAnomalyFeed feed;
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

static AeStatus
take_shape (AeAnomalyTrainer *t, AeError *err)
{
  int list[AE_KEY_MAX_LIST];
  size_t n = ae_recipe_ints_of (t->recipe, "anomaly", "widths", list);
  if (n != 3)
    return ae_fail (err, AE_ERROR_FORMAT,
        "[anomaly] widths has %zu items, wanted 3", n);
  t->feed.patch = (int) number (t->recipe, "training", "patch");
  if (t->feed.patch % AE_ANOMALY_SCALE != 0 || t->feed.patch < 32)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "[training] patch is %d, wanted a multiple of %d from 32",
        t->feed.patch, AE_ANOMALY_SCALE);
  int window = (int) number (t->recipe, "anomaly", "window");
  int code = (int) number (t->recipe, "anomaly", "code");
  int reduce = (int) number (t->recipe, "anomaly", "reduce");
  if (window % 2 == 0 || code > window * window || reduce == 3)
    return ae_fail (err, AE_ERROR_ARGUMENT,
        "[anomaly] window is %d, code %d, reduce %d, wanted an odd window, a "
        "code of at most its square and to reduce by 1, 2 or 4",
        window, code, reduce);
  t->feed.batch = (int) number (t->recipe, "training", "batch");
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
  ae_rng_seed (&t->feed.rng, (uint64_t) number (recipe, "training", "seed"));
  AeStatus status = take_shape (t, err);
  if (status == AE_OK)
    status = make_footage (t, err);
  if (status == AE_OK)
    status = make_adversarial (t, base, err);
  t->feed.footage = t->footage;
  t->feed.adversarial = t->adversarial;
  t->feed.past = t->shape.past;
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

static AeStatus
too_short (const AeAnomalyTrainer *t, AeError *err)
{
  return ae_fail (err, AE_ERROR_NEEDS_DATA,
      "%zu frames of footage without %zu that follow each other",
      ae_anomaly_trainer_n_frames (t), ae_anomaly_feed_window (&t->feed));
}

AeStatus
ae_anomaly_trainer_step (
    AeAnomalyTrainer *t, AeAdversarialReport *report, AeError *err)
{
  *report = (AeAdversarialReport){ .step = ae_anomaly_trainer_steps (t) };
  AeStatus status = ae_anomaly_feed_bind (&t->feed, err);
  if (status != AE_OK)
    return status;
  if (!ae_anomaly_feed_fill (&t->feed))
    return too_short (t, err);
  return ae_adversarial_step (t->adversarial, report, err);
}

AeStatus
ae_anomaly_trainer_validate (AeAnomalyTrainer *t, float *psnr, AeError *err)
{
  double sum = 0;
  int n = 0;
  *psnr = 0;
  AeStatus status = ae_anomaly_feed_bind (&t->feed, err);
  for (int i = 0; status == AE_OK && i < AE_ANOMALY_CROPS;
       i += t->feed.batch, n++) {
    AeAdversarialReport r = { 0 };
    if (atomic_load (&t->cancel))
      return ae_fail (err, AE_ERROR_CANCELLED, "validation was cancelled");
    if (!ae_anomaly_feed_fill_validation (&t->feed, i))
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
  snprintf (size, sizeof size, "%dx%d", t->feed.width, t->feed.height);
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
  AeStatus status = ae_anomaly_feed_bind (&t->feed, err); /* knows the size */
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
      t->adversarial, path, &t->feed.rng, sizeof t->feed.rng, err);
}

AeStatus
ae_anomaly_trainer_restore (
    AeAnomalyTrainer *t, const char *path, AeError *err)
{
  return ae_adversarial_restore (
      t->adversarial, path, &t->feed.rng, sizeof t->feed.rng, err);
}
