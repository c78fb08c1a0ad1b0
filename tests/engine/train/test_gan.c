/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include <ae/recipe_trainer.h>
#include <ae/session.h>

#include "runtime/tape.h"
#include "train/gan_coverage.h"
#include "train/gan_trainer.h"
#include "train/gan_watch.h"
#include "util/mem.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Gradients of the networks, through what is done to pictures too. */

#define BATCH 4
#define MOST_VALUES 400 /* of a batch of pictures */

static const struct {
  AeGanShape shape;
  AeGanAugment augment;
} nets[] = {
  { { AE_GAN_DENSE, { 5, 3, 1 }, 3, 0, { 7, 6 }, 2, 0, 0, false }, { 0, 0, 0 } },
  { { AE_GAN_DENSE, { 4, 4, 3 }, 2, 3, { 6 }, 1, 0, 0, true }, { 0.25f, 0, 0 } },
  { { AE_GAN_CONV, { 8, 4, 1 }, 3, 2, { 4, 5 }, 2, 1, 1, true },
      { 0.25f, 0.5f, 0.3f } },
  { { AE_GAN_CONV, { 4, 8, 3 }, 4, 0, { 5 }, 1, 2, 2, false },
      { 0, 0.5f, 0.2f } },
};
enum { N_NETS = sizeof nets / sizeof *nets };

static AeShape
with_batch (const AeShape *shape)
{
  AeShape s = *shape;
  s.dim[0] = BATCH;
  return s;
}

static AeTape *
make_tape (AeModel *model)
{
  AeTensor in[8] = { 0 };
  AeTape *tape;
  AeError err;
  size_t n = ae_model_n_inputs (model);
  for (size_t i = 0; i < n; i++) {
    AeShape shape = ae_model_graph (model)->values[
        ae_model_graph (model)->inputs[i]].shape;
    in[i] = (AeTensor){ .type = AE_F32, .shape = with_batch (&shape) };
  }
  ck_assert_int_eq (
      ae_tape_new (&tape, model, 1, AE_PRECISION_F32, &err), AE_OK);
  ae_tape_want_input_grad (tape, 0);
  ck_assert_msg (ae_tape_bind (tape, in, n, &err) == AE_OK, "%s", err.text);
  return tape;
}

static void
one_hot (AeTensor *x)
{
  int64_t n = x->shape.dim[1];
  memset (x->data, 0, ae_tensor_bytes (x));
  for (int64_t i = 0; i < x->shape.dim[0]; i++)
    ((float *) x->data)[i * n + i % n] = 1;
}

/* frame or latent, class, then what is drawn */
static void
fill (AeTape *tape, int which, bool frames)
{
  AeRng rng;
  size_t at = 1;
  ae_rng_seed (&rng, 3);
  AeTensor *x = ae_tape_input (tape, 0);
  for (size_t i = 0; i < ae_shape_count (&x->shape); i++)
    ((float *) x->data)[i]
        = frames ? ae_rng_uniform (&rng) : ae_rng_normal (&rng);
  if (nets[which].shape.classes > 0)
    one_hot (ae_tape_input (tape, at++));
  for (int i = 0; frames && i < AE_GAN_DRAWN; i++)
    if (ae_gan_augment_draws (&nets[which].augment, (AeGanDrawn) i))
      ae_gan_augment_draw (&nets[which].augment, (AeGanDrawn) i,
          ae_tape_input (tape, at++), &rng);
  ck_assert_uint_eq (at, ae_tape_n_inputs (tape));
}

/* The outputs' sum with weights 1, 2, 1, 2, ... */
static double
weighed_sum (AeTape *tape, bool gradients)
{
  double sum = 0;
  ae_tape_forward (tape, true, 1);
  const AeTensor *y = ae_tape_output (tape, 0);
  float *dy = ae_tape_output_grad (tape, 0)->data;
  for (size_t i = 0; i < ae_shape_count (&y->shape); i++) {
    sum += (1 + i % 2) * ((const float *) y->data)[i];
    if (gradients)
      dy[i] = (float) (1 + i % 2);
  }
  if (gradients)
    ae_tape_backward (tape);
  return sum;
}

/* How many of n gradients differ from differences: of step h these carry some
 * 1e-7 |sum| / h, 1e-3 here, and more where a rectifier's bend lies between. */
static size_t
count_bad (AeTape *tape, float *x, const float *grads, size_t n, double *norm)
{
  const float h = 4e-3f;
  size_t bad = 0;
  for (size_t i = 0; i < n; i++) {
    float old = x[i];
    x[i] = old + h;
    double up = weighed_sum (tape, false);
    x[i] = old - h;
    double down = weighed_sum (tape, false);
    x[i] = old;
    double wanted = (up - down) / (2 * (double) h);
    *norm += fabs (wanted);
    bad += fabs ((double) grads[i] - wanted) > 0.02 * (1 + fabs (wanted));
  }
  return bad;
}

