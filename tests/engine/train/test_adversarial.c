/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ae_test.h"

#include <ae/session.h>

#include "graph/build.h"
#include "tensor/tensor.h"
#include "train/adversarial.h"
#include "util/mem.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static AeModel *
finish (AeBuilder *b)
{
  AeModel *model;
  AeError err;
  ck_assert_msg (ae_builder_end (b, &model, &err) == AE_OK, "%s", err.text);
  return model;
}

static int
leaky (AeBuilder *b, int x)
{
  AeAttrs slope = { 0 };
  ae_attrs_set_float (&slope, "alpha", 0.2f);
  return ae_build_node (b, "LeakyRelu", &slope, &x, 1);
}

/* Two past pictures of one channel -> the next one, and its features. */
#define BATCH 3
#define EDGE 6

static AeModel *
predictor (void)
{
  AeBuilder b;
  ae_builder_start (&b, 1);
  AeConvSpec spec = { .ic = 2, .oc = 6, .kernel = 3, .gain = 1 };
  int x = ae_build_input (&b, "past", ae_shape (4, -1, 2, -1, -1));
  int y = ae_build_unary (&b, "Tanh", ae_build_conv (&b, x, spec, "enc"));
  spec = (AeConvSpec){ .ic = 6, .oc = 1, .kernel = 3, .gain = 1 };
  ae_build_output (&b, ae_build_conv (&b, y, spec, "dec"), "next");
  ae_build_output (&b, ae_build_unary (&b, "Sigmoid", y), "features");
  return finish (&b);
}

/* Judges places of a picture beside the past and a number for the camera. */
static AeModel *
judge (void)
{
  AeBuilder b;
  ae_builder_start (&b, 2);
  AeConvSpec spec = { .ic = 4, .oc = 8, .kernel = 4, .stride = 2, .gain = 1 };
  int x = ae_build_input (&b, "picture", ae_shape (4, -1, 1, -1, -1));
  int camera = ae_build_input (&b, "camera", ae_shape (4, -1, 1, -1, -1));
  int past = ae_build_input (&b, "past", ae_shape (4, -1, 2, -1, -1));
  int y = ae_build_concat (&b, (int[]){ x, past, camera }, 3, 1);
  y = ae_build_unary (&b, "Tanh", ae_build_conv (&b, y, spec, "first"));
  spec = (AeConvSpec){ .ic = 8, .oc = 1, .kernel = 3, .gain = 1 };
  ae_build_output (&b, ae_build_conv (&b, y, spec, "second"), "real");
  return finish (&b);
}

static AeAdversarial *
try_bind (AeModel *g, AeModel *d, const AeAdversarialOptions *o)
{
  AeAdversarial *a;
  AeError err;
  AeTensor past
      = { .type = AE_F32, .shape = ae_shape (4, BATCH, 2, EDGE, EDGE) };
  AeTensor camera
      = { .type = AE_F32, .shape = ae_shape (4, BATCH, 1, EDGE, EDGE) };
  ck_assert_msg (ae_adversarial_new (&a, g, d, o, &err) == AE_OK, "%s",
      err.text);
  ck_assert_uint_eq (ae_adversarial_n_conditions (a), 1);
  ck_assert_msg (
      ae_adversarial_bind (a, &past, 1, &camera, 1, &err) == AE_OK, "%s",
      err.text);
  return a;
}

static void
randomise (AeTensor *x, AeRng *rng)
{
  for (size_t i = 0; i < ae_shape_count (&x->shape); i++)
    ((float *) x->data)[i] = ae_rng_normal (rng);
}

static void
fill (AeAdversarial *a, AeRng *rng)
{
  randomise (ae_adversarial_input (a, 0), rng);
  randomise (ae_adversarial_real (a), rng);
  randomise (ae_adversarial_condition (a, 0), rng);
  if (ae_adversarial_input (a, 1))
    randomise (ae_adversarial_input (a, 1), rng);
}

/* A copy whose element `index` of all trainable ones is changed by h. */
static AeModel *
changed (const AeModel *model, size_t index, float h)
{
  AeModel *copy;
  ck_assert_int_eq (ae_model_copy (&copy, model, NULL), AE_OK);
  AeGraph *graph = ae_model_edit (copy);
  for (int v = 0; v < graph->n_values; v++) {
    if (!graph->values[v].trainable)
      continue;
    size_t n = ae_shape_count (&graph->values[v].constant->shape);
    if (index < n)
      ((float *) graph->values[v].constant->data)[index] += h;
    index = index < n ? (size_t) 1 << 40 : index - n;
  }
  ck_assert_int_eq (ae_model_seal (copy, NULL), AE_OK);
  return copy;
}

static size_t
read_params (const AeModel *model, float *to)
{
  size_t n = 0;
  const AeGraph *graph = ae_model_graph (model);
  for (int v = 0; v < graph->n_values; v++) {
    if (!graph->values[v].trainable)
      continue;
    size_t count = ae_shape_count (&graph->values[v].constant->shape);
    memcpy (to + n, graph->values[v].constant->data, count * sizeof *to);
    n += count;
  }
  return n;
}

/* The generator's (discriminator's) loss for these models on a fixed batch,
 * with targets for the features. */
static AeAdversarial *
fixed_batch (AeModel *g, AeModel *d, const AeAdversarialOptions *o)
{
  AeRng rng;
  AeAdversarial *a = try_bind (g, d, o);
  ae_rng_seed (&rng, 3);
  fill (a, &rng);
  randomise (ae_adversarial_target (a, 1), &rng);
  ((float *) ae_adversarial_weight (a, 0)->data)[1] = 3;
  return a;
}

static double
loss_of (AeModel *g, AeModel *d, const AeAdversarialOptions *o, bool of_g)
{
  AeAdversarialReport r;
  AeAdversarial *a = fixed_batch (g, d, o);
  ck_assert_int_eq (ae_adversarial_evaluate (a, &r, NULL), AE_OK);
  ae_adversarial_free (&a);
  return of_g ? r.generator : r.discriminator;
}

