/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include <ae/recipe_trainer.h>
#include <ae/sampler.h>

#include "graph/build.h"
#include "tensor/tensor.h"
#include "train/gan_clusters.h"
#include "util/mem.h"
#include "util/rng.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Blobs in the quarters of small pictures, in the first of them as often as in
 * the three others together: nobody says in which. */

enum { SIDE = 8, VALUES = SIDE * SIDE, HEAPS = 4, LATENT = 8 };
enum { N_PICTURES = 600 };

/* What takes the place of a trained encoder. */
typedef struct {
  const char *task;
  const char *classes;
  float gain; /* of its codes, which are the pictures themselves */
} Encoder;

static const Encoder plain = { "autoencoder", "0", 1 };

static AeModel *
make_encoder (const Encoder *e)
{
  const char *meta[] = { "ae.task", e->task, "ae.autoencoder.latent", "64",
    "ae.autoencoder.classes", e->classes, "ae.autoencoder.code", "plain",
    "ae.gan.latent", "64", "ae.gan.classes", "0" };
  int64_t flat[2] = { -1, VALUES };
  AeBuilder b;
  AeModel *model;
  AeError err;
  ae_builder_start (&b, 1);
  int x = ae_build_input (&b, "frame", ae_shape (4, -1, 1, SIDE, SIDE));
  x = ae_build_binary (&b, "Mul", x, ae_build_scalar (&b, e->gain));
  ae_build_output (&b, ae_build_reshape (&b, x, flat, 2), "latent");
  for (size_t i = 0; i < sizeof meta / sizeof *meta; i += 2)
    ae_model_set_meta (b.model, meta[i], meta[i + 1], &b.error);
  ck_assert_msg (
      ae_builder_end (&b, &model, &err) == AE_OK, "%s", err.text);
  return model;
}

static AeRecipe *
parse (const char *more)
{
  char text[800];
  AeRecipe *recipe;
  AeError err;
  snprintf (text, sizeof text,
      "[model]\ntask = gan\n[training]\nsteps = 500\nbatch = 32\n"
      "threads = 1\nprecision = f32\nema_decay = 0.95\n"
      "learning_rate = 0.004\nvalidation = 0.25\n"
      "[gan]\nnet = dense\nwidths = 48\nlatent = 8\n"
      "discriminator_rate = 0.004\n%s%s",
      strstr (more, "size") ? "" : "size = 8x8\n", more);
  ck_assert_msg (
      ae_recipe_parse (&recipe, text, &err) == AE_OK, "%s", err.text);
  return recipe;
}

static int
heap_of (const float *pixels, float *contrast)
{
  float sums[HEAPS] = { 0 }, all = 0;
  int best = 0;
  for (int i = 0; i < VALUES; i++) {
    sums[2 * (i / SIDE >= SIDE / 2) + (i % SIDE >= SIDE / 2)] += pixels[i];
    all += pixels[i];
  }
  for (int k = 1; k < HEAPS; k++)
    best = sums[k] > sums[best] ? k : best;
  *contrast = all > 0 ? sums[best] / all : 0;
  return best;
}

static int
any_heap (AeRng *rng)
{
  return ae_rng_below (rng, 2) ? 0 : 1 + (int) ae_rng_below (rng, HEAPS - 1);
}

static void
draw_blob (AeRng *rng, int heap, uint8_t pixels[VALUES])
{
  float x0 = 1.5f + 4 * (float) (heap % 2) + 0.4f * ae_rng_normal (rng);
  float y0 = 1.5f + 4 * (float) (heap / 2) + 0.4f * ae_rng_normal (rng);
  for (int i = 0; i < VALUES; i++) {
    float dx = (float) (i % SIDE) - x0, dy = (float) (i / SIDE) - y0;
    pixels[i] = (uint8_t) (255 * expf (-(dx * dx + dy * dy) / 2));
  }
}

static AeImage
image_of (uint8_t *pixels)
{
  return (AeImage){ .pixels = AE_PIXELS_GRAY8, .width = SIDE, .height = SIDE,
    .plane = { pixels }, .stride = { SIDE } };
}

static void
add_blobs (AeRecipeTrainer *t, int n)
{
  AeRng rng;
  AeError err;
  ae_rng_seed (&rng, 9);
  for (int i = 0; i < n; i++) {
    uint8_t pixels[VALUES];
    draw_blob (&rng, any_heap (&rng), pixels);
    AeImage image = image_of (pixels);
    ck_assert_msg (
        ae_recipe_trainer_add (t, &image, 0, &err) == AE_OK, "%s", err.text);
  }
}