static void
check_gradients (AeTape *tape)
{
  size_t checked = 0, bad = 0;
  double norm = 0;
  weighed_sum (tape, true);
  const AeTensor *grad = ae_tape_input_grad (tape, 0);
  size_t n = ae_shape_count (&grad->shape);
  float copy[MOST_VALUES];
  ck_assert_uint_le (n, MOST_VALUES);
  memcpy (copy, grad->data, n * sizeof *copy);
  bad = count_bad (tape, ae_tape_input (tape, 0)->data, copy, n, &norm);
  ck_assert_double_gt (norm, 0);
  checked = n;
  for (size_t p = 0; p < ae_tape_n_params (tape); p++) {
    const AeParam *param = ae_tape_param (tape, p);
    size_t count = ae_shape_count (&param->shape);
    count = count < 24 ? count : 24;
    norm = 0;
    bad += count_bad (tape, ae_tape_params (tape) + param->offset,
        ae_tape_grads (tape) + param->offset, count, &norm);
    ck_assert_msg (norm > 0, "%s does nothing", param->name);
    checked += count;
  }
  ck_assert_msg (bad * 20 <= checked, "%zu of %zu differ", bad, checked);
}

START_TEST (test_gradients_match_differences)
{
  AeModel *g, *d;
  AeError err;
  ck_assert_msg (ae_build_gan_generator (&g, &nets[_i].shape, NULL, 7, &err)
          == AE_OK, "%s", err.text);
  ck_assert_msg (ae_build_gan_discriminator (&d, &nets[_i].shape,
                     &nets[_i].augment, NULL, 8, &err) == AE_OK,
      "%s", err.text);
  AeTape *tape = make_tape (g);
  fill (tape, _i, false);
  check_gradients (tape);
  ae_tape_free (&tape);
  tape = make_tape (d);
  fill (tape, _i, true);
  check_gradients (tape);
  ae_tape_free (&tape);
  ae_model_unref (&g);
  ae_model_unref (&d);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

/* What is done to pictures. */

static AeModel *
augment_net (const AeThumbnailSize *size, const AeGanAugment *augment)
{
  AeBuilder b;
  AeModel *model;
  AeError err;
  ae_builder_start (&b, 1);
  int frame = ae_build_input (&b, "frame",
      ae_shape (4, -1, size->channels, size->height, size->width));
  ae_build_output (
      &b, ae_build_gan_augment (&b, frame, size, augment), "seen");
  ck_assert_msg (
      ae_builder_end (&b, &model, &err) == AE_OK, "%s", err.text);
  return model;
}

/* Runs 50 pictures of 6x5, ones with a zero in a corner. */
static void
augmented (const AeGanAugment *augment, AeGanDrawn which, float *seen)
{
  static const AeThumbnailSize size = { 6, 5, 1 };
  AeModel *model = augment_net (&size, augment);
  AeTensor in[2] = { { .type = AE_F32, .shape = ae_shape (4, 50, 1, 5, 6) },
    { .type = AE_F32, .shape = ae_gan_augment_shape (&size, which, 50) } };
  AeSession *session;
  AeRng rng;
  AeError err;
  ae_rng_seed (&rng, 2);
  ck_assert_int_eq (ae_session_new (&session, model, NULL, &err), AE_OK);
  ck_assert_msg (
      ae_session_bind (session, in, 2, &err) == AE_OK, "%s", err.text);
  float *frames = ae_session_input (session, 0)->data;
  for (int i = 0; i < 50 * 30; i++)
    frames[i] = i % 30 > 0;
  ae_gan_augment_draw (augment, which, ae_session_input (session, 1), &rng);
  ae_session_run (session);
  memcpy (seen, ae_session_output (session, 0)->data,
      50 * 30 * sizeof *seen);
  ae_session_free (&session);
  ae_model_unref (&model);
}

/* By whole pixels, as far as was asked for and no further, each way. */
START_TEST (test_pictures_are_moved)
{
  float seen[50 * 30];
  int left = 0, right = 0, still = 0;
  augmented (&(AeGanAugment){ .translation = 0.34f }, AE_GAN_PLACES, seen);
  for (int i = 0; i < 50; i++) {
    int first = 6, last = -1;
    for (int k = 0; k < 30; k++) {
      float x = seen[30 * i + k];
      ck_assert_msg (fabsf (x - roundf (x)) < 1e-5f, "%g", x);
      if (x > 0.5f) {
        first = k % 6 < first ? k % 6 : first;
        last = k % 6 > last ? k % 6 : last;
      }
    }
    ck_assert_int_ge (last - first, 3);
    left += last < 5;
    right += first > 0;
    still += first == 0 && last == 5;
  }
  ck_assert_msg (left > 8 && right > 8 && still > 3, "%d %d %d", left, right,
      still);
}
END_TEST

START_TEST (test_rectangles_become_grey)
{
  float seen[50 * 30];
  int most = 0;
  augmented (&(AeGanAugment){ .cutout = 0.5f }, AE_GAN_KEPT, seen);
  for (int i = 0; i < 50; i++) {
    int grey = 0;
    for (int k = 0; k < 30; k++) {
      float x = seen[30 * i + k];
      ck_assert (x == 0.5f || x == (float) (k > 0));
      grey += x == 0.5f;
    }
    ck_assert_int_ge (grey, 1);
    most = grey > most ? grey : most;
  }
  ck_assert_int_eq (most, 9); /* 3x3 */
}
END_TEST

START_TEST (test_brightness_changes_by_picture)
{
  float seen[50 * 30], least = 1, most = -1;
  augmented (&(AeGanAugment){ .brightness = 0.3f }, AE_GAN_LIGHT, seen);
  for (int i = 0; i < 50; i++) {
    float added = seen[30 * i];
    for (int k = 1; k < 30; k++)
      ck_assert (fabsf (seen[30 * i + k] - 1 - added) < 1e-6f);
    least = fminf (least, added);
    most = fmaxf (most, added);
  }
  ck_assert (least >= -0.3f && least < -0.2f && most > 0.2f && most <= 0.3f);
}
END_TEST

/* Coverage. */

START_TEST (test_coverage_is_the_share_that_is_near)
{
  float real[200 * 2], made[200 * 2], score;
  AeRng rng;
  AeError err;
  ae_rng_seed (&rng, 4);
  /* four heaps far apart; of made ones so many have fakes */
  for (int n_heaps = 1; n_heaps <= 4; n_heaps++) {
    for (int i = 0; i < 400; i++) {
      int heap = i / 2 % 4, made_heap = i / 2 % n_heaps;
      real[i] = ae_rng_normal (&rng) + (float) (100 * heap);
      made[i] = ae_rng_normal (&rng) + (float) (100 * made_heap);
    }
    ck_assert_int_eq (
        ae_coverage (real, 200, made, 200, 2, &score, &err), AE_OK);
    ck_assert_msg (fabsf (score - 0.25f * (float) n_heaps) < 0.06f, "%d: %g",
        n_heaps, score);
  }
  ck_assert_int_eq (ae_coverage (real, 1, made, 200, 2, &score, &err),
      AE_ERROR_NEEDS_DATA);
  ck_assert_ptr_nonnull (strstr (err.text, "1 real pictures"));
  made[7] = NAN;
  ck_assert_int_eq (ae_coverage (real, 200, made, 200, 2, &score, &err),
      AE_ERROR_NUMERIC);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_coverage_compares_small_pictures)
{
  static const AeThumbnailSize size = { 33, 5, 3 };
  float picture[33 * 5 * 3], small[11 * 5 * 3];
  ck_assert_uint_eq (ae_coverage_values (&size), 11 * 5 * 3);
  for (int i = 0; i < 33 * 5 * 3; i++)
    picture[i] = (float) (i % 33);
  ae_coverage_reduce (&size, picture, 1, small);
  for (int i = 0; i < 11 * 5 * 3; i++)
    ck_assert_float_eq_tol (small[i], (float) (3 * (i % 11) + 1), 1e-5f);
  ck_assert_uint_eq (
      ae_coverage_values (&(AeThumbnailSize){ 17, 16, 1 }), 9 * 16);
}
END_TEST

/* What goes wrong. */

static AeGanHealth
window_of (AeGanWatch *watch, double spread, double loss, int n_skipped)
{
  AeGanHealth health = AE_GAN_UNSURE;
  for (int i = 0; i < 10; i++) {
    ck_assert_int_eq (health, AE_GAN_UNSURE);
    AeGanSigns signs = { .skipped = i < n_skipped, .judged = i % 2 == 0,
      .real_spread = 0.2, .fake_spread = 0.2 * spread,
      .discriminator_loss = i % 2 ? 100 : loss };
    health = ae_gan_watch_add (watch, &signs);
  }
  return health;
}

START_TEST (test_watch_tells_good_from_bad)
{
  AeGanWatch watch;
  ae_gan_watch_start (&watch, 10, AE_ADVERSARIAL_HINGE);
  for (int i = 0; i < 5; i++) /* at first all are alike */
    ck_assert_int_eq (window_of (&watch, 0.1, 1.5, 0), AE_GAN_UNSURE);
  ck_assert_int_eq (window_of (&watch, 0.1, 1.5, 0), AE_GAN_ALIKE);
  ae_gan_watch_again (&watch);
  ck_assert_int_eq (window_of (&watch, 0.1, 1.5, 0), AE_GAN_UNSURE);
  ck_assert_int_eq (window_of (&watch, 0.9, 1.5, 9), AE_GAN_GOOD);
  ck_assert_int_eq (window_of (&watch, 0.5, 1.5, 0), AE_GAN_UNSURE);
  ck_assert_int_eq (window_of (&watch, 0.2, 1.5, 0), AE_GAN_ALIKE);
  ck_assert_int_eq (window_of (&watch, 0.9, 0.03, 0), AE_GAN_BEATEN);
  AeGanSigns skipped = { .skipped = true };
  for (int i = 1; i < AE_GAN_MOST_SKIPPED; i++)
    ck_assert_int_le (ae_gan_watch_add (&watch, &skipped), AE_GAN_ALIKE);
  ck_assert_int_eq (ae_gan_watch_add (&watch, &skipped), AE_GAN_BROKEN);
  ae_gan_watch_again (&watch);
  ck_assert_int_eq (window_of (&watch, 0.9, 0.05, 0), AE_GAN_GOOD);
  /* a Wasserstein loss may be any */
  ae_gan_watch_start (&watch, 10, AE_ADVERSARIAL_WASSERSTEIN);
  ck_assert_int_eq (window_of (&watch, 0.9, -20, 0), AE_GAN_GOOD);
  ae_gan_watch_start (&watch, 0, AE_ADVERSARIAL_HINGE);
  for (int i = 0; i < 10; i++)
    ck_assert_int_eq (window_of (&watch, 0, 0, 10), AE_GAN_UNSURE);
}
END_TEST

START_TEST (test_spread_is_within_labels)
{
  /* values 0 and 1 apart by label: all the spread there is is between */
  const float x[8] = { 0, 5, 1, 7, 0, 5, 1, 7 };
  const int labels[4] = { 0, 1, 0, 1 }, other[4] = { 0, 0, 2, 2 };
  ck_assert_double_eq_tol (ae_gan_spread (x, 4, 2, labels, 2), 0, 1e-12);
  ck_assert_double_eq_tol (
      ae_gan_spread (x, 4, 2, NULL, 0), sqrt ((0.25 + 1) / 2), 1e-12);
  ck_assert_double_eq_tol (
      ae_gan_spread (x, 4, 2, other, 3), sqrt ((0.25 + 1) / 2), 1e-12);
}
END_TEST

/* Trainers, through the recipes. */

enum { SIDE = 8, N_PICTURES = 400, HEAPS = 4 };

static AeRecipe *
parse (const char *more)
{
  char text[800];
  AeRecipe *recipe;
  AeError err;
  snprintf (text, sizeof text,
      "[model]\ntask = gan\n[training]\nsteps = 600\nbatch = 32\n"
      "threads = 1\nprecision = f32\nema_decay = 0.95\n"
      "learning_rate = 0.004\nvalidation = 0.25\n"
      "[gan]\nsize = 8x8\nlatent = 8\n%s", more);
  ck_assert_msg (
      ae_recipe_parse (&recipe, text, &err) == AE_OK, "%s", err.text);
  return recipe;
}

/* Which quarter of a picture is brightest. */
static int
heap_of (const float *pixels, float *contrast)
{
  float sums[HEAPS] = { 0 }, all = 0;
  int best = 0;
  for (int i = 0; i < SIDE * SIDE; i++) {
    sums[2 * (i / SIDE >= SIDE / 2) + (i % SIDE >= SIDE / 2)] += pixels[i];
    all += pixels[i];
  }
  for (int k = 1; k < HEAPS; k++)
    best = sums[k] > sums[best] ? k : best;
  *contrast = all > 0 ? sums[best] / all : 0;
  return best;
}

/* A bright blob near the middle of one of the quarters. */
static AeStatus
add_blob (AeRecipeTrainer *t, AeRng *rng, int heap, int label, AeError *err)
{
  uint8_t pixels[SIDE * SIDE];
  float x0 = 1.5f + 4 * (float) (heap % 2) + 0.4f * ae_rng_normal (rng);
  float y0 = 1.5f + 4 * (float) (heap / 2) + 0.4f * ae_rng_normal (rng);
  for (int i = 0; i < SIDE * SIDE; i++) {
    float dx = (float) (i % SIDE) - x0, dy = (float) (i / SIDE) - y0;
    pixels[i] = (uint8_t) (255 * expf (-(dx * dx + dy * dy) / 2));
  }
  AeImage image = { .pixels = AE_PIXELS_GRAY8, .width = SIDE, .height = SIDE,
    .plane = { pixels }, .stride = { SIDE } };
  return ae_recipe_trainer_add_labelled (t, &image, 0, label, err);
}

static AeRecipeTrainer *
open_trainer (const char *more, AeModel *base)
{
  AeRecipe *recipe = parse (more);
  AeRecipeTrainer *t;
  AeError err;
  AeRng rng;
  ae_rng_seed (&rng, 9);
  ck_assert_msg (ae_recipe_trainer_new (&t, recipe, base, &err) == AE_OK,
      "%s", err.text);
  for (int i = 0; i < N_PICTURES; i++) {
    int heap = (int) ae_rng_below (&rng, HEAPS);
    ck_assert_msg (
        add_blob (t, &rng, heap, heap, &err) == AE_OK, "%s", err.text);
  }
  ae_recipe_free (&recipe);
  return t;
}

static void
take_steps (AeRecipeTrainer *t, int steps)
{
  AeError err;
  for (int i = 0; i < steps; i++)
    ck_assert_msg (ae_recipe_trainer_step (t, NULL, &err) == AE_OK, "%s",
        err.text);
}

static AeModel *
model_of (AeRecipeTrainer *t)
{
  AeModel *model;
  AeError err;
  ck_assert_msg (ae_recipe_trainer_model (t, false, &model, &err) == AE_OK,
      "%s", err.text);
  return model;
}

/* The generator alone, for n pictures. */
static AeSession *
generator_of (AeModel *model, int n, bool classes)
{
  AeSessionOptions options = {
    .inputs = (const char *const[]){ "latent", "class" },
    .n_inputs = classes ? 2 : 1,
    .outputs = (const char *const[]){ "generated" }, .n_outputs = 1 };
  AeTensor in[2] = { { .type = AE_F32, .shape = ae_shape (2, n, 8) },
    { .type = AE_F32, .shape = ae_shape (2, n, HEAPS) } };
  AeSession *session;
  AeError err;
  ck_assert_msg (ae_session_new (&session, model, &options, &err) == AE_OK,
      "%s", err.text);
  ck_assert_msg (ae_session_bind (session, in, classes ? 2 : 1, &err)
          == AE_OK, "%s", err.text);
  return session;
}

/* How many of 200 pictures lie in each quarter, and how many are where their
 * class says (none without classes). */
static void
census (AeRecipeTrainer *t, bool classes, int counts[HEAPS], int *obeyed,
    float *contrast)
{
  AeModel *model = model_of (t);
  AeSession *session = generator_of (model, 200, classes);
  AeRng rng;
  ae_rng_seed (&rng, 11);
  memset (counts, 0, HEAPS * sizeof *counts);
  *obeyed = 0;
  *contrast = 0;
  float *latent = ae_session_input (session, 0)->data;
  for (int i = 0; i < 200 * 8; i++)
    latent[i] = ae_rng_normal (&rng);
  if (classes)
    one_hot (ae_session_input (session, 1));
  ae_session_run (session);
  const float *made = ae_session_output (session, 0)->data;
  for (int i = 0; i < 200; i++) {
    float c;
    int heap = heap_of (made + i * SIDE * SIDE, &c);
    counts[heap]++;
    *obeyed += classes && heap == i % HEAPS;
    *contrast += c / 200;
  }
  ae_session_free (&session);
  ae_model_unref (&model);
}

#define RATE "discriminator_rate = 0.004\n"

static const struct {
  const char *recipe;
  bool classes;
} trained[] = {
  { RATE "net = dense\nwidths = 48\n", false },
  { RATE "net = dense\nwidths = 48\nloss = non-saturating\n"
    "discriminator_steps = 2\ntranslation = 0.13\nbrightness = 0.1\n",
      false },
  { RATE "net = dense\nwidths = 48\nclasses = 4\ngenerator_steps = 2\n"
    "loss = least-squares\nspectral_limit = 2\n", true },
  { RATE "net = conv\nwidths = 12,24\nclasses = 4\ndepth = 1\ncutout = 0.2\n", true },
  { RATE "net = conv\nwidths = 12,24\nloss = wasserstein\nbatch_spread = yes\n"
    "discriminator_steps = 2\n", false },
};
enum { N_TRAINED = sizeof trained / sizeof *trained };

/* All four quarters are among what is made, and where there are labels they are
 * obeyed; a generator that has learned nothing makes grey. */
START_TEST (test_every_kind_learns)
{
  int counts[HEAPS], obeyed;
  float contrast, before, after;
  AeError err;
  AeRecipeTrainer *t = open_trainer (trained[_i].recipe, NULL);
  census (t, trained[_i].classes, counts, &obeyed, &contrast);
  ck_assert_float_lt (contrast, 0.4f);
  ck_assert_int_eq (ae_recipe_trainer_validate (t, &before, &err), AE_OK);
  take_steps (t, 600);
  ck_assert_int_eq (ae_recipe_trainer_validate (t, &after, &err), AE_OK);
  census (t, trained[_i].classes, counts, &obeyed, &contrast);
  printf ("%d: seed 1, coverage %g -> %g, counts %d %d %d %d, obeyed %d, "
          "contrast %g\n", _i, before, after, counts[0], counts[1], counts[2],
      counts[3], obeyed, contrast);
  ck_assert_float_lt (before, 5);
  ck_assert_float_gt (after, 5);
  ck_assert_float_gt (contrast, 0.7f);
  for (int k = 0; k < HEAPS; k++)
    ck_assert_int_ge (counts[k], 10);
  if (trained[_i].classes)
    ck_assert_int_ge (obeyed, 180);
  ae_recipe_trainer_free (&t);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_model_has_both_networks)
{
  AeRecipeTrainer *t = open_trainer (trained[3].recipe, NULL);
  AeTrainingFigure figures[AE_TRAINING_FIGURES];
  AeTrainingPlan plan;
  AeError err;
  take_steps (t, 20);
  AeModel *model = model_of (t);
  const char *const in[] = { "latent", "class", "frame" };
  ck_assert_uint_eq (ae_model_n_inputs (model), 3);
  for (size_t i = 0; i < 3; i++)
    ck_assert_str_eq (ae_model_input_name (model, i), in[i]);
  ck_assert_str_eq (ae_model_output_name (model, 0), "generated");
  ck_assert_str_eq (ae_model_output_name (model, 1), "realness");
  ck_assert_str_eq (ae_model_meta (model, "ae.task"), "gan");
  ck_assert_str_eq (ae_model_meta (model, "ae.gan.size"), "8x8");
  ck_assert_str_eq (ae_model_meta (model, "ae.gan.classes"), "4");
  ck_assert_str_eq (ae_model_meta (model, "ae.gan.latent"), "8");
  ck_assert_str_eq (ae_model_meta (model, "ae.gan.channels"), "1");
  AeSessionOptions options = {
    .inputs = (const char *const[]){ "frame", "class" }, .n_inputs = 2,
    .outputs = (const char *const[]){ "realness" }, .n_outputs = 1 };
  AeTensor bound[2]
      = { { .type = AE_F32, .shape = ae_shape (4, 5, 1, SIDE, SIDE) },
          { .type = AE_F32, .shape = ae_shape (2, 5, 4) } };
  AeSession *session;
  ck_assert_int_eq (ae_session_new (&session, model, &options, &err), AE_OK);
  ck_assert_msg (
      ae_session_bind (session, bound, 2, &err) == AE_OK, "%s", err.text);
  const AeShape *said = &ae_session_output (session, 0)->shape;
  ck_assert (said->rank == 2 && said->dim[0] == 5 && said->dim[1] == 1);
  ae_session_free (&session);
  ae_recipe_trainer_plan (t, &plan);
  ck_assert_str_eq (plan.score, "coverage");
  ck_assert_uint_eq (ae_recipe_trainer_figures (t, figures), 4);
  ck_assert_str_eq (figures[3].name, "returns");
  ck_assert (figures[3].value == 0);
  ck_assert (figures[2].value > 0);
  ae_model_unref (&model);
  ae_recipe_trainer_free (&t);
}
END_TEST

static char path[] = "/tmp/ae-gan-XXXXXX";

static void
temporary_path (void)
{
  strcpy (path + sizeof path - 7, "XXXXXX");
  int fd = mkstemp (path);
  ck_assert_int_ge (fd, 0);
  close (fd);
}

static void
id_of (AeRecipeTrainer *t, char id[33])
{
  AeModel *model = model_of (t);
  memcpy (id, ae_model_id (model), 33);
  ae_model_unref (&model);
}

/* So steep that all pictures become one: comes back again and again. */
static const char wild[] = "net = dense\nwidths = 32\nwatch = 20\n"
                           "discriminator_rate = 10\n";

/* Resumed in the middle of a round and of a window, and, the second time, of a
 * training that has to come back to where it was. */
START_TEST (test_resuming_gives_the_same_bits)
{
  static const char *const recipes[] = {
    RATE "net = conv\nwidths = 8\nclasses = 4\ndiscriminator_steps = 2\n"
    "translation = 0.2\ncutout = 0.3\nwatch = 7\n", wild };
  char saved[33], straight[33], resumed[33];
  AeError err;
  temporary_path ();
  AeRecipeTrainer *a = open_trainer (recipes[_i], NULL);
  AeRecipeTrainer *b = open_trainer (recipes[_i], NULL);
  take_steps (a, 111);
  ck_assert_int_eq (ae_recipe_trainer_save (a, path, &err), AE_OK);
  id_of (a, saved);
  take_steps (a, 60);
  id_of (a, straight);
  ck_assert_msg (ae_recipe_trainer_restore (b, path, &err) == AE_OK, "%s",
      err.text);
  ck_assert_int_eq (ae_recipe_trainer_steps (b), 111);
  take_steps (b, 60);
  id_of (b, resumed);
  ck_assert_str_eq (resumed, straight);
  ck_assert_str_ne (saved, straight);
  unlink (path);
  ae_recipe_trainer_free (&a);
  ae_recipe_trainer_free (&b);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

/* Of the weights alone: both networks', or the generator's. */
static void
weights_id (
    AeModel *model, const AeGanShape *shape, bool both, char id[33])
{
  AeModel *bare;
  AeError err;
  ck_assert_msg (ae_build_gan (&bare, shape, model, both ? model : NULL,
                     &(AeGanFacts){ 0 }, &err) == AE_OK,
      "%s", err.text);
  memcpy (id, ae_model_id (bare), 33);
  ae_model_unref (&bare);
}

static void
trainers_id (AeRecipeTrainer *t, const AeGanShape *shape, char id[33])
{
  AeModel *model = model_of (t);
  weights_id (model, shape, true, id);
  ae_model_unref (&model);
}

/* It is found out, said once each time, and the networks are as they were when
 * all went well, which for this one is never. */
START_TEST (test_collapse_is_undone)
{
  static const AeGanShape shape
      = { AE_GAN_DENSE, { 8, 8, 1 }, 8, 0, { 32 }, 1, 0, 0, false };
  char start[33], now[33], note[AE_TRAINING_NOTE];
  AeTrainingFigure figures[AE_TRAINING_FIGURES];
  int said = 0;
  AeError err;
  AeRecipeTrainer *t = open_trainer (wild, NULL);
  trainers_id (t, &shape, start);
  for (int i = 1; i <= 500 && said < 2; i++) {
    AeStepReport report;
    AeStatus status = ae_recipe_trainer_step (t, &report, &err);
    ck_assert_int_eq (report.skipped, status == AE_ERROR_NUMERIC);
    if (!ae_recipe_trainer_note (t, note))
      continue;
    ck_assert_int_eq (i % 20, 0);
    ck_assert_msg (strstr (note, "back to where it went well") != NULL, "%s",
        note);
    ck_assert (!ae_recipe_trainer_note (t, note));
    ae_recipe_trainer_figures (t, figures);
    ck_assert_int_eq ((int) figures[3].value, ++said);
    trainers_id (t, &shape, now);
    ck_assert_str_eq (now, start);
  }
  ck_assert_int_eq (said, 2);
  ae_recipe_trainer_free (&t);
  t = open_trainer (
      "net = dense\nwidths = 32\nwatch = 0\ndiscriminator_rate = 10\n",
      NULL);
  for (int i = 1; i <= 200; i++) {
    ae_recipe_trainer_step (t, NULL, &err);
    ck_assert (!ae_recipe_trainer_note (t, note));
  }
  ae_recipe_trainer_free (&t);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

/* A model gives its weights to one that goes on, and to none of another
 * shape. */
START_TEST (test_base_must_fit)
{
  static const AeGanShape shape
      = { AE_GAN_CONV, { 8, 8, 1 }, 8, 4, { 12, 24 }, 2, 1, 0, false };
  AeRecipeTrainer *t = open_trainer (trained[3].recipe, NULL), *other;
  char before[33], after[33];
  AeError err;
  AeModel *model;
  take_steps (t, 3);
  model = model_of (t);
  ae_recipe_trainer_free (&t);
  t = open_trainer (trained[3].recipe, model);
  AeModel *again = model_of (t);
  weights_id (model, &shape, false, before);
  weights_id (again, &shape, false, after);
  ck_assert_str_eq (before, after);
  ae_model_unref (&again);
  ae_recipe_trainer_free (&t);
  AeRecipe *recipe = parse (trained[4].recipe);
  ck_assert_int_eq (
      ae_recipe_trainer_new (&other, recipe, model, &err), AE_ERROR_SHAPE);
  ck_assert_ptr_nonnull (strstr (err.text, "base model does not fit"));
  ck_assert_ptr_null (other);
  ae_recipe_free (&recipe);
  ae_model_unref (&model);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

static const struct {
  const char *recipe;
  AeStatus status;
  const char *text;
} wrong[] = {
  { "size = 8\n", AE_ERROR_FORMAT, "[gan] size is '8', wanted WIDTHxHEIGHT" },
  { "widths = 8,8,8,8\n", AE_ERROR_ARGUMENT,
      "8x8, wanted multiples of 16, as they are halved 4 times" },
  { "net = dense\nwidths = 8192,8192\n", AE_ERROR_LIMIT,
      "a layer of 67108864 weights" },
  { "loss = wasserstein\nspectral_limit = 0\n", AE_ERROR_ARGUMENT,
      "Wasserstein loss without spectral_limit" },
};
enum { N_WRONG = sizeof wrong / sizeof *wrong };

START_TEST (test_wrong_recipes_say_so)
{
  char text[400];
  AeRecipe *recipe;
  AeRecipeTrainer *t;
  AeError err;
  snprintf (text, sizeof text, "[model]\ntask = gan\n[gan]\n%s%s",
      strncmp (wrong[_i].recipe, "size", 4) == 0 ? "" : "size = 8x8\n",
      wrong[_i].recipe);
  ck_assert_msg (
      ae_recipe_parse (&recipe, text, &err) == AE_OK, "%s", err.text);
  ck_assert_int_eq (
      ae_recipe_trainer_new (&t, recipe, NULL, &err), wrong[_i].status);
  ck_assert_msg (
      strstr (err.text, wrong[_i].text) != NULL, "%s", err.text);
  ck_assert_ptr_null (t);
  ae_recipe_free (&recipe);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_wrong_values_say_so)
{
  static const char *const texts[][2] = {
    { "loss = huber\n", "wanted one of: hinge non-saturating" },
    { "translation = 0.6\n", "wanted a number from 0 to 0.5" },
    { "generator_steps = 0\n", "wanted a whole number from 1 to 100" },
  };
  for (int i = 0; i < 3; i++) {
    char text[200];
    AeRecipe *recipe;
    AeError err;
    snprintf (
        text, sizeof text, "[model]\ntask = gan\n[gan]\n%s", texts[i][0]);
    ck_assert_int_eq (
        ae_recipe_parse (&recipe, text, &err), AE_ERROR_FORMAT);
    ck_assert_msg (
        strstr (err.text, texts[i][1]) != NULL, "%s", err.text);
  }
}
END_TEST

START_TEST (test_labels_and_pictures_must_be_there)
{
  AeRecipeTrainer *t = open_trainer (trained[3].recipe, NULL);
  AeRng rng = { { 1 } };
  AeError err;
  float score;
  ck_assert_int_eq (
      add_blob (t, &rng, 0, AE_NO_LABEL, &err), AE_ERROR_ARGUMENT);
  ck_assert_msg (strstr (err.text, "without a label, wanted one of 0 to 3")
      != NULL, "%s", err.text);
  ck_assert_int_eq (add_blob (t, &rng, 0, 4, &err), AE_ERROR_ARGUMENT);
  ck_assert_msg (
      strstr (err.text, "label 4, wanted 0 to 3") != NULL, "%s", err.text);
  ck_assert_uint_eq (ae_recipe_trainer_n_frames (t), N_PICTURES);
  ae_recipe_trainer_free (&t);
  AeRecipe *recipe = parse (trained[0].recipe);
  ck_assert_int_eq (ae_recipe_trainer_new (&t, recipe, NULL, &err), AE_OK);
  ck_assert_int_eq (
      ae_recipe_trainer_step (t, NULL, &err), AE_ERROR_NEEDS_DATA);
  ck_assert_int_eq (
      ae_recipe_trainer_validate (t, &score, &err), AE_ERROR_NEEDS_DATA);
  for (int i = 0; i < 3; i++)
    ck_assert_int_eq (add_blob (t, &rng, 0, AE_NO_LABEL, &err), AE_OK);
  ck_assert_int_eq (ae_recipe_trainer_validate (t, &score, &err), AE_OK);
  ae_recipe_trainer_cancel (t);
  ck_assert_int_eq (
      ae_recipe_trainer_validate (t, &score, &err), AE_ERROR_CANCELLED);
  ae_recipe_free (&recipe);
  ae_recipe_trainer_free (&t);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

static Suite *
gan_suite (void)
{
  Suite *suite = suite_create ("gan");
  TCase *tcase = tcase_create ("gan");
  tcase_add_loop_test (tcase, test_gradients_match_differences, 0, N_NETS);
  tcase_add_test (tcase, test_pictures_are_moved);
  tcase_add_test (tcase, test_rectangles_become_grey);
  tcase_add_test (tcase, test_brightness_changes_by_picture);
  tcase_add_test (tcase, test_coverage_is_the_share_that_is_near);
  tcase_add_test (tcase, test_coverage_compares_small_pictures);
  tcase_add_test (tcase, test_watch_tells_good_from_bad);
  tcase_add_test (tcase, test_spread_is_within_labels);
  tcase_add_loop_test (tcase, test_every_kind_learns, 0, N_TRAINED);
  tcase_add_test (tcase, test_model_has_both_networks);
  tcase_add_loop_test (tcase, test_resuming_gives_the_same_bits, 0, 2);
  tcase_add_test (tcase, test_collapse_is_undone);
  tcase_add_test (tcase, test_base_must_fit);
  tcase_add_loop_test (tcase, test_wrong_recipes_say_so, 0, N_WRONG);
  tcase_add_test (tcase, test_wrong_values_say_so);
  tcase_add_test (tcase, test_labels_and_pictures_must_be_there);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (gan_suite)