static const AeAdversarialOptions gradient_cases[] = {
  { .loss = AE_ADVERSARIAL_HINGE, .reconstruction_weight = 0.5f },
  { .loss = AE_ADVERSARIAL_NON_SATURATING, .adversarial_weight = 2,
      .reconstruction_weight = 1, .reconstruction = AE_LOSS_CHARBONNIER,
      .loss_epsilon = 0.5f },
  { .loss = AE_ADVERSARIAL_LEAST_SQUARES, .adversarial_weight = 0.3f },
  { .loss = AE_ADVERSARIAL_WASSERSTEIN, .reconstruction_weight = 2 },
};
#define N_GRADIENT_CASES (2 * sizeof gradient_cases / sizeof *gradient_cases)

/* A step of plain gradient descent at rate 1 changes every parameter by its
 * gradient; differences of step h carry errors of some 1e-7 / h and h^2. */
START_TEST (test_gradients_match_differences)
{
  const float h = 1e-2f;
  bool of_g = _i % 2 == 0;
  AeAdversarialOptions o = gradient_cases[_i / 2];
  o.optimiser = AE_OPTIMISER_SGD;
  o.generator_rate = of_g ? 1 : 1e-30f;
  o.discriminator_rate = of_g ? 1e-30f : 1;
  o.discriminator_steps = of_g ? 1 : 2;
  o.ema_decay = -1;
  o.n_threads = 1;
  /* beyond what the nets have: they are not changed by it */
  o.spectral_limit = o.loss == AE_ADVERSARIAL_WASSERSTEIN ? 1000 : -1;
  AeModel *g = predictor (), *d = judge (), *after;
  AeAdversarial *a = fixed_batch (g, d, &o);
  AeAdversarialReport r;
  AeError err;
  ck_assert_msg (
      ae_adversarial_step (a, &r, &err) == AE_OK, "%s", err.text);
  ck_assert_int_eq (r.generated, of_g);
  ck_assert_int_eq (
      (of_g ? ae_adversarial_generator : ae_adversarial_discriminator) (
          a, false, NULL, 0, &after, NULL),
      AE_OK);
  float p[2][1000];
  size_t n = read_params (of_g ? g : d, p[0]);
  ck_assert_uint_eq (read_params (after, p[1]), n);
  double norm = 0;
  for (size_t i = 0; i < n; i++) {
    double got = (double) p[0][i] - p[1][i];
    norm += got * got;
    if (i % 7)
      continue;
    AeModel *up = changed (of_g ? g : d, i, h);
    AeModel *down = changed (of_g ? g : d, i, -h);
    double expected = of_g
        ? loss_of (up, d, &o, true) - loss_of (down, d, &o, true)
        : loss_of (g, up, &o, false) - loss_of (g, down, &o, false);
    expected /= 2 * (double) h;
    ck_assert_msg (fabs (got - expected) < 4e-3 * (1 + fabs (expected)),
        "parameter %zu: gradient %g, differences give %g", i, got, expected);
    ae_model_unref (&up);
    ae_model_unref (&down);
  }
  float reported = of_g ? r.generator_norm : r.discriminator_norm;
  ck_assert_double_eq_tol (sqrt (norm), reported, 1e-4 * reported);
  ck_assert_float_gt (reported, 0.01f);
  ae_adversarial_free (&a);
  ae_model_unref (&after);
  ae_model_unref (&g);
  ae_model_unref (&d);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_losses_are_their_formulas)
{
  const float x[3] = { 0.3f, -1.7f, 2.5f };
  const double softplus[3] = { log1p (exp (0.3)), log1p (exp (-1.7)),
    log1p (exp (2.5)) };
  const double softminus[3] = { softplus[0] - 0.3, softplus[1] + 1.7,
    softplus[2] - 2.5 };
  const double wanted[4][3] = {
    { (0.7 + 2.7 + 0) / 3, (1.3 + 0 + 3.5) / 3, -1.1 / 3 },
    { (softminus[0] + softminus[1] + softminus[2]) / 3,
        (softplus[0] + softplus[1] + softplus[2]) / 3,
        (softminus[0] + softminus[1] + softminus[2]) / 3 },
    { (0.49 + 7.29 + 2.25) / 6, (0.09 + 2.89 + 6.25) / 6,
        (0.49 + 7.29 + 2.25) / 6 },
    { -1.1 / 3, 1.1 / 3, -1.1 / 3 },
  };
  for (int loss = 0; loss < 4; loss++)
    for (int who = 0; who < 3; who++) {
      float grad[3], bad[3] = { 1, NAN, 2 };
      ck_assert_double_eq_tol (
          ae_adversarial_loss (loss, who, x, NULL, 3, 1, grad), wanted[loss][who],
          1e-6);
      ck_assert (isnan (ae_adversarial_loss (loss, who, bad, NULL, 3, 1, NULL)));
      bad[1] = -INFINITY;
      ae_adversarial_loss (loss, who, bad, NULL, 3, 1, grad);
      for (int i = 0; i < 3; i += 2)
        ck_assert (isfinite (grad[i]));
    }
  ck_assert_ptr_nonnull (ae_adversarial_loss_name (3));
  ck_assert_ptr_null (ae_adversarial_loss_name (4));
}
END_TEST

/* Everything that has a state. */
static const AeAdversarialOptions full_options = {
  .reconstruction_weight = 1,
  .reconstruction = AE_LOSS_L1,
  .adversarial_weight = 0.1f,
  .discriminator_steps = 2,
  .generator_rate = 2e-3f,
  .discriminator_rate = 4e-3f,
  .schedule = AE_SCHEDULE_COSINE,
  .total_steps = 40,
  .warmup_steps = 4,
  .generator_spectral_limit = 2,
  .ema_decay = 0.9f,
  .discriminator_ema_decay = 0.9f,
  .seed = 5,
};