static AeRecipeTrainer *
open_trainer (const char *more, const Encoder *e)
{
  AeRecipe *recipe = parse (more);
  AeModel *encoder = make_encoder (e);
  AeRecipeTrainer *t;
  AeError err;
  ck_assert_msg (
      ae_recipe_trainer_new (&t, recipe, encoder, &err) == AE_OK, "%s",
      err.text);
  add_blobs (t, N_PICTURES);
  ae_model_unref (&encoder);
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

/* Clusters alone. */

static AePictureStore *
store_of (int n, int *heaps)
{
  static const AeThumbnailSize size = { SIDE, SIDE, 1 };
  AePictureStore *store;
  AeRng rng;
  AeError err;
  ae_rng_seed (&rng, 5);
  ck_assert_int_eq (
      ae_picture_store_new (&store, &size, 1 << 20, 0, 0, 1, &err), AE_OK);
  for (int i = 0; i < n; i++) {
    uint8_t pixels[VALUES];
    draw_blob (&rng, heaps[i] = any_heap (&rng), pixels);
    AeImage image = image_of (pixels);
    ck_assert_int_eq (ae_picture_store_add (store, &image, i, &err), AE_OK);
  }
  return store;
}

static const AeGanClusterOptions four = { .n = HEAPS, .batch = 100,
  .size = { SIDE, SIDE, 1 }, .n_threads = 1, .seed = 1 };

/* Each heap is a cluster, told by nothing but the code, and shares are those of
 * the heaps. */
START_TEST (test_clusters_are_what_is_alike)
{
  int heaps[250], told[300], of_heap[HEAPS], counts[HEAPS] = { 0 };
  float frames[100 * VALUES];
  AePictureStore *store = store_of (250, heaps);
  AeModel *encoder = make_encoder (&plain);
  AeGanClusters *c;
  AeError err;
  ck_assert_msg (ae_gan_clusters_new (&c, encoder, &four, &err) == AE_OK,
      "%s", err.text);
  for (int k = 0; k < HEAPS; k++)
    ck_assert_float_eq (ae_gan_clusters_shares (c)[k], 0.25f);
  ck_assert_msg (
      ae_gan_clusters_find (c, store, &err) == AE_OK, "%s", err.text);
  for (int first = 0; first < 300; first += 100) {
    ae_picture_store_take (
        store, false, (size_t) first, 100, frames, NULL);
    ae_gan_clusters_tell (c, frames, told + first);
  }
  for (int i = 0; i < 250; i++) {
    of_heap[heaps[i]] = told[i];
    counts[heaps[i]]++;
  }
  for (int i = 0; i < 250; i++)
    ck_assert_int_eq (told[i], of_heap[heaps[i]]);
  for (int k = 0; k < HEAPS; k++)
    ck_assert_float_eq_tol (ae_gan_clusters_shares (c)[of_heap[k]],
        (float) counts[k] / 250, 1e-6f);
  ae_gan_clusters_free (&c);
  ae_model_unref (&encoder);
  ae_picture_store_free (&store);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

/* What was found stays when other pictures come. */
START_TEST (test_clusters_stay)
{
  int heaps[200];
  float shares[HEAPS];
  AePictureStore *few = store_of (39, heaps), *store = store_of (200, heaps);
  AePictureStore *other = store_of (50, heaps);
  AeModel *encoder = make_encoder (&plain);
  AeGanClusters *c;
  AeError err;
  ck_assert_int_eq (ae_gan_clusters_new (&c, encoder, &four, &err), AE_OK);
  ck_assert_int_eq (
      ae_gan_clusters_find (c, few, &err), AE_ERROR_NEEDS_DATA);
  ck_assert_msg (strstr (err.text, "39 pictures to train on, wanted at least "
                                   "10 for each of 4 clusters") != NULL,
      "%s", err.text);
  ck_assert_int_eq (ae_gan_clusters_find (c, store, &err), AE_OK);
  memcpy (shares, ae_gan_clusters_shares (c), sizeof shares);
  ck_assert_int_eq (ae_gan_clusters_find (c, other, &err), AE_OK);
  ck_assert_mem_eq (shares, ae_gan_clusters_shares (c), sizeof shares);
  ae_gan_clusters_free (&c);
  ae_model_unref (&encoder);
  ae_picture_store_free (&few);
  ae_picture_store_free (&store);
  ae_picture_store_free (&other);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

/* Trainings. */

/* How often the model that is drawn from makes each heap, how many of the
 * pictures of a cluster are the heap that most of them are, of 400, and the mean
 * of the brightest quarter's share of the light. */
static void
census (AeModel *model, int counts[HEAPS], int *alike, float *contrast)
{
  enum { N = 400 };
  AeSamplerOptions options = { .n_threads = 1, .batch = N };
  static float codes[N * LATENT], pictures[N * VALUES];
  int labels[N], of[HEAPS][HEAPS] = { { 0 } };
  AeSampler *s;
  AeError err;
  ck_assert_msg (ae_sampler_new (&s, model, &options, &err) == AE_OK, "%s",
      err.text);
  AeSamplerFacts facts = ae_sampler_facts (s);
  ck_assert (facts.clusters);
  ck_assert_int_eq (facts.classes, HEAPS);
  for (int i = 0; i < N; i++)
    ae_sampler_draw (
        s, 3, (uint64_t) i, 1, codes + i * LATENT, &labels[i]);
  ae_sampler_decode (s, codes, labels, N, pictures);
  memset (counts, 0, HEAPS * sizeof *counts);
  *contrast = 0;
  *alike = 0;
  for (int i = 0; i < N; i++) {
    float one;
    int heap = heap_of (pictures + i * VALUES, &one);
    counts[heap]++;
    of[labels[i]][heap]++;
    *contrast += one / N;
  }
  for (int k = 0; k < HEAPS; k++) {
    int most = 0;
    for (int h = 0; h < HEAPS; h++)
      most = of[k][h] > most ? of[k][h] : most;
    *alike += most;
  }
  ae_sampler_free (&s);
}

/* Drawn pictures are as often of each heap as those that were learned from,
 * though nobody said which are. */
START_TEST (test_gan_makes_clusters_as_often_as_there_are)
{
  int counts[HEAPS], alike;
  float contrast, score;
  AeError err;
  AeRecipeTrainer *t = open_trainer ("clusters = 4\n", &plain);
  ck_assert_int_eq (ae_recipe_trainer_validate (t, &score, &err), AE_OK);
  take_steps (t, 500);
  AeModel *model = model_of (t);
  ck_assert_str_eq (ae_model_meta (model, "ae.gan.clusters"), "4");
  ck_assert_str_eq (ae_model_meta (model, "ae.gan.classes"), "0");
  census (model, counts, &alike, &contrast);
  printf ("seed 1: counts %d %d %d %d of 400, alike %d, contrast %g\n",
      counts[0], counts[1], counts[2], counts[3], alike, contrast);
  ck_assert_int_ge (alike, 380);
  ck_assert_float_gt (contrast, 0.7f);
  ck_assert_int_ge (counts[0], 160);
  ck_assert_int_le (counts[0], 240);
  for (int k = 1; k < HEAPS; k++)
    ck_assert_int_ge (counts[k], 40);
  ae_model_unref (&model);
  ae_recipe_trainer_free (&t);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

static char path[] = "/tmp/ae-gan-clusters-XXXXXX";

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

/* Also when what is resumed with has seen other pictures: the clusters are those
 * of the checkpoint, not new ones. */
START_TEST (test_resuming_keeps_the_clusters)
{
  char straight[33], resumed[33], other[33];
  AeError err;
  temporary_path ();
  AeRecipeTrainer *a = open_trainer ("clusters = 5\nwatch = 7\n", &plain);
  AeRecipeTrainer *b = open_trainer ("clusters = 5\nwatch = 7\n", &plain);
  AeRecipeTrainer *c = open_trainer ("clusters = 5\nwatch = 7\n", &plain);
  take_steps (a, 40);
  ck_assert_int_eq (ae_recipe_trainer_save (a, path, &err), AE_OK);
  id_of (a, other);
  take_steps (a, 30);
  id_of (a, straight);
  ck_assert_msg (ae_recipe_trainer_restore (b, path, &err) == AE_OK, "%s",
      err.text);
  take_steps (b, 30);
  id_of (b, resumed);
  ck_assert_str_eq (resumed, straight);
  add_blobs (c, 300);
  ck_assert_int_eq (ae_recipe_trainer_restore (c, path, &err), AE_OK);
  id_of (c, resumed);
  AeModel *model = model_of (c), *first = model_of (b);
  int at = ae_graph_find (ae_model_graph (model), "shares");
  const AeTensor *shares = ae_model_graph (model)->values[at].constant;
  ck_assert_mem_eq (shares->data,
      ae_model_graph (first)->values[at].constant->data,
      ae_tensor_bytes (shares));
  ck_assert_str_ne (other, straight);
  unlink (path);
  ae_model_unref (&model);
  ae_model_unref (&first);
  ae_recipe_trainer_free (&a);
  ae_recipe_trainer_free (&b);
  ae_recipe_trainer_free (&c);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_clusters_of_other_codes_are_not_resumed)
{
  static const Encoder louder = { "autoencoder", "0", 2 };
  AeError err;
  temporary_path ();
  AeRecipeTrainer *a = open_trainer ("clusters = 4\n", &plain);
  take_steps (a, 2);
  ck_assert_int_eq (ae_recipe_trainer_save (a, path, &err), AE_OK);
  AeRecipeTrainer *b = open_trainer ("clusters = 4\n", &louder);
  ck_assert_int_eq (
      ae_recipe_trainer_restore (b, path, &err), AE_ERROR_SHAPE);
  ck_assert_msg (
      strstr (err.text, "the codes of model") != NULL, "%s", err.text);
  ae_recipe_trainer_free (&b);
  b = open_trainer ("clusters = 3\n", &plain);
  ck_assert_int_eq (
      ae_recipe_trainer_restore (b, path, &err), AE_ERROR_SHAPE);
  unlink (path);
  ae_recipe_trainer_free (&a);
  ae_recipe_trainer_free (&b);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

/* Wrong use. */

static const struct {
  const char *recipe;
  Encoder encoder; /* task NULL: none */
  AeStatus status;
  const char *text;
} wrong[] = {
  { "clusters = 4\n", { 0 }, AE_ERROR_ARGUMENT,
      "gan.clusters is 4 without a model to start from, wanted an "
      "autoencoder" },
  { "clusters = 4\nclasses = 3\n", { "autoencoder", "0", 1 },
      AE_ERROR_ARGUMENT,
      "gan.clusters is 4 and gan.classes is 3, wanted one of them to be 0" },
  { "clusters = 4\n", { "gan", "0", 1 }, AE_ERROR_ARGUMENT,
      "makes no codes of pictures, wanted a model of task autoencoder" },
  { "clusters = 4\n", { "autoencoder", "2", 1 }, AE_ERROR_ARGUMENT,
      "told which of 2 labels pictures have, wanted one that learned without" },
  { "clusters = 4\n", { "classifier", "0", 1 }, AE_ERROR_NOT_FOUND,
      "is of task \"classifier\"" },
  { "clusters = 0\n", { "autoencoder", "0", 1 }, AE_ERROR_NOT_FOUND,
      "is of task \"autoencoder\" and gan.clusters is 0" },
  { "clusters = 4\nsize = 16x16\n", { "autoencoder", "0", 1 }, AE_ERROR_SHAPE,
      "gan.clusters, of the codes of the model to start from: " },
};
enum { N_WRONG = sizeof wrong / sizeof *wrong };

START_TEST (test_wrong_use_says_so)
{
  AeRecipe *recipe = parse (wrong[_i].recipe);
  AeModel *encoder
      = wrong[_i].encoder.task ? make_encoder (&wrong[_i].encoder) : NULL;
  AeRecipeTrainer *t;
  AeError err = { 0 };
  AeStatus status = ae_recipe_trainer_new (&t, recipe, encoder, &err);
  ck_assert_msg (status == wrong[_i].status && !t
          && strstr (err.text, wrong[_i].text),
      "%d: %s", status, err.text);
  ae_model_unref (&encoder);
  ae_recipe_free (&recipe);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

/* A step asks for ten pictures for each cluster, and goes on when they have
 * come. */
START_TEST (test_pictures_must_be_enough)
{
  AeRecipe *recipe = parse ("clusters = 20\n");
  AeModel *encoder = make_encoder (&plain);
  AeRecipeTrainer *t;
  AeError err;
  float score;
  ck_assert_int_eq (ae_recipe_trainer_new (&t, recipe, encoder, &err), AE_OK);
  add_blobs (t, 100);
  ck_assert_int_eq (
      ae_recipe_trainer_step (t, NULL, &err), AE_ERROR_NEEDS_DATA);
  ck_assert_msg (strstr (err.text, "wanted at least 10 for each of 20 clusters")
      != NULL, "%s", err.text);
  ck_assert_int_eq (
      ae_recipe_trainer_validate (t, &score, &err), AE_ERROR_NEEDS_DATA);
  ck_assert_int_eq (ae_recipe_trainer_steps (t), 0);
  add_blobs (t, 200);
  take_steps (t, 1);
  ae_recipe_trainer_free (&t);
  ae_model_unref (&encoder);
  ae_recipe_free (&recipe);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

static Suite *
gan_clusters_suite (void)
{
  Suite *suite = suite_create ("gan_clusters");
  TCase *tcase = tcase_create ("gan_clusters");
  tcase_add_test (tcase, test_clusters_are_what_is_alike);
  tcase_add_test (tcase, test_clusters_stay);
  tcase_add_test (tcase, test_gan_makes_clusters_as_often_as_there_are);
  tcase_add_test (tcase, test_resuming_keeps_the_clusters);
  tcase_add_test (tcase, test_clusters_of_other_codes_are_not_resumed);
  tcase_add_loop_test (tcase, test_wrong_use_says_so, 0, N_WRONG);
  tcase_add_test (tcase, test_pictures_must_be_enough);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (gan_clusters_suite)