static void
train (AeAdversarial *a, AeRng *rng, int n_steps)
{
  AeError err;
  for (int i = 0; i < n_steps; i++) {
    fill (a, rng);
    ck_assert_msg (
        ae_adversarial_step (a, NULL, &err) == AE_OK, "%s", err.text);
  }
}

/* Ids of the four models that can be exported: equal for equal bits. */
typedef struct {
  char id[4][33];
} Ids;

static Ids
ids_of (AeAdversarial *a)
{
  Ids ids;
  for (int i = 0; i < 4; i++) {
    AeModel *model;
    ck_assert_int_eq (
        (i < 2 ? ae_adversarial_generator : ae_adversarial_discriminator) (
            a, i % 2, NULL, 0, &model, NULL),
        AE_OK);
    memcpy (ids.id[i], ae_model_id (model), 33);
    ae_model_unref (&model);
  }
  return ids;
}

static void
check_same (AeAdversarial *a, AeAdversarial *b)
{
  Ids of_a = ids_of (a), of_b = ids_of (b);
  for (int i = 0; i < 4; i++)
    ck_assert_str_eq (of_a.id[i], of_b.id[i]);
  ck_assert_int_eq (ae_adversarial_steps (a), ae_adversarial_steps (b));
}

static char path[] = "/tmp/ae-adversarial-XXXXXX";

static void
temporary_path (void)
{
  strcpy (path + sizeof path - 7, "XXXXXX");
  int fd = mkstemp (path);
  ck_assert_int_ge (fd, 0);
  close (fd);
}

START_TEST (test_resuming_gives_the_same_bits)
{
  temporary_path ();
  AeModel *g = predictor (), *d = judge ();
  AeAdversarial *a = try_bind (g, d, &full_options);
  AeAdversarial *b = try_bind (g, d, &full_options);
  AeRng rng, rng_read;
  AeError err;
  ae_rng_seed (&rng, 7);
  train (a, &rng, 5); /* between two steps of the generator */
  ck_assert_int_eq (
      ae_adversarial_save (a, path, &rng, sizeof rng, NULL), AE_OK);
  Ids saved = ids_of (a);
  train (a, &rng, 6);
  ck_assert_msg (ae_adversarial_restore (b, path, &rng_read,
                     sizeof rng_read, &err) == AE_OK, "%s", err.text);
  ck_assert_int_eq (ae_adversarial_steps (b), 5);
  Ids restored = ids_of (b);
  ck_assert_mem_eq (&saved, &restored, sizeof saved);
  train (b, &rng_read, 6);
  check_same (a, b);
  Ids now = ids_of (a);
  for (int i = 0; i < 4; i++) {
    ck_assert_str_ne (now.id[i], saved.id[i]);
    ck_assert_str_ne (now.id[i], now.id[i ^ 1]);
  }
  unlink (path);
  ae_adversarial_free (&a);
  ae_adversarial_free (&b);
  ae_model_unref (&g);
  ae_model_unref (&d);
}
END_TEST

/* K steps of the discriminator, then M of the generator, the first of these
 * together with the last of those: both learn 'b', or one alone. */
START_TEST (test_rounds_have_their_steps)
{
  static const struct {
    int k, m;
    const char *wanted;
  } rounds[] = { { 1, 1, "bbbbbb" }, { 2, 1, "dbdbdb" }, { 1, 2, "bgbgbg" },
    { 3, 2, "ddbgddbg" } };
  AeModel *g = predictor (), *d = judge ();
  AeRng rng;
  ae_rng_seed (&rng, 7);
  for (int i = 0; i < 4; i++) {
    AeAdversarialOptions o = { .discriminator_steps = rounds[i].k,
      .generator_steps = rounds[i].m };
    AeAdversarial *a = try_bind (g, d, &o);
    for (const char *w = rounds[i].wanted; *w; w++) {
      AeAdversarialReport r;
      Ids before = ids_of (a);
      fill (a, &rng);
      ck_assert_int_eq (ae_adversarial_step (a, &r, NULL), AE_OK);
      Ids after = ids_of (a);
      ck_assert_int_eq (r.generated, *w != 'd');
      ck_assert_int_eq (r.discriminator_norm > 0, *w != 'g');
      ck_assert_int_eq (
          strcmp (before.id[0], after.id[0]) != 0, *w != 'd');
      ck_assert_int_eq (
          strcmp (before.id[2], after.id[2]) != 0, *w != 'g');
    }
    ae_adversarial_free (&a);
  }
  ae_model_unref (&g);
  ae_model_unref (&d);
}
END_TEST

/* From the copy the same batches lead to the same weights, as often as wanted;
 * without rates nothing is learned. */
START_TEST (test_going_back_undoes_all)
{
  AeModel *g = predictor (), *d = judge ();
  AeAdversarialOptions o = { .ema_decay = 0.9f, .can_go_back = true };
  AeAdversarial *a = try_bind (g, d, &o);
  AeRng rng, then;
  ae_rng_seed (&rng, 7);
  Ids start = ids_of (a);
  train (a, &rng, 4);
  ae_adversarial_go_back (a);
  Ids now = ids_of (a);
  ck_assert_mem_eq (&now, &start, sizeof now);
  train (a, &rng, 3);
  Ids good = ids_of (a);
  ck_assert_str_ne (good.id[0], start.id[0]);
  ae_adversarial_remember (a);
  for (int i = 0; i < 2; i++) {
    then = rng;
    train (a, &then, 5);
    ae_adversarial_go_back (a);
    now = ids_of (a);
    ck_assert_mem_eq (&now, &good, sizeof now);
  }
  ck_assert_int_eq (ae_adversarial_steps (a), 17);
  ae_adversarial_scale_rates (a, 0);
  train (a, &rng, 2);
  now = ids_of (a);
  ck_assert_str_eq (now.id[0], good.id[0]);
  ck_assert_str_eq (now.id[2], good.id[2]);
  ae_adversarial_free (&a);
  ae_model_unref (&g);
  ae_model_unref (&d);
}
END_TEST

START_TEST (test_other_checkpoints_change_nothing)
{
  temporary_path ();
  AeModel *g = predictor (), *d = judge ();
  AeAdversarialOptions other = full_options;
  other.generator_spectral_limit = 0;
  AeAdversarial *a = try_bind (g, d, &full_options);
  AeAdversarial *b = try_bind (g, d, &other);
  AeError err;
  Ids before = ids_of (b);
  ck_assert_int_eq (ae_adversarial_save (a, path, NULL, 0, NULL), AE_OK);
  ck_assert_int_eq (
      ae_adversarial_restore (b, path, NULL, 0, &err), AE_ERROR_SHAPE);
  ck_assert_int_eq (ae_adversarial_restore (a, path, &before, 4, &err),
      AE_ERROR_SHAPE);
  ck_assert_int_eq (
      ae_adversarial_restore (b, "/nowhere", NULL, 0, &err),
      AE_ERROR_NOT_FOUND);
  Ids after = ids_of (b);
  ck_assert_mem_eq (&before, &after, sizeof before);
  unlink (path);
  ae_adversarial_free (&a);
  ae_adversarial_free (&b);
  ae_model_unref (&g);
  ae_model_unref (&d);
}
END_TEST

/* Places where a bad number can be, and words of the error for it. The last:
 * the generator's gradient overflows after the discriminator has learned. */
static const struct {
  int place;
  float number;
  const char *words;
} bad_numbers[] = {
  { 0, NAN, "generator's input 0" },
  { 1, NAN, "real picture" },
  { 2, INFINITY, "discriminator's input 1" },
  { 3, NAN, "extra fakes 0" },
  { 1, 1e38f, "the reconstruction has" },
  { 1, 1e18f, "the generator has" },
};
#define N_BAD (int) (sizeof bad_numbers / sizeof *bad_numbers)

START_TEST (test_not_a_number_changes_nothing)
{
  AeModel *g = predictor (), *d = judge ();
  AeAdversarialOptions o = full_options;
  o.reconstruction = AE_LOSS_L2;
  o.reconstruction_weight = 1000;
  o.discriminator_steps = 1;
  AeAdversarial *a[2];
  AeAdversarialReport r;
  AeError err;
  AeRng rng;
  for (int k = 0; k < 2; k++) {
    ae_rng_seed (&rng, 7);
    a[k] = try_bind (g, d, &o);
    ck_assert_ptr_nonnull (ae_adversarial_extra (a[k], 0));
    train (a[k], &rng, 3);
  }
  AeAdversarial *b = a[1];
  AeTensor *places[] = { ae_adversarial_input (b, 0), ae_adversarial_real (b),
    ae_adversarial_condition (b, 0), ae_adversarial_extra (b, 0) };
  float *value = (float *) places[bad_numbers[_i].place]->data + 7;
  float good = *value;
  *value = bad_numbers[_i].number;
  for (int twice = 0; twice < 2; twice++) {
    ck_assert_int_eq (ae_adversarial_step (b, &r, &err), AE_ERROR_NUMERIC);
    ck_assert (r.skipped && !r.generated);
    ck_assert_int_eq (r.step, 3);
    ck_assert_ptr_nonnull (strstr (err.text, "step 4 skipped: "));
    ck_assert_msg (strstr (err.text, bad_numbers[_i].words) != NULL, "%s",
        err.text);
    check_same (a[0], b);
  }
  *value = good;
  AeRng same = rng;
  train (a[0], &rng, 2);
  train (b, &same, 2);
  check_same (a[0], b);
  ae_adversarial_free (&a[0]);
  ae_adversarial_free (&a[1]);
  ae_model_unref (&g);
  ae_model_unref (&d);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_steps_allocate_nothing_and_threads_do_not_matter)
{
  AeModel *g = predictor (), *d = judge ();
  AeAdversarialOptions o[2] = { full_options, full_options };
  AeAdversarial *a[2];
  for (int k = 0; k < 2; k++) {
    AeRng rng;
    ae_rng_seed (&rng, 7);
    o[k].n_threads = k + 1;
    a[k] = try_bind (g, d, &o[k]);
    randomise (ae_adversarial_extra (a[k], 0), &rng);
    randomise (ae_adversarial_extra (a[k], 2), &rng);
    ae_mem_fail_at (1, true);
    train (a[k], &rng, 4);
    ae_mem_fail_at (0, false);
  }
  check_same (a[0], a[1]);
  ae_adversarial_free (&a[0]);
  ae_adversarial_free (&a[1]);
  ae_model_unref (&g);
  ae_model_unref (&d);
}
END_TEST

START_TEST (test_generator_learns_each_second_step)
{
  AeModel *g = predictor (), *d = judge ();
  AeAdversarial *a = try_bind (g, d, &full_options);
  AeAdversarialReport r;
  AeRng rng;
  ae_rng_seed (&rng, 7);
  Ids before = ids_of (a);
  for (int step = 1; step <= 4; step++) {
    fill (a, &rng);
    ck_assert_int_eq (ae_adversarial_step (a, &r, NULL), AE_OK);
    Ids after = ids_of (a);
    ck_assert_int_eq (r.generated, step % 2 == 0);
    ck_assert_int_eq (r.step, step);
    ck_assert_int_eq (
        strcmp (before.id[0], after.id[0]) != 0, step % 2 == 0);
    ck_assert_str_ne (before.id[2], after.id[2]);
    ck_assert_float_eq_tol (r.generator,
        r.reconstruction + 0.1f * r.adversarial, 1e-5f);
    before = after;
  }
  /* warmed up: 4 steps in all, 2 of the generator */
  ck_assert_float_eq_tol (r.discriminator_rate, 4e-3f, 1e-4f);
  ck_assert_float_eq_tol (r.generator_rate, 2e-3f, 1e-4f);
  ae_adversarial_free (&a);
  ae_model_unref (&g);
  ae_model_unref (&d);
}
END_TEST

/* Without a say of the discriminator only the reconstruction teaches. */
START_TEST (test_weights_can_be_changed)
{
  AeModel *g = predictor (), *d = judge ();
  AeAdversarialOptions o[2] = { full_options, full_options };
  o[0].warmup_steps = o[1].warmup_steps = 0;
  o[0].discriminator_steps = 1;
  o[0].loss = AE_ADVERSARIAL_WASSERSTEIN;
  AeAdversarial *a = try_bind (g, d, &o[0]), *b = try_bind (g, d, &o[1]);
  AeError err;
  AeRng rng;
  ae_rng_seed (&rng, 7);
  ck_assert_int_eq (
      ae_adversarial_set_weights (a, 0, 0, &err), AE_ERROR_ARGUMENT);
  ck_assert_int_eq (
      ae_adversarial_set_weights (a, 1, NAN, &err), AE_ERROR_ARGUMENT);
  ck_assert_int_eq (ae_adversarial_set_weights (a, 1, 0, &err), AE_OK);
  ck_assert_int_eq (ae_adversarial_set_weights (b, 1, 0, &err), AE_OK);
  AeRng same = rng;
  train (a, &rng, 1);
  fill (b, &same);
  for (int i = 0; i < 2; i++)
    ck_assert_int_eq (ae_adversarial_step (b, NULL, NULL), AE_OK);
  /* b's first step taught its discriminator alone */
  Ids of_a = ids_of (a), of_b = ids_of (b);
  ck_assert_str_eq (of_a.id[0], of_b.id[0]);
  ck_assert_str_ne (of_a.id[2], of_b.id[2]);
  ae_adversarial_free (&a);
  ae_adversarial_free (&b);
  ae_model_unref (&g);
  ae_model_unref (&d);
}
END_TEST

/* Runs an exported model on these inputs; the session is to be freed. */
static const float *
run (AeSession **session, AeModel *model, const AeTensor *const *in,
    size_t n_in)
{
  AeTensor shapes[3];
  AeSessionOptions options = { 0 };
  AeError err;
  for (size_t i = 0; i < n_in; i++) {
    shapes[i] = *in[i];
    shapes[i].data = NULL;
  }
  ck_assert_int_eq (ae_session_new (session, model, &options, &err), AE_OK);
  ck_assert_int_eq (ae_session_bind (*session, shapes, n_in, &err), AE_OK);
  for (size_t i = 0; i < n_in; i++)
    memcpy (ae_session_input (*session, i)->data, in[i]->data,
        ae_tensor_bytes (in[i]));
  ae_session_run (*session);
  return ae_session_output (*session, 0)->data;
}

START_TEST (test_exported_models_compute_what_was_trained)
{
  AeModel *g = predictor (), *d = judge (), *out_g, *out_d;
  AeAdversarial *a = try_bind (g, d, &full_options);
  AeAdversarialReport r;
  AeSession *session;
  AeRng rng;
  const char *meta[] = { "ae.note", "tested" };
  ae_rng_seed (&rng, 7);
  train (a, &rng, 12);
  ck_assert_int_eq (ae_adversarial_evaluate (a, &r, NULL), AE_OK);
  ck_assert_int_eq (
      ae_adversarial_generator (a, true, meta, 1, &out_g, NULL), AE_OK);
  ck_assert_int_eq (
      ae_adversarial_discriminator (a, true, NULL, 0, &out_d, NULL), AE_OK);
  ck_assert_str_eq (ae_model_meta (out_g, "ae.note"), "tested");
  const AeTensor *past = ae_adversarial_input (a, 0);
  const float *made = ae_adversarial_output (a, 0)->data;
  const float *y = run (&session, out_g, &past, 1);
  for (int i = 0; i < BATCH * EDGE * EDGE; i++)
    ck_assert_float_eq_tol (y[i], made[i], 1e-5f);
  ae_session_free (&session);
  const AeTensor *judged[3] = { ae_adversarial_real (a),
    ae_adversarial_condition (a, 0), past };
  y = run (&session, out_d, judged, 3);
  double sum = 0;
  size_t n = ae_shape_count (&ae_session_output (session, 0)->shape);
  for (size_t i = 0; i < n; i++)
    sum += y[i];
  ck_assert_double_eq_tol (sum / (double) n, r.real_mean, 1e-5);
  ae_session_free (&session);
  ae_adversarial_free (&a);
  ae_model_unref (&out_g);
  ae_model_unref (&out_d);
  ae_model_unref (&g);
  ae_model_unref (&d);
}
END_TEST

/* What is to be called fake besides the generator's: brighter pictures. */
START_TEST (test_extra_fakes_are_learned)
{
  AeModel *g = predictor (), *d = judge ();
  AeAdversarialOptions o = { .discriminator_rate = 1e-2f,
    .spectral_limit = -1, .discriminator_steps = 1000, .n_threads = 1 };
  AeAdversarialReport with[2];
  for (int use = 0; use < 2; use++) {
    AeAdversarial *a = try_bind (g, d, &o);
    AeRng rng;
    ae_rng_seed (&rng, 7);
    ae_adversarial_extra (a, 0);
    for (int step = 0; step < 150; step++) {
      fill (a, &rng);
      float *real = ae_adversarial_real (a)->data;
      float *extra = ae_adversarial_extra (a, 0)->data;
      for (int i = 0; i < BATCH * EDGE * EDGE; i++) {
        real[i] = 1 + 0.1f * real[i];
        extra[i] = 2 + 0.1f * ae_rng_normal (&rng);
      }
      /* at the end all are asked what they think of them */
      ae_adversarial_use_extra (a, use || step == 149);
      ck_assert_int_eq (ae_adversarial_step (a, &with[use], NULL), AE_OK);
    }
    ae_adversarial_free (&a);
  }
  ck_assert_float_gt (with[1].real_mean, with[1].extra_mean + 0.8f);
  ck_assert_float_gt (with[1].real_mean, with[1].fake_mean + 0.8f);
  /* untold, it takes more of the same for more real */
  ck_assert_float_lt (with[0].real_mean, with[0].extra_mean + 0.3f);
  ae_model_unref (&g);
  ae_model_unref (&d);
}
END_TEST

/* What has no weight is not learned, however wrong. */
START_TEST (test_extra_fakes_count_by_their_weights)
{
  AeModel *g = predictor (), *d = judge ();
  AeAdversarialOptions o = { .discriminator_rate = 1e-2f,
    .extra_weight = 1, .n_threads = 1 };
  AeAdversarialReport with[2], last;
  for (int k = 0; k < 2; k++) {
    AeAdversarial *a = try_bind (g, d, &o);
    AeRng rng;
    ae_rng_seed (&rng, 9);
    AeTensor *weight = ae_adversarial_extra_weight (a);
    AeTensor *extra = ae_adversarial_extra (a, 0);
    ck_assert_ptr_nonnull (weight);
    ck_assert (((float *) weight->data)[1] == 1);
    memset (weight->data, 0, ae_tensor_bytes (weight));
    ((float *) weight->data)[0] = (float) k;
    for (int step = 0; step < 20; step++) {
      fill (a, &rng);
      randomise (extra, &rng);
      ck_assert_int_eq (ae_adversarial_step (a, &last, NULL), AE_OK);
      with[k] = step == 0 ? last : with[k];
    }
    ck_assert (k == 1 || last.extra_mean == 0);
    ae_adversarial_free (&a);
  }
  ck_assert_float_gt (with[1].discriminator, with[0].discriminator);
  ck_assert_float_ne (
      with[1].discriminator_norm, with[0].discriminator_norm);
  ae_model_unref (&g);
  ae_model_unref (&d);
}
END_TEST

/* Extra fakes are judged beside conditions of their own, and nothing else is:
 * with a copy of the others' they change nothing. */
START_TEST (test_extra_fakes_have_their_conditions)
{
  enum { NONE, COPIES, OTHERS };
  AeModel *g = predictor (), *d = judge ();
  Ids ids[3];
  for (int k = 0; k < 3; k++) {
    AeAdversarial *a = try_bind (g, d, &full_options);
    AeRng rng;
    ae_rng_seed (&rng, 7);
    randomise (ae_adversarial_extra (a, 0), &rng);
    for (int step = 0; step < 3; step++) {
      fill (a, &rng);
      const AeTensor *from[2]
          = { ae_adversarial_condition (a, 0), ae_adversarial_input (a, 0) };
      for (size_t i = 0; k != NONE && i < 2; i++) {
        AeTensor *to = ae_adversarial_extra (a, 1 + i);
        memcpy (to->data, from[i]->data, ae_tensor_bytes (to));
        if (k == OTHERS)
          ((float *) to->data)[20] += 1;
      }
      ck_assert_int_eq (ae_adversarial_step (a, NULL, NULL), AE_OK);
    }
    ids[k] = ids_of (a);
    ae_adversarial_free (&a);
  }
  ck_assert_mem_eq (&ids[NONE], &ids[COPIES], sizeof ids[0]);
  ck_assert_str_ne (ids[NONE].id[2], ids[OTHERS].id[2]);
  ae_model_unref (&g);
  ae_model_unref (&d);
}
END_TEST

/* A ring of normal distributions: the usual picture of modes that are, or are
 * not, found. */
#define MODES 8
#define POINTS 128
#define NOISE 4

static AeModel *
ring_generator (void)
{
  AeBuilder b;
  ae_builder_start (&b, 11);
  int x = ae_build_input (&b, "noise", ae_shape (2, -1, NOISE));
  x = ae_build_unary (&b, "Relu", ae_build_dense (&b, x, NOISE, 48, 1, "a"));
  x = ae_build_unary (&b, "Relu", ae_build_dense (&b, x, 48, 48, 1, "b"));
  ae_build_output (&b, ae_build_dense (&b, x, 48, 2, 1, "c"), "points");
  return finish (&b);
}

static AeModel *
ring_discriminator (void)
{
  AeBuilder b;
  ae_builder_start (&b, 12);
  int x = ae_build_input (&b, "points", ae_shape (2, -1, 2));
  x = leaky (&b, ae_build_dense (&b, x, 2, 64, 1, "a"));
  x = leaky (&b, ae_build_dense (&b, x, 64, 64, 1, "b"));
  ae_build_output (&b, ae_build_dense (&b, x, 64, 1, 1, "c"), "real");
  return finish (&b);
}

static void
ring_point (AeRng *rng, float *to)
{
  float angle = 2 * 3.14159265f * (float) ae_rng_below (rng, MODES) / MODES;
  to[0] = 2 * cosf (angle) + 0.1f * ae_rng_normal (rng);
  to[1] = 2 * sinf (angle) + 0.1f * ae_rng_normal (rng);
}

/* Modes that have at least a quarter of their share of the points within 0.5;
 * *near: the share of points that lie so near to any. */
static int
count_modes (const float *points, int n, float *near)
{
  int hits[MODES] = { 0 }, all = 0, found = 0;
  for (int i = 0; i < n; i++)
    for (int m = 0; m < MODES; m++) {
      float angle = 2 * 3.14159265f * (float) m / MODES;
      float x = points[2 * i] - 2 * cosf (angle);
      float y = points[2 * i + 1] - 2 * sinf (angle);
      hits[m] += x * x + y * y < 0.25f;
    }
  for (int m = 0; m < MODES; m++) {
    all += hits[m];
    found += hits[m] >= n / MODES / 4;
  }
  *near = (float) all / (float) n;
  return found;
}

START_TEST (test_ring_is_covered)
{
  AeModel *g = ring_generator (), *d = ring_discriminator (), *made;
  AeAdversarialOptions o = { .generator_rate = 1e-3f,
    .discriminator_rate = 4e-3f,
    .beta1 = 0,
    .beta2 = 0.99f,
    .spectral_limit = 3,
    .ema_decay = 0.99f,
    .n_threads = 1 };
  AeAdversarial *a;
  AeError err;
  AeTensor in = { .type = AE_F32, .shape = ae_shape (2, POINTS, NOISE) };
  ck_assert_int_eq (ae_adversarial_new (&a, g, d, &o, &err), AE_OK);
  ck_assert_msg (ae_adversarial_bind (a, &in, 1, NULL, 0, &err) == AE_OK,
      "%s", err.text);
  AeRng rng;
  AeAdversarialReport r;
  ae_rng_seed (&rng, 1);
  for (int step = 0; step < 2000; step++) {
    randomise (ae_adversarial_input (a, 0), &rng);
    for (int i = 0; i < POINTS; i++)
      ring_point (&rng, (float *) ae_adversarial_real (a)->data + 2 * i);
    ck_assert_msg (
        ae_adversarial_step (a, &r, &err) == AE_OK, "%s", err.text);
  }
  AeTensor noise = { .type = AE_F32, .shape = ae_shape (2, 2000, NOISE) };
  AeTensor *z = ae_tensor_new (AE_F32, &noise.shape);
  const AeTensor *z_in = z;
  AeSession *session;
  float near;
  randomise (z, &rng);
  ck_assert_int_eq (
      ae_adversarial_generator (a, true, NULL, 0, &made, NULL), AE_OK);
  int found = count_modes (run (&session, made, &z_in, 1), 2000, &near);
  /* measured: 8 and 0.70 */
  ck_assert_msg (found >= 7 && near > 0.6f,
      "%d of %d modes found, %g of the points near one", found, MODES, near);
  ck_assert_float_gt (r.fake_spread, 0.7f * r.real_spread);
  ae_session_free (&session);
  ae_tensor_free (&z);
  ae_adversarial_free (&a);
  ae_model_unref (&made);
  ae_model_unref (&g);
  ae_model_unref (&d);
}
END_TEST

/* The next picture is the mean of the two past ones. */
START_TEST (test_predictor_learns_to_predict)
{
  AeModel *g = predictor (), *d = judge ();
  AeAdversarialOptions o = { .reconstruction_weight = 1,
    .adversarial_weight = 0.02f,
    .generator_rate = 1e-2f,
    .discriminator_rate = 2e-3f,
    .n_threads = 1 };
  AeAdversarial *a = try_bind (g, d, &o);
  AeAdversarialReport first, r;
  AeRng rng;
  ae_rng_seed (&rng, 7);
  for (int step = 0; step < 400; step++) {
    fill (a, &rng);
    const float *past = ae_adversarial_input (a, 0)->data;
    float *real = ae_adversarial_real (a)->data;
    for (int i = 0; i < BATCH * EDGE * EDGE; i++) {
      int n = i / (EDGE * EDGE), at = i % (EDGE * EDGE);
      real[i] = 0.5f * past[2 * n * EDGE * EDGE + at]
          + 0.5f * past[(2 * n + 1) * EDGE * EDGE + at];
    }
    ck_assert_int_eq (ae_adversarial_step (a, &r, NULL), AE_OK);
    if (step == 0)
      first = r;
  }
  ck_assert_float_lt (r.reconstruction, 0.1f * first.reconstruction);
  ck_assert_float_gt (r.fake_spread, 0.6f * r.real_spread);
  ae_adversarial_free (&a);
  ae_model_unref (&g);
  ae_model_unref (&d);
}
END_TEST

START_TEST (test_wrong_shapes_are_named)
{
  AeModel *g = predictor (), *d = judge (), *flat = ring_discriminator ();
  AeAdversarial *a;
  AeError err;
  AeTensor past = { .type = AE_F32, .shape = ae_shape (4, 3, 2, 6, 6) };
  AeTensor other = { .type = AE_F32, .shape = ae_shape (4, 3, 1, 6, 5) };
  ck_assert_int_eq (ae_adversarial_new (&a, g, d, NULL, &err), AE_OK);
  /* before a bind, and after one that failed, there is nothing to fill */
  for (int round = 0; round < 3; round++) {
    static const char *const words[]
        = { "0 conditions were given", "discriminator: ", "generator: " };
    AeStatus status = round == 0
        ? ae_adversarial_bind (a, &past, 1, NULL, 0, &err)
        : round == 1 ? ae_adversarial_bind (a, &past, 1, &other, 1, &err)
                     : ae_adversarial_bind (a, &other, 1, &other, 1, &err);
    ck_assert_int_ne (status, AE_OK);
    ck_assert_msg (strstr (err.text, words[round]) != NULL, "%s", err.text);
    ck_assert_ptr_null (ae_adversarial_input (a, 0));
    ck_assert_ptr_null (ae_adversarial_real (a));
    ck_assert_ptr_null (ae_adversarial_condition (a, 0));
    ck_assert_ptr_null (ae_adversarial_target (a, 1));
    ck_assert_ptr_null (ae_adversarial_extra (a, 0));
    ck_assert_ptr_null (ae_adversarial_output (a, 0));
    ck_assert_int_eq (
        ae_adversarial_step (a, NULL, &err), AE_ERROR_ARGUMENT);
  }
  ae_adversarial_free (&a);
  /* a picture for a judge of points */
  ck_assert_int_eq (ae_adversarial_new (&a, g, flat, NULL, &err), AE_OK);
  ck_assert_int_eq (
      ae_adversarial_bind (a, &past, 1, NULL, 0, &err), AE_ERROR_SHAPE);
  ck_assert_msg (strstr (err.text, "3x1x6x6") != NULL, "%s", err.text);
  ae_adversarial_free (&a);
  /* two outputs are no judgement */
  ck_assert_int_eq (
      ae_adversarial_new (&a, d, g, NULL, &err), AE_ERROR_ARGUMENT);
  ck_assert_ptr_nonnull (strstr (err.text, "2 outputs"));
  ck_assert_ptr_null (a);
  ae_model_unref (&g);
  ae_model_unref (&d);
  ae_model_unref (&flat);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_wrong_options_are_named)
{
  static const struct {
    AeAdversarialOptions o;
    const char *words;
  } cases[] = {
    { { .reconstruction_weight = -1 }, "reconstruction_weight is -1" },
    { { .adversarial_weight = NAN }, "adversarial_weight is nan" },
    { { .extra_weight = 2 }, "extra_weight is 2" },
    { { .discriminator_steps = -3 }, "discriminator_steps is -3" },
    { { .loss = 9 }, "loss 9" },
    { { .reconstruction = AE_LOSS_CROSS_ENTROPY }, "reconstruction loss 3" },
    { { .loss = AE_ADVERSARIAL_WASSERSTEIN, .spectral_limit = -1 },
        "Wasserstein" },
    { { .beta1 = 1 }, "beta1 is 1" },
    { { .ema_decay = 1 }, "generator: ema_decay is 1" },
    { { .discriminator_rate = -1 }, "discriminator: learning_rate is -1" },
  };
  AeModel *g = predictor (), *d = judge ();
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    AeAdversarial *a = (AeAdversarial *) 1;
    AeError err;
    ck_assert_int_eq (ae_adversarial_new (&a, g, d, &cases[i].o, &err),
        AE_ERROR_ARGUMENT);
    ck_assert_ptr_null (a);
    ck_assert_msg (strstr (err.text, cases[i].words) != NULL, "%s", err.text);
  }
  ae_model_unref (&g);
  ae_model_unref (&d);
  ck_assert_int_eq (ae_mem_live (), 0);
}
END_TEST

START_TEST (test_lack_of_memory_is_survived)
{
  temporary_path ();
  AeModel *g = predictor (), *d = judge (), *made;
  AeTensor past = { .type = AE_F32, .shape = ae_shape (4, 2, 2, 4, 4) };
  AeTensor camera = { .type = AE_F32, .shape = ae_shape (4, 2, 1, 4, 4) };
  AeStatus status = AE_ERROR_MEMORY;
  long before = ae_mem_live ();
  for (long at = 1; status != AE_OK; at++) {
    AeAdversarial *a;
    ck_assert_int_lt (at, 4000);
    ae_mem_fail_at (at, false);
    status = ae_adversarial_new (&a, g, d, &full_options, NULL);
    if (status == AE_OK)
      status = ae_adversarial_bind (a, &past, 1, &camera, 1, NULL);
    if (status == AE_OK
        && (!ae_adversarial_extra (a, 0) || !ae_adversarial_target (a, 1)))
      status = AE_ERROR_MEMORY;
    if (status == AE_OK)
      status = ae_adversarial_step (a, NULL, NULL);
    if (status == AE_OK)
      status = ae_adversarial_save (a, path, NULL, 0, NULL);
    if (status == AE_OK)
      status = ae_adversarial_restore (a, path, NULL, 0, NULL);
    if (status == AE_OK) {
      status = ae_adversarial_generator (a, true, NULL, 0, &made, NULL);
      ae_model_unref (&made);
    }
    ae_mem_fail_at (0, false);
    ck_assert (status == AE_OK || status == AE_ERROR_MEMORY);
    ae_adversarial_free (&a);
    ck_assert_int_eq (ae_mem_live (), before);
  }
  unlink (path);
  ae_model_unref (&g);
  ae_model_unref (&d);
}
END_TEST

static Suite *
adversarial_suite (void)
{
  Suite *suite = suite_create ("adversarial");
  TCase *tcase = tcase_create ("adversarial");
  tcase_add_test (tcase, test_losses_are_their_formulas);
  tcase_add_loop_test (
      tcase, test_gradients_match_differences, 0, N_GRADIENT_CASES);
  tcase_add_test (tcase, test_resuming_gives_the_same_bits);
  tcase_add_test (tcase, test_rounds_have_their_steps);
  tcase_add_test (tcase, test_going_back_undoes_all);
  tcase_add_test (tcase, test_other_checkpoints_change_nothing);
  tcase_add_loop_test (tcase, test_not_a_number_changes_nothing, 0, N_BAD);
  tcase_add_test (
      tcase, test_steps_allocate_nothing_and_threads_do_not_matter);
  tcase_add_test (tcase, test_generator_learns_each_second_step);
  tcase_add_test (tcase, test_weights_can_be_changed);
  tcase_add_test (tcase, test_exported_models_compute_what_was_trained);
  tcase_add_test (tcase, test_extra_fakes_are_learned);
  tcase_add_test (tcase, test_extra_fakes_count_by_their_weights);
  tcase_add_test (tcase, test_extra_fakes_have_their_conditions);
  tcase_add_test (tcase, test_ring_is_covered);
  tcase_add_test (tcase, test_predictor_learns_to_predict);
  tcase_add_test (tcase, test_wrong_shapes_are_named);
  tcase_add_test (tcase, test_wrong_options_are_named);
  tcase_add_test (tcase, test_lack_of_memory_is_survived);
  suite_add_tcase (suite, tcase);
  return suite;
}

AE_TEST_MAIN (adversarial_suite)
